package docusign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The longest answers that are read, in bytes. Templates with many tabs are
// long; errors are not.
const (
	maxBody      = 16 << 20
	maxErrorBody = 1 << 20
)

// call is one request to the REST API.
type call struct {
	op     string // what it does, in the words of an error
	method string
	path   string // below the account, escaped
	query  url.Values
	body   any  // to be sent as JSON; nil: none
	asks   bool // changes nothing, although it is a POST or a PUT
	// leaving is asked when the call has its place and its token, just before it
	// leaves; its error keeps it from that. nil: nobody is asked.
	leaving Leaving
}

// Leaving is told that a call is about to leave. If it returns an error the call
// does not leave, and the error is returned as it is. It may be asked twice for
// one call: DocuSign may refuse the token of the first, which means that it did
// nothing.
type Leaving = func(ctx context.Context) error

// repeatable reports whether doing it twice does what doing it once does.
func (c *call) repeatable() bool { return c.asks || c.method != http.MethodPost }

// sends reports whether an account that lacks the right to do it cannot send at
// all, which is no row's fault. Lists are another right: without it envelopes
// can still go one by one.
func (c *call) sends() bool { return !c.repeatable() && !c.lists() }

// lists reports whether it is about lists of bulk sending.
func (c *call) lists() bool { return strings.HasPrefix(c.path, listsPath) }

// doubt is the kind of an error after which it is not known what was done.
func (c *call) doubt() Kind {
	if c.repeatable() {
		return Down
	}
	return Unknown
}

// finished reports whether a call that has left is waited for, whatever happens
// to its context: what it has done must be known. What only asks can be asked
// again.
func (c *call) finished() bool { return !c.asks && c.method != http.MethodGet }

// do makes a call in the account of [Client.Connect] and reads the answer into
// into. Its errors are [*Error], or call.leaving's.
func (c *Client) do(ctx context.Context, call call, into any) error {
	site := c.login.Load()
	if site == nil {
		panic("docusign: a call before Connect")
	}
	return c.doAt(ctx, site, call, into)
}

func (c *Client) doAt(ctx context.Context, site *Login, call call, into any) error {
	var payload []byte
	if call.body != nil {
		var err error
		if payload, err = json.Marshal(call.body); err != nil {
			panic(fmt.Sprintf("docusign: a request that is no JSON: %v", err))
		}
	}
	a, err := c.exchange(ctx, site, call, payload, nil)
	if err != nil {
		return err
	}
	e := check(call, a, into)
	if e != nil && e.tokenRefused() {
		// Nothing was done, so that even a POST may be sent once more, with a token
		// that is not the refused one.
		again, err := c.exchange(ctx, site, call, payload, a.token)
		switch {
		case err == nil:
			e = check(call, again, into)
		case !errors.Is(err, errSameToken):
			return err
		}
	}
	if e == nil {
		return nil
	}
	if e.Window != "" && c.OnLimited != nil {
		c.OnLimited(e.Window, e.After)
	}
	return e
}

// notSignedIn is the error of a call for which there is no token. It never
// left, so it may be repeated unless signing in is hopeless.
func notSignedIn(call call, err error) *Error {
	e := &Error{Kind: Down, Op: call.op, Cause: err, unsent: true}
	if ae, ok := errors.AsType[*AuthError](err); ok {
		e.Code = string(ae.Reason)
		if !ae.Temporary() {
			e.Kind = Halt
		}
	}
	return e
}

// errNoAnswer ends a call that has left and is not answered.
var errNoAnswer = fmt.Errorf("no answer within %v: %w", answerTimeout, context.DeadlineExceeded)

// errSameToken says that there is no other token than the refused one.
var errSameToken = errors.New("docusign: no new token")

// exchange makes the call once, with a token other than refused. The call waits
// for its place first, then for its token: the wait may last most of an hour,
// longer than a token lives. An error says why the call did not leave.
func (c *Client) exchange(ctx context.Context, site *Login, call call, payload []byte, refused *token) (answer, error) {
	place, err := c.place(ctx)
	if err != nil {
		return answer{}, &Error{Kind: Down, Op: call.op, Cause: lost(ctx, "", err), unsent: true}
	}
	left := false
	defer func() {
		if !left {
			place.Unused()
		}
	}()
	t, err := c.token(ctx, refused)
	switch {
	case err != nil:
		return answer{}, notSignedIn(call, err)
	case t.is(refused):
		return answer{}, errSameToken
	}
	waiting := ctx // for the answer
	if call.finished() {
		waiting = context.WithoutCancel(ctx)
	}
	watched, stop := context.WithCancelCause(waiting)
	defer stop(nil)
	var conn connection
	req, err := c.request(conn.watch(watched), site, call, payload)
	if err != nil {
		return answer{}, &Error{Kind: Down, Op: call.op, Cause: err, unsent: true}
	}
	req.Header["Authorization"] = []string{"Bearer " + t.value}
	if call.leaving != nil {
		if err := call.leaving(ctx); err != nil {
			return answer{}, err
		}
	}
	left = true
	begun := time.Now()
	timeout := time.AfterFunc(answerTimeout, func() { stop(errNoAnswer) })
	resp, err := c.client().Do(req)
	timeout.Stop()
	now := time.Now()
	if err != nil {
		unsent := conn.missing(err)
		if unsent {
			place.Unused()
		} else {
			place.Lost()
		}
		c.debug(ctx, "no answer", slog.String("op", call.op), slog.Duration("took", now.Sub(begun)), slog.Bool("unsent", unsent))
		return answer{err: lost(waiting, req.URL.Host, err), unsent: unsent, at: now, token: t}, nil
	}
	place.Answered(ReadLimits(resp.Header, now))
	defer resp.Body.Close()
	defer time.AfterFunc(bodyTimeout, func() { stop(nil) }).Stop()
	a := answer{status: resp.StatusCode, header: resp.Header, at: now, token: t}
	if a.body, err = readBody(resp); err != nil {
		// %v: what ended it may be stop, which is no business of the caller.
		a.err = lost(waiting, req.URL.Host, fmt.Errorf("the answer broke off: %v", err))
	}
	c.debug(ctx, "answer", slog.String("op", call.op), slog.Int("status", a.status), slog.Duration("took", now.Sub(begun)), slog.String("trace", a.header.Get(traceHeader)))
	return a, nil
}

// applicationJSON is the value of headers. Nobody changes it.
var applicationJSON = []string{"application/json"}

func (c *Client) request(ctx context.Context, site *Login, call call, payload []byte) (*http.Request, error) {
	address := site.BaseURI + "/restapi/v2.1/accounts/" + url.PathEscape(site.AccountID) + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, call.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("the account's address is none: %w", err)
	}
	if !call.repeatable() {
		req.GetBody = nil // without it net/http cannot send the request again by itself
	}
	req.Header = http.Header{"Accept": applicationJSON, "User-Agent": {c.userAgent()}}
	if payload != nil {
		req.Header["Content-Type"] = applicationJSON
	}
	return req, nil
}

// lostError is the want of an answer, in words for the operator.
type lostError struct {
	text  string
	cause error
}

func (e *lostError) Error() string { return e.text }
func (e *lostError) Unwrap() error { return e.cause }

// lost says that no answer came from host because of err, which is ctx's error
// as well if ctx has ended.
func lost(ctx context.Context, host string, err error) error {
	cause := bare(err)
	if ctx.Err() == nil {
		return &lostError{host + ": " + whatFailed(err), ownTimeout(cause)}
	}
	if !errors.Is(cause, ctx.Err()) {
		cause = errors.Join(ctx.Err(), cause)
	}
	return &lostError{"interrupted", cause}
}

// readBody reads an answer up to a limit.
func readBody(resp *http.Response) ([]byte, error) {
	limit := int64(maxBody)
	if resp.StatusCode/100 != 2 {
		limit = maxErrorBody
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, fmt.Errorf("it is longer than %d bytes", limit)
	}
	return body, err
}

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
	global bool   // path is below the API's version, not below the account
	query  url.Values
	body   any  // to be sent as JSON; nil: none
	asks   bool // it changes nothing, although it is a POST or a PUT
	// leaving is called when the call has its place and its token, just before it
	// leaves. If it returns an error the call does not leave. It may be nil.
	leaving Leaving
}

// Leaving is called when a call is about to leave. If it returns an error the call does
// not leave, and the caller gets that error as it is. It may be called twice for one
// call: if DocuSign refuses the token it has done nothing, and the call is made again.
type Leaving = func(ctx context.Context) error

// repeatable reports whether the call may be made twice without harm.
func (c *call) repeatable() bool { return c.asks || c.method != http.MethodPost }

// sends reports whether an account that lacks the right to make this call cannot send
// any envelope. Lists need another right; without it envelopes can go one by one.
func (c *call) sends() bool { return !c.repeatable() && !c.lists() }

// lists reports whether it is about lists of bulk sending.
func (c *call) lists() bool { return strings.HasPrefix(c.path, listsPath) }

// unclearKind is the kind of an error after which it is not known whether the call was
// carried out.
func (c *call) unclearKind() Kind {
	if c.repeatable() {
		return Down
	}
	return Unknown
}

// finished reports whether the answer to a call that has left is waited for although
// its context has ended. That is so if the call changes something: what it has done must
// be known. A question can be asked again.
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
		// DocuSign has done nothing, so even a POST may be made again, with another
		// token.
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

// notSignedIn is the error of a call for which there is no token. The call has not
// left, so it may be repeated, unless a person must act before anybody can sign in.
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

// exchange makes the call once, with a token other than refused. It waits for the call's
// place before it takes the token, because the wait may last longer than a token is
// valid. An error means that the call has not left, and says why.
func (c *Client) exchange(ctx context.Context, site *Login, call call, payload []byte, refused *token) (answer, error) {
	place, err := c.place(ctx)
	if err != nil {
		return answer{}, &Error{Kind: Down, Op: call.op, Cause: noAnswer(ctx, "", err), unsent: true}
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
		return answer{err: noAnswer(waiting, req.URL.Host, err), unsent: unsent, at: now, token: t}, nil
	}
	place.Answered(ReadLimits(resp.Header, now))
	defer resp.Body.Close()
	defer time.AfterFunc(bodyTimeout, func() { stop(nil) }).Stop()
	a := answer{status: resp.StatusCode, header: resp.Header, at: now, token: t}
	if a.body, err = readBody(resp); err != nil {
		// %v: what ended it may be stop, which is no business of the caller.
		a.err = noAnswer(waiting, req.URL.Host, fmt.Errorf("the answer broke off: %v", err))
	}
	c.debug(ctx, "answer", slog.String("op", call.op), slog.Int("status", a.status), slog.Duration("took", now.Sub(begun)), slog.String("trace", a.header.Get(traceHeader)))
	return a, nil
}

// applicationJSON is the value of headers. Nobody changes it.
var applicationJSON = []string{"application/json"}

func (c *Client) request(ctx context.Context, site *Login, call call, payload []byte) (*http.Request, error) {
	address := site.BaseURI + "/restapi/v2.1"
	if !call.global {
		address += "/accounts/" + url.PathEscape(site.AccountID)
	}
	address += call.path
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

// noAnswerError says in the operator's words why no answer came.
type noAnswerError struct {
	text  string
	cause error
}

func (e *noAnswerError) Error() string { return e.text }
func (e *noAnswerError) Unwrap() error { return e.cause }

// noAnswer returns the error for an answer that did not come from host because of err. It
// wraps ctx's error if ctx has ended.
func noAnswer(ctx context.Context, host string, err error) error {
	cause := withoutURL(err)
	if ctx.Err() == nil {
		return &noAnswerError{host + ": " + describeFailure(err), withoutContextError(cause)}
	}
	if !errors.Is(cause, ctx.Err()) {
		cause = errors.Join(ctx.Err(), cause)
	}
	return &noAnswerError{"interrupted", cause}
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

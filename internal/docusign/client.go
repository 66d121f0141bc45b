// Package docusign speaks with DocuSign: it signs in with OAuth JWT Grant, or as a
// person who has logged in with a browser (Authorization Code Grant), translates templates and envelopes to and from the wire types of the
// eSignature REST API v2.1, and makes of every answer, and of every answer that
// did not come, an [*Error] that says whether something was created.
//
// It calls once and never repeats, but for the one new token after a refused one:
// whether and when to repeat is for others to decide, and so is the pace, which
// a [Pacer] sets. It knows no rows, no files, no ledger.
package docusign

import (
	"context"
	"crypto/rsa"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Client calls DocuSign for one user in one account. Set the fields, call
// [Client.Connect], then any other method; all are safe for concurrent use. A
// Client must not be copied after first use.
type Client struct {
	Auth           AuthServer // zero: DocuSign's developer environment
	IntegrationKey string     // a GUID
	UserID         string     // the GUID of the user to act for; not needed by a person who has logged in
	Key            *rsa.PrivateKey
	Refresh        RefreshToken // of a person who has logged in; nil: Key signs, for UserID
	Account        string       // the account's GUID or number; "": the user's default
	RedirectURI    string       // registered for the key, for ConsentURL; "": https://www.docusign.com

	// Transport carries all calls; nil: a [NewTransport] of its own.
	Transport http.RoundTripper
	// Pacer gives each REST call its place in the account's budget; nil: none
	// waits. OAuth calls, which no limit counts, need no place.
	Pacer Pacer

	UserAgent string       // "": batchsend
	Log       *slog.Logger // nil: nothing is logged
	// OnLimited is told when DocuSign refused a call because a window of the
	// account is used up, and how long it stays so. nil: nobody is.
	OnLimited func(w Window, after time.Duration)

	tokens tokens
	login  atomic.Pointer[Login]
	built  sync.Once
	http   *http.Client
}

// Pacer decides when a call may leave.
type Pacer interface {
	// Place waits until a call may leave. It gives up when ctx ends.
	Place(ctx context.Context) (Place, error)
}

// Place is a call's place in the account's budget. One of its methods is called,
// once.
type Place interface {
	Answered(l Limits) // an answer came, with these headers
	Lost()             // it left, and no answer came
	Unused()           // it did not leave
}

// unpaced is the place of calls that nobody counts.
type unpaced struct{}

func (unpaced) Answered(Limits) {}
func (unpaced) Lost()           {}
func (unpaced) Unused()         {}

func (c *Client) place(ctx context.Context) (Place, error) {
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case c.Pacer == nil:
		return unpaced{}, nil
	}
	return c.Pacer.Place(ctx)
}

func (c *Client) client() *http.Client {
	c.built.Do(func() {
		base := c.Transport
		if base == nil {
			base = defaultTransport()
		}
		c.http = withoutRedirects(base)
	})
	return c.http
}

// token returns an access token other than refused (see [tokens.get]).
func (c *Client) token(ctx context.Context, refused *token) (*token, error) {
	if c.Refresh != nil {
		return c.tokens.get(ctx, refused, c.renewed)
	}
	return c.tokens.get(ctx, refused, c.grant)
}

func (c *Client) userAgent() string {
	if c.UserAgent != "" {
		return c.UserAgent
	}
	return "batchsend"
}

// warn logs what must not be missed.
func (c *Client) warn(ctx context.Context, message string, attrs ...slog.Attr) {
	if c.Log != nil {
		c.Log.LogAttrs(ctx, slog.LevelWarn, message, attrs...)
	}
}

// debug logs what is of interest to those who look into a problem.
func (c *Client) debug(ctx context.Context, message string, attrs ...slog.Attr) {
	if c.Log != nil {
		c.Log.LogAttrs(ctx, slog.LevelDebug, message, attrs...)
	}
}

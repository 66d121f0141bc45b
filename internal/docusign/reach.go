package docusign

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"time"
)

// Reached is what a call without credentials shows of the way to the OAuth server.
type Reached struct {
	Host string        // of the server
	Took time.Duration // until its answer
	// TLS is the version of the encryption, "" without one, and Issuer who has signed the
	// server's certificate.
	TLS, Issuer string
	// Skew is how far this machine's clock is ahead of the server's, or behind if
	// negative. It is exact to a second, and 0 if the server did not tell, which Dated
	// says.
	Skew  time.Duration
	Dated bool
}

// Reach calls the OAuth server without credentials. Its errors are [*AuthError] or ctx's.
func (c *Client) Reach(ctx context.Context) (Reached, error) {
	timed, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(timed, http.MethodGet, c.Auth.URL("/oauth/userinfo"), nil)
	if err != nil {
		return Reached{}, c.authError(&AuthError{Reason: Unreachable, Detail: "its name is no host name", Cause: err})
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent())
	began := time.Now()
	resp, err := c.client().Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return Reached{}, ctx.Err()
		}
		return Reached{}, c.authError(&AuthError{Reason: Unreachable, Detail: describeFailure(err), Cause: withoutContextError(withoutURL(err))})
	}
	defer resp.Body.Close()
	now := time.Now()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAuthBody)) // so that the connection serves again
	if resp.StatusCode < 400 && !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return Reached{}, c.authError(&AuthError{Reason: Unreadable, Status: resp.StatusCode, Detail: "a page instead of a refusal"})
	}
	r := Reached{Host: c.Auth.Host(), Took: now.Sub(began), Skew: skewWithin(resp.Header, began, now), Dated: resp.Header.Get("Date") != ""}
	if state := resp.TLS; state != nil {
		r.TLS = tls.VersionName(state.Version)
		if len(state.PeerCertificates) > 0 {
			r.Issuer = issuer(state.PeerCertificates[0])
		}
	}
	return r, nil
}

// skewWithin is how far this machine's clock is ahead of a server's that answered between
// two times: 0 where the time of the answer is not known well enough to tell.
func skewWithin(h http.Header, began, ended time.Time) time.Duration {
	least, most := skewOf(h, began), skewOf(h, ended)
	switch {
	case least > 0:
		return least
	case most < 0:
		return most
	}
	return 0
}

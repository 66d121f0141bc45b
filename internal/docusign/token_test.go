package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
)

// counted counts the token requests that pass through it.
type counted struct {
	http.RoundTripper
	tokens, rest atomic.Int32
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL.Path == "/oauth/token":
		c.tokens.Add(1)
	case strings.HasPrefix(r.URL.Path, "/restapi/"):
		c.rest.Add(1)
	}
	return c.RoundTripper.RoundTrip(r)
}

// TestOneTokenAnHour has 32 goroutines call for three hours.
func TestOneTokenAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &counted{RoundTripper: new(sandbox.Server).Transport()}
		c := connected(t, rt)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 180 {
					if _, err := c.AccountInfo(t.Context()); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Minute)
				}
			})
		}
		wg.Wait()
		if got := rt.tokens.Load(); got != 4 { // at 0, 55, 110 and 165 minutes
			t.Errorf("%d tokens in three hours, want 4", got)
		}
		if got := rt.rest.Load(); got != 32*180 {
			t.Errorf("%d calls, want %d: some were refused", got, 32*180)
		}
	})
}

// TestExpiredToken has DocuSign refuse a token before its time, for many
// goroutines at once: each call is repeated once, with one new token for all.
func TestExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(sandbox.Server)
		rt := &counted{RoundTripper: s.Transport()}
		c := connected(t, rt)
		s.ExpireTokens()
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				env := offer()
				env.TransactionID = envelopeNumber(i)
				if _, err := c.Send(t.Context(), env, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := rt.tokens.Load(); got != 2 {
			t.Errorf("%d tokens, want 2", got)
		}
		if got := len(s.Envelopes()); got != 16 {
			t.Errorf("%d envelopes, want 16", got)
		}
	})
}

// TestRefusedTwice: a new token is tried once; the same token again is not tried at
// all. The code counts, whatever the status.
func TestRefusedTwice(t *testing.T) {
	for _, refusal := range []struct {
		status int
		code   string
	}{{401, "AUTHORIZATION_INVALID_TOKEN"}, {400, "AUTHORIZATION_INVALID_TOKEN"}, {400, "USER_AUTHENTICATION_FAILED"}, {403, "User_Authentication_Failed"}} {
		for _, c := range []struct {
			token string
			calls int
		}{{`{"access_token":"t%d"}`, 2}, {`{"access_token":"t"}`, 1}} {
			f := always(refusal.status, said(refusal.code, "The access token provided is expired, revoked or malformed."))
			rest, n := f.answer, 0
			f.answer = func(i int, r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/oauth/token" {
					n++
					return reply(200, strings.Replace(c.token, "%d", fmt.Sprint(n), 1)), nil
				}
				return rest(i, r)
			}
			_, err := connected(t, f).Send(t.Context(), offer(), nil)
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Halt || e.Effect() == remote.EffectUnknown {
				t.Errorf("%+v: Send = %v, want a halt", refusal, err)
			}
			if f.calls() != c.calls {
				t.Errorf("%+v: %d calls with the token %s, want %d", refusal, f.calls(), c.token, c.calls)
			}
		}
	}
}

// TestRefusedOnce: DocuSign refuses the first token only.
func TestRefusedOnce(t *testing.T) {
	for _, status := range []int{400, 401} {
		f := always(201, `{"envelopeId":"e1","status":"sent"}`)
		rest, n := f.answer, 0
		f.answer = func(i int, r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Path == "/oauth/token":
				n++
				return reply(200, fmt.Sprintf(`{"access_token":"t%d"}`, n)), nil
			case r.Header.Get("Authorization") == "Bearer t1" && strings.HasPrefix(r.URL.Path, "/restapi/"):
				return reply(status, said("USER_AUTHENTICATION_FAILED", "One or both of Username and Password are invalid.")), nil
			}
			return rest(i, r)
		}
		if id, err := connected(t, f).Send(t.Context(), offer(), nil); err != nil || id != eid("e1") || n != 2 {
			t.Errorf("HTTP %d: Send = %q, %v with %d tokens", status, id, err, n)
		}
	}
}

// TestHopelessToken sees that no new token is fetched where it cannot help.
func TestHopelessToken(t *testing.T) {
	f := always(401, `{"errorCode":"PARTNER_AUTHENTICATION_FAILED","message":"The specified integrator key was not found or is disabled."}`)
	c := connected(t, f)
	_, err := c.Send(t.Context(), offer(), nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Halt || f.calls() != 1 {
		t.Errorf("Send = %v after %d calls, want a halt after 1", err, f.calls())
	}
}

// moody is an OAuth server in front of a willing REST API.
type moody struct {
	token func(n int32) (*http.Response, error)
	n     atomic.Int32
}

func (m *moody) client() *Client {
	f := always(200, "{}")
	f.answer = func(_ int, r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/restapi/"):
			return reply(200, "{}"), nil
		case r.URL.Path == "/oauth/token":
			return m.token(m.n.Add(1))
		}
		return nil, nil
	}
	return over(f)
}

func aToken(n int32) *http.Response {
	return reply(200, fmt.Sprintf(`{"access_token":"t%d","expires_in":"3600"}`, n))
}

// TestRenewalAhead sees an outage of the OAuth server bridged by the token that
// still lives.
func TestRenewalAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{token: func(n int32) (*http.Response, error) {
			if n == 2 || n == 3 {
				return reply(503, ""), nil
			}
			return aToken(n), nil
		}}
		c := m.client()
		if _, err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 120 {
			if _, err := c.AccountInfo(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Second)
		}
		if m.n.Load() != 4 {
			t.Errorf("%d token requests, want 4", m.n.Load())
		}
	})
}

func TestConsentRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{token: func(n int32) (*http.Response, error) {
			if n > 1 {
				return reply(400, `{"error":"consent_required"}`), nil
			}
			return aToken(n), nil
		}}
		c := m.client()
		if _, err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(56 * time.Minute)
		_, err := c.Send(t.Context(), offer(), nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Halt || e.Code != "consent_required" || !strings.Contains(e.Hint(), "https://account-d.docusign.com/oauth/auth?") {
			t.Errorf("Send = %v, want a halt for consent, with the address", err)
		}
	})
}

// TestOneFailureForAll sees that those who wait for a renewal share its error.
func TestOneFailureForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{token: func(int32) (*http.Response, error) {
			time.Sleep(time.Second)
			return reply(400, `{"error":"consent_required"}`), nil
		}}
		c := m.client()
		c.login.Store(&Login{AccountID: "a", BaseURI: "https://demo.docusign.net"})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := c.AccountInfo(t.Context()); err == nil {
					t.Error("AccountInfo succeeded without consent")
				}
			})
		}
		wg.Wait()
		if m.n.Load() != 1 {
			t.Errorf("%d token requests, want 1", m.n.Load())
		}
	})
}

func TestWaitingForATokenEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{token: func(n int32) (*http.Response, error) {
			time.Sleep(20 * time.Second)
			return aToken(n), nil
		}}
		c := m.client()
		c.login.Store(&Login{AccountID: "a", BaseURI: "https://demo.docusign.net"})
		go c.AccountInfo(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Send(ctx, offer(), nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Down || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("after %v Send = %v; want down, with the context's error, after 3s", time.Since(start), err)
		}
		time.Sleep(time.Minute)
	})
}

func TestTokensAreNotShown(t *testing.T) {
	token := newToken("secret", time.Now(), time.Hour)
	if text := fmt.Sprintf("%v %s", token, token); strings.Contains(text, "secret") {
		t.Errorf("a token shows itself: %s", text)
	}
}

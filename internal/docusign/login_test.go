package docusign

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"batchsend/internal/sandbox"
)

// inMemory keeps a refresh token.
type inMemory struct {
	token string
	fails error // of keeping a new one
}

func (m *inMemory) Renew(_ context.Context, exchange func(string) (string, error)) error {
	renewed, err := exchange(m.token)
	if err != nil {
		return err
	}
	if m.fails != nil {
		return m.fails
	}
	m.token = renewed
	return nil
}

const localCallback = "http://localhost:8721/callback"

// allow has the sandbox's user allow what the client asks for, and returns the code.
func allow(t *testing.T, s *sandbox.Server, c *Client, verifier string) string {
	t.Helper()
	asked, err := url.Parse(c.AuthorizeURL(localCallback, "s1", verifier))
	if err != nil || asked.Host != c.Auth.Host() || asked.Path != "/oauth/auth" {
		t.Fatalf("AuthorizeURL = %v, %v", asked, err)
	}
	form := asked.Query()
	form.Set("decision", "allow")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.Auth.URL("/oauth/auth"), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" || to.Query().Get("state") != "s1" {
		t.Fatalf("the browser was sent to %v, %v", to, err)
	}
	return to.Query().Get("code")
}

// TestAuthorizeURL: it asks as DocuSign wants it, with PKCE, and does not show the
// verifier.
func TestAuthorizeURL(t *testing.T) {
	c := &Client{IntegrationKey: sandbox.DefaultIntegrationKey, Auth: Production}
	verifier := NewVerifier()
	text := c.AuthorizeURL(localCallback, "s 1", verifier)
	got, err := url.Parse(text)
	if err != nil || strings.Contains(text, verifier) {
		t.Fatalf("%s: %v", text, err)
	}
	want := url.Values{
		"response_type": {"code"}, "client_id": {sandbox.DefaultIntegrationKey}, "redirect_uri": {localCallback}, "state": {"s 1"},
		"scope": {"signature extended"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	if got.Query().Encode() != want.Encode() || got.Host != "account.docusign.com" {
		t.Errorf("AuthorizeURL = %s, want %s", text, want.Encode())
	}
}

// TestLogIn: a person who has logged in is signed in as with a key, and signed in again
// with the refresh token, each of which is used once.
func TestLogIn(t *testing.T) {
	s := &sandbox.Server{}
	c := &Client{IntegrationKey: sandbox.DefaultIntegrationKey, Transport: s.Transport()}
	verifier := NewVerifier()
	refresh, err := c.LogIn(t.Context(), allow(t, s, c, verifier), verifier, localCallback)
	if err != nil || refresh == "" {
		t.Fatalf("LogIn: %v", err)
	}
	login, err := c.Connect(t.Context())
	if err != nil || login.UserID != sandbox.DefaultUserID || login.AccountID != sandbox.DefaultAccount {
		t.Fatalf("Connect = %+v, %v", login, err)
	}
	kept := &inMemory{token: refresh}
	for range 3 {
		before := kept.token
		again := &Client{IntegrationKey: sandbox.DefaultIntegrationKey, Transport: s.Transport(), Refresh: kept}
		if _, err := again.Connect(t.Context()); err != nil || kept.token == before {
			t.Fatalf("with a refresh token: %v; renewed: %t", err, kept.token != before)
		}
		s.ExpireTokens() // in the middle of a run
		if _, err := again.AccountInfo(t.Context()); err != nil {
			t.Errorf("after the access token has expired: %v", err)
		}
	}
}

// TestLoginErrors: each failure has its own reason and cure, and shows neither code nor
// tokens.
func TestLoginErrors(t *testing.T) {
	s := &sandbox.Server{}
	verifier := NewVerifier()
	login := func(t *testing.T, code, verifier string, rt http.RoundTripper) error {
		c := &Client{IntegrationKey: sandbox.DefaultIntegrationKey, Transport: rt}
		if code == "" {
			code = allow(t, s, c, NewVerifier()) // somebody else's
		}
		_, err := c.LogIn(t.Context(), code, verifier, localCallback)
		return err
	}
	refresh := func(t *testing.T, kept RefreshToken, rt http.RoundTripper) error {
		c := &Client{IntegrationKey: sandbox.DefaultIntegrationKey, UserID: "u1", Transport: rt, Refresh: kept}
		_, err := c.Connect(t.Context())
		return err
	}
	says := func(status int, body string) http.RoundTripper {
		return &fake{answer: func(int, *http.Request) (*http.Response, error) { return reply(status, body), nil }}
	}
	const secret = "eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.c2VjcmV0c2VjcmV0c2VjcmV0"
	for _, tt := range []struct {
		name   string
		err    error
		reason Reason
		says   string
		cure   string
	}{
		{"an old code", login(t, secret, verifier, s.Transport()), CodeRefused, "the login was not accepted (HTTP 400, invalid_grant)", "run `batchsend login` again"},
		{"another's code", login(t, "", verifier, s.Transport()), CodeRefused, "", ""},
		{"a confidential app", login(t, secret, verifier, says(401, `{"error":"invalid_client"}`)), NotPublic, "without a secret", "Apps and Keys"},
		{"another grant", login(t, secret, verifier, says(400, `{"error":"invalid_grant","error_description":"unauthorized_client"}`)), NotPublic, "", ""},
		{"no refresh token", login(t, secret, verifier, says(200, demoToken)), Unreadable, "no refresh token", ""},
		{"no such key", login(t, secret, verifier, says(400, `{"error":"invalid_grant","error_description":"issuer_not_found"}`)), IssuerNotFound, "does not exist in this environment", ""},
		{"out of order", login(t, secret, verifier, says(503, "")), Unavailable, "", ""},
		{"expired or revoked", refresh(t, &inMemory{token: secret}, s.Transport()), LoginEnded, "the login of user \"u1\" has ended", "run `batchsend login`"},
		{"consent withdrawn", refresh(t, &inMemory{token: secret}, says(400, `{"error":"consent_required"}`)), LoginEnded, "consent_required", "run `batchsend login`"},
		{"echoed", refresh(t, &inMemory{token: secret}, says(400, `{"error":"invalid_grant","error_description":"no token `+secret+`"}`)), LoginEnded, "no token [hidden]", ""},
		{"the keyring is locked", refresh(t, locked{}, s.Transport()), LoginUnreadable, "the keyring is locked", "run `batchsend login`"},
	} {
		e, ok := errors.AsType[*AuthError](tt.err)
		if !ok || e.Reason != tt.reason || !strings.Contains(e.Error(), tt.says) || !strings.Contains(e.Hint(), tt.cure) {
			t.Errorf("%s: %v (%+v), want %s, %q, %q", tt.name, tt.err, e, tt.reason, tt.says, tt.cure)
		}
		if tt.err != nil && strings.Contains(tt.err.Error()+e.Hint(), "c2VjcmV0") {
			t.Errorf("%s: a secret is shown: %v", tt.name, tt.err)
		}
	}
}

// locked is a keyring that does not open.
type locked struct{}

func (locked) Renew(context.Context, func(string) (string, error)) error {
	return errors.New("the keyring is locked")
}

// TestRenewedIsRead: what DocuSign answers is kept even if the run is interrupted
// meanwhile, because the earlier refresh token is used up; and a run whose new refresh
// token cannot be kept goes on with a warning.
func TestRenewedIsRead(t *testing.T) {
	var warned strings.Builder
	ctx, stop := context.WithCancel(t.Context())
	rt := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		stop()
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		return reply(200, `{"access_token":"a","refresh_token":"second","expires_in":28800}`), nil
	}}
	kept := &inMemory{token: "first"}
	c := &Client{IntegrationKey: "k", Transport: rt, Refresh: kept, Log: slog.New(slog.NewTextHandler(&warned, nil))}
	got, err := c.token(ctx, nil)
	if err != nil || kept.token != "second" || time.Until(got.end) < 7*time.Hour {
		t.Errorf("interrupted: %v, %v, kept %q", got, err, kept.token)
	}
	c = &Client{IntegrationKey: "k", Transport: rt, Refresh: &inMemory{token: "first", fails: io.ErrShortWrite}, Log: c.Log}
	if got, err := c.token(t.Context(), nil); err != nil || got.value != "a" || !strings.Contains(warned.String(), "could not be kept") || strings.Contains(warned.String(), "second") {
		t.Errorf("not kept: %v, %v; warned %q", got, err, &warned)
	}
}

package docusign

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"batchsend/internal/golden"
	"batchsend/internal/sandbox"
)

func TestAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(nil)
		signed, err := c.assertion(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwt.Parse(signed, func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"})); err != nil {
			t.Errorf("the signature does not hold: %v", err)
		}
		parts := strings.Split(signed, ".")
		var header, claims map[string]any
		for i, into := range []*map[string]any{&header, &claims} {
			data, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err != nil || json.Unmarshal(data, into) != nil {
				t.Fatalf("part %d of the assertion is not JSON: %v", i, err)
			}
		}
		now := float64(time.Now().Unix())
		want := map[string]any{
			"iss": sandbox.DefaultIntegrationKey, "sub": sandbox.DefaultUserID,
			"aud": "account-d.docusign.com", "scope": "signature impersonation",
			"iat": now - 60, "exp": now + 3600,
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT"}, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	})
}

func TestGrantRequest(t *testing.T) {
	var form url.Values
	f := always(200, "{}")
	f.answer = func(_ int, r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth/token" {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			form = r.PostForm
			if r.Header.Get("Authorization") != "" || r.Method != http.MethodPost {
				t.Errorf("token request: %s, Authorization %q", r.Method, r.Header.Get("Authorization"))
			}
		}
		return nil, nil
	}
	connected(t, f)
	if form.Get("grant_type") != jwtGrant || form.Get("assertion") == "" || len(form) != 2 {
		t.Errorf("token request has the fields %v", form)
	}
}

// TestAuthErrors shows what an operator reads after each failure.
func TestAuthErrors(t *testing.T) {
	grant := func(status int, body string, header ...string) func(string) (*http.Response, error) {
		return func(path string) (*http.Response, error) {
			if path == "/oauth/token" {
				return reply(status, body, header...), nil
			}
			return nil, nil
		}
	}
	user := func(status int, body string) func(string) (*http.Response, error) {
		return func(path string) (*http.Response, error) {
			if path == "/oauth/userinfo" {
				return reply(status, body), nil
			}
			return nil, nil
		}
	}
	fails := func(err error) func(string) (*http.Response, error) {
		return func(string) (*http.Response, error) { return nil, err }
	}
	invalid := func(description string) string {
		return fmt.Sprintf(`{"error":"invalid_grant","error_description":%q}`, description)
	}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		for _, c := range []struct {
			name   string
			answer func(path string) (*http.Response, error)
			change func(*Client)
		}{
			{"consent", grant(400, `{"error":"consent_required"}`), nil},
			{"consent, own redirect address", grant(400, `{"error":"consent_required"}`), func(c *Client) { c.RedirectURI, c.Auth = "https://example.test/back?a=b&c", Production }},
			{"user unknown in demo", grant(400, invalid("user_not_found")), nil},
			{"user unknown in production", grant(400, invalid("user_not_found")), func(c *Client) { c.Auth = Production }},
			{"user is an e-mail address", grant(400, invalid("invalid_subject")), func(c *Client) { c.UserID = "ann@example.test" }},
			{"key unknown in demo", grant(400, invalid("Issuer_not_found")), nil},
			{"key unknown in production", grant(400, invalid("issuer_not_found")), func(c *Client) { c.Auth = Production }},
			{"wrong private key", grant(400, invalid("no_valid_keys_or_signatures")), nil},
			{"wrong private key or clock ahead", grant(400, invalid("no_valid_keys_or_signatures"), "Date", at(-7*time.Minute-3*time.Second)), nil},
			{"clock behind", grant(400, invalid("expired_grant"), "Date", at(2*time.Hour)), nil},
			{"expired although the clock is right", grant(400, invalid("expired_grant")), nil},
			{"grant type", grant(400, invalid("unsupported_grant_type")), nil},
			{"grant not enabled", grant(400, invalid("unauthorized_client")), nil},
			{"assertion not readable", grant(400, `{"error":"internal_server_error"}`), nil},
			{"no reason given", grant(400, `{"error":"invalid_grant"}`), nil},
			{"another reason", grant(400, invalid("moon_phase")), nil},
			{"another error", grant(400, `{"error":"teapot","error_description":"short\nand stout"}`), nil},
			{"out of order", grant(503, "<html>no</html>"), nil},
			{"too often", grant(429, `{"error":"slow_down"}`), nil},
			{"a login page", grant(200, "<html>Welcome to the hotel</html>"), nil},
			{"redirected", grant(302, "", "Location", "https://login.example.test/"), nil},
			{"no token", grant(200, `{"token_type":"Bearer"}`), nil},
			{"token refused", user(401, ""), nil},
			{"no accounts", user(200, `{"accounts":[]}`), nil},
			{"UserNotFound", user(400, `{"error":"UserNotFound"}`), nil},
			{"account not one of the user's", user(200, demoUser), func(c *Client) { c.Account = "BBBBBBBB-0000-4000-8000-000000000002" }},
			{"account in the clear", user(200, strings.Replace(demoUser, "https://", "http://", 1)), nil},
			{"account elsewhere", user(200, strings.Replace(demoUser, "demo.docusign.net", "docusign.net.example.test", 1)), nil},
			{"host unknown", fails(dial(&net.DNSError{Err: "no such host", Name: "account-d.docusign.com", IsNotFound: true})), nil},
			{"no DNS", fails(dial(&net.DNSError{Err: "server misbehaving", Name: "account-d.docusign.com"})), nil},
			{"refused", fails(dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))), nil},
			{"proxy refused", fails(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: syscall.ECONNREFUSED}), nil},
			{"timeout", fails(os.ErrDeadlineExceeded), nil},
			{"reset", fails(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}), nil},
			{"company proxy", fails(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), nil},
			{"certificate expired", fails(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}), nil},
			{"another host's certificate", fails(&tls.CertificateVerificationError{Err: errors.New("x509: certificate is valid for a.test, not b.test")}), nil},
			{"no TLS", fails(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), nil},
			{"no key", nil, func(c *Client) { c.Key = nil }},
		} {
			client := over(&fake{answer: func(_ int, r *http.Request) (*http.Response, error) { return c.answer(r.URL.Path) }})
			if c.change != nil {
				c.change(client)
			}
			_, err := client.Connect(t.Context())
			ae, ok := errors.AsType[*AuthError](err)
			if !ok {
				t.Errorf("%s: Connect = %v, want an *AuthError", c.name, err)
				continue
			}
			fmt.Fprintf(&text, "# %s (%s, temporary: %t)\n%v\n%s\n\n", c.name, ae.Reason, ae.Temporary(), ae, ae.Hint())
		}
		golden.Compare(t, "autherrors.golden", text.String())
	})
}

// TestConsentOpensTheDoor follows the address of the hint to its end.
func TestConsentOpensTheDoor(t *testing.T) {
	s := &sandbox.Server{NoConsent: true}
	c := over(s.Transport())
	_, err := c.Connect(t.Context())
	ae, ok := errors.AsType[*AuthError](err)
	if !ok || ae.Reason != ConsentRequired {
		t.Fatalf("Connect = %v, want consent_required", err)
	}
	resp, err := (&http.Client{Transport: s.Transport()}).Get(ae.ConsentURL)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", ae.ConsentURL, resp, err)
	}
	if _, err := c.Connect(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSandboxReasons lets the sandbox find each fault in our assertion.
func TestSandboxReasons(t *testing.T) {
	for want, change := range map[Reason]func(*Client, *sandbox.Server){
		UserNotFound:   func(c *Client, _ *sandbox.Server) { c.UserID = "05e40000-0000-4000-8000-000000000002" },
		InvalidSubject: func(c *Client, _ *sandbox.Server) { c.UserID = "ann@example.test" },
		IssuerNotFound: func(c *Client, _ *sandbox.Server) { c.IntegrationKey = "1e700000-0000-4000-8000-000000000002" },
		NoAccount:      func(_ *Client, s *sandbox.Server) { s.NoAccounts = true },
	} {
		s := new(sandbox.Server)
		c := over(s.Transport())
		change(c, s)
		_, err := c.Connect(t.Context())
		if ae, ok := errors.AsType[*AuthError](err); !ok || ae.Reason != want {
			t.Errorf("Connect = %v, want reason %s", err, want)
		}
	}
}

func TestClockTooFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(sandbox.Server)
		s.Advance(3 * time.Hour)
		_, err := over(s.Transport()).Connect(t.Context())
		ae, ok := errors.AsType[*AuthError](err)
		if !ok || ae.Reason != ExpiredGrant || !strings.Contains(ae.Error(), "3h0m0s behind") {
			t.Errorf("Connect = %v, want an expired grant and a clock 3h behind", err)
		}
	})
}

// TestTokenToStrangers sees that the token follows no redirect.
func TestTokenToStrangers(t *testing.T) {
	var strange int
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strange++ }))
	defer stranger.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, stranger.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := over(nil)
	transport := NewTransport(1)
	defer transport.CloseIdleConnections()
	c.Transport = transport
	c.Auth, _ = ParseAuthServer(server.URL)
	if _, err := c.Connect(t.Context()); err == nil || strange != 0 {
		t.Errorf("Connect = %v after %d requests to a stranger", err, strange)
	}
}

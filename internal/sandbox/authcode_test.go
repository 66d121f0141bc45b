package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"batchsend/internal/sandbox"
)

const callback = "http://localhost:8721/callback"

// visitor is a browser of somebody who decides on the consent page.
type visitor struct {
	*client
	verifier string
}

func newVisitor(t *testing.T, s *sandbox.Server) *visitor {
	c := &client{t: t}
	c.http.Transport = s.Transport()
	c.http.CheckRedirect = noRedirect
	return &visitor{c, oauth2.GenerateVerifier()}
}

// decide opens the consent page, presses a button, and returns where the browser is
// sent.
func (v *visitor) decide(decision string, changes ...string) url.Values {
	v.t.Helper()
	query := url.Values{
		"response_type": {"code"}, "client_id": {sandbox.DefaultIntegrationKey}, "scope": {"signature extended"}, "state": {"s1"},
		"redirect_uri": {callback}, "code_challenge": {oauth2.S256ChallengeFromVerifier(v.verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
	}
	page := v.do("GET", root+"/oauth/auth?"+query.Encode(), "")
	if page.status != 200 || !strings.Contains(page.body, `<button name="decision" value="`+decision+`">`) {
		v.t.Fatalf("consent page: %d %s", page.status, page.body)
	}
	query.Set("decision", decision)
	got := v.post("/oauth/auth", query)
	to, err := url.Parse(got.header.Get("Location"))
	if got.status != 302 || err != nil || !strings.HasPrefix(to.String(), callback+"?") {
		v.t.Fatalf("decision: %d to %v, %v", got.status, to, err)
	}
	return to.Query()
}

// exchange asks for tokens with a code.
func (v *visitor) exchange(code string, changes ...string) answer {
	v.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {sandbox.DefaultIntegrationKey}, "code": {code},
		"code_verifier": {v.verifier}, "redirect_uri": {callback},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return v.post("/oauth/token", form)
}

func (v *visitor) renew(refresh string, changes ...string) answer {
	v.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {sandbox.DefaultIntegrationKey}, "refresh_token": {refresh}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return v.post("/oauth/token", form)
}

// TestAuthorizationCode: a person who allows access gives the application a code, which
// is good once, for a short time, for the one who asked for it.
func TestAuthorizationCode(t *testing.T) {
	s := &sandbox.Server{}
	v := newVisitor(t, s)
	back := v.decide("allow")
	if back.Get("state") != "s1" || back.Get("code") == "" || back.Get("error") != "" {
		t.Fatalf("allowed: %v", back)
	}
	got := v.exchange(back.Get("code"))
	if got.status != 200 || got.str("refresh_token") == "" || got.json["expires_in"] != 28800.0 || got.str("scope") != "signature extended" {
		t.Fatalf("exchange: %d %v", got.status, got.json)
	}
	v.token = got.str("access_token")
	if got := v.do("GET", root+"/oauth/userinfo", ""); got.status != 200 {
		t.Errorf("userinfo: %d %s", got.status, got.body)
	}
	v.token = ""
	if again := v.exchange(back.Get("code")); again.status != 400 || again.str("error") != "invalid_grant" {
		t.Errorf("the code a second time: %d %s", again.status, again.body)
	}

	denied := v.decide("deny")
	if denied.Get("error") != "access_denied" || denied.Get("state") != "s1" || denied.Has("code") {
		t.Errorf("denied: %v", denied)
	}

	for name, change := range map[string][]string{
		"another verifier":     {"code_verifier", oauth2.GenerateVerifier()},
		"no verifier":          {"code_verifier", ""},
		"another redirect URI": {"redirect_uri", "http://localhost:1/callback"},
		"an unknown code":      {"code", "x"},
	} {
		if got := v.exchange(v.decide("allow").Get("code"), change...); got.status != 400 || got.str("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := v.exchange(v.decide("allow").Get("code"), "client_id", "1"); got.status != 400 || got.str("error") != "invalid_client" {
		t.Errorf("another client: %d %s", got.status, got.body)
	}
	old := v.decide("allow").Get("code")
	s.Advance(2 * time.Minute)
	if got := v.exchange(old); got.status != 400 || got.str("error") != "invalid_grant" {
		t.Errorf("a code of two minutes ago: %d %s", got.status, got.body)
	}
	// Without a challenge the client must show its secret.
	if got := v.exchange(v.decide("allow", "code_challenge", "").Get("code")); got.status != 400 || got.str("error") != "invalid_client" {
		t.Errorf("neither challenge nor secret: %d %s", got.status, got.body)
	}
}

// TestAuthorizeRefusals: where the browser cannot be sent back, a page says why.
func TestAuthorizeRefusals(t *testing.T) {
	s := &sandbox.Server{RedirectURIs: []string{callback}}
	v := newVisitor(t, s)
	for name, change := range map[string]url.Values{
		"not registered properly": {"redirect_uri": {"http://localhost:8721/Callback"}},
		"Unknown application":     {"client_id": {"1"}},
		"must be S256":            {"code_challenge_method": {"plain"}},
		"response_type=code":      {"response_type": {"token"}},
	} {
		query := url.Values{
			"response_type": {"code"}, "client_id": {sandbox.DefaultIntegrationKey}, "scope": {"signature"},
			"redirect_uri": {callback}, "code_challenge": {"x"}, "code_challenge_method": {"S256"}, "decision": {"allow"},
		}
		for field, value := range change {
			query[field] = value
		}
		for _, got := range []answer{v.do("GET", root+"/oauth/auth?"+query.Encode(), ""), v.post("/oauth/auth", query)} {
			if got.status != 400 || !strings.Contains(got.body, name) {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	}
}

// TestRefresh: a refresh token is good once, for 30 days, and each answer has another.
// Servers that share a directory share them.
func TestRefresh(t *testing.T) {
	for _, store := range []string{"", t.TempDir()} {
		s := &sandbox.Server{Store: store}
		t.Cleanup(func() { s.Close() })
		v := newVisitor(t, s)
		first := v.exchange(v.decide("allow").Get("code")).str("refresh_token")
		if store != "" {
			s = &sandbox.Server{Store: store}
			t.Cleanup(func() { s.Close() })
			v = newVisitor(t, s)
		}
		got := v.renew(first)
		second := got.str("refresh_token")
		if got.status != 200 || second == "" || second == first || got.json["expires_in"] != 28800.0 {
			t.Fatalf("renewed: %d %v", got.status, got.json)
		}
		if got := v.renew(first); got.status != 400 || got.str("error") != "invalid_grant" {
			t.Errorf("the first again: %d %s", got.status, got.body)
		}
		if got := v.renew(second, "client_id", ""); got.status != 400 || got.str("error") != "invalid_client" {
			t.Errorf("nobody's: %d %s", got.status, got.body)
		}
		s.Advance(29 * 24 * time.Hour)
		third := v.renew(second).str("refresh_token")
		s.Advance(29 * 24 * time.Hour) // extended counts from the last
		fourth := v.renew(third).str("refresh_token")
		if third == "" || fourth == "" {
			t.Errorf("used within 30 days: %q %q", third, fourth)
		}
		s.Advance(30 * 24 * time.Hour)
		if got := v.renew(fourth); got.status != 400 || got.str("error") != "invalid_grant" {
			t.Errorf("after 30 days: %d %s", got.status, got.body)
		}

		plain := v.exchange(v.decide("allow", "scope", "signature").Get("code")).str("refresh_token")
		s.Advance(20 * 24 * time.Hour)
		plain = v.renew(plain).str("refresh_token")
		s.Advance(11 * 24 * time.Hour) // without extended the first day counts
		if got := v.renew(plain); plain == "" || got.status != 400 {
			t.Errorf("not extended: %q, %d %s", plain, got.status, got.body)
		}

		revoked := v.exchange(v.decide("allow").Get("code")).str("refresh_token")
		if err := s.RevokeLogins(); err != nil {
			t.Error(err)
		}
		if got := v.renew(revoked); got.status != 400 || got.str("error") != "invalid_grant" {
			t.Errorf("revoked: %d %s", got.status, got.body)
		}
	}
}

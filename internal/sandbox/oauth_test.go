package sandbox_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"batchsend/internal/sandbox"
)

func TestTokenErrors(t *testing.T) {
	now := time.Now()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(jwt.MapClaims)) string {
		c := claims(now)
		change(c)
		return form(sign(t, c))
	}
	set := func(name string, v any) string { return edit(func(c jwt.MapClaims) { c[name] = v }) }
	without := func(name string) string { return edit(func(c jwt.MapClaims) { delete(c, name) }) }
	signed := func(method jwt.SigningMethod, key any) string {
		out, err := jwt.NewWithClaims(method, claims(now)).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return form(out)
	}
	tests := []struct {
		name, form, code, description string
	}{
		{"wrong grant", strings.Replace(form("x"), "jwt-bearer", "password", 1), "invalid_grant", "unsupported_grant_type"},
		{"no form", "grant_type=%zz", "invalid_grant", "unsupported_grant_type"},
		{"no assertion", form(""), "internal_server_error", ""},
		{"not a token", form("abc.def"), "internal_server_error", ""},
		{"no signature", form(strings.Join(strings.Split(sign(t, claims(now)), ".")[:2], ".") + "."), "internal_server_error", ""},
		{"unknown key", set("iss", "11111111-0000-4000-8000-000000000000"), "invalid_grant", "issuer_not_found"},
		{"no issuer", without("iss"), "invalid_grant", "issuer_not_found"},
		{"other environment", set("aud", "account.docusign.com"), "invalid_grant", "issuer_not_found"},
		{"wrong private key", signed(jwt.SigningMethodRS256, other), "invalid_grant", "no_valid_keys_or_signatures"},
		{"wrong algorithm", signed(jwt.SigningMethodHS256, []byte("secret")), "invalid_grant", "no_valid_keys_or_signatures"},
		{"aud with scheme", set("aud", "https://demo.example.test"), "invalid_grant", "no_valid_keys_or_signatures"},
		{"aud with slash", set("aud", "demo.example.test/"), "invalid_grant", "no_valid_keys_or_signatures"},
		{"aud is an array", set("aud", []string{"demo.example.test"}), "invalid_grant", "no_valid_keys_or_signatures"},
		{"no exp", without("exp"), "invalid_grant", "no_valid_keys_or_signatures"},
		{"nbf in the future", set("nbf", now.Add(time.Minute).Unix()), "invalid_grant", "no_valid_keys_or_signatures"},
		{"exp in the past", set("exp", now.Add(-time.Second).Unix()), "invalid_grant", "expired_grant"},
		{"iat too old", set("iat", now.Add(-61*time.Minute).Unix()), "invalid_grant", ""},
		{"exp before iat", set("iat", now.Add(2*time.Hour).Unix()), "invalid_grant", ""},
		{"user is an address", set("sub", "ann@example.test"), "invalid_grant", "invalid_subject"},
		{"no user", without("sub"), "invalid_grant", "invalid_subject"},
		{"unknown user", set("sub", "22222222-0000-4000-8000-000000000000"), "invalid_grant", "user_not_found"},
		{"scope not consented", set("scope", "signature impersonation click.manage"), "consent_required", ""},
		{"scope without impersonation", set("scope", "signature"), "consent_required", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &sandbox.Server{Key: &testKey().PublicKey}
			c := &client{t: t}
			c.http.Transport = s.Transport()
			got := c.do("POST", root+"/oauth/token", tt.form)
			if got.status != 400 || got.str("error") != tt.code || got.str("error_description") != tt.description {
				t.Errorf("got %d %s, want 400 %s %q", got.status, got.body, tt.code, tt.description)
			}
			if _, ok := got.json["error_description"]; ok && tt.description == "" {
				t.Errorf("the description must be absent: %s", got.body)
			}
		})
	}
}

// Without a key any signature passes, but it must be there, and be RS256.
func TestTokenWithoutKey(t *testing.T) {
	s := &sandbox.Server{}
	c := &client{t: t}
	c.http.Transport = s.Transport()
	ask := func(assertion string) answer { return c.do("POST", root+"/oauth/token", form(assertion)) }
	if got := ask(sign(t, claims(s.Now()))); got.status != 200 {
		t.Errorf("RS256: %s", got.body)
	}
	for method, key := range map[jwt.SigningMethod]any{
		jwt.SigningMethodHS256: []byte("secret"), jwt.SigningMethodNone: jwt.UnsafeAllowNoneSignatureType,
	} {
		assertion, err := jwt.NewWithClaims(method, claims(s.Now())).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(assertion); got.status != 400 {
			t.Errorf("%s: %d %s", method.Alg(), got.status, got.body)
		}
	}
}

func TestToken(t *testing.T) {
	s := &sandbox.Server{Key: &testKey().PublicKey, TokenLifetime: time.Minute}
	for _, host := range []string{"demo.example.test", "demo.example.test:8443"} {
		for _, aud := range []string{"demo.example.test", host} {
			c := &client{t: t}
			c.http.Transport = s.Transport()
			assertion := claims(s.Now())
			assertion["aud"] = aud
			got := c.do("POST", "https://"+host+"/oauth/token", form(sign(t, assertion)))
			if got.status != 200 || got.str("token_type") != "Bearer" || got.json["expires_in"] != 3600.0 {
				t.Errorf("aud %q at %q: got %d %s", aud, host, got.status, got.body)
			}
		}
	}

	c := newClient(t, s)
	if got := c.do("GET", "", ""); got.status != 200 {
		t.Errorf("with a fresh token: %d %s", got.status, got.body)
	}
	s.Advance(time.Minute) // it said 3600 s
	got := c.do("GET", "", "")
	if got.status != 401 || got.code() != "AUTHORIZATION_INVALID_TOKEN" {
		t.Errorf("with an expired token: %d %s", got.status, got.body)
	}
	if got := c.do("GET", root+"/oauth/userinfo", ""); got.status != 401 || got.str("error") != "invalid_token" {
		t.Errorf("userinfo with an expired token: %d %s", got.status, got.body)
	}
	c.login(s.Now())
	s.ExpireTokens()
	if got := c.do("GET", "", ""); got.status != 401 {
		t.Errorf("after ExpireTokens: %d %s", got.status, got.body)
	}
}

func TestConsent(t *testing.T) {
	s := &sandbox.Server{NoConsent: true}
	c := &client{t: t}
	c.http.Transport = s.Transport()
	ask := func() string {
		return c.do("POST", root+"/oauth/token", form(sign(t, claims(s.Now())))).str("error")
	}
	if got := ask(); got != "consent_required" {
		t.Fatalf("before consent: %q", got)
	}
	page := c.do("GET", root+"/oauth/auth?response_type=code&scope=signature&client_id="+sandbox.DefaultIntegrationKey+"&redirect_uri=x", "")
	if page.status != 200 || !strings.Contains(page.body, "Consent given") {
		t.Errorf("consent page: %d %s", page.status, page.body)
	}
	if got := ask(); got != "consent_required" {
		t.Errorf("with consent to one of two scopes: %q", got)
	}
	if got := c.do("GET", root+"/oauth/auth?response_type=code&scope=impersonation&client_id=%3Cscript%3E", ""); got.status != 400 || strings.Contains(got.body, "<script>") {
		t.Errorf("unknown application: %d %s", got.status, got.body)
	}
	c.do("GET", root+"/oauth/auth?response_type=code&scope=signature+impersonation&client_id="+sandbox.DefaultIntegrationKey, "")
	if got := ask(); got != "" {
		t.Errorf("after consent: %q", got)
	}
}

func TestUserInfo(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	got := c.do("GET", root+"/oauth/userinfo", "")
	accounts, _ := got.json["accounts"].([]any)
	if len(accounts) != 1 || got.str("sub") != sandbox.DefaultUserID {
		t.Fatalf("userinfo: %s", got.body)
	}
	account := answer{json: accounts[0].(map[string]any)}
	if account.str("base_uri") != root || account.str("account_id") != sandbox.DefaultAccount || account.json["is_default"] != true {
		t.Errorf("account: %v", account.json)
	}
	s.NoAccounts = true
	if got := c.do("GET", root+"/oauth/userinfo", ""); !strings.Contains(got.body, `"accounts":[]`) {
		t.Errorf("without accounts: %s", got.body)
	}
}

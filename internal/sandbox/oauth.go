package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// needed are the scopes a client must ask for to send envelopes by JWT Grant.
var needed = []string{"signature", "impersonation"}

// tokens holds the access tokens given out and the consent given.
type tokens struct {
	mu      sync.Mutex
	ends    map[string]time.Time
	granted map[string]bool // scopes
}

// randomToken makes a token or a code, which look alike at DocuSign.
func randomToken() string {
	raw := make([]byte, 48)
	rand.Read(raw) // never fails
	return "eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0." + base64.RawURLEncoding.EncodeToString(raw)
}

func (t *tokens) issue(now time.Time, life time.Duration) string {
	token := randomToken()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ends == nil {
		t.ends = make(map[string]time.Time)
	}
	for old, end := range t.ends {
		if !now.Before(end) {
			delete(t.ends, old)
		}
	}
	t.ends[token] = now.Add(life)
	return token
}

func (t *tokens) valid(token string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	end, ok := t.ends[token]
	return ok && now.Before(end)
}

func (t *tokens) revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.ends, token)
}

func (t *tokens) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.ends)
}

func (t *tokens) consent(scopes []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.granted == nil {
		t.granted = make(map[string]bool)
	}
	for _, scope := range scopes {
		t.granted[scope] = true
	}
}

func (t *tokens) consented(scope string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.granted[scope]
}

// oauthError is an error answer of the token endpoint.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func invalidGrant(description string) *oauthError {
	return &oauthError{Code: "invalid_grant", Description: description}
}

// bearer returns the access token of a request, "" if there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() == nil {
		switch r.PostForm.Get("grant_type") {
		case "authorization_code", "refresh_token":
			s.serveLogin(w, r)
			return
		}
	}
	if err := s.checkGrant(r); err != nil {
		writeJSON(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": s.tokens.issue(s.Now(), or(s.TokenLifetime, time.Hour)),
		"token_type":   "Bearer",
		"expires_in":   3600,
	})
}

// checkGrant looks at a token request in the order in which its mistakes show
// on the original: the issuer is known before its key can be tried, and consent
// is asked for last.
func (s *Server) checkGrant(r *http.Request) *oauthError {
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != jwtGrant {
		return invalidGrant("unsupported_grant_type")
	}
	assertion := r.PostForm.Get("assertion")
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(assertion, claims)
	if err != nil || strings.HasSuffix(assertion, ".") {
		return &oauthError{Code: "internal_server_error"}
	}
	if iss, _ := claims["iss"].(string); !strings.EqualFold(iss, s.integrationKey()) {
		return invalidGrant("issuer_not_found")
	}
	if token.Method != jwt.SigningMethodRS256 || !s.signed(assertion) {
		return invalidGrant("no_valid_keys_or_signatures")
	}
	if err := s.checkAudience(claims, r.Host); err != nil {
		return err
	}
	if err := checkTimes(claims, s.Now()); err != nil {
		return err
	}
	sub, _ := claims["sub"].(string)
	if uuid.Validate(sub) != nil {
		return invalidGrant("invalid_subject")
	}
	if !strings.EqualFold(sub, s.userID()) {
		return invalidGrant("user_not_found")
	}
	scope, _ := claims["scope"].(string)
	return s.checkScopes(strings.Fields(scope))
}

func (s *Server) signed(assertion string) bool {
	if s.Key == nil {
		return true
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	_, err := parser.Parse(assertion, func(*jwt.Token) (any, error) { return s.Key, nil })
	return err == nil
}

// checkAudience wants aud to be this server's host as one string: no scheme, no
// slash, no array. The host of another DocuSign environment reads as an issuer
// that is not known here.
func (s *Server) checkAudience(claims jwt.MapClaims, host string) *oauthError {
	aud, _ := claims["aud"].(string)
	bare := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		bare = h
	}
	switch {
	case aud == "":
		return invalidGrant("no_valid_keys_or_signatures")
	case strings.EqualFold(aud, host), strings.EqualFold(aud, bare), aud == s.Audience:
		return nil
	case slices.Contains([]string{"account.docusign.com", "account-d.docusign.com", "account-s.docusign.com"}, aud):
		return invalidGrant("issuer_not_found")
	}
	return invalidGrant("no_valid_keys_or_signatures")
}

// checkTimes allows no clock skew: how much the original allows is not known.
func checkTimes(claims jwt.MapClaims, now time.Time) *oauthError {
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return invalidGrant("no_valid_keys_or_signatures")
	}
	nbf, err := claims.GetNotBefore()
	if err != nil || nbf != nil && nbf.After(now) {
		return invalidGrant("no_valid_keys_or_signatures")
	}
	if !exp.After(now) {
		return invalidGrant("expired_grant")
	}
	iat, err := claims.GetIssuedAt()
	if err != nil || iat == nil || now.Sub(iat.Time) > time.Hour || exp.Before(iat.Time) {
		return invalidGrant("")
	}
	return nil
}

// checkScopes asks for consent when a scope was not consented to, and when one
// that sending needs is missing from the request.
func (s *Server) checkScopes(asked []string) *oauthError {
	for _, scope := range needed {
		if !slices.Contains(asked, scope) {
			return &oauthError{Code: "consent_required"}
		}
	}
	for _, scope := range asked {
		given := s.tokens.consented(scope) || !s.NoConsent && slices.Contains(needed, scope)
		if !given {
			return &oauthError{Code: "consent_required"}
		}
	}
	return nil
}

func (s *Server) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	if !s.tokens.valid(bearer(r), s.Now()) {
		writeJSON(w, http.StatusUnauthorized, &oauthError{Code: "invalid_token"})
		return
	}
	type account struct {
		ID      string `json:"account_id"`
		Default bool   `json:"is_default"`
		Name    string `json:"account_name"`
		BaseURI string `json:"base_uri"`
	}
	accounts := []account{}
	if !s.NoAccounts {
		accounts = append(accounts, account{s.account(), true, accountName, s.baseURI(r)})
		for _, o := range s.OtherAccounts {
			accounts = append(accounts, account{o.ID, false, o.Name, s.baseURI(r)})
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"sub": s.userID(), "name": userName, "given_name": "Sandy", "family_name": "Box",
		"created": "2026-01-02T03:04:05.06", "email": userEmail, "accounts": accounts,
	})
}

// baseURI is where the client finds the REST API: here.
func (s *Server) baseURI(r *http.Request) string {
	if s.BaseURI != "" {
		return strings.TrimRight(s.BaseURI, "/")
	}
	scheme := r.URL.Scheme // set in process only
	if scheme == "" {
		scheme = "http"
		if r.TLS != nil {
			scheme = "https"
		}
	}
	return scheme + "://" + r.Host
}

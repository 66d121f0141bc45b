package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// codeLife is how long an authorization code can be exchanged. The original
// says "minutes".
const codeLife = 2 * time.Minute

// codeTokenLife is how long the access tokens of people live who have logged in.
const codeTokenLife = 8 * time.Hour

// authorization is what a person has allowed, and whom. DocuSign's names:
// scope, redirect_uri, code_challenge.
type authorization struct {
	scopes      []string
	redirectURI string
	challenge   string // of PKCE, S256; "": the client has a secret
	end         time.Time
}

// codes are the authorization codes given out and not yet exchanged. They stay in
// memory: the process that gives one out is the one that exchanges it.
type codes struct {
	mu  sync.Mutex
	all map[string]authorization
}

func (c *codes) issue(a authorization, now time.Time) string {
	code := randomToken()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = make(map[string]authorization)
	}
	for old, a := range c.all {
		if !now.Before(a.end) {
			delete(c.all, old)
		}
	}
	a.end = now.Add(codeLife)
	c.all[code] = a
	return code
}

// take returns what a code stands for. A code can be taken once.
func (c *codes) take(code string, now time.Time) (a authorization, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok = c.all[code]
	delete(c.all, code)
	return a, ok && now.Before(a.end)
}

// authorizeRequest is what a client asks for at /oauth/auth.
type authorizeRequest struct {
	ClientID, ResponseType, Scope, RedirectURI, State string
	Challenge, ChallengeMethod                        string
}

func readAuthorizeRequest(q url.Values) authorizeRequest {
	return authorizeRequest{
		ClientID: q.Get("client_id"), ResponseType: q.Get("response_type"), Scope: q.Get("scope"),
		RedirectURI: q.Get("redirect_uri"), State: q.Get("state"),
		Challenge: q.Get("code_challenge"), ChallengeMethod: q.Get("code_challenge_method"),
	}
}

// awaitsCode reports whether a program on this machine waits for the code. Consent for
// JWT Grant needs none: the browser is sent to any page.
func (a authorizeRequest) awaitsCode() bool {
	u, err := url.Parse(a.RedirectURI)
	return err == nil && u.Scheme == "http" && isLoopback(u.Hostname())
}

// checkAuthorize returns the page for a request that cannot be answered by sending the
// browser back: the client or its address is not known.
func (s *Server) checkAuthorize(a authorizeRequest) *consentText {
	switch {
	case !strings.EqualFold(a.ClientID, s.integrationKey()):
		return &consentText{"Unknown application", "No application has the integration key " + a.ClientID + "."}
	case a.ResponseType != "code" || a.Scope == "":
		return &consentText{"Not a consent address", "The address needs response_type=code and a scope."}
	case len(s.RedirectURIs) > 0 && !slices.Contains(s.RedirectURIs, a.RedirectURI):
		return &consentText{"Redirect URI", "The redirect URI is not registered properly with DocuSign."}
	case a.Challenge != "" && a.ChallengeMethod != "S256":
		return &consentText{"Not a consent address", "The code_challenge_method must be S256."}
	}
	return nil
}

type consentText struct{ Title, Text string }

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>{{.Title}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
button { font: inherit; padding: .5rem 1.25rem; margin: 0 .75rem .75rem 0; border-radius: 6px; border: 1px solid #3b5bdb; background: Canvas; color: CanvasText; }
button[value=allow] { background: #3b5bdb; color: #fff; }
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Ask}}<p>The application with the integration key {{.ClientID}} asks for these rights: {{.Scope}}.</p>
<form method="post" action="/oauth/auth">
<input type="hidden" name="client_id" value="{{.ClientID}}">
<input type="hidden" name="response_type" value="{{.ResponseType}}">
<input type="hidden" name="scope" value="{{.Scope}}">
<input type="hidden" name="redirect_uri" value="{{.RedirectURI}}">
<input type="hidden" name="state" value="{{.State}}">
<input type="hidden" name="code_challenge" value="{{.Challenge}}">
<input type="hidden" name="code_challenge_method" value="{{.ChallengeMethod}}">
<button name="decision" value="allow">Allow access</button><button name="decision" value="deny">Decline</button>
</form>
{{end}}</main>
</body>
</html>
`))

func writeConsentPage(w http.ResponseWriter, status int, text consentText, ask *authorizeRequest) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	consentPage.Execute(w, struct { // into memory: cannot fail
		consentText
		Ask *authorizeRequest
	}{text, ask})
}

// serveConsent asks the person for consent, if a program waits for their answer. Else it
// grants whatever is asked for, at once: the person who opened the page is taken to have
// pressed Allow.
func (s *Server) serveConsent(w http.ResponseWriter, r *http.Request) {
	ask := readAuthorizeRequest(r.URL.Query())
	if refused := s.checkAuthorize(ask); refused != nil {
		writeConsentPage(w, http.StatusBadRequest, *refused, nil)
		return
	}
	if ask.awaitsCode() {
		writeConsentPage(w, http.StatusOK, consentText{"Allow access?", "This is the sandbox: " + userName + " <" + userEmail + "> is logged in."}, &ask)
		return
	}
	s.tokens.consent(strings.Fields(ask.Scope))
	writeConsentPage(w, http.StatusOK, consentText{"Consent given", "The application may now ask for tokens. You can close this page."}, nil)
}

// serveDecision sends the browser back to the application with what the person decided.
func (s *Server) serveDecision(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		writeConsentPage(w, http.StatusBadRequest, consentText{"Not a form", "The form cannot be read."}, nil)
		return
	}
	ask := readAuthorizeRequest(r.PostForm)
	refused := s.checkAuthorize(ask)
	if refused == nil && !ask.awaitsCode() {
		refused = &consentText{"Not a consent address", "Nobody waits for the answer at the redirect URI."}
	}
	if refused != nil {
		writeConsentPage(w, http.StatusBadRequest, *refused, nil)
		return
	}
	answer := url.Values{}
	if ask.State != "" {
		answer.Set("state", ask.State)
	}
	if r.PostForm.Get("decision") == "allow" {
		scopes := strings.Fields(ask.Scope)
		s.tokens.consent(scopes)
		answer.Set("code", s.codes.issue(authorization{scopes: scopes, redirectURI: ask.RedirectURI, challenge: ask.Challenge}, s.Now()))
	} else {
		answer.Set("error", "access_denied")
		answer.Set("error_message", "The user did not consent to connecting the application.")
	}
	back, _ := url.Parse(ask.RedirectURI) // awaitsCode could
	query := back.Query()
	for name, values := range answer {
		query[name] = values
	}
	back.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

// checkClient finds out who asks for a token with a code or a refresh token: a public
// client names itself, another shows its secret. Any secret will do.
func (s *Server) checkClient(r *http.Request) (secret bool, err *oauthError) {
	id, _, basic := r.BasicAuth()
	if !basic {
		id = r.PostForm.Get("client_id")
	}
	if !strings.EqualFold(id, s.integrationKey()) {
		return basic, &oauthError{Code: "invalid_client"}
	}
	return basic, nil
}

// exchangeCode checks a token request that has an authorization code.
func (s *Server) exchangeCode(r *http.Request) (authorization, *oauthError) {
	secret, refused := s.checkClient(r)
	if refused != nil {
		return authorization{}, refused
	}
	a, known := s.codes.take(r.PostForm.Get("code"), s.Now())
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	uri := r.PostForm.Get("redirect_uri")
	switch {
	case !known, uri != "" && uri != a.redirectURI:
		return a, invalidGrant("")
	case a.challenge == "" && !secret:
		return a, &oauthError{Code: "invalid_client"}
	case a.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != a.challenge:
		return a, invalidGrant("")
	}
	return a, nil
}

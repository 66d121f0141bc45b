package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// docusignHost is where somebody else calls DocuSign.
const docusignHost = "https://account-d.docusign.com"

// somebody calls DocuSign as another user of the account does, beside the
// program.
func (w *world) somebody(method, path, body string) {
	w.mu.Lock()
	w.others = true
	w.mu.Unlock()
	now := time.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": w.server.IntegrationKey, "sub": w.server.UserID, "aud": strings.TrimPrefix(docusignHost, "https://"),
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "signature impersonation",
	}).SignedString(w.key.key)
	w.must(err)
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	var token struct {
		Access string `json:"access_token"`
	}
	w.request(http.MethodPost, docusignHost+"/oauth/token", "", "application/x-www-form-urlencoded", form.Encode(), &token)
	w.request(method, docusignHost+"/restapi/v2.1/accounts/"+w.server.Account+path, token.Access, "application/json", body, nil)
}

func (w *world) request(method, address, token, kind, body string, into any) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w.doors.RLock()
	defer w.doors.RUnlock()
	resp, err := w.server.Transport().RoundTrip(req)
	w.must(err)
	defer resp.Body.Close()
	if into != nil {
		w.must(json.NewDecoder(resp.Body).Decode(into))
	}
}

// deleteDrafts puts every draft into the recycle bin and returns how many there
// were.
func (w *world) deleteDrafts() int {
	var drafts []string
	for _, e := range w.server.Envelopes() {
		if e.Status == "created" {
			drafts = append(drafts, fmt.Sprintf("%q", e.ID))
		}
	}
	if len(drafts) > 0 {
		w.somebody(http.MethodPut, "/folders/recyclebin", fmt.Sprintf(`{"envelopeIds":[%s]}`, strings.Join(drafts, ",")))
	}
	return len(drafts)
}

// voidOne voids one of the envelopes that were sent and returns whose it is.
func (w *world) voidOne(n int) string {
	all := w.server.Envelopes()
	for i := range all {
		e := &all[(i+n)%len(all)]
		if e.Status == "sent" {
			w.somebody(http.MethodPut, "/envelopes/"+e.ID, `{"status":"voided","voidedReason":"a mistake"}`)
			return w.contractOf(e).values
		}
	}
	return ""
}

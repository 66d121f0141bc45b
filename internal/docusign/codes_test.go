package docusign

import (
	"net/http"
	"testing"
	"time"
)

// TestCodes: every code that decides something stands in the table that hints
// and explanations come from, and the table is whole.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for i, c := range codes {
		code := normal(c.code)
		if seen[code] {
			t.Errorf("%s stands twice in the table", c.code)
		}
		seen[code] = true
		if e := explanation(i); e.Meaning == "" || e.Done == "" || e.Cure == "" {
			t.Errorf("%s is not fully explained: %+v", c.code, e)
		}
	}
	for _, decides := range []map[string]bool{halting, missing, {queueFull: true, notStored: true, lacksRight: true}} {
		for code := range decides {
			if !seen[code] {
				t.Errorf("%s decides something and is not in the table", code)
			}
		}
	}
	for code := range limits {
		if !has(code, waits) {
			t.Errorf("%s asks to wait, and the table does not say so", code)
		}
	}
	for code := range known {
		if Hint(string(code)) == "" {
			t.Errorf("there is no hint for %s", code)
		}
	}
}

// TestNeedsPerson: only what passes by itself is left to the next run.
func TestNeedsPerson(t *testing.T) {
	create := call{op: "send envelope", method: http.MethodPost, path: "/envelopes"}
	tests := []struct {
		status int
		code   string
		person bool
		alike  bool
	}{
		{400, "PARTNER_AUTHENTICATION_FAILED", true, true},
		{400, "ENVELOPE_ALLOWANCE_EXCEEDED", true, true},
		{400, "ENVELOPE_SEND_LIMIT_EXCEEDED", false, true},
		{444, "", false, true},
		{444, "WHATEVER", false, true},
		{401, "AUTHORIZATION_INVALID_TOKEN", true, true},
		{400, "USER_AUTHENTICATION_FAILED", true, true},
		{401, "", true, true},
		{407, "", true, true},
		{400, "ACCOUNT_LACKS_PERMISSIONS", true, true},
		{400, "Account_Is_Suspended", true, true},
		{403, "USER_LACKS_PERMISSIONS", false, true},
		{400, "ONESIGN_ALLSIGN_NOTSATISFIED", false, true},
		{429, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", false, true},
		{503, "", false, true},
		{500, "UNSPECIFIED_ERROR", false, true},
		{400, "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", false, false},
		{400, "NOBODY_HAS_SEEN_IT", false, false},
	}
	for _, tt := range tests {
		body := `{"errorCode":"` + tt.code + `","message":"no"}`
		if tt.code == "" {
			body = "<html>"
		}
		e := check(create, answer{status: tt.status, body: []byte(body), header: http.Header{}, at: time.Now()}, nil)
		if e.NeedsPerson() != tt.person || e.Alike() != tt.alike {
			t.Errorf("%d %s: a person %v, alike %v; want %v, %v", tt.status, tt.code, e.NeedsPerson(), e.Alike(), tt.person, tt.alike)
		}
		if e.ErrorCode() == "" {
			t.Errorf("%d %s has no code", tt.status, tt.code)
		}
	}
}

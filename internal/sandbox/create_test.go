package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

func TestCreateErrors(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	role := func(properties string) string {
		return fromTemplate(`{"roleName":"Employee",`+properties+`}`, bo)
	}
	tests := []struct {
		name    string
		server  *sandbox.Server
		body    string
		status  int // 400 if absent
		code    string
		message string
	}{
		{name: "no body", body: " ", code: "INVALID_REQUEST_BODY"},
		{name: "broken JSON", body: `{"status":`, code: "INVALID_REQUEST_BODY"},
		{name: "wrong type", body: `{"templateRoles":"x"}`, code: "INVALID_REQUEST_BODY"},
		{name: "object for a string", body: `{"status":{}}`, code: "INVALID_REQUEST_BODY"},
		{name: "unknown status", body: with(offer, `"status":"delivered"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "envelopeId in the body", body: with(offer, `"envelopeId":"x"`), code: "UNSPECIFIED_ERROR"},
		{name: "asynchronous without transaction", body: with(offer, `"asynchronous":"true"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "unknown template", body: `{"templateId":"x"}`, code: "TEMPLATE_ID_INVALID"},
		{
			name: "unknown template not found", server: &sandbox.Server{TemplateError: sandbox.TemplateNotFound},
			body: `{"templateId":"x"}`, status: 404, code: "TEMPLATE_NOT_FOUND",
		},
		{
			name: "bad e-mail", body: role(`"name":"Ann","email":"ann@example"`), code: "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT",
			message: "The email address for the recipient is invalid. The recipient Id follows. 1",
		},
		{name: "space in the e-mail", body: role(`"name":"Ann","email":"ann ek@example.test"`), code: "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT"},
		{name: "no e-mail", body: role(`"name":"Ann"`), code: "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT"},
		{name: "no name", body: role(`"email":"ann@example.test"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long name", body: role(`"email":"ann@example.test","name":"` + long(101) + `"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long e-mail", body: role(`"name":"Ann","email":"` + long(90) + `@example.test"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long access code", body: role(`"name":"Ann","email":"a@example.test","accessCode":"` + long(51) + `"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "forbidden access code", body: role(`"name":"Ann","email":"a@example.test","accessCode":"a&b"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long client user", body: role(`"name":"Ann","email":"a@example.test","clientUserId":"` + long(101) + `"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long subject", body: with(offer, `"emailSubject":"`+long(101)+`"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long subject in UTF-16", body: with(offer, `"emailSubject":"`+strings.Repeat("😀", 51)+`"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long subject once merged", body: with(offer, `"emailSubject":"[[Employee_UserName]] [[Employee_Email]] `+long(80)+`"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long message", body: with(offer, `"emailBlurb":"`+long(10_001)+`"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long field name", body: with(offer, `"customFields":{"textCustomFields":[{"name":"`+long(101)+`","value":"x"}]}`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "long field value", body: with(offer, `"customFields":{"textCustomFields":[{"name":"x","value":"`+long(101)+`"}]}`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "no item of the list field", body: with(offer, `"customFields":{"listCustomFields":[{"name":"Region","value":"Moon"}]}`), code: "INVALID_REQUEST_PARAMETER"},
		{
			name: "nothing to send", body: `{"status":"sent"}`, code: "ENVELOPE_IS_INCOMPLETE",
			message: "The Envelope is not Complete. A Complete Envelope Requires Documents, Recipients, Tabs, and a Subject Line.",
		},
		{name: "blank subject", body: with(offer, `"emailSubject":" "`), code: "ENVELOPE_IS_INCOMPLETE"},
		{
			name: "duplicate recipients", body: fromTemplate(ann, bo, ann), code: "ENVELOPE_HAS_DUPLICATE_RECIPIENTS",
			message: "The specified envelope has duplicate recipients.",
		},
		{
			name: "free-form signing", server: &sandbox.Server{DocumentVisibility: true}, body: fromTemplate(ann, bo, `{"roleName":"X","name":"Cy","email":"cy@example.test"}`),
			code:    "ONESIGNALLSIGN_NOT_SATISFIED",
			message: "Freeform signing is not allowed for your account because it conflicts with other settings, please place signing tabs/fields for each signer.",
		},
		{name: "sending blocked", server: &sandbox.Server{SendingBlocked: true}, body: offer, code: "ACCOUNT_LACKS_PERMISSIONS"},
		{name: "account suspended", server: &sandbox.Server{Suspended: true}, body: offer, code: "ACCOUNT_LACKS_PERMISSIONS"},
		{name: "too many recipients", body: fromTemplate(crowd(101)...), code: "RECIPIENT_LIMIT_EXCEEDED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := zero(tt.server)
			got := newClient(t, s).do("POST", "/envelopes", tt.body)
			want := tt.status
			if want == 0 {
				want = 400
			}
			if got.status != want || got.code() != tt.code {
				t.Fatalf("got %d %s, want %d %s", got.status, got.body, want, tt.code)
			}
			if tt.message != "" && got.str("message") != tt.message {
				t.Errorf("message %q, want %q", got.str("message"), tt.message)
			}
			if n := len(s.Envelopes()); n != 0 {
				t.Errorf("%d envelopes were created", n)
			}
		})
	}
}

func crowd(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"roleName":"R%d","name":"P%[1]d","email":"p%[1]d@example.test"}`, i))
	}
	return out
}

func TestCreate(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	got := c.do("POST", "/envelopes", `{"status":"Sent","templateId":"`+strings.ToUpper(sandbox.DefaultTemplate)+`","unknownProperty":{"a":[1]},
		"emailSubject":"Offer for [[Employee_UserName]], [[ECF:Department]]","emailBlurb":"Hi","transactionId":"t-1",
		"customFields":{"textCustomFields":[{"name":"Department","value":"R&D"},{"name":"row","value":7,"show":false}],
			"listCustomFields":[{"name":"Region","value":"North"}]},
		"templateRoles":[`+with(ann, `"accessCode":"sesame","deliveryMethod":"email","note":"not a property of roles"`)+`,`+bo+`]}`)
	if got.status != 201 || got.str("status") != "sent" || got.str("uri") != "/envelopes/"+got.str("envelopeId") {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if stamp := got.str("statusDateTime"); len(stamp) != len("2026-11-21T10:15:30.1234567Z") || !strings.HasSuffix(stamp, "Z") {
		t.Errorf("statusDateTime = %q, want seven decimals", stamp)
	}
	e := last(t, s)
	if e.EmailSubject != "Offer for Ann Ek, R&D" || e.EmailBlurb != "Hi" || e.TransactionID != "t-1" || e.TemplateID != sandbox.DefaultTemplate {
		t.Errorf("envelope %+v", e)
	}
	want := []sandbox.CustomField{
		{Name: "Department", Value: "R&D", Show: true},
		{Name: "Region", Value: "North", Show: true, List: true, Items: []string{"North", "South", "Abroad"}},
		{Name: "row", Value: "7"},
	}
	if diff := cmp.Diff(want, e.CustomFields); diff != "" {
		t.Error(diff)
	}
	if r := e.Recipients[0]; r.AccessCode != "sesame" || r.Delivery != "email" {
		t.Errorf("recipient %+v", r)
	}
}

func TestDraft(t *testing.T) {
	s := &sandbox.Server{Allowance: 1}
	c := newClient(t, s)
	draft := c.create(strings.Replace(offer, `"sent"`, `"created"`, 1))
	if e := last(t, s); e.Status != "created" || e.Recipients[0].Mailed || !e.Sent.IsZero() {
		t.Fatalf("draft %+v", e)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"voided","voidedReason":"x"}`); got.code() != "ENVELOPE_CANNOT_VOID_INVALID_STATE" ||
		got.str("message") != "Only envelopes in the 'Sent' or 'Delivered' states may be voided." {
		t.Errorf("void a draft: %s", got.body)
	}
	c.do("PUT", "/envelopes/"+draft, `{"emailSubject":"Changed","notification":{"reminders":{"reminderEnabled":"true","reminderDelay":"9"}}}`)
	if e := last(t, s); e.EmailSubject != "Changed" || e.Notification.ReminderDelay != 9 {
		t.Errorf("changed draft: %q %+v", e.EmailSubject, e.Notification)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"sent"}`); got.status != 200 || got.str("envelopeId") != draft {
		t.Errorf("send: %d %s", got.status, got.body)
	}
	if e := last(t, s); e.Status != "sent" || !e.Recipients[0].Mailed || e.Sent.IsZero() {
		t.Errorf("sent %+v", e)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"sent"}`); got.code() != "ENVELOPE_INVALID_STATUS" {
		t.Errorf("send again: %s", got.body)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"emailSubject":"Too late"}`); got.code() != "ENVELOPE_INVALID_STATUS" {
		t.Errorf("change what is sent: %s", got.body)
	}

	// The allowance is one envelope: a draft is free, sending it is not.
	second := c.create(strings.Replace(offer, `"sent"`, `"created"`, 1))
	if got := c.do("PUT", "/envelopes/"+second, `{"status":"sent"}`); got.code() != "ENVELOPE_ALLOWANCE_EXCEEDED" {
		t.Errorf("over the allowance: %s", got.body)
	}
	if got := c.do("POST", "/envelopes", offer); got.code() != "ENVELOPE_ALLOWANCE_EXCEEDED" {
		t.Errorf("over the allowance: %s", got.body)
	}

	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"voided"}`); got.code() != "INVALID_REQUEST_PARAMETER" {
		t.Errorf("void without a reason: %s", got.body)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"voided","voidedReason":"a mistake"}`); got.status != 200 {
		t.Errorf("void: %s", got.body)
	}
	if got := c.do("PUT", "/envelopes/"+draft, `{"status":"voided","voidedReason":"again"}`); got.code() != "ENVELOPE_CANNOT_VOID_INVALID_STATE" {
		t.Errorf("void again: %s", got.body)
	}
	if got := c.do("PUT", "/envelopes/"+draft+"?resend_envelope=true", `{}`); got.status != 400 {
		t.Errorf("resend what is void: %s", got.body)
	}
}

// A draft keeps the places nobody fills, and cannot be sent with them.
func TestDraftWithEmptyRole(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	body := strings.Replace(fromTemplate(ann), `"sent"`, `"created"`, 1)
	id := c.create(body)
	if n := len(last(t, s).Recipients); n != 3 {
		t.Errorf("the draft has %d recipients, want 3", n)
	}
	if got := c.do("PUT", "/envelopes/"+id, `{"status":"sent"}`); got.code() != "ENVELOPE_IS_INCOMPLETE" {
		t.Errorf("send: %s", got.body)
	}
	merged := c.do("POST", "/envelopes?merge_roles_on_draft=true", body)
	if n := len(last(t, s).Recipients); n != 2 {
		t.Errorf("the merged draft has %d recipients, want 2", n)
	}
	if got := c.do("PUT", "/envelopes/"+merged.str("envelopeId"), `{"status":"sent"}`); got.status != 200 {
		t.Errorf("send the merged draft: %s", got.body)
	}
}

func TestAsynchronous(t *testing.T) {
	s := &sandbox.Server{}
	got := newClient(t, s).do("POST", "/envelopes", with(offer, `"asynchronous":"true","transactionId":"t"`))
	if got.status != 201 || got.str("status") != "processing" || got.str("envelopeId") != "" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if n := len(s.Envelopes()); n != 1 {
		t.Errorf("%d envelopes", n)
	}
}

func TestDuplicates(t *testing.T) {
	body := with(offer, `"transactionId":"t-1"`)
	t.Run("second envelope", func(t *testing.T) {
		s := &sandbox.Server{}
		c := newClient(t, s)
		if a, b := c.create(body), c.create(body); a == b || len(s.Envelopes()) != 2 {
			t.Errorf("%s, %s, %d envelopes", a, b, len(s.Envelopes()))
		}
	})
	t.Run("first returned", func(t *testing.T) {
		s := &sandbox.Server{Duplicates: sandbox.DuplicatesFirst}
		c := newClient(t, s)
		if a, b := c.create(body), c.create(body); a != b || len(s.Envelopes()) != 1 {
			t.Errorf("%s, %s, %d envelopes", a, b, len(s.Envelopes()))
		}
		s.Advance(8 * 24 * 60 * 60 * 1e9) // by then the ID is forgotten
		c.login(s.Now())
		c.create(body)
		if len(s.Envelopes()) != 2 {
			t.Errorf("after 8 days: %d envelopes", len(s.Envelopes()))
		}
	})
	t.Run("rejected", func(t *testing.T) {
		s := &sandbox.Server{Duplicates: sandbox.DuplicatesReject}
		c := newClient(t, s)
		c.create(body)
		if got := c.do("POST", "/envelopes", body); got.code() != "INVALID_REQUEST_PARAMETER" {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

func TestMedia(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	req := c.do("POST", "/envelopes", "") // without a content type
	if req.status != 415 {
		t.Errorf("no content type: %d", req.status)
	}
	if got := c.do("DELETE", "/envelopes", ""); got.status != 405 {
		t.Errorf("DELETE: %d", got.status)
	}
	if got := c.do("GET", "/nothing/here", ""); got.status != 404 || got.code() != "RESOURCE_NOT_FOUND" {
		t.Errorf("unknown path: %d %s", got.status, got.body)
	}
	if got := c.do("POST", "/envelopes", `{"emailBlurb":"`+strings.Repeat("x", 35_651_584)+`"}`); got.status != 413 {
		t.Errorf("too long a body: %d", got.status)
	}
}

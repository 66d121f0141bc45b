package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// ruled is a template with what the account and it demand of envelopes.
func ruled(more, recipients string) json.RawMessage {
	if recipients == "" {
		recipients = `"signers":[{"recipientId":"1","roleName":"Reader","tabs":{"textTabs":[{"tabLabel":"City","documentId":"1","pageNumber":"1"}]}}]`
	}
	if !strings.Contains(more, `"documents"`) {
		more += `"documents":[{"documentId":"1","name":"leaflet.pdf"}],`
	}
	return json.RawMessage(`{"templateId":"0ffe1e77-0000-4000-8000-0000000000aa","name":"Leaflet",` + more +
		`"recipients":{` + recipients + `}}`)
}

const subject = `"emailSubject":"Please read",`

// read is an envelope of it for one reader, with more properties of the reader,
// who stands in a composite template.
func reading(more string) string {
	return `{"status":"sent","compositeTemplates":[{"serverTemplates":[{"sequence":"1","templateId":"0ffe1e77-0000-4000-8000-0000000000aa"}],
		"inlineTemplates":[{"sequence":"2","recipients":{"signers":[{"recipientId":"1","roleName":"Reader","name":"Ann Ek","email":"ann@example.test"` + more + `}]}}]}]}`
}

func TestDemands(t *testing.T) {
	told := func(numbers ...string) string {
		var all []string
		for _, n := range numbers {
			all = append(all, `{"secondaryDeliveryMethod":"SMS","phoneNumber":{"countryCode":"46","number":"`+n+`"}}`)
		}
		return `,"additionalNotifications":[` + strings.Join(all, ",") + `]`
	}
	signer := func(properties string) string {
		return `"signers":[{"recipientId":"1","roleName":"Reader"` + properties + `}]`
	}
	texts := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"recipientId":"%d","roleName":"R%d","name":"R%d","email":"r%d@example.test"%s}`, i+2, i, i, i, told("701")))
		}
		return signer("") + `,"carbonCopies":[` + strings.Join(all, ",") + `]`
	}
	codes := sandbox.CodeFormat{Length: 6, Letter: true, Number: true, Special: true}
	tests := []struct {
		name   string
		server *sandbox.Server
		more   string // of the template
		people string // of the template
		body   string
		code   string // "" if it is sent
	}{
		{name: "nothing demanded", more: subject, body: reading("")},
		{name: "no document", more: subject + `"documents":[],`, body: reading(""), code: "ENVELOPE_IS_INCOMPLETE"},
		{name: "no subject", body: reading(""), code: "ENVELOPE_IS_INCOMPLETE"},
		{name: "field for the sender", more: subject + `"documents":[{"documentId":"1","name":"x","tabs":{"prefillTabs":{"textTabs":[{"tabLabel":"Rent","required":"true"}]}}}],`, body: reading(""), code: "ENVELOPE_IS_INCOMPLETE"},
		{name: "field for the sender, filled", more: subject + `"documents":[{"documentId":"1","name":"x","tabs":{"prefillTabs":{"textTabs":[{"tabLabel":"Rent","required":"true","value":"7"},{"tabLabel":"x"}]}}}],`, body: reading("")},
		{name: "box for the sender to tick", more: subject + `"documents":[{"documentId":"1","name":"x","tabs":{"prefillTabs":{"checkboxTabs":[{"tabLabel":"Pets","required":"true","selected":"false"}]}}}],`, body: reading(""), code: "ENVELOPE_IS_INCOMPLETE"},
		{name: "required custom field", more: subject + `"customFields":{"textCustomFields":[{"name":"Case","required":"true"}]},`, body: reading(""), code: "ENVELOPE_CUSTOM_FIELD_MISSING"},

		{name: "free-form signing", server: &sandbox.Server{DocumentVisibility: true}, more: subject, people: signer(""), body: reading(""), code: "ONESIGNALLSIGN_NOT_SATISFIED"},
		{name: "free-form signing, visibility by the sender", server: &sandbox.Server{DocumentVisibility: true, SenderSetsVisibility: true}, more: subject, people: signer(""), body: reading("")},
		{name: "free-form signing, visibility by the template", server: &sandbox.Server{DocumentVisibility: true, SenderSetsVisibility: true}, more: subject + `"enforceSignerVisibility":"true",`, people: signer(""), body: reading(""), code: "ONESIGNALLSIGN_NOT_SATISFIED"},

		{name: "access code too short", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading(`,"accessCode":"ab-12"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "access code without a letter", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading(`,"accessCode":"12-345"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "access code without a digit", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading(`,"accessCode":"ab-cde"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "access code without a special character", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading(`,"accessCode":"abc123"`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "access code as wanted", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading(`,"accessCode":"abc-12"`)},
		{name: "no access code where the template demands one", more: subject, people: signer(`,"templateAccessCodeRequired":"true"`), body: reading(""), code: "INVALID_REQUEST_PARAMETER"},
		{name: "access code where the template demands one", more: subject, people: signer(`,"templateAccessCodeRequired":"true"`), body: reading(`,"accessCode":"7"`)},
		{name: "no access code", server: &sandbox.Server{AccessCodes: codes}, more: subject, body: reading("")},

		{name: "text message", more: subject, body: reading(told("701234567"))},
		{name: "text message without the right", server: &sandbox.Server{NoSMS: true}, more: subject, body: reading(told("701234567")), code: "ACCOUNT_LACKS_PERMISSIONS"},
		{name: "text messages to two numbers", more: subject, body: reading(told("701234567", "707654321")), code: "INVALID_REQUEST_PARAMETER"},
		{name: "text message to no number", more: subject, body: reading(told("+7")), code: "INVALID_REQUEST_PARAMETER"},
		{name: "text message by pigeon", more: subject, body: reading(`,"additionalNotifications":[{"secondaryDeliveryMethod":"pigeon","phoneNumber":{"countryCode":"46","number":"7"}}]`), code: "INVALID_REQUEST_PARAMETER"},
		{name: "text message beside a check", more: subject, people: signer(`,"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{"senderProvidedNumbers":["46 7"]}`), body: reading(told("7")), code: "INVALID_REQUEST_PARAMETER"},
		{name: "check", more: subject, people: signer(`,"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{"senderProvidedNumbers":["46 7"]}`), body: reading("")},
		{name: "check without a number", more: subject, people: signer(`,"idCheckConfigurationName":"SMS Auth $"`), body: reading(""), code: "INVALID_REQUEST_PARAMETER"},
		{name: "check by workflow without a number", more: subject, people: signer(`,"identityVerification":{"inputOptions":[{"valueType":"PhoneNumberList"}]}`), body: reading(""), code: "INVALID_REQUEST_PARAMETER"},
		{name: "ten text messages", more: subject, people: texts(9), body: reading(told("7"))},
		{name: "eleven text messages", more: subject, people: texts(10), body: reading(told("7")), code: "INVALID_REQUEST_PARAMETER"},

		{name: "line separator in the subject", more: subject, body: strings.Replace(reading(""), `"status"`, `"emailSubject":"Please\u2028read","status"`, 1), code: "INVALID_REQUEST_PARAMETER"},
		{name: "paragraph separator in a name", more: subject, body: strings.Replace(reading(""), "Ann Ek", `Ann\u2029Ek`, 1), code: "INVALID_REQUEST_PARAMETER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.server
			if s == nil {
				s = new(sandbox.Server)
			}
			s.Templates = []json.RawMessage{ruled(tt.more, tt.people)}
			got := newClient(t, s).do("POST", "/envelopes", tt.body)
			if got.code() != tt.code || tt.code == "" && got.status != 201 {
				t.Errorf("%d %s, want code %q", got.status, got.body, tt.code)
			}
			if sent := len(s.Envelopes()); sent > 0 != (tt.code == "") {
				t.Errorf("%d envelopes", sent)
			}
		})
	}
}

// A template that locks its message keeps it, without a word.
func TestMessageLock(t *testing.T) {
	s := &sandbox.Server{Templates: []json.RawMessage{ruled(subject+`"messageLock":"true",`, "")}}
	newClient(t, s).create(strings.Replace(reading(""), `"status"`, `"emailSubject":"Mine","emailBlurb":"Mine","status"`, 1))
	if e := s.Envelopes()[0]; e.EmailSubject != "Please read" || e.EmailBlurb != "" {
		t.Errorf("mailed as %q: %q", e.EmailSubject, e.EmailBlurb)
	}
	s.Templates = []json.RawMessage{ruled(`"messageLock":"true",`, "")}
	newClient(t, s).create(strings.Replace(reading(""), `"status"`, `"emailSubject":"Mine","status"`, 1))
	if e := s.Envelopes()[1]; e.EmailSubject != "Mine" {
		t.Errorf("mailed as %q, although there was no subject to keep", e.EmailSubject)
	}
}

// What an account tells of its rules, and where.
func TestTells(t *testing.T) {
	for tells, want := range map[sandbox.Tells]string{
		sandbox.TellsAll:     "with, apart",
		sandbox.TellsApart:   "apart",
		sandbox.TellsNoRules: "",
		sandbox.TellsNothing: "not even the account",
	} {
		c := newClient(t, &sandbox.Server{Tells: tells, NoUserBulk: true, NoSMS: true, AccessCodes: sandbox.CodeFormat{Length: 6}, DocumentVisibility: true, SenderSetsVisibility: true})
		account, apart := c.do("GET", "?include_account_settings=true", ""), c.do("GET", "/settings", "")
		var got []string
		if account.code() != "" {
			got = append(got, "not even the account")
		}
		for name, a := range map[string]answer{"with": account, "apart": apart} {
			settings := a.json
			if name == "with" {
				settings, _ = a.json["accountSettings"].(map[string]any)
			}
			if settings["allowBulkSend"] == nil {
				continue
			}
			got = append(got, name)
			a.json = settings
			for property, value := range map[string]string{"bulkSend": "false", "allowBulkSend": "true", "allowSMSDelivery": "false", "documentVisibility": "SenderCanSetMustSignToViewUnlessSenderAccount"} {
				if a.str(property) != value {
					t.Errorf("%s is %q, want %q", property, a.str(property), value)
				}
			}
			if a.str("accessCodeFormat", "minimumLength") != "6" || a.str("accessCodeFormat", "formatRequired") != "true" {
				t.Errorf("accessCodeFormat: %s", a.body)
			}
		}
		slices.Sort(got)
		slices.Reverse(got)
		if strings.Join(got, ", ") != want {
			t.Errorf("%d tells %q, want %q", tells, got, want)
		}
		if lists := c.do("GET", "/bulk_send_lists", ""); lists.code() != "USER_LACKS_PERMISSIONS" {
			t.Errorf("a user who may not send in bulk: %s", lists.body)
		}
	}
}

func TestDocumentsOfTemplate(t *testing.T) {
	s := &sandbox.Server{Templates: []json.RawMessage{ruled(`"documents":[{"documentId":"1","name":"lease.pdf","order":"1","pages":"3","tabs":{"prefillTabs":{"textTabs":[{"tabLabel":"Rent","required":"true","documentId":"1","pageNumber":"1"}]}}},{"documentId":"2","name":"rules.pdf"}],`, "")}}
	c := newClient(t, s)
	const path = "/templates/0ffe1e77-0000-4000-8000-0000000000aa"
	if got := c.do("GET", path+"/documents", ""); strings.Count(got.body, `"documentId"`) != 2 || strings.Contains(got.body, "Rent") {
		t.Errorf("documents: %s", got.body)
	}
	if got := c.do("GET", path+"/documents/1/tabs", ""); !strings.Contains(got.body, "Rent") || !strings.Contains(got.body, "City") {
		t.Errorf("tabs of document 1: %s", got.body)
	}
	if got := c.do("GET", path+"/documents/2/tabs", ""); got.body != "{}" {
		t.Errorf("tabs of document 2: %s", got.body)
	}
	if got := c.do("GET", path+"/documents/3/tabs", ""); got.code() != "DOCUMENT_DOES_NOT_EXIST" {
		t.Errorf("tabs of document 3: %s", got.body)
	}
	for _, show := range []bool{false, true} {
		s.ShowDocumentTabs = show
		if got := c.do("GET", path+"?include=tabs", ""); strings.Contains(got.body, "Rent") != show || !strings.Contains(got.body, "City") {
			t.Errorf("template, shown %t: %s", show, got.body)
		}
	}
}

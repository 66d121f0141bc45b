package sandbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// A list is refused for each mistake that the description names.
func TestBulkListMistakes(t *testing.T) {
	person := func(properties string) string {
		return `{"recipients":[{"roleName":"Employee","name":"Ann Ek","email":"ann@example.test"` + properties + `}]}`
	}
	field := func(fields string) string { return `{"recipients":[],"customFields":[` + fields + `]}` }
	people := func(list ...string) string { return `{"recipients":[` + strings.Join(list, ",") + `]}` }
	const byID = `{"recipientId":"1","name":"Ann Ek","email":"ann@example.test"}`
	tests := []struct {
		name   string
		copies []string
		code   string // "" = taken
	}{
		{"good", bulkCopies(3), ""},
		{"empty", nil, ""},
		{"too many", bulkCopies(4), "BULK_SEND_MAX_COPIES_EXCEEDED"},
		{"ID twice", []string{people(byID, byID)}, "BULK_SEND_RECIPIENT_IDS_MUST_BE_UNIQUE"},
		{"ID in two copies", []string{people(byID), people(byID)}, ""},
		{"neither role nor ID", []string{people(`{"name":"Ann Ek","email":"ann@example.test"}`)}, "BULK_SEND_RECIPIENT_ID_REQUIRED"},
		{"no name", []string{people(`{"roleName":"Employee","name":" ","email":"ann@example.test"}`)}, "BULK_SEND_RECIPIENT_NAME_REQUIRED"},
		{"no address", []string{people(`{"roleName":"Employee","name":"Ann Ek"}`)}, "BULK_SEND_EMAIL_ADDRESS_REQUIRED_FOR_EMAIL_RECIPIENT"},
		{"signing group", []string{people(`{"roleName":"Employee","signingGroupId":"7"}`)}, ""},
		{"host", []string{people(`{"roleName":"Employee","hostName":"Ho","hostEmail":"ho@example.test","signerName":"Ann"}`)}, ""},
		{"bad address", []string{people(`{"roleName":"Employee","name":"Ann Ek","email":"nobody"}`)}, "BULK_SEND_EMAIL_ADDRESS_NOT_VALID"},
		{"blank in the address", []string{people(`{"roleName":"HR Records","name":"Ann Ek","email":"multiBulkRecipients-HR Records@docusign.com"}`)}, "BULK_SEND_EMAIL_ADDRESS_NOT_VALID"},
		{"no fax number", []string{person(`,"deliveryMethod":"Fax"`)}, "BULK_SEND_FAX_NUMBER_REQUIRED_FOR_FAX_RECIPIENT"},
		{"bad fax number", []string{person(`,"deliveryMethod":"fax","faxNumber":"none"`)}, "BULK_SEND_FAX_NUMBER_NOT_VALID"},
		{"fax", []string{people(`{"roleName":"Employee","name":"Ann Ek","deliveryMethod":"fax","faxNumber":"+46 8 123 45 67"}`)}, ""},
		{"SMS without settings", []string{person(`,"idCheckConfigurationName":"SMS Auth $"`)}, "BULK_SEND_INVALID_ID_CHECK_CONFIGURATION"},
		{"SMS without number", []string{person(`,"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{}`)}, "BULK_SEND_PHONE_NUMBER_REQURED_FOR_SMS_AUTH"},
		{"SMS to a bad number", []string{person(`,"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{"senderProvidedNumbers":["12"]}`)}, "BULK_SEND_PHONE_NUMBER_INVALID_FOR_SMS_AUTH"},
		{"SMS", []string{person(`,"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{"senderProvidedNumbers":["+46 701234567"]}`)}, ""},
		{"role twice", []string{people(ann, ann)}, "BULK_SEND_ROLE_NAMES_MUST_BE_UNIQUE"},
		{"role and ID of one", []string{person(`,"recipientId":"1"`)}, "BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_ON_SAME_RECIPIENT"},
		{"roles and IDs in a copy", []string{people(bo, byID)}, "BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_IN_SAME_LIST"},
		{"roles and IDs in a list", []string{people(bo), people(byID)}, "BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_IN_SAME_LIST"},
		{"two pens", []string{person(`,"recipientSignatureProviders":[{"signatureProviderName":"a"},{"signatureProviderName":"b"}]`)}, "BULK_SEND_INVALID_SBS_INPUT_CONFIGURATION"},
		{"nameless pen", []string{person(`,"recipientSignatureProviders":[{}]`)}, "BULK_SEND_INVALID_SBS_INPUT_CONFIGURATION"},
		{"unknown pen", []string{person(`,"recipientSignatureProviders":[{"signatureProviderName":"goose"}]`)}, "BULK_SEND_INVALID_SBS_INPUT_CONFIGURATION"},
		{"pen", []string{person(`,"recipientSignatureProviders":[{"signatureProviderName":"universalsignaturepen_default"}]`)}, ""},
		{"label twice", []string{person(`,"tabs":[{"tabLabel":"a","initialValue":"1"},{"tabLabel":"a","initialValue":"2"}]`)}, "BULK_SEND_TAB_LABELS_MUST_BE_UNIQUE"},
		{"no label", []string{person(`,"tabs":[{"initialValue":"1"}]`)}, "BULK_SEND_TAB_LABEL_REQUIRED"},
		{"no value", []string{person(`,"tabs":[{"tabLabel":"a"}]`)}, "BULK_SEND_TAB_VALUE_REQUIRED"},
		{"empty value", []string{person(`,"tabs":[{"tabLabel":"a","initialValue":""}]`)}, "BULK_SEND_TAB_VALUE_REQUIRED"},
		{"field twice", []string{field(`{"name":"a","value":"1"},{"name":"a","value":""}`)}, "BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_MUST_BE_UNIQUE"},
		{"nameless field", []string{field(`{"value":"1"}`)}, "BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_REQUIRED"},
		{"field without value", []string{field(`{"name":"a","value":null}`)}, "BULK_SEND_ENVELOPE_CUSTOM_FIELD_VALUE_REQUIRED"},
		{"empty field", []string{field(`{"name":"a","value":""}`)}, ""},
	}
	s := &sandbox.Server{BulkCopies: 3}
	c := newClient(t, s)
	kept := c.bulkList()
	for _, tt := range tests {
		for method, target := range map[string]string{"POST": "/bulk_send_lists", "PUT": "/bulk_send_lists/" + kept} {
			got := c.do(method, target, bulkBody(tt.copies...))
			if got.code() != tt.code || (got.status != 400) != (tt.code == "") {
				t.Errorf("%s: %s: %d %s", tt.name, method, got.status, got.body)
			}
		}
	}
	if got := c.do("POST", "/bulk_send_lists", `{"bulkCopies":{}}`); got.code() != "INVALID_REQUEST_BODY" {
		t.Errorf("an object for an array: %d %s", got.status, got.body)
	}
}

// Test tells all that is wrong between list and draft, send refuses for the
// first of it.
func TestBulkTestAndSend(t *testing.T) {
	people := func(list ...string) string { return `{"recipients":[` + strings.Join(list, ",") + `]}` }
	copyWith := func(properties string) []string { return []string{with(people(ann, bo), properties)} }
	tab := func(label string) []string {
		return []string{people(with(ann, `"tabs":[{"tabLabel":"`+label+`","initialValue":"1"}]`), bo)}
	}
	const byID = `{"recipientId":"1","name":"Ann Ek","email":"ann@example.test"}`
	draft := func(old, new string) string { return strings.Replace(bulkDraft, old, new, 1) }
	own := func(recipients, fields string) string {
		return `{"emailSubject":"x","documents":[{"documentId":"1","name":"a.pdf"}],"recipients":{"signers":[` + recipients + `]},"customFields":{` + fields + `}}`
	}
	signer := `{"recipientId":"1","roleName":"Employee","name":"Multi Bulk Recipient::Employee","email":"multiBulkRecipients-Employee@docusign.com","routingOrder":"1"}`
	tests := []struct {
		name   string
		server *sandbox.Server
		draft  string   // "" = bulkDraft
		copies []string // nil = one good copy
		codes  []string
	}{
		{name: "good"},
		{name: "roles differ in case", copies: []string{people(strings.Replace(ann, "Employee", "EMPLOYEE", 1), bo)}},
		{name: "not complete", draft: `{"emailSubject":"x","recipients":{"signers":[` + signer + `]}}`, copies: []string{people(ann)}, codes: []string{"BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE"}},
		{name: "by SMS", draft: own(with(signer, `"deliveryMethod":"SMS","phoneNumber":{"countryCode":"46","number":"701234567"}`), ""), copies: []string{people(ann)}, codes: []string{"BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE"}},
		{name: "empty list", copies: []string{}, codes: []string{"BULK_SEND_ENVELOPE_LIST_CONTAINS_NO_COPIES"}},
		{name: "queue too short", server: &sandbox.Server{BulkQueue: 1}, copies: bulkCopies(2), codes: []string{"BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES"}},
		{name: "nobody in the draft", draft: own("", ""), copies: []string{people(ann)}, codes: []string{"BULK_SEND_ENVELOPE_HAS_NO_RECIPIENTS"}},
		{name: "unknown ID", copies: []string{people(byID, `{"recipientId":"9","name":"Bo","email":"bo@example.test"}`)}, codes: []string{"BULK_SEND_RECIPIENT_ID_DOES_NOT_EXIST_IN_ENVELOPE", "BULK_SEND_RECIPIENT_ID_DOES_NOT_MATCH"}},
		{name: "missing ID", copies: []string{people(byID)}, codes: []string{"BULK_SEND_RECIPIENT_ID_DOES_NOT_MATCH"}},
		{name: "unknown role", copies: []string{people(ann, bo, `{"roleName":"Boss","name":"Cy","email":"cy@example.test"}`)}, codes: []string{"BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH"}},
		{name: "missing role", copies: []string{people(ann), people(ann)}, codes: []string{"BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH"}},
		{name: "empty role filled", draft: strings.Replace(offer, `"sent"`, `"created"`, 1), copies: []string{people(ann, bo)}},
		{name: "legacy recipient", draft: own(with(signer, `"isBulkRecipient":"true"`), ""), copies: []string{people(ann)}, codes: []string{"BULK_SEND_ENVELOPE_HAS_BULK_RECIPIENT"}},
		{name: "same person, other order", copies: []string{people(ann, strings.Replace(ann, "Employee", "Manager", 1))}},
		{
			name: "same person, same order", codes: []string{"BULK_SEND_DUPLICATE_RECIPIENT_DETECTED"},
			draft:  own(signer+`,`+strings.NewReplacer("Employee", "Manager").Replace(signer), ""),
			copies: []string{people(ann, strings.Replace(ann, "Employee", "Manager", 1))},
		},
		{name: "no tabs at all", draft: own(signer, ""), copies: []string{people(with(ann, `"tabs":[{"tabLabel":"Salary","initialValue":"1"}]`))}, codes: []string{"BULK_SEND_ENVELOPE_HAS_NO_TABS"}},
		{name: "radio group", copies: tab("Plan")},
		{name: "unknown label", copies: tab("Wage"), codes: []string{"BULK_SEND_TAB_LABEL_DOES_NOT_EXIST_IN_ENVELOPE"}},
		{name: "label in another case", copies: tab("salary"), codes: []string{"BULK_SEND_TAB_LABEL_DOES_NOT_EXIST_IN_ENVELOPE"}},
		{name: "check box", copies: tab("Relocation"), codes: []string{"BULK_SEND_TAB_DOES_NOT_MATCH"}},
		{name: "tab of another role", copies: tab("CostCentre"), codes: []string{"BULK_SEND_TAB_DOES_NOT_MATCH"}},
		{name: "no fields at all", draft: own(signer, ""), copies: []string{with(people(ann), `"customFields":[{"name":"row","value":"1"}]`)}, codes: []string{"BULK_SEND_ENVELOPE_HAS_NO_ENVELOPE_CUSTOM_FIELDS"}},
		{name: "unknown field", copies: copyWith(`"customFields":[{"name":"line","value":"1"}]`), codes: []string{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_DOES_NOT_EXIST_IN_ENVELOPE"}},
		{name: "field in another case", copies: copyWith(`"customFields":[{"name":"Row","value":"1"}]`), codes: []string{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_DOES_NOT_MATCH"}},
		{
			name: "several", codes: []string{"BULK_SEND_TAB_LABEL_DOES_NOT_EXIST_IN_ENVELOPE", "BULK_SEND_ENVELOPE_CUSTOM_FIELD_DOES_NOT_EXIST_IN_ENVELOPE"},
			copies: append(tab("Wage"), copyWith(`"customFields":[{"name":"line","value":"1"}]`)...),
		},
		{name: "sent before", draft: draft("created", "created"), server: &sandbox.Server{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, zero(tt.server))
			if tt.copies == nil {
				tt.copies = bulkCopies(1)
			}
			if tt.draft == "" {
				tt.draft = bulkDraft
			}
			c.fits(c.bulkList(tt.copies...), c.create(tt.draft), tt.codes...)
		})
	}
}

// fits holds what test and send say against the codes wanted.
func (c *client) fits(list, source string, codes ...string) {
	c.t.Helper()
	got := c.do("POST", "/bulk_send_lists/"+list+"/test", bulkSend(source))
	errors := texts(got.json["validationErrors"])
	if diff := cmp.Diff(append([]string{}, codes...), errors); diff != "" || got.status != 200 || got.json["canBeSent"] != (len(codes) == 0) {
		c.t.Errorf("test: %d %s%s", got.status, got.body, diff)
	}
	if len(texts(got.json["validationErrorDetails"])) != len(errors) {
		c.t.Errorf("details: %s", got.body)
	}
	before := len(objects(c.do("GET", "/bulk_send_batch", ""), "bulkBatchSummaries"))
	got = c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(source))
	switch {
	case len(codes) == 0 && got.status != 201:
		c.t.Errorf("send: %d %s", got.status, got.body)
	case len(codes) > 0 && (got.status != 400 || got.code() != codes[0]):
		c.t.Errorf("send: %d %s, want %s", got.status, got.body, codes[0])
	case len(codes) > 0 && len(objects(c.do("GET", "/bulk_send_batch", ""), "bulkBatchSummaries")) != before:
		c.t.Error("something was queued")
	}
}

func TestBulkSources(t *testing.T) {
	const unknown = "33333333-0000-4000-8000-000000000000"
	s := &sandbox.Server{BulkCopies: 3}
	c := newClient(t, s)
	list, draft := c.bulkList(bulkCopies(3)...), c.create(bulkDraft)
	c.fits(unknown, draft, "BULK_SEND_LIST_NOT_FOUND")
	c.fits(list, "", "BULK_SEND_ENVELOPE_CANNOT_BE_NULL")
	c.fits(list, unknown, "BULK_SEND_ENVELOPE_NOT_FOUND")
	c.fits(list, "soon", "BULK_SEND_ENVELOPE_NOT_FOUND")
	c.fits(list, draft)
	c.fits(list, draft) // as often as one likes
	s.DraftOnce = true
	c.fits(list, draft, "BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE")
	fresh := c.create(bulkDraft)
	c.fits(list, fresh)
	s.DraftOnce = false
	c.do("PUT", "/folders/recyclebin", `{"envelopeIds":["`+fresh+`"]}`)
	c.fits(list, fresh, "BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE")
	c.fits(list, c.create(offer), "BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE")
	s.BulkCopies = 2
	c.fits(list, draft, "BULK_SEND_ENVELOPE_LIST_CONTAINS_TOO_MANY_COPIES")
	s.BulkCopies, s.SendingBlocked = 0, true
	if got := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft)); got.code() != "ACCOUNT_LACKS_PERMISSIONS" {
		t.Errorf("sending is blocked: %d %s", got.status, got.body)
	}
}

package docusign

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
	"batchsend/template"
)

// prefillTemplate has two documents; the sender must fill fields of the first.
const prefillTemplate = `{"templateId":"0ffe1e77-0000-4000-8000-0000000000aa","name":"Lease","emailSubject":"Lease",
	"documents":[
		{"documentId":"1","name":"lease.pdf","tabs":{"prefillTabs":{
			"textTabs":[{"tabLabel":"Rent","required":"true","value":""},{"tabLabel":"Deposit","required":"true","value":"900"},{"tabLabel":"Remark","required":"false"}],
			"checkboxTabs":[{"tabLabel":"Pets","required":"true","selected":"false"}],
			"radioGroupTabs":[{"groupName":"Term","radios":[{"value":"1 year","required":"true"},{"value":"2 years"}]}],
			"senderNameTabs":[{"tabLabel":"Landlord","required":"true"}],"tabGroups":[{"groupLabel":"g"}]}}},
		{"documentId":"2","name":"rules.pdf"}],
	"recipients":{"signers":[{"roleName":"Tenant","recipientId":"1","tabs":{"signHereTabs":[{"documentId":"1","pageNumber":"1"}]}}]}}`

func unfilled(t *template.Template) (labels []string) {
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			labels = append(labels, tab.Label)
		}
	}
	return labels
}

func TestReadDocument(t *testing.T) {
	for _, shown := range []bool{false, true} {
		s := &sandbox.Server{Templates: []json.RawMessage{json.RawMessage(prefillTemplate)}, ShowDocumentTabs: shown}
		c := connected(t, s.Transport())
		got, _, err := c.Template(t.Context(), "0ffe1e77-0000-4000-8000-0000000000aa")
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Documents) != 2 || got.Documents[0].Read != shown || got.Documents[1].Read || got.Roles[0].Fieldless {
			t.Fatalf("shown %t: documents %+v", shown, got.Documents)
		}
		for i := range got.Documents {
			if d := &got.Documents[i]; !d.Read {
				if err := c.ReadDocument(t.Context(), got.ID, d); err != nil || !d.Read {
					t.Fatalf("ReadDocument = %v", err)
				}
			}
		}
		if diff := cmp.Diff([]string{"Rent", "Pets", "Term"}, unfilled(got)); diff != "" {
			t.Errorf("shown %t: fields to be filled (-want +got):\n%s", shown, diff)
		}
		if n := len(got.Documents[0].Prefill); n != 5 {
			t.Errorf("shown %t: %d fields, want 5: not those that fill themselves", shown, n)
		}
		listed, err := c.Documents(t.Context(), got.ID)
		want := []template.Document{{ID: "1", Name: "lease.pdf"}, {ID: "2", Name: "rules.pdf"}}
		if diff := cmp.Diff(want, listed); err != nil || diff != "" {
			t.Errorf("Documents: %v (-want +got):\n%s", err, diff)
		}
		if err := c.ReadDocument(t.Context(), got.ID, &template.Document{ID: "3"}); kindOf(t, err) != Refused {
			t.Errorf("ReadDocument of one that is not there = %v", err)
		}
	}
}

func TestDocumentsUnreadable(t *testing.T) {
	for _, body := range []string{`{"templateDocuments":"x"}`, `{"templateDocuments":[{"tabs":{"prefillTabs":{"textTabs":["x"]}}}]}`} {
		if got, err := connected(t, always(200, body)).Documents(t.Context(), "x"); err == nil {
			t.Errorf("Documents read %s as %+v", body, got)
		}
	}
	d := template.Document{ID: "1"}
	if err := connected(t, always(200, `{"prefillTabs":{"textTabs":["x"]}}`)).ReadDocument(t.Context(), "x", &d); err == nil || d.Read {
		t.Errorf("ReadDocument = %v", err)
	}
}

// How a template has its recipients prove by telephone who they are, and tells
// them by text message.
func TestPhoneCheckOfRole(t *testing.T) {
	for body, want := range map[string]template.Role{
		`{}`: {},
		`{"idCheckConfigurationName":"SMS Auth $","smsAuthentication":{"senderProvidedNumbers":["46 701234567"]}}`:                                                                      {Check: template.PhoneCheckReady},
		`{"idCheckConfigurationName":"SMS Auth $"}`:                                                                                                                                     {Check: template.PhoneCheckBlank},
		`{"idCheckConfigurationName":"Phone Auth $","phoneAuthentication":{"recipMayProvideNumber":"true"}}`:                                                                            {Check: template.PhoneCheckReady},
		`{"idCheckConfigurationName":"Phone Auth $","phoneAuthentication":{"senderProvidedNumbers":[]}}`:                                                                                {Check: template.PhoneCheckBlank},
		`{"idCheckConfigurationName":"ID Check $","requireIdLookup":"true"}`:                                                                                                            {},
		`{"identityVerification":{"workflowId":"w","inputOptions":[{"name":"phone_number_list","valueType":"PhoneNumberList","phoneNumberList":[{"countryCode":"46","number":"7"}]}]}}`: {Check: template.PhoneCheckReady},
		`{"identityVerification":{"workflowId":"w","inputOptions":[{"name":"phone_number_list","valueType":"PhoneNumberList"}]}}`:                                                       {Check: template.PhoneCheckBlank},
		`{"identityVerification":{"workflowId":"w"}}`:                                                                                                                                   {},
		`{"deliveryMethod":"sms"}`: {Texted: true},
		`{"deliveryMethod":"email","additionalNotifications":[{"secondaryDeliveryMethod":"SMS"}]}`: {Texted: true},
		`{"deliveryMethod":"email","additionalNotifications":null}`:                                {},
	} {
		var w wireRole
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			t.Fatal(err)
		}
		got, err := w.role(template.Signer)
		if err != nil || got.Check != want.Check || got.Texted != want.Texted {
			t.Errorf("%s: check %d, texted %t, want %d, %t", body, got.Check, got.Texted, want.Check, want.Texted)
		}
	}
}

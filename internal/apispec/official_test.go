package apispec

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const (
	account = "https://na3.example.test/restapi/v2.1/accounts/0cc0"
	create  = "POST /v2.1/accounts/{accountId}/envelopes: "
)

// offer is a create request as it should be.
const offer = `{"status":"sent","templateId":"0ffe","emailSubject":"Offer for Ann","emailBlurb":"Hi","transactionId":"7a7a",
"customFields":{"textCustomFields":[{"name":"batchRow","value":"b7:12","show":"false","required":"false"}]},
"notification":{"useAccountDefaults":"false",
  "reminders":{"reminderEnabled":"true","reminderDelay":"2","reminderFrequency":"3"},
  "expirations":{"expireEnabled":"true","expireAfter":"30","expireWarn":"3"}},
"templateRoles":[{"roleName":"Employee","name":"Ann Ek","email":"ann@example.test","accessCode":"x1",
  "deliveryMethod":"SMS","phoneNumber":{"countryCode":"46","number":"701234567"},
  "tabs":{"textTabs":[{"tabLabel":"\\*Salary","value":"42000"}],"numericalTabs":[{"tabLabel":"Days","value":"30"}],
    "checkboxTabs":[{"tabLabel":"Agree","selected":"true"}],"listTabs":[{"tabLabel":"Colour","value":"green"}],
    "radioGroupTabs":[{"groupName":"Plan","radios":[{"value":"gold","selected":"true"}]}]}}]}`

const composite = `{"status":"sent","emailSubject":"Offer","compositeTemplates":[{"compositeTemplateId":"1",
"serverTemplates":[{"sequence":"1","templateId":"0ffe"}],
"inlineTemplates":[{"sequence":"2","customFields":{"textCustomFields":[{"name":"batchRow","value":"b7:12","show":"false"}]},
  "recipients":{"signers":[{"recipientId":"1","roleName":"Employee","name":"Ann Ek","email":"ann@example.test","note":"Private",
    "identityVerification":{"workflowId":"c368","inputOptions":[{"name":"phone_number_list","valueType":"PhoneNumberList",
      "phoneNumberList":[{"countryCode":"46","number":"701234567"}]}]},
    "tabs":{"textTabs":[{"tabLabel":"Salary","value":"42000"}]}}]}}]}]}`

const created = `{"envelopeId":"e1","uri":"/envelopes/e1","statusDateTime":"2026-11-21T10:15:30.1234567Z","status":"sent"}`

// The calls that batchsend is made of pass as DocuSign documents them.
func TestOfficialGood(t *testing.T) {
	j := official(t)
	for _, c := range []call{
		{method: "POST", target: account + "/envelopes?change_routing_order=true&tab_label_exact_matches=true", body: offer, status: 201, answer: created},
		{method: "POST", target: account + "/envelopes", body: composite, status: 201, answer: created},
		{method: "POST", target: account + "/envelopes", body: offer, status: 429, answer: `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":"No."}`},
		{method: "PUT", target: account + "/envelopes/status?transaction_ids=request_body", body: `{"transactionIds":["a","b"]}`, status: 200, answer: `{
			"envelopeTransactionStatuses":[{"transactionId":"a","envelopeId":"e1","status":"sent"},{"transactionId":"b","errorDetails":{"errorCode":"X","message":"y"}}],
			"resultSetSize":"1","envelopes":[{"envelopeId":"e1","status":"sent","statusDateTime":"2026-11-21T10:15:30.1234567Z"}]}`},
		{
			method: "GET", target: account + "/envelopes?from_date=2026-11-21T00:00:00Z&custom_field=a=b&include=custom_fields", status: 200,
			answer: `{"resultSetSize":"0","startPosition":"0","endPosition":"0","totalSetSize":"0","nextUri":"","previousUri":""}`,
		},
		{method: "PUT", target: account + "/envelopes/e1", body: `{"status":"voided","voidedReason":"x"}`, status: 200, answer: `{"envelopeId":"e1"}`},
		{method: "GET", target: account + "/templates/0ffe?include=recipients,tabs", status: 200, answer: `{"templateId":"0ffe","name":"Offer","shared":"false",
			"owner":{"userId":"u","userName":"Ann","email":"a@example.test"},"lastModified":"2026-01-02T03:04:05.0000000Z",
			"recipients":{"recipientCount":"1","signers":[{"recipientId":"1","roleName":"Employee","routingOrder":"1","name":"","email":null,
			"templateLocked":"false","templateAccessCodeRequired":"false","tabs":{"textTabs":[{"tabId":"t","tabLabel":"Salary","maxLength":"4000","required":"true"}]}}]}}`},
		{
			method: "POST", target: account + "/bulk_send_lists", status: 201, answer: `{"listId":"l1","name":"batch 7","bulkCopies":[]}`,
			body: `{"name":"batch 7","bulkCopies":[{"emailSubject":"Offer","customFields":[{"name":"batchRow","value":"b7:12"}],
			"recipients":[{"roleName":"Employee","name":"Ann Ek","email":"ann@example.test","tabs":[{"tabLabel":"Salary","initialValue":"42000"}]}]}]}`,
		},
		{method: "POST", target: account + "/bulk_send_lists/l1/test", body: `{"envelopeOrTemplateId":"e"}`, status: 200, answer: `{"canBeSent":true,"validationErrors":[],"validationErrorDetails":[]}`},
		{method: "POST", target: account + "/bulk_send_lists/l1/send", body: `{"envelopeOrTemplateId":"e","batchName":"b7"}`, status: 201, answer: `{"batchId":"b","batchName":"b7","batchSize":"1","totalQueued":"1","queueLimit":"2000","errors":[],"errorDetails":[]}`},
		{method: "GET", target: account + "/bulk_send_batch/b", status: 200, answer: `{"batchId":"b","batchSize":"3","queued":"0","sent":"2","failed":"1","resendsRemaining":"1",
			"envelopesInfo":{"sent":"2"},"bulkErrors":[{"created":"x","errorMessage":"y","recipientEmails":["a@example.test"],"envelopeId":"e"}]}`},
		{method: "GET", target: account + "/bulk_send_batch/b/envelopes?count=1000", status: 200, answer: `{"envelopes":[{"envelopeId":"e"}]}`},
		{method: "GET", target: account + "/bulk_send_batch?from_date=2026-11-21", status: 200, answer: `{"bulkBatchSummaries":[{"batchId":"b","action":""}]}`},
		{method: "GET", target: account, status: 200, answer: `{"billingPeriodEnvelopesAllowed":"unlimited","billingPeriodEnvelopesSent":"2"}`},
		{method: "GET", target: account + "/settings", status: 200, answer: `{"accountNotification":{"userOverrideEnabled":"true","reminders":{"reminderDelay":"2"}},"bulkSendMaxCopiesInBatch":"1000"}`},
		{method: "POST", target: account + "/envelopes/e1/custom_fields", body: `{"textCustomFields":[{"name":"mailingListId","value":"l1"}]}`, status: 201, answer: `{"textCustomFields":[]}`},
		{method: "PUT", target: account + "/envelopes/e1/custom_fields", body: `{"textCustomFields":[{"fieldId":"1","name":"mailingListId","value":"l1"}]}`, status: 200, answer: `{"textCustomFields":[]}`},
		{method: "PUT", target: account + "/bulk_send_lists/l1", body: `{"name":"batch 8","bulkCopies":[]}`, status: 200, answer: `{"listId":"l1"}`},
		{method: "PUT", target: account + "/bulk_send_batch/b", body: `{"batchName":"b8"}`, status: 200, answer: `{"batchId":"b","batchName":"b8"}`},
		{method: "PUT", target: account + "/folders/recyclebin", body: `{"envelopeIds":["e1"]}`, status: 200, answer: `{"envelopes":[{"envelopeId":"e1","status":"deleted"}]}`},
		{method: "GET", target: "/restapi/service_information", status: 200, answer: `{"buildVersion":"1"}`},
	} {
		before := j.Totals()
		for _, fault := range c.judgedBy(t, j) {
			t.Error(fault)
		}
		if got := j.Totals(); got.Requests != before.Requests+1 || got.Answers != before.Answers+1 {
			t.Errorf("%s %s: totals were %+v and are %+v, want both judged", c.method, c.target, before, got)
		}
	}
}

// Each mistake is one change to a good exchange.
func TestOfficialMistakes(t *testing.T) {
	j := official(t)
	for _, test := range []struct {
		name     string
		old, new string // in the request
		want     string
	}{
		{"misspelt at the top", `"templateId"`, `"templateID"`, create + `request: unknown property "templateID" of envelopeDefinition (is it "templateId"?)`},
		{"unknown deep inside", `"tabLabel":"Days"`, `"label":"Days"`, create + `request: /templateRoles/0/tabs/numericalTabs/0: unknown property "label" of currency`},
		{"property of another object", `"accessCode":"x1"`, `"note":"x1"`, create + `request: /templateRoles/0: unknown property "note" of templateRole`},
		{"number for string", `"reminderDelay":"2"`, `"reminderDelay":2`, create + "request: /notification/reminders/reminderDelay: number, want string"},
		{"boolean for string", `"selected":"true"}]`, `"selected":true}]`, create + "request: /templateRoles/0/tabs/checkboxTabs/0/selected: boolean, want string"},
		{"null", `"Hi"`, `null`, create + "request: /emailBlurb: null, want string"},
		{"malformed", `}]}]}}]}`, `}]}]}}]`, create + "request: not JSON: unexpected end of JSON input"},
	} {
		body := strings.Replace(offer, test.old, test.new, 1)
		if body == offer {
			t.Fatalf("%s: %q is not in the request", test.name, test.old)
		}
		got := call{method: "POST", target: account + "/envelopes", body: body, status: 201, answer: created}.judgedBy(t, j)
		if len(got) == 1 {
			got[0], _, _ = strings.Cut(got[0], " (byte")
		}
		if diff := gocmp.Diff([]string{test.want}, got); diff != "" {
			t.Errorf("%s: faults (-want +got):\n%s", test.name, diff)
		}
	}
	for _, test := range []struct {
		call
		want string
	}{
		{call{method: "POST", target: account + "/envelope", body: `{}`}, "POST /restapi/v2.1/accounts/0cc0/envelope: request: path is not described"},
		{call{method: "DELETE", target: account + "/envelopes/e1"}, "DELETE /v2.1/accounts/{accountId}/envelopes/{envelopeId}: request: method is not described; GET, PUT would be"},
		{call{method: "GET", target: account + "/envelopes?transactionIds=a"}, `GET /v2.1/accounts/{accountId}/envelopes: request: unknown query parameter "transactionIds"`},
		{call{method: "POST", target: account + "/envelopes", body: offer, status: 200, answer: created}, create + "answer 200: status is not described; 201, 400 would be"},
		{call{method: "POST", target: account + "/envelopes", body: offer, status: 201, answer: `{"envelopeID":"e"}`}, create + `answer 201: unknown property "envelopeID" of envelopeSummary (is it "envelopeId"?)`},
		{call{method: "POST", target: account + "/envelopes", body: offer, status: 400, answer: `{"error":"e"}`}, create + `answer 400: unknown property "error" of errorDetails`},
		{call{method: "PUT", target: account + "/folders/recyclebin", body: `{"envelopeId":["e1"]}`, status: 200, answer: `{}`}, `PUT /v2.1/accounts/{accountId}/folders/{folderId}: request: unknown property "envelopeId" of foldersRequest`},
		{call{method: "POST", target: account + "/bulk_send_lists/l/test", body: `{}`, status: 200, answer: `{"canBeSent":"true"}`}, "POST /v2.1/accounts/{accountId}/bulk_send_lists/{bulkSendListId}/test: answer 200: /canBeSent: string, want boolean"},
	} {
		if diff := gocmp.Diff([]string{test.want}, test.judgedBy(t, j)); diff != "" {
			t.Errorf("%s %s: faults (-want +got):\n%s", test.method, test.target, diff)
		}
	}
}

// An exception that a newer description no longer needs should go. Whole
// operations and definitions are needed by the shortened description only.
func TestExceptionsAreNeeded(t *testing.T) {
	d := bare(t)
	for _, e := range Exceptions {
		needed, err := e.apply(d)
		var whole bool
		switch e.(type) {
		case Definition, Operation:
			whole = true
		}
		if !needed && !whole || err != nil {
			t.Errorf("%+v: needed = %v, %v", e, needed, err)
		}
	}
}

// bare is the official description without exceptions.
func bare(t testing.TB) *description {
	t.Helper()
	official(t)
	raw, err := os.ReadFile(os.Getenv(EnvDescription))
	if err != nil {
		t.Fatal(err)
	}
	d, err := compile(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The description's own examples show that the judge is not stricter than its
// law: all it finds in them are mistakes that are really there.
func TestOfficialExamples(t *testing.T) {
	desc := bare(t)
	raw, err := os.ReadFile(os.Getenv(EnvDescription))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Paths map[string]map[string]struct {
			Examples []struct{ Request, Response json.RawMessage } `json:"x-ds-examples"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{
		"/recipients/signers/tabs/signHereTabs/scaleValue: number, want string":                                                                                true,
		"/recipients/inPersonSigners/recipientId: number, want string":                                                                                         true,
		"/recipients/inPersonSigners/routingOrder: number, want string":                                                                                        true,
		"/recipients/inPersonSigners/notaryHost/recipientId: number, want string":                                                                              true,
		`/recipients/signers/recipientSignatureProviders/signatureProviderOptions: unknown property "SMS" of recipientSignatureProviderOptions (is it "sms"?)`: true,
	}
	index := regexp.MustCompile(`/[0-9]+`)
	judged := 0
	for _, name := range []string{"", "/{envelopeId}", "/{envelopeId}/recipients"} {
		template := "/v2.1/accounts/{accountId}/envelopes" + name
		for method, item := range file.Paths[template] {
			op := desc.templates[template].operations[strings.ToUpper(method)]
			for _, example := range item.Examples {
				say := func(pointer, problem string) {
					if fault := index.ReplaceAllString(pointer, "") + ": " + problem; !known[fault] {
						t.Errorf("%s %s: %s", method, template, fault)
					}
				}
				judged++
				if op.body != nil {
					check(op.body, example.Request, true, say)
				}
				check(cmp.Or(op.answers[http.StatusOK], op.answers[http.StatusCreated]), example.Response, true, say)
			}
		}
	}
	if judged < 7 {
		t.Errorf("%d examples, want 7 or more", judged)
	}
}

func BenchmarkLoad(b *testing.B) {
	official(b)
	for b.Loop() {
		if _, err := Load(os.Getenv(EnvDescription)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	j := official(b)
	c := call{method: "POST", target: account + "/envelopes", body: offer, status: 201, answer: created}
	b.SetBytes(int64(len(offer) + len(created)))
	b.ReportAllocs()
	for b.Loop() {
		if f := c.judgedBy(b, j); f != nil {
			b.Fatal(f)
		}
	}
}

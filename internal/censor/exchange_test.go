package censor_test

import (
	"strings"
	"testing"

	"batchsend/internal/censor"
)

// TestExchange: of a logged request nothing of people is left, and what it takes to find
// out what was wrong is.
func TestExchange(t *testing.T) {
	t.Parallel()
	const text = `POST https://demo.docusign.net/restapi/v2.1/accounts/acc00000-0000-4000-8000-000000000001/envelopes?search_text=Ann&email=ann.ek%40example.test
Authorization: Bearer abcdefghijklmnop
Cookie: session=tiger
Content-Type: application/json

{"status":"sent","templateId":"0ffe1e77-0000-4000-8000-000000000001","emailSubject":"Offer for \"Ann\" Ek",
 "templateRoles":[{"roleName":"Employee","routingOrder":"1","name" : "Ann Ek","email":"ann.ek@example.test","accessCode":"sesame-9",
  "phoneNumber":{"countryCode":"46","number":"701234567","extension":701234567},"tabs":{"textTabs":[{"tabLabel":"Salary","value":"42000"}]}}],
 "people":["Ann Ek","Bo Berg", "Cy Dahl"]}

400 Bad Request
X-DocuSign-TraceToken: 3f6f0c9e-0000-4000-8000-000000000001
{"errorCode":"INVALID_REQUEST_PARAMETER","message":"The value 'Ann Ek' of \"Salary 42000\" for ann.ek@example.test is not valid."}
<soap><Name>Ann Ek</Name></soap>`
	got := censor.Exchange(text)
	for _, hidden := range []string{"Ann", "Ek", "ann.ek", "Bo Berg", "Cy", "abcdefgh", "tiger", "sesame", "701234567", "46", "42000"} {
		if strings.Contains(got, hidden) {
			t.Errorf("%q is shown:\n%s", hidden, got)
		}
	}
	for _, shown := range []string{
		"POST https://demo.docusign.net/restapi/v2.1/accounts/acc00000-0000-4000-8000-000000000001/envelopes", `"status":"sent"`, `"roleName":"Employee"`, `"tabLabel":"Salary"`,
		"400 Bad Request", "X-DocuSign-TraceToken: 3f6f0c9e-0000-4000-8000-000000000001", "INVALID_REQUEST_PARAMETER", "is not valid", `"routingOrder":"1"`,
	} {
		if !strings.Contains(got, shown) {
			t.Errorf("%q is not shown:\n%s", shown, got)
		}
	}
}

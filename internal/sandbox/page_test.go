package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"batchsend/internal/sandbox"
)

func TestPage(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	if got := c.do("GET", root+"/", ""); !strings.Contains(got.body, "No envelopes yet") {
		t.Error("the empty page does not say so")
	}
	const evil = `<script>alert(1)</script>"'&`
	raw, _ := json.Marshal(evil)
	c.create(`{"status":"sent","templateId":"` + sandbox.DefaultTemplate + `","emailSubject":` + string(raw) + `,"transactionId":` + string(raw) + `,
		"customFields":{"textCustomFields":[{"name":` + string(raw) + `,"value":` + string(raw) + `}]},
		"templateRoles":[{"roleName":"Employee","name":` + string(raw) + `,"email":"ann@example.test","tabs":{"textTabs":[{"tabLabel":"Salary","value":` + string(raw) + `}]}},
			{"roleName":` + string(raw) + `,"name":"Bo","email":"bo@example.test","clientUserId":` + string(raw) + `}]}`)
	got := c.do("GET", root+"/", "")
	if strings.Contains(got.body, "<script") {
		t.Error("the page holds a script")
	}
	if n := strings.Count(got.body, "alert(1)"); n < 6 {
		t.Errorf("the texts are shown %d times", n)
	}
	for _, want := range []string{
		"(added)", "Not as the template means it", "Nobody filled the role", "gets no mail",
		"First reminder after 2 days, then every 3 days; expires after 30 days, warning 3 days before",
		last(t, s).ID, "signs", "gets a copy", "hr-records@example.test",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	if _, err := html.Parse(strings.NewReader(got.body)); err != nil {
		t.Error(err)
	}
	for _, out := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(got.body, out) {
			t.Errorf("the page refers to something outside by %q", out)
		}
	}
}

func TestPageIsCapped(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	for range 203 {
		c.create(offer)
	}
	got := c.do("GET", root+"/", "")
	if n := strings.Count(got.body, "<article"); n != 200 {
		t.Errorf("%d envelopes shown", n)
	}
	if !strings.Contains(got.body, "203 envelopes") || !strings.Contains(got.body, "oldest 3 are not shown") {
		t.Error("the page does not count them")
	}
	if all := s.Envelopes(); !strings.Contains(got.body, all[202].ID) || strings.Contains(got.body, all[0].ID) {
		t.Error("the page does not show the newest")
	}
}

func TestRecordsAsJSON(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	c.create(offer)
	var envelopes []sandbox.Envelope
	if err := json.Unmarshal([]byte(c.do("GET", root+"/sandbox/envelopes.json", "").body), &envelopes); err != nil {
		t.Fatal(err)
	}
	if len(envelopes) != 1 || envelopes[0].ID != last(t, s).ID {
		t.Errorf("envelopes %+v", envelopes)
	}
	var requests []sandbox.LogEntry
	if err := json.Unmarshal([]byte(c.do("GET", root+"/sandbox/requests.json", "").body), &requests); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 2 || requests[1].Status != 201 {
		t.Errorf("requests %+v", requests)
	}
	if got := c.do("GET", root+"/sandbox/elsewhere", ""); got.status != 404 {
		t.Errorf("elsewhere: %d", got.status)
	}
}

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// bulkDraft is a draft with a placeholder for each role, as DocuSign's guide
// makes it.
const bulkDraft = `{"status":"created","templateId":"` + sandbox.DefaultTemplate + `",
	"emailSubject":"An offer for [[Employee_UserName]], row [[ECF:row]]","emailBlurb":"Draft",
	"notification":{"useAccountDefaults":"false","expirations":{"expireEnabled":"true","expireAfter":"7","expireWarn":"0"}},
	"customFields":{"textCustomFields":[{"name":"row","value":""},{"name":"batch","value":"b7"}]},"templateRoles":[
	{"roleName":"Employee","name":"Multi Bulk Recipient::Employee","email":"multiBulkRecipients-Employee@docusign.com",
	 "accessCode":"1234","tabs":{"textTabs":[{"tabLabel":"EmployeeID","value":"draft"}]}},
	{"roleName":"Manager","name":"Multi Bulk Recipient::Manager","email":"multiBulkRecipients-Manager@docusign.com"}]}`

// bulkCopy is the copy of a list for row i.
func bulkCopy(i int) string {
	return fmt.Sprintf(`{"customFields":[{"name":"row","value":"r %d"}],"recipients":[
		{"roleName":"Employee","name":"Ann %[1]d","email":"ann%[1]d@example.test","tabs":[{"tabLabel":"Salary","initialValue":"%[1]d000"}]},
		{"roleName":"Manager","name":"Bo Berg","email":"bo@example.test"}]}`, i)
}

// bulkCopies are the copies for rows 1 to n.
func bulkCopies(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = bulkCopy(i + 1)
	}
	return out
}

func bulkBody(copies ...string) string {
	return `{"name":"Team list","bulkCopies":[` + strings.Join(copies, ",") + `]}`
}

// bulkList makes a list and wants it taken.
func (c *client) bulkList(copies ...string) string {
	c.t.Helper()
	got := c.do("POST", "/bulk_send_lists", bulkBody(copies...))
	if got.status != 201 {
		c.t.Fatalf("list: %d %s", got.status, got.body)
	}
	return got.str("listId")
}

func bulkSend(source string) string {
	return `{"envelopeOrTemplateId":"` + source + `","batchName":"b7"}`
}

// bulkBatch sends copies with a draft of their own, and wants them taken.
func (c *client) bulkBatch(copies ...string) string {
	c.t.Helper()
	got := c.do("POST", "/bulk_send_lists/"+c.bulkList(copies...)+"/send", bulkSend(c.create(bulkDraft)))
	if got.status != 201 {
		c.t.Fatalf("send: %d %s", got.status, got.body)
	}
	return got.str("batchId")
}

// counts are a batch's queued, sent and failed copies.
func (c *client) counts(batch string) string {
	c.t.Helper()
	got := c.do("GET", "/bulk_send_batch/"+batch, "")
	return got.str("queued") + " " + got.str("sent") + " " + got.str("failed")
}

// objects returns the objects in a list of an answer.
func objects(a answer, name string) []answer {
	list, _ := a.json[name].([]any)
	var out []answer
	for _, v := range list {
		out = append(out, answer{json: v.(map[string]any)})
	}
	return out
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := []string{}
	for _, s := range list {
		out = append(out, s.(string))
	}
	return out
}

// sentCopies are the envelopes sent, by the address that goes first.
func sentCopies(s *sandbox.Server) []sandbox.Envelope {
	var out []sandbox.Envelope
	for _, e := range s.Envelopes() {
		if !e.Sent.IsZero() {
			out = append(out, e)
		}
	}
	return out
}

func TestBulkSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 2, IndexDelay: 10 * time.Second}
		c := newClient(t, s)
		draft, list := c.create(bulkDraft), c.bulkList(bulkCopies(4)...)
		if got := last(t, s); got.EmailSubject != "An offer for [[Employee_UserName]], row [[ECF:row]]" {
			t.Errorf("the draft's subject is %q", got.EmailSubject)
		}
		test := c.do("POST", "/bulk_send_lists/"+list+"/test", bulkSend(draft))
		if test.status != 200 || test.json["canBeSent"] != true || len(texts(test.json["validationErrors"])) != 0 {
			t.Errorf("test: %d %s", test.status, test.body)
		}
		start := s.Now()
		sent := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft))
		if sent.status != 201 || sent.str("batchSize") != "4" || sent.str("batchName") != "b7" || sent.str("totalQueued") != "4" ||
			sent.str("queueLimit") != "2000" || sent.str("envelopeOrTemplateId") != draft {
			t.Errorf("send: %d %s", sent.status, sent.body)
		}
		batch := sent.str("batchId")
		// The list can go: the batch has what it needs. So can the draft.
		c.do("DELETE", "/bulk_send_lists/"+list, "")
		c.do("PUT", "/folders/recyclebin", `{"envelopeIds":["`+draft+`"]}`)
		for _, want := range []string{"4 0 0", "3 1 0", "2 2 0", "1 3 0", "0 4 0"} {
			if got := c.counts(batch); got != want {
				t.Errorf("after %v: %s, want %s", s.Now().Sub(start), got, want)
			}
			time.Sleep(500 * time.Millisecond)
		}

		var rows []string
		for i, e := range sentCopies(s) {
			rows = append(rows, e.CustomFields[len(e.CustomFields)-2].Value)
			if want := start.Add(time.Duration(i+1) * 500 * time.Millisecond); !e.Sent.Equal(want) || !e.Created.Equal(want) {
				t.Errorf("copy %d was sent at %v, want %v", i, e.Sent, want)
			}
		}
		if diff := cmp.Diff([]string{"r 1", "r 2", "r 3", "r 4"}, rows); diff != "" {
			t.Error(diff)
		}
		e := sentCopies(s)[1]
		ann, bo, hr := e.Recipients[0], e.Recipients[1], e.Recipients[2]
		if e.Status != "sent" || e.EmailSubject != "An offer for Ann 2, row r 2" || e.EmailBlurb != "Draft" || e.TransactionID != "" ||
			e.Notification.ExpireAfter != 7 || e.TemplateID != sandbox.DefaultTemplate || len(e.Documents) != 1 {
			t.Errorf("copy: %+v", e)
		}
		if ann.Name != "Ann 2" || ann.Email != "ann2@example.test" || ann.AccessCode != "1234" || ann.RoutingOrder != 1 || !ann.Mailed ||
			bo.Email != "bo@example.test" || hr.Email != "hr-records@example.test" {
			t.Errorf("recipients: %+v", e.Recipients)
		}
		if v := values(ann, "Salary"); v[0] != "2000" {
			t.Errorf("Salary = %q", v)
		}
		if v := values(ann, "EmployeeID"); v[0] != "draft" {
			t.Errorf("EmployeeID = %q", v)
		}

		// The second row was sent at 1 s, it is 2.5 s now.
		query := "/envelopes?from_date=1999-01-01&include=custom_fields&custom_field=" + url.QueryEscape("row=r 2")
		time.Sleep(8499 * time.Millisecond)
		if got := found(c.do("GET", query, "")); len(got) != 0 {
			t.Errorf("found too early: %v", got)
		}
		time.Sleep(time.Millisecond)
		if got := c.do("GET", query, ""); len(found(got)) != 1 || found(got)[0] != e.ID || !strings.Contains(got.body, `"value":"r 2"`) {
			t.Errorf("found: %s", got.body)
		}
	})
}

// What a copy says goes over the draft, what it leaves out stays.
func TestBulkCopyOverDraft(t *testing.T) {
	for _, every := range []bool{false, true} {
		s := &sandbox.Server{BulkRate: 1e6, BulkEveryTab: every}
		c := newClient(t, s)
		c.bulkBatch(`{"emailSubject":"For [[Employee_Email]], [[ECF:batch]]","emailBlurb":"Own","customFields":[{"name":"batch","value":""},{"name":"Region","value":"North"}],
			"recipients":[{"roleName":"employee","name":"Ann Ek","email":"ann@example.test","note":"Hi","accessCode":"99","clientUserId":"7",
			"tabs":[{"tabLabel":"FirstDay","initialValue":"1 March"},{"tabLabel":"Office","initialValue":"Berlin"},{"tabLabel":"Plan","initialValue":"silver"}]},
			{"roleName":"Manager","name":"Bo Berg","email":"bo@example.test"},
			{"roleName":"HR Records","name":"Cy","email":"cy@example.test"}]}`)
		s.Advance(time.Second)
		all := sentCopies(s)
		if len(all) != 1 {
			t.Fatalf("%d sent", len(all))
		}
		e, ann := all[0], all[0].Recipients[0]
		if e.EmailSubject != "For ann@example.test, " || e.EmailBlurb != "Own" || e.Recipients[2].Email != "cy@example.test" {
			t.Errorf("copy: %+v", e)
		}
		if ann.Role != "Employee" || ann.Note != "Hi" || ann.AccessCode != "99" || ann.ClientUserID != "7" || ann.Mailed {
			t.Errorf("Ann: %+v", ann)
		}
		days := []string{"1 March", ""}
		if every {
			days[1] = days[0]
		}
		if diff := cmp.Diff(days, values(ann, "FirstDay")); diff != "" {
			t.Error(diff)
		}
		if values(ann, "Office")[0] != "Berlin" || values(ann, "Plan")[0] != "silver" {
			t.Errorf("Office, Plan = %q, %q", values(ann, "Office"), values(ann, "Plan"))
		}
	}
}

// A template is as good as a draft of it, and recipients may be meant by ID.
func TestBulkSendTemplateByID(t *testing.T) {
	s := &sandbox.Server{BulkRate: 1e6}
	c := newClient(t, s)
	list := c.bulkList(`{"emailSubject":"[[Manager_UserName]]","recipients":[{"recipientId":"1","name":"Ann Ek","email":"ann@example.test"},
		{"recipientId":"2","name":"Bo Berg","email":"bo@example.test"}]}`)
	if got := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(sandbox.DefaultTemplate)); got.status != 201 {
		t.Fatalf("send: %d %s", got.status, got.body)
	}
	s.Advance(time.Second)
	e := last(t, s)
	if e.EmailSubject != "Bo Berg" || e.Recipients[1].Role != "Manager" || e.Recipients[1].Email != "bo@example.test" || e.Notification.ReminderDelay != 2 {
		t.Errorf("envelope %+v", e)
	}
}

// One batch waits for the other, and the queue is the account's.
func TestBulkQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 1, BulkQueue: 5}
		c := newClient(t, s)
		first, second := c.bulkBatch(bulkCopies(3)...), c.bulkBatch(bulkCopies(2)...)
		draft, list := c.create(bulkDraft), c.bulkList(bulkCopy(1))
		full := "Cannot send this bulk sending list because doing so would exceed the maximum of 5 in-flight envelopes. " +
			"This account currently has 5 envelopes waiting to be processed. Please try again later."
		if got := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft)); got.status != 400 ||
			got.code() != "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES" || got.str("message") != full {
			t.Errorf("full: %d %s", got.status, got.body)
		}
		time.Sleep(4 * time.Second)
		if a, b := c.counts(first), c.counts(second); a != "0 3 0" || b != "1 1 0" {
			t.Errorf("after 4 s: %s and %s", a, b)
		}
		got := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft))
		if got.status != 201 || got.str("totalQueued") != "2" {
			t.Errorf("not full: %d %s", got.status, got.body)
		}
		s.BulkRate = 1000 // for what is sent later
		fourth := c.bulkBatch(bulkCopies(2)...)
		time.Sleep(1999 * time.Millisecond)
		if got := c.counts(fourth); got != "2 0 0" {
			t.Errorf("the fourth did not wait: %s", got)
		}
		time.Sleep(3 * time.Millisecond)
		if got := c.counts(fourth); got != "0 2 0" {
			t.Errorf("the fourth: %s", got)
		}
	})
}

func TestBulkLists(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	one, two := c.bulkList(bulkCopies(2)...), c.bulkList()
	got := c.do("GET", "/bulk_send_lists/"+strings.ToUpper(one), "")
	var list struct {
		ID     string            `json:"listId"`
		Copies []json.RawMessage `json:"bulkCopies"`
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || list.ID != one || len(list.Copies) != 2 || !strings.Contains(got.body, `"initialValue":"2000"`) {
		t.Errorf("list: %s, %v", got.body, err)
	}
	names := func(a answer) (out []string) {
		for _, l := range objects(a, "bulkListSummaries") {
			out = append(out, l.str("bulkSendListId")+" "+l.str("name"))
		}
		return out
	}
	if diff := cmp.Diff([]string{one + " Team list", two + " Team list"}, names(c.do("GET", "/bulk_send_lists", ""))); diff != "" {
		t.Error(diff)
	}
	if got := c.do("PUT", "/bulk_send_lists/"+one, `{"name":"New","bulkCopies":[`+bulkCopy(9)+`]}`); got.status != 200 || got.str("listId") != one || got.str("name") != "New" {
		t.Errorf("PUT: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "/bulk_send_lists/"+one, ""); !strings.Contains(got.body, "ann9@") || strings.Contains(got.body, "ann1@") {
		t.Errorf("replaced: %s", got.body)
	}
	if diff := cmp.Diff([]string{one + " New"}, names(c.do("DELETE", "/bulk_send_lists/"+two, "{}"))); diff != "" {
		t.Error(diff)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := ""
		if method == "PUT" {
			body = "{}"
		}
		if got := c.do(method, "/bulk_send_lists/"+two, body); got.status != 400 || got.code() != "BULK_SEND_LIST_NOT_FOUND" {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
	}
}

func TestBulkSettings(t *testing.T) {
	s := &sandbox.Server{NoBulk: true, BulkCopies: 10, BulkQueue: 20}
	c := newClient(t, s)
	got := c.do("GET", "/settings", "")
	if got.str("allowBulkSend") != "false" || got.str("bulkSend") != "false" || got.str("bulkSendMaxCopiesInBatch") != "10" || got.str("bulkSendMaxUnprocessedEnvelopesCount") != "20" {
		t.Errorf("settings: %s", got.body)
	}
	id := strconv.Itoa(1)
	for _, call := range [][2]string{
		{"GET", "/bulk_send_lists"},
		{"POST", "/bulk_send_lists"},
		{"POST", "/bulk_send_lists/" + id + "/test"},
		{"POST", "/bulk_send_lists/" + id + "/send"},
		{"GET", "/bulk_send_batch"},
	} {
		body := ""
		if call[0] == "POST" {
			body = "{}"
		}
		if got := c.do(call[0], call[1], body); got.status != 400 || got.code() != "ACCOUNT_LACKS_PERMISSIONS" {
			t.Errorf("%s: %d %s", call, got.status, got.body)
		}
	}
	s = &sandbox.Server{}
	if got := newClient(t, s).do("GET", "/settings", ""); got.str("allowBulkSend") != "true" || got.str("bulkSendMaxUnprocessedEnvelopesCount") != "2000" {
		t.Errorf("settings: %s", got.body)
	}
}

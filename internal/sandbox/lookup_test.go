package sandbox_test

import (
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

// numbered creates n envelopes with transaction IDs and rows 1 to n.
func numbered(c *client, n int) []string {
	var ids []string
	for i := 1; i <= n; i++ {
		ids = append(ids, c.create(with(offer, fmt.Sprintf(
			`"transactionId":"t-%d","customFields":{"textCustomFields":[{"name":"row","value":"r %[1]d"}]}`, i))))
	}
	return ids
}

// found returns the IDs in a list.
func found(a answer) []string {
	out := []string{}
	list, _ := a.json["envelopes"].([]any)
	for _, e := range list {
		out = append(out, e.(map[string]any)["envelopeId"].(string))
	}
	return out
}

func TestListEnvelopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{}
		c := newClient(t, s)
		start := time.Now().Format(time.RFC3339)
		time.Sleep(time.Hour)
		c.login(s.Now())
		ids := numbered(c, 3)
		draft := c.create(strings.Replace(offer, `"sent"`, `"created"`, 1))
		later := url.QueryEscape(time.Now().Add(time.Second).Format(time.RFC3339))
		tests := []struct {
			name, query string
			want        []string
		}{
			{"from date", "from_date=" + start, append(ids[:3:3], draft)},
			{"later", "from_date=" + later, nil},
			{"until", "from_date=" + start + "&to_date=" + start, nil},
			{"status", "from_date=" + start + "&status=created,voided", []string{draft}},
			{"any status", "from_date=" + start + "&status=any", append(ids[:3:3], draft)},
			{"sent in the period", "from_date=" + start + "&from_to_status=Sent", ids},
			{"completed in the period", "from_date=" + start + "&from_to_status=completed", nil},
			{"custom field", "from_date=" + start + "&custom_field=" + url.QueryEscape("row=r 2"), ids[1:2]},
			{"custom field of nobody", "from_date=" + start + "&custom_field=row%3Dr", nil},
			{"IDs", "envelope_ids=" + ids[2] + "," + ids[0], []string{ids[2], ids[0]}},
			{"IDs and field", "envelope_ids=" + ids[2] + "," + ids[0] + "&custom_field=" + url.QueryEscape("row=r 1"), ids[:1]},
			{"transactions", "transaction_ids=t-3,none,t-1", []string{ids[2], ids[0]}},
			{"page", "from_date=" + start + "&count=2&start_position=1", ids[1:3]},
			{"descending", "from_date=" + start + "&count=1&order=desc", []string{draft}},
		}
		for _, tt := range tests {
			got := c.do("GET", "/envelopes?"+tt.query, "")
			if tt.want == nil {
				tt.want = []string{}
				if _, ok := got.json["envelopes"]; ok {
					t.Errorf("%s: an empty list must be absent: %s", tt.name, got.body)
				}
			}
			if diff := cmp.Diff(tt.want, found(got)); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
			if got.str("resultSetSize") != strconv.Itoa(len(tt.want)) {
				t.Errorf("%s: resultSetSize %q", tt.name, got.str("resultSetSize"))
			}
		}
		for _, bad := range []string{"", "?custom_field=row%3Dr", "?from_date=soon", "?from_date=" + start + "&count=x", "?from_date=" + start + "&custom_field=row"} {
			if got := c.do("GET", "/envelopes"+bad, ""); got.code() != "INVALID_REQUEST_PARAMETER" {
				t.Errorf("%q: %d %s", bad, got.status, got.body)
			}
		}
		included := c.do("GET", "/envelopes?envelope_ids="+ids[0]+"&include=custom_fields,recipients", "")
		if !strings.Contains(included.body, `"value":"r 1"`) || !strings.Contains(included.body, "ann@example.test") {
			t.Errorf("included: %s", included.body)
		}
		if plain := c.do("GET", "/envelopes?envelope_ids="+ids[0], ""); strings.Contains(plain.body, "ann@example.test") || strings.Contains(plain.body, "t-1") {
			t.Errorf("not included: %s", plain.body)
		}
	})
}

func TestPaging(t *testing.T) {
	c := newClient(t, &sandbox.Server{})
	ids := numbered(c, 5)
	target := "/envelopes?from_date=2000-01-01&count=2"
	var seen []string
	for target != "" {
		got := c.do("GET", target, "")
		seen = append(seen, found(got)...)
		target = got.str("nextUri")
	}
	if diff := cmp.Diff(ids, seen); diff != "" {
		t.Error(diff)
	}
	got := c.do("GET", "/envelopes?from_date=2000-01-01&count=2&start_position=2", "")
	for name, want := range map[string]string{"startPosition": "2", "endPosition": "3", "totalSetSize": "5", "resultSetSize": "2"} {
		if got.str(name) != want {
			t.Errorf("%s = %q, want %q", name, got.str(name), want)
		}
	}
	if diff := cmp.Diff(ids[:2], found(c.do("GET", got.str("previousUri"), ""))); diff != "" {
		t.Error(diff)
	}
}

func TestStatusOfMany(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	ids := numbered(c, 2)
	twin := c.create(with(offer, `"transactionId":"t-2"`))

	got := c.do("PUT", "/envelopes/status?transaction_ids=request_body", `{"transactionIds":["t-1","none","t-2"]}`)
	var lines []string
	for _, v := range got.json["envelopeTransactionStatuses"].([]any) {
		a := answer{json: v.(map[string]any)}
		lines = append(lines, a.str("transactionId")+" "+a.str("envelopeId")+" "+a.str("status")+" "+a.str("errorDetails", "errorCode"))
	}
	want := []string{"t-1 " + ids[0] + " sent ", "none   ENVELOPE_DOES_NOT_EXIST", "t-2 " + ids[1] + " sent ", "t-2 " + twin + " sent "}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if got.str("resultSetSize") != "3" {
		t.Errorf("resultSetSize = %q", got.str("resultSetSize"))
	}

	byID := c.do("PUT", "/envelopes/status?envelope_ids=request_body", `{"envelopeIds":["`+ids[1]+`"]}`)
	if diff := cmp.Diff(ids[1:], found(byID)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(ids, found(c.do("GET", "/envelopes/status?envelope_ids="+strings.Join(ids, ","), ""))); diff != "" {
		t.Error(diff)
	}
	if got := c.do("PUT", "/envelopes/status?transaction_ids=request_body", `{}`); got.status != 200 || got.str("resultSetSize") != "0" {
		t.Errorf("nobody asked for: %d %s", got.status, got.body)
	}
	if got := c.do("PUT", "/envelopes/status?transaction_ids=request_body", " "); got.code() != "INVALID_REQUEST_BODY" {
		t.Errorf("no body: %d %s", got.status, got.body)
	}
	for _, bad := range []string{"", "?from_date=2026-01-01&envelope_ids=x"} {
		if got := c.do("PUT", "/envelopes/status"+bad, `{}`); got.code() != "INVALID_REQUEST_PARAMETER" {
			t.Errorf("%q: %d %s", bad, got.status, got.body)
		}
	}
	many := `{"transactionIds":["` + strings.Repeat(`x","`, 1000) + `x"]}`
	if got := c.do("PUT", "/envelopes/status?transaction_ids=request_body", many); got.code() != "INVALID_REQUEST_PARAMETER" {
		t.Errorf("1,001 IDs: %d", got.status)
	}
}

func TestIndexDelayAndForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{IndexDelay: time.Minute, TokenLifetime: 30 * 24 * time.Hour}
		c := newClient(t, s)
		id := numbered(c, 1)[0]
		counts := func() string {
			out := ""
			for _, q := range []string{"transaction_ids=t-1", "from_date=1999-01-01&custom_field=row%3Dr+1", "from_date=1999-01-01", "envelope_ids=" + id} {
				out += strconv.Itoa(len(found(c.do("GET", "/envelopes?"+q, ""))))
			}
			return out
		}
		if got := counts(); got != "0001" {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(time.Minute)
		if got := counts(); got != "1111" {
			t.Errorf("after IndexDelay: %s", got)
		}
		time.Sleep(7*24*time.Hour - time.Minute)
		if got := counts(); got != "1111" {
			t.Errorf("after 7 days: %s", got)
		}
		time.Sleep(time.Second)
		if got := counts(); got != "0111" {
			t.Errorf("after more than 7 days: %s", got)
		}
	})
}

func TestOneEnvelope(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	id := numbered(c, 1)[0]
	got := c.do("GET", "/envelopes/"+strings.ToUpper(id)+"?include=recipients,tabs,custom_fields,documents", "")
	if got.str("status") != "sent" || got.str("emailSubject") != "Your offer letter" || got.str("expireAfter") != "30" || got.str("recipients", "recipientCount") != "3" {
		t.Errorf("envelope: %s", got.body)
	}
	if got := c.do("GET", "/envelopes/"+id+"/notification", ""); got.str("reminders", "reminderDelay") != "2" || got.str("expirations", "expireAfter") != "30" || got.str("useAccountDefaults") != "false" {
		t.Errorf("notification: %s", got.body)
	}
	if got := c.do("GET", "/envelopes/"+id+"/custom_fields", ""); !strings.Contains(got.body, `"value":"r 1"`) {
		t.Errorf("custom fields: %s", got.body)
	}
	if got := c.do("GET", "/envelopes/33333333-0000-4000-8000-000000000000", ""); got.status != 404 || got.code() != "ENVELOPE_DOES_NOT_EXIST" {
		t.Errorf("missing: %d %s", got.status, got.body)
	}
	if got := c.do("PUT", "/envelopes/33333333-0000-4000-8000-000000000000", `{"status":"sent"}`); got.status != 404 {
		t.Errorf("send what is missing: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "/envelopes/7", ""); got.code() != "INVALID_REQUEST_PARAMETER" {
		t.Errorf("no GUID: %d %s", got.status, got.body)
	}
}

func TestTemplatesAndAccount(t *testing.T) {
	s := &sandbox.Server{Allowance: 10}
	c := newClient(t, s)
	list := c.do("GET", "/templates?count=1&include=recipients&search_text=OFFER", "")
	if list.str("totalSetSize") != "1" || !strings.Contains(list.body, "Employee") || strings.Contains(list.body, "Salary") {
		t.Errorf("list: %s", list.body)
	}
	if got := c.do("GET", "/templates?search_text=nothing", ""); got.str("totalSetSize") != "0" {
		t.Errorf("search: %s", got.body)
	}
	one := "/templates/" + sandbox.DefaultTemplate
	if got := c.do("GET", one, ""); !strings.Contains(got.body, "Employee") || strings.Contains(got.body, "Salary") {
		t.Errorf("without tabs: %s", got.body)
	}
	for _, target := range []string{one + "?include=recipients,tabs", one + "/recipients?include_tabs=true"} {
		if got := c.do("GET", target, ""); !strings.Contains(got.body, "Salary") {
			t.Errorf("%s: %s", target, got.body)
		}
	}
	if got := c.do("GET", one+"/notification", ""); got.str("expirations", "expireAfter") != "30" {
		t.Errorf("notification: %s", got.body)
	}
	c.create(offer)
	account := c.do("GET", "?include_account_settings=true", "")
	if account.str("billingPeriodEnvelopesAllowed") != "10" || account.str("billingPeriodEnvelopesSent") != "1" ||
		account.str("accountSettings", "accountNotification", "expirations", "expireAfter") != "120" ||
		account.str("accountSettings", "accountNotification", "reminders", "reminderEnabled") != "false" {
		t.Errorf("account: %s", account.body)
	}
	if got := c.do("GET", "", ""); got.json["accountSettings"] != nil {
		t.Errorf("settings were not asked for: %s", got.body)
	}
	s.Allowance, s.SendingBlocked, s.NoOverride = 0, true, true
	if got := c.do("GET", "", ""); got.str("billingPeriodEnvelopesAllowed") != "unlimited" || got.str("envelopeSendingBlocked") != "true" {
		t.Errorf("account: %s", got.body)
	}
	if got := c.do("GET", "/settings", ""); got.str("accountNotification", "userOverrideEnabled") != "false" || got.str("bulkSendMaxCopiesInBatch") != "1000" {
		t.Errorf("settings: %s", got.body)
	}
}

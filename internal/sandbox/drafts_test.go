package sandbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// Role names with blanks make placeholders no address should be.
func TestPlaceholderAddresses(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	const odd = `{"roleName":"Employee","name":"Multi Bulk Recipient::HR & Legal (EU)","email":"multiBulkRecipients-HR & Legal (EU)@docusign.com"}`
	c.create(strings.Replace(fromTemplate(odd, bo), "sent", "created", 1))
	if got := last(t, s).Recipients[0].Email; got != "multiBulkRecipients-HR & Legal (EU)@docusign.com" {
		t.Errorf("the address is %q", got)
	}
	bad := strings.ReplaceAll(odd, "@docusign.com", "@example.test")
	if got := c.do("POST", "/envelopes", fromTemplate(bad, bo)); got.code() != "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT" {
		t.Errorf("no placeholder: %d %s", got.status, got.body)
	}
}

func TestRecycleBin(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	one, two, sent := c.create(bulkDraft), c.create(bulkDraft), c.create(offer)
	bin := func(ids ...string) answer {
		return c.do("PUT", "/folders/recyclebin", `{"envelopeIds":["`+strings.Join(ids, `","`)+`"]}`)
	}
	status := func(id string) string { return c.do("GET", "/envelopes/"+id, "").str("status") }

	if got := bin(one, sent); got.status != 400 || got.code() != "ENVELOPE_INVALID_STATUS" || status(one) != "created" {
		t.Errorf("one was sent: %d %s, the draft is %s", got.status, got.body, status(one))
	}
	if got := bin(one, sandbox.DefaultTemplate); got.status != 404 || got.code() != "ENVELOPE_DOES_NOT_EXIST" || status(one) != "created" {
		t.Errorf("one is unknown: %d %s", got.status, got.body)
	}
	got := bin(one, two, one)
	if got.status != 200 || status(one) != "deleted" || status(two) != "deleted" || objects(got, "envelopes")[1].str("status") != "deleted" {
		t.Errorf("drafts: %d %s", got.status, got.body)
	}
	for _, body := range []string{`{"status":"sent"}`, `{"emailSubject":"x"}`} {
		if got := c.do("PUT", "/envelopes/"+one, body); got.code() != "ENVELOPE_INVALID_STATUS" {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if diff := cmp.Diff([]string{one, two}, found(c.do("GET", "/envelopes?from_date=1999-01-01&from_to_status=deleted", ""))); diff != "" {
		t.Error(diff)
	}
	c.do("PUT", "/envelopes/"+sent, `{"status":"voided","voidedReason":"x"}`)
	if bin(sent); status(sent) != "deleted" {
		t.Errorf("voided and moved: %s", status(sent))
	}
	s.BinVoids = true
	sent = c.create(offer)
	if got := bin(sent); got.status != 200 || status(sent) != "voided" {
		t.Errorf("BinVoids: %d %s", got.status, got.body)
	}
	for target, body := range map[string]string{"/folders/recyclebin": `{}`, "/folders/inbox": `{"envelopeIds":["x"]}`} {
		if got := c.do("PUT", target, body); got.code() != "INVALID_REQUEST_PARAMETER" {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
}

func TestWriteCustomFields(t *testing.T) {
	s := &sandbox.Server{Store: t.TempDir()}
	c := newClient(t, s)
	draft := c.create(bulkDraft)
	target := "/envelopes/" + draft + "/custom_fields"
	fields := func() (out []string) {
		for _, f := range last(t, s).CustomFields {
			out = append(out, f.Name+"="+f.Value)
		}
		return out
	}
	got := c.do("POST", target, `{"textCustomFields":[{"name":"mailingListId","value":"l1","show":"false","required":"false"},{"name":"row","value":"a"}],
		"listCustomFields":[{"name":"Region","value":"North"}]}`)
	if got.status != 201 || !strings.Contains(got.body, `"value":"l1"`) {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
	if diff := cmp.Diff([]string{"Department=", "Region=North", "row=a", "batch=b7", "mailingListId=l1"}, fields()); diff != "" {
		t.Error(diff)
	}
	id := objects(c.do("GET", target, ""), "textCustomFields")[1].str("fieldId")
	got = c.do("PUT", target, `{"textCustomFields":[{"fieldId":"`+id+`","name":"line","value":"b"},{"name":"mailingListId","value":"l2"}]}`)
	if got.status != 200 {
		t.Errorf("PUT: %d %s", got.status, got.body)
	}
	if diff := cmp.Diff([]string{"Department=", "Region=North", "line=b", "batch=b7", "mailingListId=l2"}, fields()); diff != "" {
		t.Error(diff)
	}
	// By its new values it is found, by the old ones not any more, and once.
	c.do("PUT", target, `{"textCustomFields":[{"name":"mailingListId","value":"l1"}]}`)
	for field, want := range map[string]int{"mailingListId%3Dl1": 1, "mailingListId%3Dl2": 0, "row%3Da": 0, "batch%3Db7": 1} {
		if got := found(c.do("GET", "/envelopes?from_date=1999-01-01&custom_field="+field, "")); len(got) != want {
			t.Errorf("%s: %v", field, got)
		}
	}
	for body, code := range map[string]string{
		`{"textCustomFields":[{"name":"nothing","value":"x"}]}`:                             "INVALID_REQUEST_PARAMETER",
		`{"textCustomFields":[{"name":"line","value":"` + strings.Repeat("x", 101) + `"}]}`: "INVALID_REQUEST_PARAMETER",
		`{"listCustomFields":[{"name":"Region","value":"Atlantis"}]}`:                       "INVALID_REQUEST_PARAMETER",
		`{"textCustomFields":{}}`: "INVALID_REQUEST_BODY",
	} {
		if got := c.do("PUT", target, body); got.code() != code {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if got := c.do("POST", target, `{"textCustomFields":[{"value":"x"}]}`); got.code() != "INVALID_REQUEST_PARAMETER" {
		t.Errorf("nameless: %d %s", got.status, got.body)
	}
	if got := c.do("POST", "/envelopes/"+c.create(offer)+"/custom_fields", `{}`); got.code() != "ENVELOPE_INVALID_STATUS" {
		t.Errorf("sent: %d %s", got.status, got.body)
	}
	if got := c.do("POST", "/envelopes/"+sandbox.DefaultTemplate+"/custom_fields", `{}`); got.status != 404 {
		t.Errorf("unknown: %d %s", got.status, got.body)
	}
}

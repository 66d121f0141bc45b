package docusign

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
	"batchsend/template"
)

// TestSend sends in both forms and looks at what the sandbox made of it.
func TestSend(t *testing.T) {
	tabs := []envelope.Tab{
		{Type: template.Text, Label: "Salary", Value: "42000"},
		{Type: template.Text, Label: "FirstDay", Value: "1 December", All: true},
		{Type: template.List, Label: "Office", Value: "Berlin"},
		{Type: template.Checkbox, Label: "Relocation", Value: "true"},
	}
	for name, change := range map[string]func(*envelope.Envelope){
		"template roles": func(*envelope.Envelope) {},
		"composite":      func(env *envelope.Envelope) { env.Recipients[0].Note = "Welcome!" },
	} {
		t.Run(name, func(t *testing.T) {
			s := new(sandbox.Server)
			env := offer()
			env.Recipients[0].AccessCode = "4711"
			env.Recipients[0].Tabs = tabs
			env.Fields = []envelope.Field{{Name: "Department", Value: "Sales", Show: true}, {Name: "Region", Value: "North", Show: true, List: true}}
			change(env)
			id, err := connected(t, s.Transport()).Send(t.Context(), env, nil)
			if err != nil {
				t.Fatal(err)
			}
			sent := s.Envelopes()
			if len(sent) != 1 || string(id) != strings.ToLower(sent[0].ID) || sent[0].Status != "sent" || sent[0].TransactionID != env.TransactionID.String() {
				t.Fatalf("Send = %s; the sandbox has %+v", id, sent)
			}
			e := sent[0]
			if w := e.Warnings(); len(w) != 0 {
				t.Errorf("warnings: %q", w)
			}
			if len(e.Recipients) != 3 || e.EmailSubject != "Offer for Ann" || e.Notification.ExpireAfter != 30 || e.Notification.Source != "request" {
				t.Errorf("the sandbox has %+v", e)
			}
			i := slices.IndexFunc(e.CustomFields, func(f sandbox.CustomField) bool { return f.Name == IdentityField })
			if i < 0 || e.CustomFields[i].Value != env.TransactionID.String() || e.CustomFields[i].Show || len(e.CustomFields) != 4 {
				t.Errorf("custom fields are %+v", e.CustomFields)
			}
			i = slices.IndexFunc(e.CustomFields, func(f sandbox.CustomField) bool { return f.Name == BatchField })
			if i < 0 || e.CustomFields[i].Value != envelope.BatchID(env.Account, env.Batch) || e.CustomFields[i].Show {
				t.Errorf("custom fields are %+v", e.CustomFields)
			}
			employee := e.Recipients[0]
			if employee.AccessCode != "4711" || employee.Note != env.Recipients[0].Note || employee.RoutingOrder != 1 {
				t.Errorf("the first recipient is %+v", employee)
			}
			values := make(map[string][]string)
			for _, tab := range employee.Tabs {
				values[tab.Label] = append(values[tab.Label], tab.Value)
			}
			for label, want := range map[string][]string{
				"Salary": {"42000"}, "FirstDay": {"1 December", "1 December"}, "Office": {"Berlin"}, "Relocation": {"true"},
			} {
				if !slices.Equal(values[label], want) {
					t.Errorf("tab %s holds %q, want %q", label, values[label], want)
				}
			}
		})
	}
}

// A row's text message may be what the account lacks the right for: then the row
// fails, and not the whole file.
func TestTextMessageForbidden(t *testing.T) {
	c := connected(t, (&sandbox.Server{NoSMS: true}).Transport())
	for name, create := range map[string]func(*envelope.Envelope) error{
		"sent at once": func(env *envelope.Envelope) error { _, err := c.Send(t.Context(), env, nil); return err },
		"in two steps": func(env *envelope.Envelope) error {
			id, err := c.Draft(t.Context(), env, nil)
			if err != nil {
				return err
			}
			return c.SendDraft(t.Context(), id, nil)
		},
	} {
		env := offer()
		env.Recipients[0].Phone = envelope.Phone{CountryCode: "46", Number: "701234567"}
		if err := create(env); kindOf(t, err) != Refused || !strings.Contains(err.Error(), "ACCOUNT_LACKS_PERMISSIONS") {
			t.Errorf("%s: %v is %s, want refused", name, err, kindOf(t, err))
		}
	}
	blocked := connected(t, (&sandbox.Server{SendingBlocked: true}).Transport())
	if _, err := blocked.Send(t.Context(), offer(), nil); kindOf(t, err) != Halt {
		t.Errorf("an account that may not send: %v is %s, want halt", err, kindOf(t, err))
	}
}

// TestSandboxFaults lets each of the sandbox's faults strike.
func TestSandboxFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		faults  sandbox.Faults
		kind    Kind // 0: none
		created int
	}{
		{"refuse", sandbox.Faults{Refuse: 1}, Down, 0},
		{"drop before", sandbox.Faults{DropBefore: 1}, Unknown, 0},
		{"expire", sandbox.Faults{Expire: 1}, Halt, 0},
		{"limit", sandbox.Faults{Limit: 1}, Limited, 0},
		{"burst", sandbox.Faults{Burst: 1}, Limited, 0},
		{"500", sandbox.Faults{Error500: 1}, Unknown, 0},
		{"503", sandbox.Faults{Error503: 1}, Unknown, 0},
		{"502 after", sandbox.Faults{Error502After: 1}, Unknown, 1},
		{"drop after", sandbox.Faults{DropAfter: 1}, Unknown, 1},
		{"truncate", sandbox.Faults{Truncate: 1}, Unknown, 1},
		{"kill", sandbox.Faults{KillAfter: 1}, Unknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &sandbox.Server{Faults: c.faults}
			_, err := connected(t, s.Transport()).Send(t.Context(), offer(), nil)
			if kindOf(t, err) != c.kind || len(s.Envelopes()) != c.created {
				t.Errorf("Send = %v and %d envelopes, want %s and %d", err, len(s.Envelopes()), c.kind, c.created)
			}
		})
	}
}

func TestSandboxLimits(t *testing.T) {
	for _, status := range []int{400, 429} {
		s := &sandbox.Server{HourlyLimit: 1, LimitStatus: status}
		c := connected(t, s.Transport())
		if _, err := c.Send(t.Context(), offer(), nil); err != nil {
			t.Fatal(err)
		}
		_, err := c.Send(t.Context(), offer(), nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Limited || e.Window != Hour || e.After <= 0 || e.Status != status {
			t.Errorf("Send = %+v, want the hourly limit", err)
		}
	}
	s := &sandbox.Server{Allowance: 1}
	c := connected(t, s.Transport())
	if _, err := c.Send(t.Context(), offer(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Halt {
		t.Errorf("Send = %v, want a halt: the allowance is used up", err)
	}
}

// TestCreatedOrNot is about good answers that say something else.
func TestCreatedOrNot(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		id     envelope.ID
		kind   Kind
	}{
		{"as documented", 201, `{"envelopeId":"E1","uri":"/envelopes/0abc","status":"sent"}`, eid("e1"), 0},
		{"200", 200, `{"envelopeId":"e1"}`, eid("e1"), 0},
		{"success in detail", 201, `{"envelopeId":"e1","errorDetails":{"errorCode":"SUCCESS"}}`, eid("e1"), 0},
		{"an ID that is none", 201, `{"envelopeId":"17","status":"sent"}`, "", Unknown},
		{"an ID in braces", 201, `{"envelopeId":"{eeeeeeee-0000-4000-8000-000000000001}"}`, "", Unknown},
		{"an ID of zeros", 201, `{"envelopeId":"00000000-0000-0000-0000-000000000000"}`, "", Unknown},
		{"a number for an ID", 201, `{"envelopeId":17}`, "", Unknown},
		{"asynchronous", 201, `{"status":"Processing"}`, "", Unknown},
		{"empty object", 201, `{}`, "", Unknown},
		{"null", 201, `null`, "", Unknown},
		{"no content", 204, ``, "", Unknown},
		{"kept as a draft", 201, `{"envelopeId":"e1","status":"created"}`, "", Unknown},
		{"a page to log in", 200, `<html>Log in</html>`, "", Unknown},
		{"sent elsewhere", 302, ``, "", Unknown},
		{"refused within", 201, `{"errorDetails":{"errorCode":"ENVELOPE_IS_INCOMPLETE","message":"no"}}`, "", Refused},
		{"allowance within", 201, `{"errorDetails":{"errorCode":"ENVELOPE_ALLOWANCE_EXCEEDED"}}`, "", Halt},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := connected(t, always(c.status, c.body)).Send(t.Context(), offer(), nil)
			if id != c.id || (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind {
				t.Errorf("Send = %q, %v; want %q, %s", id, err, c.id, c.kind)
			}
			if e, ok := errors.AsType[*Error](err); ok && (e.ErrorCode() == "" || Hint(e.ErrorCode()) == "") {
				t.Errorf("Send = %v, whose code is %q: there was an answer", err, e.ErrorCode())
			}
		})
	}
}

func TestDraft(t *testing.T) {
	s := new(sandbox.Server)
	c := connected(t, s.Transport())
	id, err := c.Draft(t.Context(), offer(), nil)
	if err != nil || s.Envelopes()[0].Status != "created" {
		t.Fatalf("Draft = %s, %v; the sandbox has %+v", id, err, s.Envelopes())
	}
	for range 2 { // the second time it is sent already
		if err := c.SendDraft(t.Context(), id, nil); err != nil || s.Envelopes()[0].Status != "sent" {
			t.Errorf("SendDraft = %v; the sandbox has %+v", err, s.Envelopes())
		}
	}
	err = c.SendDraft(t.Context(), "0ffe1e77-0000-4000-8000-0000000000ff", nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Refused || !e.Gone() {
		t.Errorf("SendDraft of nothing = %v, want refused, gone", err)
	}
}

// TestSendDraftAnswers is about answers other than a plain yes: whether the draft
// was sent shows when it was.
func TestSendDraftAnswers(t *testing.T) {
	const sent = `,"sentDateTime":"2026-11-21T11:30:00Z"`
	invalid := said("ENVELOPE_INVALID_STATUS", "Invalid envelope status.")
	for _, c := range []struct {
		name   string
		status int // of the answer to the order
		body   string
		look   string // what reading the envelope shows
		kind   Kind   // 0: it is sent
		gone   bool
	}{
		{"yes", 200, `{"envelopeId":"E1"}`, "", 0, false},
		{"nothing said", 200, `{}`, "", 0, false},
		{"another's answer", 200, `{"envelopeId":"e2"}`, "", Down, false},
		{"refused within", 200, `{"envelopeId":"e1","errorDetails":{"errorCode":"ENVELOPE_IS_INCOMPLETE"}}`, "", Refused, false},
		{"unknown", 404, said("ENVELOPE_DOES_NOT_EXIST", ""), "", Refused, true},
		{"unknown, 400", 400, said("ENVELOPE_DOES_NOT_EXIST", ""), "", Refused, true},
		{"incomplete", 400, said("ENVELOPE_IS_INCOMPLETE", ""), "", Refused, false},
		{"sent before", 400, invalid, `{"status":"sent"` + sent + `}`, 0, false},
		{"completed", 400, invalid, `{"status":"Completed"` + sent + `}`, 0, false},
		{"voided", 400, invalid, `{"status":"voided"` + sent + `}`, 0, false},
		{"deleted after it was sent", 400, invalid, `{"status":"deleted"` + sent + `}`, 0, false},
		{"deleted", 400, invalid, `{"status":"Deleted"}`, Refused, true},
		{"a draft", 400, invalid, `{"status":"created"}`, Refused, false},
		{"sent at no time", 400, invalid, `{"status":"sent"}`, Unknown, false},
		{"no status", 400, invalid, `{}`, Unknown, false},
		{"it may not be read", 400, invalid, said("USER_LACKS_PERMISSIONS", ""), Unknown, false},
		{"it is gone by now", 400, invalid, said("ENVELOPE_DOES_NOT_EXIST", ""), Refused, true},
	} {
		f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
			status := 200
			if strings.Contains(c.look, "errorCode") {
				status = 400
			}
			switch {
			case r.Method == http.MethodPut:
				return reply(c.status, guids(c.body)), nil
			case strings.HasPrefix(r.URL.Path, "/restapi/"):
				return reply(status, c.look), nil
			}
			return nil, nil
		}}
		err := connected(t, f).SendDraft(t.Context(), eid("e1"), nil)
		e, ok := errors.AsType[*Error](err)
		if (err == nil) != (c.kind == 0) || ok && (e.Kind != c.kind || e.Gone() != c.gone) {
			t.Errorf("%s: SendDraft = %v, want kind %s, gone: %t", c.name, err, c.kind, c.gone)
		}
	}
}

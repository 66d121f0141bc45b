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
			id, err := connected(t, s.Transport()).Send(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			sent := s.Envelopes()
			if len(sent) != 1 || string(id) != strings.ToLower(sent[0].ID) || sent[0].Status != "sent" || sent[0].TransactionID != string(env.TransactionID) {
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
			if i < 0 || e.CustomFields[i].Value != string(env.TransactionID) || e.CustomFields[i].Show || len(e.CustomFields) != 4 {
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
		"sent at once": func(env *envelope.Envelope) error { _, err := c.Send(t.Context(), env); return err },
		"in two steps": func(env *envelope.Envelope) error {
			id, err := c.Draft(t.Context(), env)
			if err != nil {
				return err
			}
			return c.SendDraft(t.Context(), id)
		},
	} {
		env := offer()
		env.Recipients[0].Phone = envelope.Phone{CountryCode: "46", Number: "701234567"}
		if err := create(env); kindOf(t, err) != Refused || !strings.Contains(err.Error(), "ACCOUNT_LACKS_PERMISSIONS") {
			t.Errorf("%s: %v is %s, want refused", name, err, kindOf(t, err))
		}
	}
	blocked := connected(t, (&sandbox.Server{SendingBlocked: true}).Transport())
	if _, err := blocked.Send(t.Context(), offer()); kindOf(t, err) != Halt {
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
			_, err := connected(t, s.Transport()).Send(t.Context(), offer())
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
		if _, err := c.Send(t.Context(), offer()); err != nil {
			t.Fatal(err)
		}
		_, err := c.Send(t.Context(), offer())
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Limited || e.Window != Hour || e.After <= 0 || e.Status != status {
			t.Errorf("Send = %+v, want the hourly limit", err)
		}
	}
	s := &sandbox.Server{Allowance: 1}
	c := connected(t, s.Transport())
	if _, err := c.Send(t.Context(), offer()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), offer()); kindOf(t, err) != Halt {
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
		{"as documented", 201, `{"envelopeId":"0ABC","uri":"/envelopes/0abc","status":"sent"}`, "0abc", 0},
		{"200", 200, `{"envelopeId":"0abc"}`, "0abc", 0},
		{"success in detail", 201, `{"envelopeId":"0abc","errorDetails":{"errorCode":"SUCCESS"}}`, "0abc", 0},
		{"asynchronous", 201, `{"status":"Processing"}`, "", Unknown},
		{"empty object", 201, `{}`, "", Unknown},
		{"null", 201, `null`, "", Unknown},
		{"no content", 204, ``, "", Unknown},
		{"kept as a draft", 201, `{"envelopeId":"0abc","status":"created"}`, "", Refused},
		{"refused within", 201, `{"errorDetails":{"errorCode":"ENVELOPE_IS_INCOMPLETE","message":"no"}}`, "", Refused},
		{"allowance within", 201, `{"errorDetails":{"errorCode":"ENVELOPE_ALLOWANCE_EXCEEDED"}}`, "", Halt},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := connected(t, always(c.status, c.body)).Send(t.Context(), offer())
			if id != c.id || (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind {
				t.Errorf("Send = %q, %v; want %q, %s", id, err, c.id, c.kind)
			}
		})
	}
}

func TestDraft(t *testing.T) {
	s := new(sandbox.Server)
	c := connected(t, s.Transport())
	id, err := c.Draft(t.Context(), offer())
	if err != nil || s.Envelopes()[0].Status != "created" {
		t.Fatalf("Draft = %s, %v; the sandbox has %+v", id, err, s.Envelopes())
	}
	for range 2 { // the second time it is sent already
		if err := c.SendDraft(t.Context(), id); err != nil || s.Envelopes()[0].Status != "sent" {
			t.Errorf("SendDraft = %v; the sandbox has %+v", err, s.Envelopes())
		}
	}
	if err := c.SendDraft(t.Context(), "0ffe1e77-0000-4000-8000-0000000000ff"); kindOf(t, err) != Refused {
		t.Errorf("SendDraft of nothing = %v, want refused", err)
	}
}

func TestSendDraftInvalidState(t *testing.T) {
	for status, sent := range map[string]bool{
		"sent": true, "Delivered": true, "completed": true, "declined": true, "voided": true,
		"created": false, "deleted": false, "": false,
	} {
		f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
			switch {
			case r.Method == http.MethodPut:
				return reply(400, said("ENVELOPE_INVALID_STATUS", "Invalid envelope status.")), nil
			case strings.HasPrefix(r.URL.Path, "/restapi/"):
				return reply(200, `{"status":"`+status+`"}`), nil
			}
			return nil, nil
		}}
		if err := connected(t, f).SendDraft(t.Context(), "0abc"); (err == nil) != sent {
			t.Errorf("SendDraft of an envelope that is %q = %v, success wanted: %t", status, err, sent)
		}
	}
}

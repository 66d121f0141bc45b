package docusign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
)

func TestStatuses(t *testing.T) {
	changed := time.Date(2026, 11, 21, 11, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		name, body string
		want       []EnvelopeStatus
	}{
		{"nothing", `{"resultSetSize":"0"}`, nil},
		{"nulls", `{"envelopes":null}`, nil},
		{
			"as documented", `{"envelopes":[
			{"envelopeId":"e2","status":"completed","statusChangedDateTime":"2026-11-21T11:30:00.0000000Z","createdDateTime":"2026-11-20T11:30:00Z"},
			{"envelopeId":"E1","status":"Sent","statusDateTime":"2026-11-21T11:30:00Z"}]}`,
			[]EnvelopeStatus{{eid("e2"), "completed", changed}, {eid("e1"), "sent", changed}},
		},
		{
			"what was not asked for, failed, or is there twice", `{"envelopes":[
			{"envelopeId":"e9","status":"sent"},{"envelopeId":"e1","errorDetails":{"errorCode":"ENVELOPE_DOES_NOT_EXIST"}},
			{"envelopeId":"e2","status":""},{"envelopeId":"e2","status":"voided"},{"envelopeId":"e2","status":"sent"},{"status":"sent"}]}`,
			[]EnvelopeStatus{{ID: eid("e2"), Status: "voided"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := always(200, c.body)
			got, err := connected(t, f).Statuses(t.Context(), []envelope.ID{eid("e1"), eid("e2")})
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("Statuses = %v (-want +got):\n%s", err, diff)
			}
			r := f.asked[0]
			if r.Method != http.MethodPut || r.URL.RawQuery != "envelope_ids=request_body" || f.bodies[0] != guids(`{"envelopeIds":["e1","e2"]}`) {
				t.Errorf("%s %s %s", r.Method, r.URL, f.bodies[0])
			}
		})
	}
}

// TestStatusesInPages asks for more than one call takes, of a server that lists
// fewer than it was asked for, and that fails in the end.
func TestStatusesInPages(t *testing.T) {
	var ids []envelope.ID
	for i := range StatusesPerCall + 200 {
		ids = append(ids, eid(fmt.Sprint("e", i)))
	}
	f := &fake{}
	f.answer = func(n int, r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth/token" || r.URL.Path == "/oauth/userinfo" {
			return nil, nil
		}
		if n == 3 {
			return reply(503, ""), nil
		}
		var asked wireIDs
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return nil, err
		}
		start := 0
		fmt.Sscan(r.URL.Query().Get("start_position"), &start)
		var list []map[string]string
		for _, id := range asked.Envelopes[start:min(start+300, len(asked.Envelopes))] {
			list = append(list, map[string]string{"envelopeId": string(id), "status": "sent"})
		}
		body, err := json.Marshal(map[string]any{"envelopes": list, "totalSetSize": fmt.Sprint(len(asked.Envelopes))})
		return reply(200, string(body)), err
	}
	c := connected(t, f)
	got, err := c.Statuses(t.Context(), ids)
	if err != nil || len(got) != len(ids) || f.calls() != 3 {
		t.Errorf("Statuses = %d statuses, %v in %d calls; want %d in 3", len(got), err, f.calls(), len(ids))
	}
	if got, err := c.Statuses(t.Context(), ids); kindOf(t, err) != Down || len(got) != 0 {
		t.Errorf("Statuses = %d statuses, %v; want none, down", len(got), err)
	}
	if got, err := c.Statuses(t.Context(), nil); err != nil || got != nil || f.calls() != 4 {
		t.Errorf("Statuses of nothing = %v, %v after %d calls", got, err, f.calls())
	}
}

func TestStatusesOfSandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connected(t, new(sandbox.Server).Transport())
		draft, err := c.Draft(t.Context(), offer(), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		sent, err := c.Send(t.Context(), offer(), nil)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC()
		want := map[envelope.ID]EnvelopeStatus{draft: {draft, "created", now.Add(-time.Hour)}, sent: {sent, "sent", now}}
		got, err := c.Statuses(t.Context(), []envelope.ID{sent, "0ffe1e77-0000-4000-8000-0000000000ff", draft})
		byID := make(map[envelope.ID]EnvelopeStatus)
		for _, f := range got {
			byID[f.ID] = f
		}
		if diff := cmp.Diff(want, byID); diff != "" || err != nil || len(got) != 2 {
			t.Errorf("Statuses = %v, %v (-want +got):\n%s", got, err, diff)
		}
	})
}

func TestTerminal(t *testing.T) {
	for status, want := range map[string]bool{
		"completed": true, "declined": true, "voided": true, "Voided": true, "deleted": true, "timedout": true, "TimedOut": true,
		"created": false, "sent": false, "delivered": false, "signed": false, "correct": false, "processing": false, "": false,
	} {
		if got := Terminal(status); got != want {
			t.Errorf("Terminal(%q) = %t, want %t", status, got, want)
		}
	}
}

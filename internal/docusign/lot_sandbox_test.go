package docusign

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/apispec"
	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
	"batchsend/template"
)

// official holds what passes between client and sandbox against DocuSign's
// description, where that is at hand.
func official(t *testing.T, s *sandbox.Server) http.RoundTripper {
	j, _ := apispec.FromEnv()
	return j.Transport(s.Transport(), func(err error) { t.Error(err) })
}

// offerTo is an offer that can go in a lot.
func offerTo(i int) *envelope.Envelope {
	env := offer()
	env.TransactionID = envelopeNumber(i)
	env.Subject = fmt.Sprint("Offer number ", i)
	env.Fields = []envelope.Field{
		{Name: "Department", Value: fmt.Sprint("Sales ", i), Show: true},
		{Name: "Region", Value: "North", Show: true, List: true},
	}
	r := &env.Recipients[0]
	r.Name, r.Email, r.AccessCode, r.Note = fmt.Sprint("Ann Ek ", i), fmt.Sprintf("ann%d@example.test", i), fmt.Sprint("code", i), "Welcome!"
	r.Tabs = []envelope.Tab{
		{Type: template.Text, Label: "Salary", Value: fmt.Sprint(42000 + i)},
		{Type: template.List, Label: "Office", Value: "Berlin"},
	}
	return env
}

// queued drafts, lists, tests and sends a lot.
func queued(t *testing.T, c *Client, lot *remote.Lot, envs []*envelope.Envelope) {
	t.Helper()
	var err error
	if lot.Draft, err = c.LotDraft(t.Context(), envs[0], lot.TransactionID()); err != nil {
		t.Fatal(err)
	}
	if lot.List, err = c.CreateList(t.Context(), lot, envs); err != nil {
		t.Fatal(err)
	}
	if err = c.TestList(t.Context(), lot.List, lot.Draft); err != nil {
		t.Fatal(err)
	}
	if lot.BulkBatch, err = c.SendList(t.Context(), lot, nil); err != nil {
		t.Fatal(err)
	}
}

// TestLot sends a lot through the sandbox, one copy of which fails.
func TestLot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 1, FailCopy: func(emails []string) string {
			if emails[0] == "ann3@example.test" {
				return "No luck."
			}
			return ""
		}}
		c := connected(t, official(t, s))
		start := time.Now()
		const n = 10
		var envs []*envelope.Envelope
		for i := range n {
			envs = append(envs, offerTo(i))
		}
		lot := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000001"}
		queued(t, c, lot, envs)
		found, err := c.Find(t.Context(), []envelope.TransactionID{lot.TransactionID()})
		if want := (remote.Found{ID: lot.Draft, Draft: true}); err != nil || !cmp.Equal(found[lot.TransactionID()], want) {
			t.Errorf("Find of the draft = %+v, %v; want %+v", found, err, want)
		}
		if id, ok, err := c.FindBatch(t.Context(), lot, start); id != lot.BulkBatch || !ok || err != nil {
			t.Errorf("FindBatch = %q, %t, %v; want %q", id, ok, err, lot.BulkBatch)
		}
		if id, ok, err := c.FindBatch(t.Context(), &remote.Lot{ID: lot.ID + "0"}, start); ok || err != nil {
			t.Errorf("FindBatch of nothing = %q, %t, %v", id, ok, err)
		}
		if got, err := c.Copies(t.Context(), lot, start); err != nil || len(got) != 0 {
			t.Errorf("Copies before the first = %v, %v", got, err)
		}

		time.Sleep(2 * time.Second)
		half, err := c.LotStatus(t.Context(), lot.BulkBatch)
		if diff := cmp.Diff(remote.LotStatus{Size: n, Queued: n - 2, Sent: 2}, half); diff != "" || err != nil || half.Done() {
			t.Errorf("LotStatus after 2 s = %v (-want +got):\n%s", err, diff)
		}
		time.Sleep(n * time.Second)
		status, err := c.LotStatus(t.Context(), lot.BulkBatch)
		if status.Size != n || status.Sent != n-1 || status.Failed != 1 || !status.Done() || err != nil ||
			len(status.Errors) != 1 || !slices.Contains(status.Errors[0].Emails, "ann3@example.test") || !strings.Contains(status.Errors[0].Message, "No luck") {
			t.Errorf("LotStatus = %+v, %v", status, err)
		}

		copies, err := c.Copies(t.Context(), lot, start)
		if err != nil || len(copies) != n-1 {
			t.Fatalf("Copies = %v, %v; want %d", copies, err, n-1)
		}
		ids := make(map[envelope.TransactionID]envelope.ID)
		for _, made := range copies {
			ids[made.TransactionID] = made.ID
			if made.Sent.Before(start) || made.Sent.After(time.Now()) {
				t.Errorf("a copy was sent at %v", made.Sent)
			}
		}
		for i, env := range envs {
			if _, ok := ids[env.TransactionID]; ok == (i == 3) {
				t.Errorf("copy %d is there: %t", i, ok)
			}
		}
		if one, ok, err := c.FindByField(t.Context(), envs[7].TransactionID, start); one.ID != ids[envs[7].TransactionID] || !ok || err != nil {
			t.Errorf("FindByField = %+v, %t, %v", one, ok, err)
		}
		checkCopy(t, s, ids[envs[7].TransactionID], 7)

		statuses, err := c.Statuses(t.Context(), slices.Collect(maps.Values(ids)))
		if err != nil || len(statuses) != n-1 || statuses[0].Status != "sent" || Terminal(statuses[0].Status) || statuses[0].Changed.Before(start) {
			t.Errorf("Statuses = %v, %v", statuses, err)
		}
		discarded(t, c, lot)
	})
}

// TestRemains finds what was made of a lot twice, because the first answers were
// lost, and nothing of another lot.
func TestRemains(t *testing.T) {
	s := new(sandbox.Server)
	c := connected(t, official(t, s))
	envs := []*envelope.Envelope{offerTo(0), offerTo(1)}
	lots := []*remote.Lot{{ID: "7c1d2c5e-0000-4000-8000-000000000001"}, {ID: "7c1d2c5e-0000-4000-8000-000000000002"}, {ID: "7c1d2c5e-0000-4000-8000-000000000003"}}
	var lists []string
	var drafts []envelope.ID
	for _, lot := range []*remote.Lot{lots[0], lots[0], lots[2]} {
		draft, err := c.LotDraft(t.Context(), envs[0], lot.TransactionID())
		if err != nil {
			t.Fatal(err)
		}
		list, err := c.CreateList(t.Context(), lot, envs)
		if err != nil {
			t.Fatal(err)
		}
		lists, drafts = append(lists, list), append(drafts, draft)
	}
	remain := func(wantLists []string, wantDrafts []envelope.ID) {
		t.Helper()
		gotLists, gotDrafts, err := c.Remains(t.Context(), lots[:2])
		slices.Sort(gotLists)
		slices.Sort(gotDrafts)
		slices.Sort(wantLists)
		slices.Sort(wantDrafts)
		if err != nil || !slices.Equal(gotLists, wantLists) || !slices.Equal(gotDrafts, wantDrafts) {
			t.Errorf("Remains = %v, %v, %v; want %v, %v", gotLists, gotDrafts, err, wantLists, wantDrafts)
		}
	}
	remain(slices.Clone(lists[:2]), slices.Clone(drafts[:2]))
	for i := range 2 {
		if err := c.DeleteList(t.Context(), lists[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.DeleteDrafts(t.Context(), drafts[:2]...); err != nil {
		t.Fatal(err)
	}
	remain(nil, nil)
	if len(s.BulkLists()) != 1 {
		t.Errorf("the sandbox has the lists %q, want that of the other lot", s.BulkLists())
	}
}

// checkCopy looks at the envelope made of offerTo(i).
func checkCopy(t *testing.T, s *sandbox.Server, id envelope.ID, i int) {
	t.Helper()
	all := s.Envelopes()
	at := slices.IndexFunc(all, func(e sandbox.Envelope) bool { return strings.EqualFold(e.ID, string(id)) })
	if at < 0 {
		t.Fatalf("the sandbox has no envelope %s", id)
	}
	e, want := all[at], offerTo(i)
	if w := e.Warnings(); len(w) != 0 {
		t.Errorf("warnings: %q", w)
	}
	if e.EmailSubject != want.Subject || e.Notification.ExpireAfter != 30 || e.Notification.Source != "request" || len(e.Recipients) != 3 {
		t.Errorf("the sandbox has %+v", e)
	}
	fields := make(map[string]string)
	for _, f := range e.CustomFields {
		fields[f.Name] = f.Value
	}
	if diff := cmp.Diff(map[string]string{
		"Department": want.Fields[0].Value, "Region": "North",
		IdentityField: want.TransactionID.String(), LotField: "7c1d2c5e-0000-4000-8000-000000000001",
		BatchField: envelope.BatchID(want.Account, want.Batch),
	}, fields); diff != "" {
		t.Errorf("custom fields (-want +got):\n%s", diff)
	}
	r := e.Recipients[0]
	if w := want.Recipients[0]; r.Name != w.Name || r.Email != w.Email || r.Note != w.Note || r.AccessCode != w.AccessCode {
		t.Errorf("the first recipient is %+v", r)
	}
	for _, tab := range want.Recipients[0].Tabs {
		if !slices.ContainsFunc(r.Tabs, func(got sandbox.Tab) bool { return got.Label == tab.Label && got.Value == tab.Value }) {
			t.Errorf("no tab %s holds %s", tab.Label, tab.Value)
		}
	}
}

// discarded deletes what a lot leaves behind, twice.
func discarded(t *testing.T, c *Client, lot *remote.Lot) {
	t.Helper()
	for range 2 {
		if err := c.DeleteList(t.Context(), lot.List); err != nil {
			t.Errorf("DeleteList = %v", err)
		}
		if err := c.DeleteDrafts(t.Context(), lot.Draft, "0ffe1e77-0000-4000-8000-0000000000ff"); err != nil {
			t.Errorf("DeleteDrafts = %v", err)
		}
	}
	if err := c.TestList(t.Context(), lot.List, lot.Draft); kindOf(t, err) != Refused {
		t.Errorf("TestList of a deleted list = %v, want refused", err)
	}
	if statuses, err := c.Statuses(t.Context(), []envelope.ID{lot.Draft}); err != nil || len(statuses) > 0 && statuses[0].Status != statusDeleted {
		t.Errorf("Statuses of the deleted draft = %v, %v", statuses, err)
	}
}

// TestLotsOfSandbox is about lots that the sandbox does not send, or not at once.
func TestLotsOfSandbox(t *testing.T) {
	t.Run("queue full", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connected(t, official(t, &sandbox.Server{BulkQueue: 3, BulkRate: 1}))
			first := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000001"}
			queued(t, c, first, []*envelope.Envelope{offerTo(1), offerTo(2)})
			second := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000002", Draft: first.Draft}
			var err error
			if second.List, err = c.CreateList(t.Context(), second, []*envelope.Envelope{offerTo(3), offerTo(4)}); err != nil {
				t.Fatal(err)
			}
			_, err = c.SendList(t.Context(), second, nil)
			for _, err := range []error{err, c.TestList(t.Context(), second.List, second.Draft)} {
				if e, ok := errors.AsType[*Error](err); !ok || !e.QueueFull() || e.Kind != Refused {
					t.Errorf("= %v, want a full queue", err)
				}
			}
			time.Sleep(2 * time.Second)
			if second.BulkBatch, err = c.SendList(t.Context(), second, nil); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Second)
			if got, err := c.Copies(t.Context(), second, time.Now().Add(-time.Hour)); err != nil || len(got) != 2 || got[0].TransactionID == envelopeNumber(1) {
				t.Errorf("Copies = %v, %v; want those of the second lot", got, err)
			}
		})
	})
	t.Run("does not fit", func(t *testing.T) {
		c := connected(t, official(t, new(sandbox.Server)))
		lot := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000001"}
		var err error
		if lot.Draft, err = c.LotDraft(t.Context(), offerTo(1), lot.TransactionID()); err != nil {
			t.Fatal(err)
		}
		env := offerTo(1)
		env.Recipients[0].Role = "Nobody"
		env.Fields[0].Name = "Nothing"
		if lot.List, err = c.CreateList(t.Context(), lot, []*envelope.Envelope{env}); err != nil {
			t.Fatal(err)
		}
		_, err = c.SendList(t.Context(), lot, nil)
		for _, err := range []error{err, c.TestList(t.Context(), lot.List, lot.Draft)} {
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Refused || e.QueueFull() || e.Code != "BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH" {
				t.Errorf("= %v, want refused", err)
			}
		}
	})
	t.Run("answer lost", func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 1000}
		c := connected(t, official(t, s))
		start := time.Now().Add(-time.Second)
		lot := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000001"}
		queued(t, c, lot, []*envelope.Envelope{offerTo(1)})
		s.Faults = sandbox.Faults{DropAfter: 1}
		again := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000002", Draft: lot.Draft, List: lot.List}
		if id, err := c.SendList(t.Context(), again, nil); kindOf(t, err) != Unknown || id != "" {
			t.Fatalf("SendList = %q, %v; want unknown", id, err)
		}
		if id, ok, err := c.FindBatch(t.Context(), again, start); !ok || id == "" || id == lot.BulkBatch || err != nil {
			t.Errorf("FindBatch = %q, %t, %v; want the second batch", id, ok, err)
		}
	})
}

package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"batchsend/envelope"
	"batchsend/internal/ledger"
)

// The part of the suite that is about what runs share beside batches, and about
// what became of what they sent.

func testBudget(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	shared, err := b.Budget(strings.ToUpper(Account))
	must(t, err)
	defer shared.Close()
	for _, step := range []struct{ old, fresh []byte }{
		{nil, nil},
		{nil, []byte("one\x00\xff")},
		{[]byte("one\x00\xff"), nil},
		{[]byte("one\x00\xff"), []byte{}},
		{[]byte{}, []byte(strings.Repeat("x", 100_000))},
		{[]byte(strings.Repeat("x", 100_000)), []byte("y")},
	} {
		must(t, shared.Update(ctx, func(old []byte) []byte {
			if string(old) != string(step.old) || (old == nil) != (step.old == nil) {
				t.Errorf("old text is %.20q, want %.20q", old, step.old)
			}
			return step.fresh
		}))
		want := step.fresh
		if want == nil {
			want = step.old
		}
		if got, err := b.BudgetText(ctx, Account); string(got) != string(want) || err != nil {
			t.Errorf("BudgetText = %.20q, %v, want %.20q", got, err, want)
		}
	}
	if got, err := open().BudgetText(ctx, "another account"); got != nil || err != nil {
		t.Errorf("BudgetText of another account = %q, %v, want none", got, err)
	}
	if summaries, err := b.Batches(ctx); len(summaries) > 0 || err != nil {
		t.Errorf("a budget makes batches: %v, %v", summaries, err)
	}
	must(t, b.Close())
	if err := shared.Update(ctx, OneMore); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Update in a closed ledger = %v, want ErrClosed", err)
	}
}

// Several processes of several participants each, beside one that sends.
func testBudgetShared(t *testing.T, open func() Ledger) {
	const books, participants, times = 4, 3, 25
	s := start(t, open(), "may")
	var done sync.WaitGroup
	for range books {
		b := open()
		for range participants {
			shared, err := b.Budget(Account)
			must(t, err)
			defer shared.Close()
			done.Go(func() {
				for range times {
					if err := shared.Update(t.Context(), OneMore); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all := Envelopes("may", 20)
	must(t, s.Plan(t.Context(), Planned(all)))
	for _, e := range all {
		must(t, s.Claim(t.Context(), e))
	}
	done.Wait()
	got, err := open().BudgetText(t.Context(), Account)
	must(t, err)
	if want := fmt.Sprint(books * participants * times); string(got) != want {
		t.Errorf("counted to %s, want %s", got, want)
	}
}

func testRemoteStatuses(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	if got, err := b.RemoteStatuses(ctx, Account, "may"); len(got) != 0 || err != nil {
		t.Errorf("RemoteStatuses = %v, %v, want none", got, err)
	}
	s := start(t, b, "may", "june")
	all := append(Envelopes("may", 5), Envelopes("june", 1)...)
	must(t, s.Plan(ctx, Planned(all)))
	for _, e := range all[1:] {
		must(t, s.Claim(ctx, e))
		must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
	}
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	statuses, err := b.RemoteStatuses(ctx, strings.ToUpper(Account), "may")
	must(t, err)
	byID := make(map[envelope.ID]*ledger.RemoteStatus)
	for i := range statuses {
		byID[statuses[i].ID] = &statuses[i]
	}
	see := func(e *envelope.Envelope, status string, changed, asked time.Time) {
		t.Helper()
		f := byID[IDOf(e)]
		if f == nil {
			t.Fatalf("RemoteStatuses has no %s: %v", e.Label, statuses)
		}
		f.Status, f.Changed, f.Asked = status, changed, asked
		must(t, b.RecordRemoteStatuses(ctx, []ledger.RemoteStatus{*f}))
	}
	see(all[1], "sent", at, at.Add(time.Hour))
	see(all[1], "completed", at.Add(time.Minute), at.Add(2*time.Hour))
	see(all[1], "sent", at, at.Add(time.Hour)) // who asked before comes too late
	see(all[2], "delivered", time.Time{}, at.Add(time.Hour))
	see(all[3], "", time.Time{}, at.Add(time.Hour))

	want := []ledger.RemoteStatus{
		{ID: IDOf(all[1]), Status: "completed", Changed: at.Add(time.Minute), Asked: at.Add(2 * time.Hour)},
		{ID: IDOf(all[2]), Status: "delivered", Asked: at.Add(time.Hour)},
		{ID: IDOf(all[3]), Asked: at.Add(time.Hour)},
		{ID: IDOf(all[4])},
	}
	got, err := open().RemoteStatuses(ctx, Account, "may")
	must(t, err)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(ledger.RemoteStatus{}),
		cmpopts.SortSlices(func(a, b ledger.RemoteStatus) bool { return rank(want, a) < rank(want, b) })); diff != "" {
		t.Errorf("RemoteStatuses (-want +got):\n%s", diff)
	}
	summaries, err := b.Batches(ctx)
	must(t, err)
	if diff := cmp.Diff([]map[string]int{nil, {"completed": 1, "delivered": 1, "": 1}},
		[]map[string]int{summaries[0].RemoteStatuses, summaries[1].RemoteStatuses}); diff != "" {
		t.Errorf("remote statuses of june and may (-want +got):\n%s", diff)
	}
	for e, err := range b.BatchEnvelopes(ctx, Account, "may") {
		must(t, err)
		f := ledger.RemoteStatus{ID: e.ID, Status: e.Status, Changed: e.StatusChanged, Asked: e.Asked}
		if i := rank(want, f); e.ID == "" && f != (ledger.RemoteStatus{}) || e.ID != "" && f != want[i] {
			t.Errorf("BatchEnvelopes has %+v", e)
		}
	}
	if err := b.RecordRemoteStatuses(ctx, []ledger.RemoteStatus{{ID: "x", Status: "sent", Asked: at}}); err == nil {
		t.Error("a status was recorded that RemoteStatuses has not returned")
	}
	see(all[4], "sent", at, at)
}

// rank is where the status of an envelope is in statuses.
func rank(statuses []ledger.RemoteStatus, f ledger.RemoteStatus) int {
	for i := range statuses {
		if statuses[i].ID == f.ID {
			return i
		}
	}
	return -1
}

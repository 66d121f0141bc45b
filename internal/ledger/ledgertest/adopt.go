package ledgertest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
)

// known checks what b has sent of the batch "may".
func known(t *testing.T, b Ledger, before time.Time, want ledger.SentCounts) {
	t.Helper()
	got, err := b.SentCounts(t.Context(), Account, "may", before)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ledger.SentCounts{}, "Since")); diff != "" || err != nil {
		t.Errorf("SentCounts = %v (-want +got):\n%s", err, diff)
	}
}

// Adopted is env as another ledger has sent it.
func Adopted(env *envelope.Envelope, at time.Time) ledger.Adopted {
	return ledger.Adopted{Identity: env.Identity, File: env.File, Line: env.Line, ID: IDOf(env), Sent: at}
}

// testAdopt adopts envelopes in every state, and ones that no row means.
func testAdopt(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all := Envelopes("may", 6) // to be new, planned, sending, unknown, failed, sent
	must(t, s.Plan(ctx, Planned(all[1:])))
	for _, e := range all[2:] {
		must(t, s.Claim(ctx, e))
	}
	must(t, s.Settle(ctx, all[3].TransactionID, Unknown))
	must(t, s.Settle(ctx, all[4].TransactionID, Failed))
	must(t, s.Settle(ctx, all[5].TransactionID, Sent(all[5])))
	known(t, b, time.Now().Add(time.Hour), ledger.SentCounts{Counted: 1, Settled: 1, All: 1})

	day := time.Now().Add(-24 * time.Hour).Truncate(time.Millisecond)
	var found []ledger.Adopted
	for _, e := range all {
		found = append(found, Adopted(e, day))
	}
	found[5].ID = "another" // it stays what it was
	stranger := Envelope("may", "", "stranger")
	other := ledger.Adopted{ID: IDOf(stranger), Sent: day}
	other.Account, other.Batch, other.TransactionID, other.People = Account, "may", stranger.TransactionID, all[0].People
	beside := ledger.Surplus{ID: "beside", TransactionID: all[0].TransactionID, Sent: day}
	nameless := ledger.Surplus{ID: "nameless", Sent: day}
	must(t, s.Adopt(ctx, "may", append(found, other), []ledger.Surplus{beside, nameless}))
	must(t, s.Adopt(ctx, "june", nil, nil))

	recorded, err := b.Records(ctx, Account, Identities(append(all, stranger)))
	must(t, err)
	for i, e := range append(all, stranger) {
		want := history.Record{State: history.StateSent, ID: IDOf(e), At: day.UTC()}
		if e != stranger {
			want.Content = e.Content
		}
		if e == all[5] {
			want.At = recorded[i].At
		}
		if diff := cmp.Diff(want, recorded[i]); diff != "" {
			t.Errorf("envelope %d (-want +got):\n%s", i, diff)
		}
	}
	known(t, b, time.Now().Add(-time.Hour), ledger.SentCounts{Counted: 9, Settled: 8, All: 6})
	records, err := b.BatchRecords(ctx, Account, "may")
	must(t, err)
	if len(records.States) != 7 || len(records.Known) != 9 || !records.Known["beside"] || !records.Known["nameless"] || records.Known["another"] ||
		records.States[stranger.TransactionID].ID != IDOf(stranger) {
		t.Errorf("Records = %+v", records)
	}
	corrected := Envelope("may", "E-new", "corrected")
	corrected.People = all[0].People
	similar, err := b.Similar(ctx, Account, Identities([]*envelope.Envelope{corrected}))
	must(t, err)
	if n := similar[0].SamePeople; len(n) != 2 || n[0].Line+n[1].Line != all[0].Line || n[1].TransactionID != stranger.TransactionID {
		t.Errorf("SamePeople = %+v, want the first envelope and the stranger without a line", n)
	}
	for entry, err := range b.BatchEnvelopes(ctx, Account, "may") {
		must(t, err)
		if want := map[bool]string{true: "(found at DocuSign)", false: "may.csv"}[entry.TransactionID == stranger.TransactionID]; entry.File != want || entry.Attempts != 1 {
			t.Errorf("%s is of file %q with %d attempts, want %q", entry.TransactionID, entry.File, entry.Attempts, want)
		}
	}
	if unresolved, err := s.Unresolved(ctx); err != nil || len(unresolved) != 0 {
		t.Errorf("Unresolved = %v, %v; want nothing in doubt", unresolved, err)
	}
}

// testAdoptAgain: to adopt once more changes nothing, and who has lost the lease
// adopts nothing. That all was looked for is the batch's alone.
func testAdoptAgain(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	old := start(t, b, "may", "june")
	e := Envelope("may", "E-1", "x")
	beside := []ledger.Surplus{{ID: "beside", TransactionID: e.TransactionID, Sent: time.Now()}}
	for range 2 {
		must(t, old.Adopt(ctx, "may", []ledger.Adopted{Adopted(e, time.Now())}, beside))
		known(t, b, time.Now().Add(time.Hour), ledger.SentCounts{Counted: 2, Settled: 2, All: 1})
	}
	must(t, old.Looked(ctx, "june"))
	known(t, b, time.Time{}, ledger.SentCounts{Counted: 2})
	must(t, old.Looked(ctx, "may"))
	known(t, b, time.Time{}, ledger.SentCounts{Counted: 2, Looked: true})
	old.Die()
	start(t, open(), "may")
	for what, err := range map[string]error{
		"Adopt":   old.Adopt(ctx, "may", []ledger.Adopted{Adopted(Envelope("may", "E-2", "y"), time.Now())}, nil),
		"surplus": old.Adopt(ctx, "may", nil, beside),
		"Looked":  old.Looked(ctx, "may"),
	} {
		if !errors.Is(err, ledger.ErrLost) {
			t.Errorf("%s without the lease = %v, want ErrLost", what, err)
		}
	}
}

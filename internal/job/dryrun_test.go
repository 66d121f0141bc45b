package job

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
)

// empty is the history of a ledger that is not there yet.
func empty(t *testing.T) *ledger.DB {
	db, err := ledger.OpenReadOnly(t.Context(), t.TempDir()+"/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestDryRunAdopts: a dry run compares as if it had written down what other ledgers
// have sent.
func TestDryRunAdopts(t *testing.T) {
	t.Parallel()
	sent := time.Now()
	people := envelope.Digest{1}
	mode := &DryRun{}
	for _, u := range []Unrecorded{
		{Sent: []ledger.Adopted{{Identity: envelope.Identity{TransactionID: named("1"), Batch: "b", People: people}, File: "b.csv", Line: 2, ID: "e1", Sent: sent}}},
		{Sent: []ledger.Adopted{
			{Identity: envelope.Identity{TransactionID: named("old"), Batch: "b"}, File: "b.csv", Line: 3, ID: "e2", Sent: sent},
			{Identity: envelope.Identity{TransactionID: named("x"), Batch: "b", People: people}, ID: "e3", Sent: sent},
		}},
	} {
		if _, err := mode.Adopt(t.Context(), Site{}, &u); err != nil {
			t.Fatal(err)
		}
	}
	known := mode.History(empty(t))
	ids := []*envelope.Identity{
		{TransactionID: named("1"), Batch: "b"},
		{TransactionID: named("new"), Batch: "b", Legacy: &envelope.Legacy{TransactionID: named("old")}},
		{TransactionID: named("2"), Batch: "b", People: people},
		{TransactionID: named("3"), Batch: "other", People: people},
	}
	records, err := known.Records(t.Context(), "a", ids)
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Record{
		{State: history.StateSent, ID: "e1", At: sent}, {State: history.StateSent, ID: "e2", At: sent, Legacy: true}, {}, {},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	similar, err := known.Similar(t.Context(), "a", ids)
	if err != nil {
		t.Fatal(err)
	}
	var resembling []envelope.ID // to the third and fourth
	for _, n := range similar[2:] {
		for _, e := range n.SamePeople {
			resembling = append(resembling, e.ID)
		}
	}
	if diff := cmp.Diff([]envelope.ID{"e3"}, resembling); diff != "" {
		t.Errorf("only what no row means is similar, in its own batch (-want +got):\n%s", diff)
	}
}

// TestDryRunDelivers says what would be sent, whatever the limit.
func TestDryRunDelivers(t *testing.T) {
	t.Parallel()
	x := tabled(t)
	for id, state := range map[string]history.State{"1": history.StateNew, "2": history.StateSent, "3": history.StateFailed} {
		compared(t, x, id, history.Record{State: state})
	}
	done := delivered(t, x, Options{Limit: 1})
	counts, _, err := done.Tally()
	if err != nil || counts[envelope.Valid] != 2 || counts[envelope.AlreadySent] != 1 || done.Beyond != 0 || done.Stopped != nil {
		t.Errorf("%v, %v, %d beyond the limit, stopped: %v", counts, err, done.Beyond, done.Stopped)
	}
}

// compared adds an envelope that the ledger has so, and returns its number.
func compared(t *testing.T, x *Index, id string, record history.Record) (n int) {
	n = x.accept("b", id, history.StateNew)
	if err := (&comparison{Index: x}).compareRecord(n, x.identity(n), record); err != nil {
		t.Fatal(err)
	}
	return n
}

// delivered has a dry run deliver the envelopes of an index.
func delivered(t *testing.T, x *Index, o Options) Done {
	p := Planned{Compared: Compared{Checked: Checked{Input: Input{Index: x}}}, Due: x.due(o.Limit)}
	done, err := (&DryRun{}).Deliver(context.Background(), o, Site{}, p)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestDryRunOutcomes has an envelope in each state of the ledger.
func TestDryRunOutcomes(t *testing.T) {
	t.Parallel()
	for i, want := range []envelope.Status{envelope.Valid, envelope.Valid, envelope.Valid, envelope.AlreadySent, envelope.Valid, envelope.Valid} {
		x, st := tabled(t), history.State(i)
		n := compared(t, x, "1", history.Record{State: st, ID: "e-1"})
		delivered(t, x, Options{})
		out := outcomeOf(t, x, n)
		if out.Status != want || (out.ID != "") != (st == history.StateSent) || (out.Message != "") != st.Open() {
			t.Errorf("%v: %+v, want %s", st, out, want)
		}
	}
}

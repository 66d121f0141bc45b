package job

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
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
	history := mode.History(empty(t))
	ids := []*envelope.Identity{
		{TransactionID: named("1"), Batch: "b"},
		{TransactionID: named("new"), Batch: "b", Legacy: &envelope.Legacy{TransactionID: named("old")}},
		{TransactionID: named("2"), Batch: "b", People: people},
		{TransactionID: named("3"), Batch: "other", People: people},
	}
	records, err := history.Standings(t.Context(), "a", ids)
	if err != nil {
		t.Fatal(err)
	}
	want := []envelope.Standing{
		{State: envelope.StateSent, ID: "e1", At: sent}, {State: envelope.StateSent, ID: "e2", At: sent, Legacy: true}, {}, {},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	neighbours, err := history.Neighbours(t.Context(), "a", ids)
	if err != nil {
		t.Fatal(err)
	}
	var resembling []envelope.ID // to the third and fourth
	for _, n := range neighbours[2:] {
		for _, e := range n.SamePeople {
			resembling = append(resembling, e.ID)
		}
	}
	if diff := cmp.Diff([]envelope.ID{"e3"}, resembling); diff != "" {
		t.Errorf("only what no row means is a neighbour, in its own batch (-want +got):\n%s", diff)
	}
}

// TestDryRunDelivers says what would be sent, whatever the limit.
func TestDryRunDelivers(t *testing.T) {
	t.Parallel()
	c := Compared{Records: Records{}}
	for id, state := range map[string]envelope.State{"1": envelope.StateNew, "2": envelope.StateSent, "3": envelope.StateFailed} {
		d := draftOf("b", id)
		c.Drafts, c.Records[d] = append(c.Drafts, d), envelope.Standing{State: state}
	}
	p := Planned{Compared: c}
	p.Items, p.Of = acceptedItems(c)
	done, err := (&DryRun{}).Deliver(context.Background(), Options{Limit: 1}, Site{}, p)
	if err != nil {
		t.Fatal(err)
	}
	counts, _ := done.Tally()
	if counts[envelope.Valid] != 2 || counts[envelope.AlreadySent] != 1 || done.Beyond != 0 || done.Stopped != nil {
		t.Errorf("%v, %d beyond the limit, stopped: %v", counts, done.Beyond, done.Stopped)
	}
}

// TestWouldBe has an envelope in each state of the ledger.
func TestWouldBe(t *testing.T) {
	t.Parallel()
	for i, want := range []envelope.Status{envelope.Valid, envelope.Valid, envelope.Valid, envelope.AlreadySent, envelope.Valid, envelope.Valid} {
		st := envelope.State(i)
		out := wouldBe(envelope.Standing{State: st, ID: "e-1"})
		if out.Status != want || (out.ID != "") != (st == envelope.StateSent) || (out.Message != "") != st.Open() {
			t.Errorf("%v: %+v, want %s", st, out, want)
		}
	}
}

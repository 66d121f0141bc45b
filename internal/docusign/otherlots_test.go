package docusign

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
)

// TestOtherLots finds the lots of a batch that another ledger has handed over,
// while DocuSign works on them and for as long as their lists are there.
func TestOtherLots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &counted{RoundTripper: official(t, &sandbox.Server{BulkRate: 1})}
		c := connected(t, rt)
		lots := make([]*remote.Lot, 4)
		for i, id := range []string{
			"7c1d2c5e-0000-4000-8000-000000000001", "7c1d2c5e-0000-4000-8000-000000000002",
			"7c1d2c5e-0000-4000-8000-000000000003", "7c1d2c5e-0000-4000-8000-000000000004",
		} {
			lots[i] = &remote.Lot{ID: id}
		}
		queued(t, c, lots[0], []*envelope.Envelope{offerTo(1), offerTo(2), offerTo(3)})
		elsewhere := offerTo(4)
		elsewhere.Batch = "other.csv"
		queued(t, c, lots[1], []*envelope.Envelope{elsewhere})
		queued(t, c, lots[2], []*envelope.Envelope{offerTo(5)}) // the ledger knows it
		if _, err := c.CreateList(t.Context(), lots[3], []*envelope.Envelope{offerTo(6)}); err != nil {
			t.Fatal(err) // it is never sent
		}
		known := func(id string) bool { return id == lots[2].ID }
		want := remote.OtherLot{Lot: *lots[0], BatchID: theBatch, Status: remote.LotStatus{Size: 3, Queued: 1, Sent: 2}}
		want.Lot.Draft = ""
		want.Envelopes = []envelope.TransactionID{envelopeNumber(1), envelopeNumber(2), envelopeNumber(3)}

		time.Sleep(2 * time.Second)
		before := rt.rest.Load()
		got, err := c.OtherLots(t.Context(), []string{"another", theBatch}, known)
		if diff := cmp.Diff([]remote.OtherLot{want}, got); diff != "" || err != nil {
			t.Errorf("OtherLots = %v (-want +got):\n%s", err, diff)
		}
		if calls := rt.rest.Load() - before; calls != 1+3+1+2 {
			t.Errorf("it took %d calls, want 7", calls)
		}
		if err := c.DeleteList(t.Context(), lots[0].List); err != nil {
			t.Fatal(err)
		}
		if got, err := c.OtherLots(t.Context(), []string{"another", theBatch}, known); len(got) != 0 || err != nil {
			t.Errorf("OtherLots without the list = %v, %v", got, err)
		}
	})
}

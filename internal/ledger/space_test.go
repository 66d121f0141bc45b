package ledger_test

import (
	"os"
	"slices"
	"sync"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
	"batchsend/internal/racetest"
)

// An envelope takes 285 bytes at most, with all indexes and the events of a
// whole life: planned, claimed, sent.
func TestSpacePerEnvelope(t *testing.T) {
	if racetest.On(t) {
		t.Skip("it has nothing to race and takes long under the race detector")
	}
	for name, send := range map[string]func(*testing.T, *ledger.Session, []*envelope.Envelope){
		"one by one": sendEach,
		"in lots":    sendInLots,
	} {
		t.Run(name, func(t *testing.T) { spaceWith(t, send) })
	}
}

func spaceWith(t *testing.T, send func(*testing.T, *ledger.Session, []*envelope.Envelope)) {
	const n = 20_100 // more than a transaction plans
	path := newPath(t)
	db := openAt(t, path)
	s := begin(t, db, "space")
	all := envs("space", n)
	must(t, s.Plan(t.Context(), ledgertest.Planned(all)))
	must(t, db.Say("PRAGMA wal_checkpoint(truncate)"))
	t.Logf("planned: %d bytes an envelope", sizeOf(t, path)/n)
	send(t, s, all)
	must(t, s.Close(t.Context()))
	must(t, db.Close())
	got := sizeOf(t, path) / n
	t.Logf("sent: %d bytes an envelope", got)
	if got > 285 {
		t.Errorf("ledger takes %d bytes an envelope, want at most 285", got)
	}
}

func sendEach(t *testing.T, s *ledger.Session, all []*envelope.Envelope) {
	var done sync.WaitGroup
	for w := range 32 {
		done.Go(func() {
			for i := w; i < len(all); i += 32 {
				if err := s.Claim(t.Context(), all[i]); err != nil {
					t.Errorf("Claim: %v", err)
				}
				if err := s.Settle(t.Context(), all[i].TransactionID, sent(all[i])); err != nil {
					t.Errorf("Settle: %v", err)
				}
			}
		})
	}
	done.Wait()
}

func sendInLots(t *testing.T, s *ledger.Session, all []*envelope.Envelope) {
	for part := range slices.Chunk(all, 1000) {
		lot := newLot(part[0].Label)
		must(t, s.AddLot(t.Context(), lot, part[0].Batch))
		must(t, s.RecordLot(t.Context(), lot))
		_, err := s.ClaimLot(t.Context(), lot, part)
		must(t, err)
		must(t, s.SettleLot(t.Context(), lot, allSent(part)))
		must(t, s.EndLot(t.Context(), lot, 20))
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

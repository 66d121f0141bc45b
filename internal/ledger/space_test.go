package ledger_test

import (
	"os"
	"sync"
	"testing"
)

// An envelope takes 200 bytes at most, with all indexes and the events of a
// whole life: planned, claimed, sent.
func TestSpacePerEnvelope(t *testing.T) {
	if raced {
		t.Skip("it has nothing to race and takes long under the race detector")
	}
	const n = 20_100 // more than a transaction plans
	path := newPath(t)
	db := openAt(t, path)
	s := begin(t, db, "space")
	all := envs("space", n)
	if err := s.Plan(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := db.Say("PRAGMA wal_checkpoint(truncate)"); err != nil {
		t.Fatal(err)
	}
	t.Logf("planned: %d bytes an envelope", sizeOf(t, path)/n)

	var done sync.WaitGroup
	for w := range 32 {
		done.Go(func() {
			for i := w; i < n; i += 32 {
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
	s.Close(t.Context())
	db.Close()
	got := sizeOf(t, path) / n
	t.Logf("sent: %d bytes an envelope", got)
	if got > 200 {
		t.Errorf("ledger takes %d bytes an envelope, want at most 200", got)
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

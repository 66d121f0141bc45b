package ledger_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchsend/internal/ledger"
)

// TestHolders: a run has its leases from its begin to its end, on its account only.
func TestHolders(t *testing.T) {
	t.Parallel()
	db, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Begin(t.Context(), ledger.Run{Account: "Acc", Batches: []string{"may", "june"}})
	if err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]int{"ACC": 1, "other": 0} {
		got, err := db.Holders(t.Context(), account)
		if err != nil || len(got) != want {
			t.Fatalf("account %s: %+v, %v, want %d", account, got, err, want)
		}
		if want == 1 && (got[0].PID != os.Getpid() || got[0].Host == "" || got[0].Since.IsZero() || got[0].Beat.IsZero() || !slices.Equal(got[0].Batches, []string{"june", "may"})) {
			t.Errorf("%+v", got[0])
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Holders(t.Context(), "acc"); err != nil || len(got) != 0 {
		t.Errorf("after the end: %+v, %v", got, err)
	}
}

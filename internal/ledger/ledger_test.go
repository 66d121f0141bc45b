package ledger_test

import (
	"context"
	"path/filepath"
	"testing"

	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// What the tests of this package and the suite make in the same way.
const account = ledgertest.Account

var (
	env, envs, ids  = ledgertest.Envelope, ledgertest.Envelopes, ledgertest.Identities
	sent, allSent   = ledgertest.Sent, ledgertest.AllSent
	uuid            = ledgertest.UUID
	newLot          = ledgertest.NewLot
	failed, pending = ledgertest.Failed, ledgertest.Pending
	unknown         = ledgertest.Unknown
)

// TestSQLite holds ledgers in files to what every ledger must do.
func TestSQLite(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) func() ledgertest.Ledger {
		path := newPath(t)
		return func() ledgertest.Ledger { return inFile{openAt(t, path)} }
	})
}

// inFile is a ledger in a file.
type inFile struct{ *ledger.DB }

func (b inFile) Begin(ctx context.Context, run ledger.Run) (ledgertest.Session, error) {
	s, err := b.DB.Begin(ctx, run)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (b inFile) Budget(account string) (ledgertest.Budget, error) {
	shared, err := b.DB.Budget(account)
	if err != nil {
		return nil, err
	}
	return shared, nil
}

// openAt opens the ledger at path until the test ends.
func openAt(t testing.TB, path string) *ledger.DB {
	t.Helper()
	db, err := ledger.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "state", "ledger.db") }

// begin begins a run on batches that ends with the test.
func begin(t testing.TB, db *ledger.DB, batches ...string) *ledger.Session {
	t.Helper()
	s, err := db.Begin(t.Context(), ledger.Run{Account: account, Batches: batches})
	if err != nil {
		t.Fatalf("Begin(%q): %v", batches, err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

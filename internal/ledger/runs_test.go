package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// aRun begins and ends a run on the ledger at path that sends one envelope.
func aRun(t *testing.T, path, label string) {
	t.Helper()
	db := openAt(t, path)
	s := begin(t, db, "may")
	e := env("may", label, label)
	must(t, s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
	must(t, s.Claim(t.Context(), e))
	must(t, s.Settle(t.Context(), e.TransactionID, sent(e)))
	must(t, s.Close(t.Context()))
	must(t, db.Close())
}

// copyFile copies a file, with its mode.
func copyFile(t *testing.T, to, from string) {
	t.Helper()
	text, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, text, 0o600))
}

// wantKnown checks what the ledger at path has of the batch "may": as one reads
// that wants to change nothing, and as a run sees it that has just begun.
func wantKnown(t *testing.T, path string, want ledger.SentCounts) {
	t.Helper()
	reading, err := ledger.OpenReadOnly(t.Context(), path)
	must(t, err)
	defer reading.Close()
	db := openAt(t, path)
	defer db.Close()
	for _, open := range []struct {
		as string
		db *ledger.DB
	}{{"reading", reading}, {"running", db}} {
		if open.db == db {
			defer begin(t, db, "may").Die()
		}
		got, err := open.db.SentCounts(t.Context(), account, "may", time.Now().Add(time.Hour))
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ledger.SentCounts{}, "Since")); diff != "" || err != nil {
			t.Errorf("%s: Known = %v (-want +got):\n%s", open.as, err, diff)
		}
	}
}

// look notes that all of the batch "may" is known that DocuSign has.
func look(t *testing.T, path string) {
	t.Helper()
	db := openAt(t, path)
	s := begin(t, db, "may")
	must(t, s.Looked(t.Context(), "may"))
	must(t, s.Close(t.Context()))
	must(t, db.Close())
}

// TestRestored puts a backup in the ledger's place: it is known to be older until
// somebody has looked, however many runs there are before, and other batches'
// runs do not count.
func TestRestored(t *testing.T) {
	path := newPath(t)
	aRun(t, path, "1")
	look(t, path)
	backup := filepath.Join(t.TempDir(), "backup.db")
	copyFile(t, backup, path)
	wantKnown(t, path, ledger.SentCounts{Counted: 1, Settled: 1, All: 1, Looked: true})
	aRun(t, path, "2")
	copyFile(t, path, backup)
	for range 2 {
		wantKnown(t, path, ledger.SentCounts{Counted: 1, Settled: 1, All: 1, Older: true})
	}
	aRun(t, path, "3")
	wantKnown(t, path, ledger.SentCounts{Counted: 2, Settled: 2, All: 2, Older: true})
	look(t, path)
	wantKnown(t, path, ledger.SentCounts{Counted: 2, Settled: 2, All: 2, Looked: true})
}

// TestLostLog kills a run and takes the write-ahead log away.
func TestLostLog(t *testing.T) {
	path := newPath(t)
	aRun(t, path, "1")
	look(t, path)
	holder := holding(t, path)
	must(t, holder.Process.Kill())
	holder.Wait()
	must(t, os.Remove(path+"-wal"))
	must(t, os.Remove(path+"-shm"))
	wantKnown(t, path, ledger.SentCounts{Counted: 1, Settled: 1, All: 1, Older: true, Killed: true})
}

// TestLost takes everything away but the counter, and then that as well.
func TestLost(t *testing.T) {
	path := newPath(t)
	aRun(t, path, "1")
	for _, end := range []string{"", "-wal", "-shm", ".lock"} {
		os.Remove(path + end)
	}
	wantKnown(t, path, ledger.SentCounts{Older: true})
	must(t, os.RemoveAll(filepath.Dir(path)))
	wantKnown(t, path, ledger.SentCounts{})
}

// TestCopied takes the ledger elsewhere, without its counter, or with one that
// says nothing.
func TestCopied(t *testing.T) {
	path := newPath(t)
	aRun(t, path, "1")
	look(t, path)
	for i, counter := range []string{"", "no number", "-5 begun", "99999999999999999999 ended", "9007199254740992 begun", "\x00\x00\x00"} {
		elsewhere := filepath.Join(t.TempDir(), fmt.Sprint(i, ".db"))
		copyFile(t, elsewhere, path)
		if counter != "" {
			must(t, os.WriteFile(elsewhere+".runs", []byte(counter), 0o600))
		}
		wantKnown(t, elsewhere, ledger.SentCounts{Counted: 1, Settled: 1, All: 1, Looked: true})
	}
}

// TestCounter has runs begin and end together: the counter is the last one's.
func TestCounter(t *testing.T) {
	path := newPath(t)
	var done sync.WaitGroup
	for i := range 8 {
		db := openAt(t, path)
		done.Go(func() {
			s, err := db.Begin(t.Context(), ledger.Run{Account: account, Batches: []string{fmt.Sprint(i)}})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	look(t, path)
	text, err := os.ReadFile(path + ".runs")
	if want := "0000000000009 ended\n"; string(text) != want || err != nil {
		t.Errorf("the counter is %q, %v; want %q", text, err, want)
	}
	wantKnown(t, path, ledger.SentCounts{Looked: true})
}

// TestSettledBefore counts what was sent before a time apart from the rest.
func TestSettledBefore(t *testing.T) {
	path := newPath(t)
	start := time.Now()
	aRun(t, path, "1")
	got, err := openAt(t, path).SentCounts(t.Context(), account, "may", start.Add(-time.Second))
	if want := (ledger.SentCounts{Counted: 1}); err != nil || !cmp.Equal(got, want, cmpopts.IgnoreFields(ledger.SentCounts{}, "Since")) {
		t.Errorf("SentCounts = %+v, %v; want %+v", got, err, want)
	}
	if got.Since.Before(start.Add(-time.Second)) || got.Since.After(time.Now()) {
		t.Errorf("counted since %v", got.Since)
	}
}

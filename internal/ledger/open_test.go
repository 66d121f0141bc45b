package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// wantTrouble checks that err is trouble of kind, which names the path and says
// what to do.
func wantTrouble(t *testing.T, err error, kind ledger.Kind, path string) {
	t.Helper()
	e, ok := errors.AsType[*ledger.Error](err)
	if !ok || e.Kind != kind || e.Hint() == "" || !strings.Contains(e.Error(), path) {
		t.Errorf("error = %v, want one of kind %d about %q with a hint", err, kind, path)
		return
	}
	t.Logf("%v\nhint: %s", e, e.Hint())
}

// wantTroubleBothWays checks it for writing and for reading only, neither of
// which may change the file.
func wantTroubleBothWays(t *testing.T, kind ledger.Kind, path string) {
	t.Helper()
	before, _ := os.ReadFile(path)
	_, err := ledger.Open(t.Context(), path)
	wantTrouble(t, err, kind, path)
	_, err = ledger.OpenReadOnly(t.Context(), path)
	wantTrouble(t, err, kind, path)
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Errorf("opening changed the file")
	}
}

// written makes a ledger with n planned envelopes and returns its path.
func written(t *testing.T, n int) string {
	t.Helper()
	path := newPath(t)
	db := openAt(t, path)
	s := begin(t, db, "may")
	must(t, s.Plan(t.Context(), ledgertest.Planned(envs("may", n))))
	must(t, s.Close(t.Context()))
	must(t, db.Close())
	return path
}

func TestPermissions(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	begin(t, db, "may")
	for file, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600, path + ".runs": 0o600,
	} {
		info, err := os.Stat(file)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(file), got, want)
		}
	}
}

func TestStrangePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% of #1? (été)", "a ledger&x=y.db")
	begin(t, openAt(t, path), "may")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the ledger is elsewhere: %v", err)
	}
	db, err := ledger.OpenReadOnly(t.Context(), path)
	must(t, err)
	must(t, db.Close())
}

func TestOpenTogether(t *testing.T) {
	path := newPath(t)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			db, err := ledger.Open(t.Context(), path)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	done.Wait()
}

func TestOpenUnusable(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, "/dev/null", filepath.Join(written(t, 1), "below", "a-file")} {
		_, err := ledger.Open(t.Context(), path)
		wantTrouble(t, err, ledger.Unusable, path)
	}
	for _, url := range []string{"postgres://user:secret@host/db", "postgresql://host/db", "https://host/db", ""} {
		_, err := ledger.Open(t.Context(), url)
		wantTrouble(t, err, ledger.Unusable, "")
		if strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("the password is in %q", err)
		}
	}
}

func TestOpenForeign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "contracts.csv")
	must(t, os.WriteFile(path, []byte(strings.Repeat("envelope,name,email\n", 100)), 0o600))
	wantTroubleBothWays(t, ledger.Foreign, path)

	other := written(t, 1)
	db := openAt(t, other)
	must(t, db.Say("PRAGMA application_id = 7"))
	must(t, db.Close())
	wantTroubleBothWays(t, ledger.Foreign, other)
}

func TestOpenNewer(t *testing.T) {
	path := written(t, 1)
	db := openAt(t, path)
	must(t, db.Say(fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1)", ledger.Latest+1)))
	must(t, db.Close())
	wantTroubleBothWays(t, ledger.Newer, path)
}

func TestOpenDamaged(t *testing.T) {
	const pages = 4096
	t.Run("torn", func(t *testing.T) {
		path := written(t, 2000)
		must(t, os.Truncate(path, 10*pages+100))
		wantTroubleBothWays(t, ledger.Damaged, path)
	})
	t.Run("emptied", func(t *testing.T) {
		path := written(t, 1)
		must(t, os.Truncate(path, 0))
		wantTroubleBothWays(t, ledger.Damaged, path)
	})
	t.Run("without its header", func(t *testing.T) {
		path := written(t, 1)
		file, err := os.ReadFile(path)
		must(t, err)
		clear(file[:100])
		must(t, os.WriteFile(path, file, 0o600))
		wantTroubleBothWays(t, ledger.Damaged, path)
	})
	t.Run("overwritten", func(t *testing.T) {
		path := written(t, 2000)
		info, err := os.Stat(path)
		must(t, err)
		for at := int64(pages); at < info.Size(); at += pages {
			file, err := os.ReadFile(path)
			must(t, err)
			copy(file[at:], bytes.Repeat([]byte("garbage "), 100))
			bad := filepath.Join(t.TempDir(), "ledger.db")
			must(t, os.WriteFile(bad, file, 0o600))
			_, err = ledger.Open(t.Context(), bad)
			if e, ok := errors.AsType[*ledger.Error](err); !ok || e.Kind != ledger.Damaged {
				t.Errorf("page %d overwritten: Open = %v, want that it is damaged", at/pages, err)
			}
		}
	})
}

func TestOpenReadOnly(t *testing.T) {
	ctx := t.Context()
	t.Run("missing", func(t *testing.T) {
		path := newPath(t)
		db, err := ledger.OpenReadOnly(ctx, path)
		must(t, err)
		defer db.Close()
		e := env("may", "E-1", "x")
		if got, err := db.Records(ctx, account, ids([]*envelope.Envelope{e})); err != nil || len(got) != 1 || got[0].State != history.StateNew {
			t.Errorf("Records = %v, %v", got, err)
		}
		if got, err := db.Batches(ctx); err != nil || len(got) != 0 {
			t.Errorf("Batches = %v, %v", got, err)
		}
		for entry, err := range db.BatchEnvelopes(ctx, account, "may") {
			t.Errorf("BatchEnvelopes has %v, %v", entry, err)
		}
		_, err = db.Begin(ctx, ledger.Run{Account: account, Batches: []string{"may"}})
		wantTrouble(t, err, ledger.ReadOnly, path)
		if _, err := os.Stat(filepath.Dir(path)); err == nil {
			t.Errorf("reading made a directory")
		}
	})
	t.Run("left alone", func(t *testing.T) {
		path := written(t, 3)
		before := listing(t, path)
		db, err := ledger.OpenReadOnly(ctx, path)
		must(t, err)
		got, err := db.Records(ctx, account, ids(envs("may", 3)))
		if err != nil || got[2].State != history.StatePlanned {
			t.Errorf("Records = %v, %v", got, err)
		}
		must(t, db.Close())
		if after := listing(t, path); after != before {
			t.Errorf("reading changed the files from\n%s to\n%s", before, after)
		}
	})
	t.Run("after a crash", func(t *testing.T) {
		path := newPath(t)
		holder := holding(t, path)
		must(t, holder.Process.Kill())
		holder.Wait()
		before := names(t, path)
		if !strings.Contains(before, "ledger.db-wal") {
			t.Fatalf("the crash left no log: %s", before)
		}
		db, err := ledger.OpenReadOnly(ctx, path)
		must(t, err)
		got, err := db.Records(ctx, account, ids(envs("may", 2)))
		if err != nil || got[0].State != history.StateSending {
			t.Errorf("Records = %v, %v, want what the log says", got, err)
		}
		must(t, db.Close())
		if after := names(t, path); after != before {
			t.Errorf("reading made of %s %s", before, after)
		}
	})
	t.Run("beside a run", func(t *testing.T) {
		path := newPath(t)
		s := begin(t, openAt(t, path), "may")
		must(t, s.Plan(ctx, ledgertest.Planned(envs("may", 3))))
		db, err := ledger.OpenReadOnly(ctx, path)
		must(t, err)
		defer db.Close()
		got, err := db.Records(ctx, account, ids(envs("may", 3)))
		if err != nil || got[2].State != history.StatePlanned {
			t.Errorf("Records = %v, %v", got, err)
		}
	})
}

func listing(t *testing.T, path string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	var b strings.Builder
	for _, entry := range entries {
		info, err := entry.Info()
		must(t, err)
		fmt.Fprintln(&b, info.Name(), info.Size(), info.Mode(), info.ModTime())
	}
	return b.String()
}

func names(t *testing.T, path string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	must(t, err)
	return strings.Join(all, " ")
}

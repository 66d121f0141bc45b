package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// A ledger may have many names; all runs on it must find each other.

// wantHeld begins a run on the batch "may" by another name of the ledger: another
// process holds it.
func wantHeld(t *testing.T, path string, pid int) {
	t.Helper()
	db, err := ledger.Open(t.Context(), path)
	if err != nil {
		t.Errorf("Open(%s): %v", path, err)
		return
	}
	defer db.Close()
	_, err = db.Begin(t.Context(), ledger.Run{Account: account, Batches: []string{"may"}})
	if held, ok := errors.AsType[*ledger.HeldError](err); !ok || held.PID != pid {
		t.Errorf("Begin at %s = %v, want that process %d holds it", path, err, pid)
	}
}

func TestSymbolicLinks(t *testing.T) {
	path := newPath(t)
	holder := holding(t, path)
	dir := t.TempDir()
	for name, target := range map[string]string{
		"to the file.db": path, "to its directory": filepath.Dir(path), "to the link.db": "to the file.db",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	for _, name := range []string{"to the file.db", "to its directory/ledger.db", "to the link.db", "../" + filepath.Base(dir) + "/to the link.db"} {
		wantHeld(t, filepath.Join(dir, name), holder.Process.Pid)
	}
	if strangers, _ := filepath.Glob(filepath.Join(dir, "*-wal")); len(strangers) > 0 {
		t.Errorf("logs lie beside the links: %q", strangers)
	}
	// A link to what does not exist yet is the name of one ledger, too.
	dangling := filepath.Join(dir, "new.db")
	fresh := filepath.Join(dir, "fresh", "ledger.db")
	must(t, os.Symlink(fresh, dangling))
	begin(t, openAt(t, dangling), "may")
	if _, err := os.Stat(fresh + ".lock"); err != nil {
		t.Errorf("the locks are elsewhere: %v", err)
	}
	wantHeld(t, fresh, os.Getpid())

	loop := filepath.Join(dir, "loop.db")
	must(t, os.Symlink(loop, loop))
	_, err := ledger.Open(t.Context(), loop)
	wantTrouble(t, err, ledger.Unusable, loop)
}

func TestHardLink(t *testing.T) {
	path := newPath(t)
	holding(t, path)
	other := filepath.Join(t.TempDir(), "other.db")
	must(t, os.Link(path, other))
	for _, name := range []string{path, other} {
		_, err := ledger.Open(t.Context(), name)
		wantTrouble(t, err, ledger.Unusable, name)
		if e, ok := errors.AsType[*ledger.Error](err); ok && (!strings.Contains(e.Cause, "2 names") || !strings.Contains(e.Cure, "-samefile")) {
			t.Errorf("%v; hint: %s", e, e.Cure)
		}
		_, err = ledger.OpenReadOnly(t.Context(), name)
		wantTrouble(t, err, ledger.Unusable, name)
	}
	must(t, os.Remove(other))
	db, err := ledger.OpenReadOnly(t.Context(), path)
	must(t, err)
	must(t, db.Close())
}

// Somebody tidies up and deletes the lock file of a live run: that the next run
// gets the lock on a fresh file proves nothing.
func TestLockFileDeleted(t *testing.T) {
	for _, replace := range []bool{false, true} {
		path := newPath(t)
		synctest.Test(t, func(t *testing.T) {
			s := begin(t, openAt(t, path), "may")
			e := env("may", "E-1", "x")
			must(t, s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
			must(t, os.Remove(path+".lock"))
			if replace {
				must(t, os.WriteFile(path+".lock", []byte("anything"), 0o600))
			}
			time.Sleep(time.Minute)
			var watched *ledger.HeldError
			other, start := openAt(t, path), time.Now()
			_, err := other.Begin(t.Context(), ledger.Run{
				Account: account, Batches: []string{"may"}, OnWatch: func(e *ledger.HeldError) { watched = e },
			})
			if held, ok := errors.AsType[*ledger.HeldError](err); !ok || held.PID != os.Getpid() {
				t.Errorf("Begin = %v, want that it is held", err)
			}
			if took := time.Since(start); took > 2*ledger.Beat || watched == nil || watched.Batch != "may" {
				t.Errorf("it took %v to see the owner alive, told of %v", took, watched)
			}
			must(t, s.Claim(t.Context(), e)) // it goes on undisturbed

			// Once the owner is dead it is so within the lease's time.
			s.Die()
			start = time.Now()
			next := begin(t, other, "may")
			if took := time.Since(start); took < ledger.TTL || took > ledger.TTL+ledger.Beat {
				t.Errorf("the take-over took %v, want little more than %v", took, ledger.TTL)
			}
			// The new owner's lock is on the new file: from there all is as before.
			next.Die()
			start = time.Now()
			begin(t, openAt(t, path), "may")
			if took := time.Since(start); took > time.Second {
				t.Errorf("the next take-over took %v", took)
			}
		})
	}
}

// A participant of the budget whose lock is on a deleted file is not gone.
func TestParticipantOfDeletedLockFile(t *testing.T) {
	path := newPath(t)
	here := join(t, openAt(t, path))
	must(t, os.Remove(path+".lock"))
	there := join(t, openAt(t, path))
	if there.Gone(here.Participant()) || here.Gone(there.Participant()) {
		t.Error("a live participant is gone")
	}
	must(t, here.Close())
	if there.Gone(here.Participant()) {
		t.Error("a participant is gone of which nobody can tell")
	}
}

// A run that was asleep for longer than its lease lasts is told who has it now.
func TestTakenOver(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		sleeper := begin(t, ignoreLocks(t, path), "may")
		e := env("may", "E-1", "x")
		must(t, sleeper.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
		sleeper.Hang()
		time.Sleep(ledger.TTL)
		err := sleeper.Claim(t.Context(), e)
		if lost, ok := errors.AsType[*ledger.LostError](err); !ok || lost.Holder != nil || !strings.Contains(err.Error(), "1m0s") {
			t.Errorf("Claim = %v, want that the lease is lost, to nobody known", err)
		}
		s, err := ignoreLocks(t, path).Begin(t.Context(), ledger.Run{Account: account, Batches: []string{"may"}, Host: "atlas", PID: 4711})
		must(t, err)
		defer s.Close(context.Background())
		if err := s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})); err != nil {
			t.Error(err)
		}
		err = sleeper.RecordLot(t.Context(), newLot("1"))
		if err == nil || errors.Is(err, ledger.ErrLost) {
			t.Errorf("RecordLot of no lot = %v", err)
		}
		err = sleeper.Draft(t.Context(), e.TransactionID, "d")
		lost, ok := errors.AsType[*ledger.LostError](err)
		if !ok || lost.Holder == nil || lost.Holder.PID != 4711 || lost.Holder.Host != "atlas" {
			t.Errorf("Draft = %v, want that process 4711 on atlas has the batch", err)
		}
	})
}

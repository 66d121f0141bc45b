package ledger_test

import (
	"bufio"
	"errors"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// A killed process has lost its lease the moment it is dead.
func TestTakeOverFromKilledProcess(t *testing.T) {
	path := newPath(t)
	holder := holding(t, path)
	db := openAt(t, path)
	_, err := db.Begin(t.Context(), ledger.Run{Account: account, Batches: []string{"may"}})
	if held, ok := errors.AsType[*ledger.HeldError](err); !ok || held.PID != holder.Process.Pid {
		t.Fatalf("Begin = %v, want that process %d holds it", err, holder.Process.Pid)
	}
	must(t, holder.Process.Kill())
	holder.Wait()

	start := time.Now()
	s := begin(t, db, "may")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the take-over took %v", took)
	}
	unresolved, err := s.Unresolved(t.Context())
	if err != nil || len(unresolved) != 1 || unresolved[0].State != history.StateSending {
		t.Errorf("Unresolved = %v, %v, want the envelope it was sending", unresolved, err)
	}
}

// holding starts a process that holds the batch "may" of the ledger at path.
func holding(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	holder := child(t, "hold", path)
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the holder does not hold: %v", err)
	}
	return holder
}

// The tests below do without the system's locks, and tell from heartbeats, in
// virtual time, who is alive.

func ignoreLocks(t *testing.T, path string) *ledger.DB {
	t.Helper()
	db := openAt(t, path)
	db.IgnoreLocks()
	return db
}

func TestDeadLeaseLapses(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		begin(t, ignoreLocks(t, path), "may").Hang()
		start := time.Now()
		begin(t, ignoreLocks(t, path), "may")
		if took := time.Since(start); took < ledger.TTL || took > ledger.TTL+ledger.Beat {
			t.Errorf("the take-over took %v, want little more than %v", took, ledger.TTL)
		}
	})
}

func TestLiveLeaseIsSeen(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, ignoreLocks(t, path), "may")
		time.Sleep(10 * time.Minute)
		other := ignoreLocks(t, path)
		start := time.Now()
		_, err := other.Begin(t.Context(), ledger.Run{Account: account, Batches: []string{"may"}})
		if _, ok := errors.AsType[*ledger.HeldError](err); !ok {
			t.Errorf("Begin = %v, want that it is held", err)
		}
		if took := time.Since(start); took > 2*ledger.Beat {
			t.Errorf("it took %v to see the owner alive", took)
		}
		e := env("may", "E-1", "x")
		must(t, s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
		must(t, s.Claim(t.Context(), e))
	})
}

// Nobody's clock is trusted: not one in the future, not one in the past.
func TestClocksThatJump(t *testing.T) {
	for _, beatAt := range []string{"0", "beat_at + 1000 * 86400 * 365"} {
		path := newPath(t)
		synctest.Test(t, func(t *testing.T) {
			first := ignoreLocks(t, path)
			s := begin(t, first, "may")
			time.Sleep(time.Second)
			synctest.Wait()
			must(t, first.Say("UPDATE lease SET beat_at = "+beatAt))
			_, err := ignoreLocks(t, path).Begin(t.Context(), ledger.Run{Account: account, Batches: []string{"may"}})
			if _, ok := errors.AsType[*ledger.HeldError](err); !ok {
				t.Errorf("beat_at %s: Begin = %v, want that it is held", beatAt, err)
			}
			s.Hang()
			start := time.Now()
			begin(t, ignoreLocks(t, path), "may")
			if took := time.Since(start); took > ledger.TTL+ledger.Beat {
				t.Errorf("beat_at %s: the take-over took %v", beatAt, took)
			}
		})
	}
}

func TestOwnBeatThatCannotBeWritten(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, ignoreLocks(t, path), "may")
		e := env("may", "E-1", "x")
		must(t, s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
		s.Hang()
		time.Sleep(ledger.TTL - time.Second)
		must(t, s.Claim(t.Context(), e))
		must(t, s.Settle(t.Context(), e.TransactionID, pending))
		lot := newLot("1")
		must(t, s.AddLot(t.Context(), lot, "may"))
		_, err := s.ClaimLot(t.Context(), lot, []*envelope.Envelope{e})
		must(t, err)
		must(t, s.CheckLease(t.Context()))
		time.Sleep(time.Second)
		if err := s.CheckLease(t.Context()); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("CheckLease = %v, want ErrLost", err)
		}
		if err := s.Claim(t.Context(), e); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("Claim = %v, want ErrLost", err)
		}
		if _, err := s.ClaimLot(t.Context(), lot, []*envelope.Envelope{e}); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("ClaimLot = %v, want ErrLost", err)
		}
		// What exists is written down.
		lot.Draft, lot.List, lot.BulkBatch = "draft", "list", "batch"
		must(t, s.RecordLot(t.Context(), lot))
	})
}

// A session that slept through its lease, and wakes up, notices.
func TestSleeperIsTold(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		sleeper := begin(t, ignoreLocks(t, path), "may")
		e := env("may", "E-1", "x")
		must(t, sleeper.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))
		sleeper.Hang()
		begin(t, ignoreLocks(t, path), "may")
		if err := sleeper.Claim(t.Context(), e); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("Claim = %v, want ErrLost", err)
		}
	})
}

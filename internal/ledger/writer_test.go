package ledger_test

import (
	"context"
	"errors"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// Being kept waiting by another process is no failure: nothing was written, and
// the next call may succeed.
func TestBusy(t *testing.T) {
	path := newPath(t)
	db, other := openAt(t, path), openAt(t, path)
	s := begin(t, db, "may")
	e := env("may", "E-1", "x")
	must(t, s.Plan(t.Context(), ledgertest.Planned([]*envelope.Envelope{e})))

	must(t, db.Say("PRAGMA busy_timeout = 0"))
	must(t, other.Say("BEGIN IMMEDIATE"))
	wantTrouble(t, s.Claim(t.Context(), e), ledger.Busy, path)
	must(t, other.Say("ROLLBACK"))
	must(t, s.Claim(t.Context(), e))
}

// A call whose context ends while others write has not been made.
func TestWithdrawn(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	ledger.Crash = func(point string) {
		if point == "claim:begin" {
			close(inside)
			<-release
		}
	}
	db := openAt(t, newPath(t))
	t.Cleanup(func() { db.Close(); ledger.Crash = nil })
	s := begin(t, db, "may")
	all := envs("may", 2)
	must(t, s.Plan(t.Context(), ledgertest.Planned(all)))

	first := make(chan error)
	go func() { first <- s.Claim(t.Context(), all[0]) }()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() { second <- s.Claim(ctx, all[1]) }()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("Claim = %v, want context.Canceled", err)
	}
	close(release)
	must(t, <-first)
	got, err := db.Records(t.Context(), account, ids(all))
	must(t, err)
	if got[0].State != history.StateSending || got[1].State != history.StatePlanned {
		t.Errorf("Records = %v, want sending and planned", got)
	}
}

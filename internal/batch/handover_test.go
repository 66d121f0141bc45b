package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
)

// TestLotsNotClaimed has rows of a lot that somebody else was quicker with.
func TestLotsNotClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b c d")
		known := d.snapshot()
		d.left("a", 0, "")
		d.ledger.all[row("b", 1).TransactionID] = &history.Record{State: history.StateSent, ID: "e-1"}
		_, result := d.start(t.Context(), known, batch.Leftovers{})
		for i, want := range []envelope.Status{envelope.Pending, envelope.AlreadySent, envelope.Sent, envelope.Sent} {
			if got := result.Outcomes[i]; got.Status != want {
				t.Errorf("%s is %+v, want %s", d.rows[i], got, want)
			}
		}
		d.wantMailed(t, "c d")

		d = newBulkFixture("a b")
		d.ledger.sameContent = &history.SameContent{Batch: "april", ID: "e-9", At: time.Now()}
		if got, _ := d.run(t.Context()); got != "a rejected, b rejected" || d.docusign.calls["send-list"] != 0 || d.docusign.notRemoved() != 0 {
			t.Errorf("same content: %s; %s", got, d.bulkCalls())
		}
	})
}

// TestLotsGuard is asked before each lot is claimed, and before it is sent.
func TestLotsGuard(t *testing.T) {
	changed := errors.New("the template has changed")
	for asked, want := range map[int]string{
		1: "a pending, b pending, c pending, d pending",
		2: "a pending, b pending, c pending, d pending",
		3: "a sending, b sending, c pending, d pending",
		5: "a sent, b sent, c sent, d sent",
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newBulkFixture("a b c d")
			d.runner.Bulk.Copies = 2
			n := 0
			d.runner.BeforeClaim = func(context.Context) error {
				if n++; n == asked {
					return changed
				}
				return nil
			}
			got, result := d.run(t.Context())
			if got != want || asked < 5 && !errors.Is(result.Stopped, changed) {
				t.Errorf("stopped when asked for the %d. time: %s, %v; want %s", asked, got, result.Stopped, want)
			}
			d.check(t, result)
			d.finish(t)
		})
	}
}

// TestLotsMaxErrors stops a run when whole lots fail.
func TestLotsMaxErrors(t *testing.T) {
	for _, tt := range []struct {
		max   int
		fails string
		want  string
	}{
		{0, "a b c d", "a failed, b failed, c failed, d failed, e sent, f sent"},
		{3, "a b c", "a failed, b failed, c failed, d pending, e pending, f pending"},
		{3, "a b d e", "a failed, b failed, c sent, d failed, e failed, f sent"},
		{4, "a b c d", "a failed, b failed, c failed, d failed, e sent, f sent"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newBulkFixture("a b c d e f")
			d.runner.Bulk, d.runner.MaxErrors = batch.Bulk{Copies: 3, Queue: 3}, tt.max
			d.docusign.fails = func(env *envelope.Envelope) []string {
				if slices.Contains(strings.Fields(tt.fails), env.Label) {
					return []string{"no mailbox"}
				}
				return nil
			}
			got, result := d.run(t.Context())
			many, stopped := errors.AsType[*batch.ManyErrorsError](result.Stopped)
			if got != tt.want || stopped != strings.Contains(tt.want, "pending") || stopped && (many.Count != 3 || many.Last != "no mailbox") {
				t.Errorf("at most %d: %s, %v; want %s", tt.max, got, result.Stopped, tt.want)
			}
			d.check(t, result)
			d.finish(t)
		})
	}
}

// TestAloneAtOnce sends what cannot go in bulk without waiting for the lots.
func TestAloneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b c d").goesWrong("list", refuse)
		d.runner.Bulk.Copies, d.docusign.speed = 2, 0.01
		start := time.Now()
		var took time.Duration
		d.onOutcome = func(label string, _ envelope.Outcome) {
			if label == "b" {
				took = time.Since(start)
			}
		}
		got, _ := d.run(t.Context())
		if got != "a sent, b sent, c sent, d sent" || took > 2*time.Second {
			t.Errorf("%s; b after %v", got, took)
		}
	})
}

// TestLotsPanic has a mistake in a client: it resurfaces, and the next run goes
// on.
func TestLotsPanic(t *testing.T) {
	for _, call := range []string{"lot-draft", "list", "test", "send-list", "lot-status", "copies", "delete-list"} {
		synctest.Test(t, func(t *testing.T) {
			d := newBulkFixture("a b C").goesWrong(call, explode)
			func() {
				defer func() {
					if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "out of order") {
						t.Errorf("%s: recovered %v, want the client's panic", call, p)
					}
				}()
				d.run(t.Context())
			}()
			d.finish(t)
		})
	}
}

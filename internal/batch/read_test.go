package batch_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// changedError is a row that does not say any more what was planned.
type changedError struct{ row string }

func (e *changedError) Error() string { return "row " + e.row + " has changed" }

// changed makes the row unreadable once that many calls of a name were made.
func (d *fixture) changed(label, after string) *fixture {
	d.unread = func(env *envelope.Envelope) error {
		d.docusign.mu.Lock()
		defer d.docusign.mu.Unlock()
		if env.Label == label && (after == "" || d.docusign.calls[after] > 0) {
			return &changedError{label}
		}
		return nil
	}
	return d
}

// TestRowsChanged has rows that change while the run lasts: it stops, nothing of them
// leaves, and the error says which they were.
func TestRowsChanged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rows   string
		copies int
		wrong  map[string][]fault
		fails  string
		after  string // the call after which row b has changed
		want   string
		mailed string
	}{
		{name: "before it is sent", rows: "A B C", want: "A sent, B pending, C pending", mailed: "A"},
		{name: "before it is sent again", rows: "B C", wrong: map[string][]fault{"send B": {lostBefore}}, after: "find", want: "B pending, C sent", mailed: "C"},
		{name: "before its list is made", rows: "a b", want: "a pending, b pending"},
		{name: "before the second list is made", rows: "a b", copies: 1, after: "send-list", want: "a sending, b pending", mailed: "a"},
		{name: "before errors are compared with it", rows: "a b", fails: "b", after: "send-list", want: "a sending, b sending", mailed: "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture(tt.rows)
				d.people["b"] = "b@x"
				label := "b"
				if strings.Contains(tt.rows, "B") {
					label = "B"
				}
				d.changed(label, tt.after)
				d.runner.Bulk.Copies = tt.copies
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				d.docusign.fails = func(env *envelope.Envelope) []string {
					if env.Label == tt.fails {
						return []string{"no mailbox", "b@x"}
					}
					return nil
				}
				got, result := d.run(t.Context())
				if e, ok := errors.AsType[*changedError](result.Stopped); got != tt.want || !ok || e.row != label {
					t.Errorf("%s, stopped by %v; want %s", got, result.Stopped, tt.want)
				}
				time.Sleep(time.Minute)
				d.check(t, result)
				d.wantMailed(t, tt.mailed)
				d.unread = nil
				if tt.fails == "" {
					d.finish(t)
				}
			})
		})
	}
}

// TestReadLate reads a row when it is about to leave, and keeps none for later.
func TestReadLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(numbers(20))
		d.runner.Concurrency = 3
		reads, sends := 0, 0
		d.unread = func(*envelope.Envelope) error {
			d.docusign.mu.Lock()
			defer d.docusign.mu.Unlock()
			reads++
			return nil
		}
		d.docusign.onMail = func(fakeEnvelope) {
			if sends++; reads > sends+2 {
				t.Errorf("%d rows were read when the %d. was sent", reads, sends)
			}
		}
		d.run(t.Context())
		if reads != 20 {
			t.Errorf("%d rows were read, want 20", reads)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture(numbers(20))
		d.runner.Bulk = batch.Bulk{Copies: 5, Queue: 5}
		reads := 0
		d.unread = func(*envelope.Envelope) error { reads++; return nil }
		d.runner.BeforeClaim = func(context.Context) error {
			if lists := d.docusign.calls["list"]; reads > 5*lists {
				t.Errorf("%d rows were read for %d lists", reads, lists)
			}
			return nil
		}
		if got, _ := d.run(t.Context()); got != all(numbers(20), "sent") || reads != 20 {
			t.Errorf("%d rows were read: %s", reads, got)
		}
	})
}

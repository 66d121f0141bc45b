package batch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/batch"
)

// TestLotLost tells for how long a lot is looked up whose answer was lost.
func TestLotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b C").goesWrong("send-list", lostBefore)
		d.run(t.Context())
		if want := []string{"2 for 10m0s"}; !slices.Equal(d.lookUps, want) {
			t.Errorf("LookingUp: %q, want %q", d.lookUps, want)
		}
	})
}

// TestLeftLots takes up what an earlier run left: it was stopped at some moment,
// and then time passed. Rows may have been taken from the file meanwhile.
func TestLeftLots(t *testing.T) {
	tests := []struct {
		name   string
		wrong  map[string][]fault // in the first run
		stop   time.Duration      // when it was stopped
		later  time.Duration      // until the second
		speed  float64
		rows   string // of the second
		only   bool   // look only
		want   string
		told   string // by OnLeft
		left   batch.Recovered
		mailed string
		within time.Duration
	}{
		{
			name: "DocuSign is through", stop: time.Second, later: time.Hour, rows: "a b c D",
			want: "a already-sent, b already-sent, c already-sent, D already-sent", told: "[{3 0 0}]", left: batch.Recovered{Sent: 3}, mailed: "a b c D", within: 2 * time.Second,
		},
		{
			name: "DocuSign is at it", stop: time.Second, later: 2 * time.Second, speed: 0.1, rows: "a b c D",
			want: "a already-sent, b already-sent, c already-sent, D already-sent", told: "[{0 0 3}]", left: batch.Recovered{Sent: 3}, mailed: "a b c D", within: 2 * time.Minute,
		},
		{
			name: "all rows are gone", stop: time.Second, later: time.Hour, rows: " ",
			told: "[{3 0 0}]", left: batch.Recovered{Sent: 3}, mailed: "a b c D",
		},
		{
			name: "its answer was lost", wrong: map[string][]fault{"send-list": {lostAfter}}, stop: time.Second, later: time.Minute, rows: "a b c D",
			want: "a already-sent, b already-sent, c already-sent, D already-sent", told: "[{3 0 0}]", left: batch.Recovered{Sent: 3}, mailed: "a b c D", within: 2 * time.Second,
		},
		{
			name: "its order was lost", wrong: map[string][]fault{"send-list": {lostBefore}}, stop: time.Second, later: time.Minute, rows: "a b c D",
			want: "a sent, b sent, c sent, D already-sent", told: "[{0 0 3}]", left: batch.Recovered{Absent: 3}, mailed: "a b c D", within: 11 * time.Minute,
		},
		{
			name: "its order was lost two days ago", wrong: map[string][]fault{"send-list": {lostBefore}}, stop: time.Second, later: 2 * day, rows: "a b c D",
			want: "a sent, b sent, c sent, D already-sent", told: "[{0 0 3}]", left: batch.Recovered{Absent: 3}, mailed: "a b c D", within: 15 * time.Second,
		},
		{
			name: "its order was lost, and a row is gone", wrong: map[string][]fault{"send-list": {lostBefore}}, stop: time.Second, later: time.Minute, rows: "a c D",
			want: "a sent, c sent, D already-sent", told: "[{0 0 3}]", left: batch.Recovered{Absent: 3}, mailed: "a c D",
		},
		{
			name: "look only: DocuSign is at it", stop: time.Second, later: 2 * time.Second, speed: 0.1, rows: " ", only: true,
			told: "[{0 0 3}]", left: batch.Recovered{Sent: 3}, mailed: "a b c D",
		},
		{
			name: "look only: its order was lost", wrong: map[string][]fault{"send-list": {lostBefore}}, stop: time.Second, later: time.Minute, rows: " ", only: true,
			told: "[{0 0 3}]", left: batch.Recovered{Absent: 3}, mailed: "D",
		},
		{
			name: "all is known: only lists and drafts are left", stop: 3 * time.Second, wrong: map[string][]fault{"delete-list": {"always down"}}, later: time.Minute, rows: "a b c D",
			want: "a already-sent, b already-sent, c already-sent, D already-sent", told: "[]", mailed: "a b c D", within: 2 * time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("a b c D")
				d.docusign.speed = tt.speed
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				ctx, cancel := stopAfter(t.Context(), tt.stop)
				defer cancel()
				d.run(ctx)
				time.Sleep(tt.later)
				d.script, d.recovered = nil, nil
				d.rows, d.runner.LookOnly = strings.Fields(tt.rows), tt.only
				start := time.Now()
				got, result := d.goOn(t.Context(), d.ledger.leftovers())
				if got != tt.want || result.Stopped != nil || result.Recovered != tt.left || fmt.Sprint(d.recovered) != tt.told {
					t.Errorf("%s, %+v, told %v, stopped by %v; want %s, %+v, %s", got, result.Recovered, d.recovered, result.Stopped, tt.want, tt.left, tt.told)
				}
				if took := time.Since(start); tt.within > 0 && took > tt.within {
					t.Errorf("took %v", took)
				}
				d.wantMailed(t, tt.mailed)
				d.check(t, result)
				if n := d.docusign.calls["find-batch"]; n > 0 && tt.wrong["send-list"] == nil {
					t.Errorf("a batch whose ID is known was looked up %d times", n)
				}
				if n := d.docusign.notRemoved(); n > 0 {
					t.Errorf("%d lists and drafts lie about", n)
				}
			})
		})
	}
}

// TestLotClocks has clocks that are wrong by days: what was asked for is found all
// the same.
func TestLotClocks(t *testing.T) {
	for _, ahead := range []time.Duration{-10 * day, 0, 10 * day} {
		for _, jump := range []time.Duration{-day, 0, 20 * day} { // of our clock between the runs
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("a b").goesWrong("send-list", lostAfter)
				d.docusign.ahead = ahead
				ctx, cancel := stopAfter(t.Context(), time.Second)
				defer cancel()
				d.run(ctx)
				left := d.ledger.leftovers()
				left.Lots[0].Asked = left.Lots[0].Asked.Add(-jump)
				if got, _ := d.goOn(t.Context(), left); got != "a already-sent, b already-sent" {
					t.Errorf("DocuSign's clock is ahead by %v, ours has jumped by %v: %s", ahead, jump, got)
				}
				d.wantMailed(t, "a b")
			})
		}
	}
}

// TestLotNotListed has a lot whose batch DocuSign does not list, though there
// are envelopes of it: those count as sent, the others stay unknown.
func TestLotNotListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b C").goesWrong("send-list", lostAfter)
		d.docusign.speed = 1.0 / 400 // b comes much later
		time.AfterFunc(time.Second, func() {
			d.docusign.mu.Lock()
			defer d.docusign.mu.Unlock()
			d.docusign.batches[0].name = "renamed by somebody"
		})
		got, result := d.run(t.Context())
		if got != "a sent, b unknown, C sent" && got != "a sent, b sent, C sent" {
			t.Error(got)
		}
		d.check(t, result)
		d.wantMailed(t, "a b C")
		time.Sleep(day)
		got, result = d.again(t.Context())
		if got != "a already-sent, b already-sent, C already-sent" {
			t.Error(got)
		}
		d.check(t, result)
	})
}

// TestLateOrder has an order to send that hangs somewhere for longer than anybody
// waits: when it arrives, its envelopes have gone in another lot, and its list is
// gone.
func TestLateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b").goesWrong("send-list", lostBefore)
		d.docusign.speed = 0.01 // the run lasts
		late := make(chan error, 1)
		time.AfterFunc(11*time.Minute, func() {
			d.ledger.mu.Lock()
			lot := d.ledger.lots[0].Lot
			d.ledger.mu.Unlock()
			_, err := d.docusign.SendList(t.Context(), &lot, nil)
			late <- err
		})
		if got, _ := d.run(t.Context()); got != "a sent, b sent" {
			t.Error(got)
		}
		if err := <-late; err == nil {
			t.Error("the late order was carried out")
		}
		d.wantMailed(t, "a b")
	})
}

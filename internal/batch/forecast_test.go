package batch_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// TestSpeed asks few times how far a lot is: once if DocuSign is as fast as it
// was, and soon after it is through in any case.
func TestSpeed(t *testing.T) {
	tests := []struct {
		name   string
		rows   int
		told   float64 // the speed that is known
		speed  float64
		others int // copies in the queue before
		status int // calls at most
		late   float64
	}{
		{"as fast as before", 1000, 20, 20, 0, 1, 0.03},
		{"five lots as fast as before", 5000, 20, 20, 0, 5, 0.03},
		{"five lots of many fast copies", 5000, 500, 500, 0, 5, 0.5}, // a pause of two seconds each
		{"nobody knows, and it is what we think", 1000, 0, 20, 0, 2, 0.03},
		{"ten times slower", 1000, 20, 2, 0, 4, 0.1},
		{"fifty times slower", 1000, 100, 2, 0, 6, 0.1},
		{"three lots ten times slower", 3000, 20, 2, 0, 6, 0.1},
		{"ten times faster", 1000, 20, 200, 0, 1, 10},
		{"three lots ten times faster", 3000, 20, 200, 0, 3, 5},
		{"other apps were first", 1000, 20, 20, 1000, 3, 0.6},
		{"a few copies behind many", 10, 20, 20, 1900, 8, 0.8},
		{"slower than anybody would believe", 1000, 20, 0.2, 0, 20, 0.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("")
				for i := range tt.rows {
					label := fmt.Sprint("r", i)
					d.rows, d.inLots[label] = append(d.rows, label), true
				}
				d.docusign.latency, d.docusign.speed, d.runner.Bulk = 0, tt.speed, batch.Bulk{Speed: tt.told}
				if tt.others > 0 {
					d.docusign.others(tt.others)
				}
				start := time.Now()
				_, result := d.run(t.Context())
				least := time.Duration(float64(tt.rows+tt.others) / tt.speed * float64(time.Second))
				if took := time.Since(start); took < least || took > least+time.Duration(tt.late*float64(least))+3*time.Second {
					t.Errorf("took %v, DocuSign %v", took, least)
				}
				if n := d.docusign.calls["lot-status"]; n > tt.status {
					t.Errorf("asked %d times, want %d", n, tt.status)
				}
				if n := slices.IndexFunc(result.Outcomes, func(o envelope.Outcome) bool { return o.Status != envelope.Sent }); n >= 0 || result.Stopped != nil {
					t.Errorf("row %d is %+v; stopped by %v", n, result.Outcomes[n], result.Stopped)
				}
				if l := d.ledger.lots[0]; tt.rows >= 1000 && (l.speed < 0.99*tt.speed || l.speed > 1.01*tt.speed) {
					t.Errorf("the ledger learnt a speed of %v, want %v", l.speed, tt.speed)
				}
			})
		})
	}
}

// TestStuck ends a run whose lot DocuSign never begins with.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a B")
		d.docusign.speed = 1e-6
		start := time.Now()
		got, result := d.run(t.Context())
		if took := time.Since(start); got != "a unknown, B sent" || took > 2*time.Hour {
			t.Errorf("%s after %v", got, took)
		}
		d.check(t, result)
		time.Sleep(20 * day)
		d.docusign.speed = 0
		d.finish(t)
	})
}

package job_test

import (
	"strings"
	"testing"
	"time"

	"batchsend/internal/job"
	"batchsend/internal/ledger"
)

// TestGoLive: only calls in a row without an error, within a day and without polling count.
func TestGoLive(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	calls := func(n int, every time.Duration, change func(i int, c *ledger.Call)) (all []ledger.Call) {
		for i := range n {
			c := ledger.Call{At: start.Add(time.Duration(i) * every), Method: "POST", Path: "/envelopes", Status: 201}
			if change != nil {
				change(i, &c)
			}
			all = append(all, c)
		}
		return all
	}
	asks := func(a, b int) func(int, *ledger.Call) {
		return func(i int, c *ledger.Call) {
			if i == a || i == b {
				c.Method, c.Path, c.Status = "GET", "/envelopes/17/recipients", 200
			}
		}
	}
	status := func(at, status int) func(int, *ledger.Call) {
		return func(i int, c *ledger.Call) {
			if i == at {
				c.Status = status
			}
		}
	}
	for _, tt := range []struct {
		name  string
		calls []ledger.Call
		clean int
		says  string
	}{
		{"none", nil, 0, ""},
		{"too few", calls(19, time.Minute, nil), 19, ""},
		{"enough", calls(20, time.Minute, nil), 20, ""},
		{"an error before them", calls(21, time.Minute, status(0, 400)), 20, ""},
		{"an error among them", calls(30, time.Minute, status(14, 400)), 15, "POST /envelopes at 2026-11-21 10:14:00Z was answered with HTTP 400"},
		{"no answer", calls(30, time.Minute, status(29, 0)), 0, "got no answer"},
		{"too slowly", calls(30, 2*time.Hour, nil), 13, ""},
		{"polling", calls(30, time.Minute, asks(15, 20)), 9, "asked about the same envelope as 5m0s before"},
		{"asked twice, long after", calls(30, time.Minute, asks(11, 26)), 20, ""},
	} {
		got := job.TallyGoLive(tt.calls)
		if got.Clean != tt.clean || got.Ready != (tt.clean >= 20) || (tt.says == "") != (got.Spoilt == "") || !strings.Contains(got.Spoilt, tt.says) || len(got.Last) > 20 {
			t.Errorf("%s: %d clean, ready %t, spoilt %q; want %d, %q", tt.name, got.Clean, got.Ready, got.Spoilt, tt.clean, tt.says)
		}
		if step := got.Step("batchsend send"); strings.Contains(step.Detail, "can go live") != got.Ready || (step.Cure == "") != got.Ready {
			t.Errorf("%s: %+v", tt.name, step)
		}
	}
}

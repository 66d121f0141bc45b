package main

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// TestLimitsCommand: limits takes two calls at most, names who shares the budget, and
// makes no call if the hour is known to be used up.
func TestLimitsCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(60))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit, s.BurstLimit = 40, 500 })
		ask := func() (l report.Limits, calls int) {
			t.Helper()
			before := restCalls(server.Log())
			got := runAgain(t, dir, "limits", "--sandbox", "--json")
			if err := json.Unmarshal([]byte(got.stdout), &l); err != nil || got.code != exitDone {
				t.Fatalf("exit code %d: %v\n%s%s", got.code, err, got.stdout, got.stderr)
			}
			return l, restCalls(server.Log()) - before
		}
		l, calls := ask()
		if calls < 1 || calls > 2 || !l.Asked || l.Hour.Limit != 40 || l.Hour.Left != 40-calls || l.Allowance == nil || len(l.Sharing) != 0 {
			t.Errorf("at first, in %d calls: %+v", calls, l)
		}
		ended := make(chan outcome)
		go func() { ended <- runAgain(t, dir, "send", "--sandbox", "--via", "single", file) }()
		time.Sleep(5 * time.Minute)
		l, calls = ask()
		if calls != 0 || l.Asked || l.Hour.Left != 0 || l.At == nil || l.Why != "the calls of this hour are used up" || len(l.Sharing) != 1 || l.Sharing[0].Process == 0 || l.Sharing[0].Batches[0] != "offers.csv" {
			t.Errorf("while a run waits, in %d calls: %+v", calls, l)
		}
		if got := runAgain(t, dir, "limits", "--sandbox"); !strings.Contains(got.stdout, "remembered from 2000-01-01 00:00:") {
			t.Errorf("for people: %s", got.stdout)
		}
		if got := <-ended; got.code != exitDone || countLines(got.stderr, "going on: ") != 1 || countLines(got.stderr, "sending: ") < 4 {
			t.Errorf("the run: exit code %d\n%s", got.code, got.stderr)
		}
	})
}

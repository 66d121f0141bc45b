package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/job"
	"batchsend/internal/sandbox"
)

// TestStoppedEarly interrupts a run before it has looked into the ledger: it shows
// nothing of its rows, and its results say that it does not know.
func TestStoppedEarly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(20))
	results := filepath.Join(dir, "results.csv")
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(*sandbox.Server) {})
		if got := runAgain(t, dir, "send", "--sandbox", "--results", results, file); got.code != exitDone {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		server.Faults.Latency, server.Faults.Everywhere = time.Second, true
		for _, after := range []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			synctest.Wait()
			got := runUntil(ctx, dir, "send", "--sandbox", "--results", results, file)
			if got.code != exitStopped || got.stdout != "" || !strings.Contains(got.stderr, "This run sent nothing") {
				t.Errorf("interrupted after %v: exit code %d\n%s%s", after, got.code, got.stdout, got.stderr)
			}
			for _, line := range readResults(t, readFile(t, results)) {
				if line != "pending "+job.NotLookedUp {
					t.Errorf("interrupted after %v: a row is %q", after, line)
				}
			}
		}
	})
}

// TestNotShownYet interrupts a run when DocuSign has sent everything and its
// searches do not show it yet: the next run learns it, and no person is needed.
func TestNotShownYet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(40)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.IndexDelay = time.Minute })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(25*time.Second, cancel)
		got := runUntil(ctx, dir, "send", "--sandbox", "--via", "bulk", file)
		if got.code != exitStopped || !strings.Contains(got.stdout, "40 sending") {
			t.Errorf("interrupted: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if !strings.Contains(got.stderr, "stopping: ") || strings.Index(got.stderr, "stopping: ") > strings.Index(got.stderr, "stopped: ") {
			t.Errorf("interrupted: says it is stopping after it has stopped:\n%s", got.stderr)
		}
		if got = runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
			t.Errorf("the next run: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
		wantTidy(t, server)
	})
}

// TestWindow has a job that may run for some minutes each night, while DocuSign
// is so slow that no whole list goes through in that time: lists are cut. That it
// was slow once does not keep the job from finding out that it is fast again.
func TestWindow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(900)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit, s.BulkRate = 400, 0.25 })
		learnRate(t, dir)
		night := func() outcome {
			time.Sleep(24 * time.Hour)
			return runAgain(t, dir, "send", "--sandbox", "--via", "bulk", "--max-duration", "14m", "--results", filepath.Join(dir, "results.csv"), file)
		}
		got := night()
		if got.code != exitStopped || strings.Contains(got.stdout, "unknown") {
			t.Errorf("the first night: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		const most = 14 * 60 / 4
		sent := 0
		for _, row := range readCSV(t, filepath.Join(dir, "results.csv")) {
			if row[6] == "sent" {
				sent++
			}
		}
		if sent /= 2; sent < most*9/10 || sent > most { // two rows an envelope
			t.Errorf("the first night: %d were sent, want nearly %d", sent, most)
		}
		server.BulkRate = 100
		if got := night(); got.code != exitDone {
			t.Errorf("the second night: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		for _, env := range server.Envelopes() {
			if len(env.Recipients) > 0 && strings.HasPrefix(env.Recipients[0].Email, "other.") {
				all = append(all, offer{employee: env.Recipients[0].Email})
			}
		}
		wantEachOnce(t, all, server.Envelopes())
		wantTidy(t, server)
	})
}

// TestAllowanceInBulk: when the account may send no more, the run stops, nothing
// has failed, and the next run sends the rest.
func TestAllowanceInBulk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(300)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.AllowanceAfter = 50 })
		got := runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file)
		if got.code != exitCannotRun || !strings.Contains(got.stderr, "stopped: bulk sending: ENVELOPE_ALLOWANCE_EXCEEDED") || strings.Contains(got.stdout, "failed") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.Faults.AllowanceAfter = 0
		time.Sleep(time.Hour)
		if got = runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file); got.code != exitDone {
			t.Errorf("the next run: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
	})
}

// TestReconcileTidies has the network fail when all was sent: the run says that
// lists are left, and reconcile removes them.
func TestReconcileTidies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(40))
	synctest.Test(t, func(t *testing.T) {
		var server *sandbox.Server
		searches := 0
		server = shareSandbox(t, dir, func(s *sandbox.Server) {
			s.OnRequest = func(x sandbox.Exchange) {
				if strings.Contains(x.URL, "custom_field") && strings.Contains(x.URL, "batchsendLot") {
					if searches++; searches == 2 {
						server.Faults.DropBefore, server.Faults.Everywhere = 1, true
					}
				}
			}
		})
		got := runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file)
		if got.code != exitDone || !strings.Contains(got.stderr, "still at DocuSign: the next run on the batch removes them, and so does reconcile") || len(server.BulkLists()) != 2 {
			t.Errorf("exit code %d, lists %q\n%s%s", got.code, server.BulkLists(), got.stdout, got.stderr)
		}
		server.Faults = sandbox.Faults{}
		if got = runAgain(t, dir, "reconcile", "--sandbox"); got.code != exitDone || !strings.Contains(got.stdout, "nothing is in doubt") {
			t.Errorf("reconcile: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantTidy(t, server)
		if got = runAgain(t, dir, "reconcile", "--sandbox", "--batch", "offer.csv"); got.code != exitCannotRun || !strings.Contains(got.stderr, `no batch "offer.csv"`) {
			t.Errorf("reconcile of no batch: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUnresolvedBesideRejected: what became of envelopes whose answers were lost is
// looked up, although a row that is wrong keeps the others from being sent.
func TestUnresolvedBesideRejected(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(4)
	file := writeOffers(t, dir, all[:2])
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.DropAfter, s.IndexDelay = 1, 5*time.Minute })
		if got := runAgain(t, dir, "send", "--sandbox", "--max-duration", "1m", file); got.code != exitStopped {
			t.Errorf("answers are lost: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.SetFaults(sandbox.Faults{})
		all[3].employee = "no address"
		writeOffers(t, dir, all)
		got := runAgain(t, dir, "send", "--sandbox", file)
		if got.code != exitRejected || !strings.Contains(got.stdout, "2 already sent, 1 rejected, 1 pending") || !strings.Contains(got.stderr, "an earlier run did not learn what became of 2 envelopes: looking up") {
			t.Errorf("beside a rejected row: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all[:2], server.Envelopes())
	})
}

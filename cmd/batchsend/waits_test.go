package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
)

// asksOnly are the commands that send nothing.
func asksOnly(dir, file string) map[string][]string {
	return map[string][]string{
		"doctor":   {"doctor", "--sandbox"},
		"list":     {"template", "--sandbox"},
		"template": {"template", "--sandbox", sandbox.DefaultTemplate},
		"status":   {"status", "--sandbox", "--refresh"},
		"dry run":  {"send", "--sandbox", "--dry-run", "--results", filepath.Join(dir, "dry.csv"), file},
	}
}

// wantNothingValid fails if the results of a dry run that could not ask say
// anything but pending.
func wantNothingValid(t *testing.T, dir string) {
	t.Helper()
	rows := readCSV(t, filepath.Join(dir, "dry.csv"))[1:]
	for _, row := range rows {
		if row[6] != string(envelope.Pending) || !strings.Contains(row[10], "not checked") {
			t.Fatalf("the results of the dry run say %q", row)
		}
	}
	if len(rows) == 0 {
		t.Error("the results of the dry run are empty")
	}
}

// TestUsedUpBefore has an hour that earlier runs, known from the ledger, have
// used up before the first call: the wait is said; it is none where it makes no
// sense, or for commands that send nothing.
func TestUsedUpBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(60)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit = 1000 })
		time.Sleep(23*time.Hour + 30*time.Minute)
		if got := runAgain(t, dir, "send", "--sandbox", "--via", "single", "--limit", "40", file); got.code != exitDone {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.HourlyLimit = restCalls(server.Log()) + 1
		if got := runAgain(t, dir, "status", "--sandbox", "--refresh"); got.code != exitDone {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		time.Sleep(15 * time.Minute)
		const until = "the hourly limit of calls is used up until 2000-01-02 00:00:01"
		for name, args := range asksOnly(dir, file) {
			start, calls := time.Now(), restCalls(server.Log())
			got := runAgain(t, dir, args...)
			if took := time.Since(start); got.code != exitStopped || took > time.Minute || strings.Count(got.stderr, "could not be asked: "+until) != 1 {
				t.Errorf("%s: exit code %d after %v\n%s%s", name, got.code, took, got.stdout, got.stderr)
			}
			if n := restCalls(server.Log()) - calls; n != 0 {
				t.Errorf("%s: %d calls were made, in vain", name, n)
			}
		}
		wantNothingValid(t, dir)
		for _, end := range [][]string{{"--max-duration", "10m"}, {"--until", "23:55"}} {
			start := time.Now()
			got := runAgain(t, dir, append([]string{"send", "--sandbox", file}, end...)...)
			if took := time.Since(start); got.code != exitStopped || took != 0 || !strings.Contains(got.stderr, until+", and this run must end at 23:5") {
				t.Errorf("%q: exit code %d after %v\n%s%s", end, got.code, took, got.stdout, got.stderr)
			}
		}
		got := runAgain(t, dir, "send", "--sandbox", file)
		if got.code != exitDone || countLines(got.stderr, "waiting until 2000-01-02 00:00:01: the hourly limit of calls is used up") != 1 {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
		if n := server.Refused(); n != 0 {
			t.Errorf("%d calls were refused", n)
		}
	})
}

// TestEndsBeforeTheNextHour: a run that uses the hour up and must end before the
// next begins ends then, and not at its deadline.
func TestEndsBeforeTheNextHour(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"single", "two-step"} {
		dir := t.TempDir()
		all := manyOffers(60)
		file := writeOffers(t, dir, all)
		synctest.Test(t, func(t *testing.T) {
			server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit = 40 })
			start := time.Now()
			got := runAgain(t, dir, "send", "--sandbox", "--via", via, "--max-duration", "50m", file)
			if took := time.Since(start); got.code != exitStopped || took > time.Minute || !strings.Contains(got.stderr, "stopped: the hourly limit of calls is used up until 01:00:01, and this run must end at 00:50:00") {
				t.Errorf("%s: exit code %d after %v\n%s%s", via, got.code, took, got.stdout, got.stderr)
			}
			if strings.Contains(got.stdout, "failed") || strings.Contains(got.stdout, "unknown") {
				t.Errorf("%s: %s", via, got.stdout)
			}
			for range 5 {
				if got = runAgain(t, dir, "send", "--sandbox", "--via", via, file); got.code == exitDone {
					break
				}
			}
			wantEachOnce(t, all, server.Envelopes())
		})
	}
}

// limitReached answers every call, or every sign-in, as if it had to wait for
// ten years, until it is told to stop.
func tenYears(path string, status int, code string, stop *atomic.Bool) refusals {
	return func(r *http.Request, _ []byte, h http.Header) (int, string, string) {
		if stop.Load() || !strings.HasPrefix(r.URL.Path, path) {
			return 0, "", ""
		}
		h.Set("Retry-After", "315360000")
		return status, code, "Too many."
	}
}

// TestTenYears: no answer makes anybody wait longer than its window can last,
// nor in silence; commands that send nothing do not wait at all.
func TestTenYears(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path string
		status     int
		code       string
		says       string
	}{
		{"limit", "/restapi/", 429, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "waiting until 01:00:0"},
		{"polling", "/restapi/", 429, "Hourly_Envelope_Polling_Limit_Exceeded", "trying again at 01:00:00: "},
		{"outage", "/restapi/", 503, "", "trying again at 01:20:00: "},
		{"sign-in", "/oauth/", 503, "", "trying again at 01:20:00: "},
		{"sign-in too often", "/oauth/", 429, "", "trying again at 01:20:00: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := manyOffers(5)
			file := writeOffers(t, dir, all)
			synctest.Test(t, func(t *testing.T) {
				var stop atomic.Bool
				server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Refuse = tenYears(tt.path, tt.status, tt.code, &stop) })
				time.Sleep(20 * time.Minute)
				for name, args := range asksOnly(dir, file) {
					if name == "status" {
						continue // there is nothing to ask yet
					}
					start := time.Now()
					got := runAgain(t, dir, args...)
					if took := time.Since(start); got.code != exitStopped || took > time.Minute || !strings.Contains(got.stderr, "could not be asked: ") {
						t.Errorf("%s: exit code %d after %v\n%s%s", name, got.code, took, got.stdout, got.stderr)
					}
				}
				start := time.Now()
				got := runAgain(t, dir, "send", "--sandbox", "--max-duration", "10m", file)
				if took := time.Since(start); got.code != exitStopped || took > time.Minute || !strings.Contains(got.stderr, "and this run must end at 00:30:") {
					t.Errorf("--max-duration 10m: exit code %d after %v\n%s%s", got.code, took, got.stdout, got.stderr)
				}
				start = time.Now()
				time.AfterFunc(30*time.Minute, func() { stop.Store(true) })
				got = runAgain(t, dir, "send", "--sandbox", file)
				if took := time.Since(start); got.code != exitDone || took > time.Hour+time.Minute || !strings.Contains(got.stderr, tt.says) {
					t.Errorf("exit code %d after %v, want %q\n%s%s", got.code, took, tt.says, got.stdout, got.stderr)
				}
				wantEachOnce(t, all, server.Envelopes())
			})
		})
	}
}

// TestSlowAnswers: an answer that is long in coming is spoken of, and whoever
// sends nothing does not wait for it long.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(3)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.Latency, s.Faults.Everywhere = 25*time.Second, true })
		got := runAgain(t, dir, "send", "--sandbox", file)
		if got.code != exitDone || !strings.Contains(got.stderr, "waiting: 127.0.0.1 has not answered for 10s") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
		for name, args := range asksOnly(dir, file) {
			if name == "status" {
				continue // what has been asked counts: its answer is waited for
			}
			start := time.Now()
			got := runAgain(t, dir, args...)
			if took := time.Since(start); got.code != exitStopped || took > time.Minute || !strings.Contains(got.stderr, "could not be asked: 127.0.0.1 does not answer") {
				t.Errorf("%s: exit code %d after %v\n%s%s", name, got.code, took, got.stdout, got.stderr)
			}
		}
		wantNothingValid(t, dir)
	})
}

// TestNoNetwork: a network that does not work is not waited for long by commands
// that send nothing, and wants a person.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(3))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(*sandbox.Server) {})
		if got := runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		server.Faults = sandbox.Faults{Refuse: 1, Everywhere: true}
		for name, args := range asksOnly(dir, file) {
			start := time.Now()
			got := runAgain(t, dir, args...)
			if took := time.Since(start); got.code != exitCannotRun || took > time.Minute || !strings.Contains(got.stderr, "hint: check the network") {
				t.Errorf("%s: exit code %d after %v\n%s%s", name, got.code, took, got.stdout, got.stderr)
			}
		}
	})
}

// TestAnotherRunsCall: commands that send nothing do not wait long for the answer
// to another run's call, either.
func TestAnotherRunsCall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(3))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit, s.BurstLimit = 1000, 500 })
		if got := runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		time.Sleep(2 * time.Hour) // what is left of the hour only an answer can tell
		var asked atomic.Int32
		release := make(chan struct{})
		server.Refuse = func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
			if strings.HasPrefix(r.URL.Path, "/restapi/") {
				if asked.Add(1) == 1 {
					<-release
				}
			}
			return 0, "", ""
		}
		ended := make(chan outcome)
		go func() { ended <- runAgain(t, dir, "send", "--sandbox", "--batch", "other", "--allow-repeat", file) }()
		synctest.Wait()
		start := time.Now()
		got := runAgain(t, dir, "status", "--sandbox", "--refresh")
		if took := time.Since(start); got.code != exitStopped || took > 70*time.Second || !strings.Contains(got.stderr, "could not be asked: another call is under way, perhaps another run's") {
			t.Errorf("exit code %d after %v\n%s%s", got.code, took, got.stdout, got.stderr)
		}
		close(release)
		if got := <-ended; got.code != exitDone {
			t.Errorf("the other run: exit code %d\n%s", got.code, got.stderr)
		}
	})
}

// TestFullQueue: that DocuSign's queue of bulk sends is full is said.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(40)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		full.Store(true)
		server := shareSandbox(t, dir, func(s *sandbox.Server) {
			s.Refuse = func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
				if full.Load() && strings.HasSuffix(r.URL.Path, "/send") {
					return 400, "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES", "The queue is full."
				}
				return 0, "", ""
			}
		})
		time.AfterFunc(5*time.Minute, func() { full.Store(false) })
		got := runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file)
		if got.code != exitDone || countLines(got.stderr, "DocuSign's queue of bulk sends is full") == 0 {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
	})
}

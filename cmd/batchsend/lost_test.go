package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/job"
	"batchsend/internal/sandbox"
)

// TestLostAnswers loses answers in every way there is: after the envelope was
// created and before, by dropped connections, gateways, torn bodies and
// silence, while look-ups lag behind. Everybody is mailed once all the same.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults sandbox.Faults
		index  time.Duration // how long look-ups lag
		n      int
	}{
		{"created and dropped", sandbox.Faults{DropAfter: 0.2}, 0, 200},
		{"dropped before", sandbox.Faults{DropBefore: 0.2}, 0, 100},
		{"gateway errors after and before", sandbox.Faults{Error502After: 0.1, Error503: 0.1}, 0, 200},
		{"torn bodies", sandbox.Faults{Truncate: 0.2}, 0, 200},
		{"silence", sandbox.Faults{Hang: 0.1}, 0, 60},
		{"look-ups lag by all of --settle", sandbox.Faults{DropAfter: 0.1, Error502After: 0.05, DropBefore: 0.05}, job.DefaultSettle, 100},
		{"look-ups lag by five minutes", sandbox.Faults{DropAfter: 0.1, Error502After: 0.05, DropBefore: 0.05}, 5 * time.Minute, 200},
	}
	for _, via := range []string{"single", "two-step"} {
		for i, tt := range tests {
			t.Run(via+"/"+tt.name, func(t *testing.T) {
				dir := t.TempDir()
				all := offers(tt.n)
				file := writeOffers(t, dir, all)
				synctest.Test(t, func(t *testing.T) {
					var server *sandbox.Server
					tune := func(s *sandbox.Server) {
						server = s
						s.Store, s.IndexDelay = "", tt.index
						s.Faults = tt.faults
						s.Faults.Seed, s.Faults.Latency = uint64(i+1), 100*time.Millisecond
					}
					start := time.Now()
					got := runHere(t, dir, tune, "send", "--sandbox", "--max-errors", "0", "--via", via, file)
					if got.code != exitDone {
						t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
					}
					wantEachOnce(t, all, server.Envelopes())
					t.Logf("%d envelopes took %v", tt.n, time.Since(start))
				})
			})
		}
	}
}

// TestOnePercentLost measures how long --settle holds a run in which one call
// in a hundred is not answered.
func TestOnePercentLost(t *testing.T) {
	t.Parallel()
	large(t)
	for _, lost := range []sandbox.Faults{{DropAfter: 0.01}, {DropAfter: 0.005, DropBefore: 0.005}} {
		dir := t.TempDir()
		all := offers(1000)
		file := writeOffers(t, dir, all)
		synctest.Test(t, func(t *testing.T) {
			var server *sandbox.Server
			tune := func(s *sandbox.Server) {
				server = s
				s.Store, s.Faults = "", lost
				s.Faults.Seed, s.Faults.Latency, s.Faults.Everywhere = 3, 100*time.Millisecond, false
			}
			start := time.Now()
			got := runHere(t, dir, tune, "send", "--sandbox", "--via", "single", file)
			if got.code != exitDone {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			wantEachOnce(t, all, server.Envelopes())
			mailed := server.Envelopes()
			var first, last time.Time
			for _, env := range mailed {
				if first.IsZero() || env.Sent.Before(first) {
					first = env.Sent
				}
				if env.Sent.After(last) {
					last = env.Sent
				}
			}
			t.Logf("%s: took %v; the last envelope left after %v", fmt.Sprint(lost), time.Since(start), last.Sub(first))
		})
	}
}

// TestStopped stops runs in every way and goes on with them.
func TestStopped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		tune func(*sandbox.Server)
		args []string
		code int
		says string
	}{
		{"limit", nil, []string{"--limit", "10"}, exitDone, "--limit 10 reached"},
		{"deadline", func(s *sandbox.Server) { s.Faults.Latency = time.Minute }, []string{"--max-duration", "5m"}, exitStopped, "--max-duration is over"},
		{"allowance", func(s *sandbox.Server) { s.Faults.AllowanceAfter = 20 }, nil, exitCannotRun, "ENVELOPE_ALLOWANCE_EXCEEDED"},
		{"suspended", func(s *sandbox.Server) { s.Suspended = true }, nil, exitCannotRun, "is suspended"},
		{"many errors", func(s *sandbox.Server) { s.Faults.Error503 = 1 }, []string{"--max-errors", "5"}, exitCannotRun, "5 envelopes in a row failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := offers(60)
			file := writeOffers(t, dir, all)
			synctest.Test(t, func(t *testing.T) {
				var record []sandbox.Envelope
				var server *sandbox.Server
				got := runHere(t, dir, func(s *sandbox.Server) {
					server = s
					if tt.tune != nil {
						tt.tune(s)
					}
				}, append([]string{"send", "--sandbox", file}, tt.args...)...)
				if got.code != tt.code || countLines(got.stderr, tt.says) == 0 {
					t.Fatalf("exit code %d, want %d and %q\n%s%s", got.code, tt.code, tt.says, got.stdout, got.stderr)
				}
				if n := len(server.Envelopes()); n == len(all) {
					t.Errorf("all %d were sent in spite of it", n)
				}
				for range 10 {
					got = runHere(t, dir, func(s *sandbox.Server) { server = s }, "send", "--sandbox", file)
					if got.code == exitDone {
						break
					}
				}
				record = server.Envelopes() // its store remembers those of the runs before
				wantEachOnce(t, all, record)
			})
		})
	}
}

// TestTemplateChangesMidRun saves the template anew while a run waits for the
// next hour: nothing further is sent.
func TestTemplateChangesMidRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := offers(60)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		var server *sandbox.Server
		got := runHere(t, dir, func(s *sandbox.Server) {
			server = s
			s.HourlyLimit = 30
			s.OtherApps = func(_ time.Time, used int) int {
				if used == 25 {
					saveAnew(t, s.TemplateDir)
				}
				return 0
			}
		}, "send", "--sandbox", "--via", "single", file)
		if got.code != exitCannotRun || countLines(got.stderr, "TEMPLATE_CHANGED: template \"Offer letter\" was saved anew") == 0 {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if n := len(server.Envelopes()); n >= len(all) || n == 0 {
			t.Errorf("%d of %d envelopes were sent", n, len(all))
		}
	})
}

// saveAnew gives the sandbox's template another time of saving.
func saveAnew(t *testing.T, dir string) {
	path := filepath.Join(dir, "template.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`"lastModified": "2026-02-03`), []byte(`"lastModified": "2026-02-04`), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

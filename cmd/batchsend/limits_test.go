package main

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/sandbox"
	"batchsend/throttle/throttletest"
)

// TestLimits sends 3,000 envelopes under the limits of an old account, in
// virtual time: no call may be refused, and the time is the least possible.
func TestLimits(t *testing.T) {
	t.Parallel()
	envelopes := sized(t, 3000, 1200)
	calls := envelopes + 2 // for account and template
	tests := []struct {
		name string
		// others makes calls of other apps and may change the limit; used is
		// how many calls of the hour are spent.
		others func(s *sandbox.Server) func(now time.Time, used int) int
		hourly int // what an hour leaves to us
	}{
		{name: "alone", hourly: 1000},
		{
			name: "the limit shrinks from 1,000 to 600 in the second hour",
			others: func(s *sandbox.Server) func(time.Time, int) int {
				start := s.Now()
				return func(now time.Time, _ int) int {
					if now.Sub(start) > time.Hour {
						s.HourlyLimit = 600
					}
					return 0
				}
			},
			hourly: 600,
		},
		{
			name: "other apps make as many calls",
			others: func(*sandbox.Server) func(time.Time, int) int {
				dice := rand.New(rand.NewPCG(1, 2))
				return func(time.Time, int) int { return dice.IntN(3) }
			},
			hourly: 500,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := offers(envelopes)
			file := writeOffers(t, dir, all)
			synctest.Test(t, func(t *testing.T) {
				var server *sandbox.Server
				tune := func(s *sandbox.Server) {
					server = s
					s.HourlyLimit, s.BurstLimit, s.Store = 1000, 500, ""
					s.Faults.Latency, s.Faults.Everywhere = 200*time.Millisecond, true
					if tt.others != nil {
						s.OtherApps = tt.others(s)
					}
				}
				start := time.Now()
				got := runHere(t, dir, tune, "send", "--sandbox", "--via", "single", file)
				took := time.Since(start)
				if got.code != exitDone {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				wantEachOnce(t, all, server.Envelopes())
				if n := server.Refused(); n != 0 {
					t.Errorf("%d calls were refused, want none", n)
				}
				least := throttletest.Minimum(calls, tt.hourly, 1000, time.Hour, 500)
				if tt.hourly != 1000 && tt.hourly != 600 {
					least = throttletest.Minimum(calls, tt.hourly, tt.hourly, time.Hour, 500)
				}
				ratio := float64(took) / float64(least)
				t.Logf("took %v, at least %v: %.4f", took, least, ratio)
				if ratio < 1 || ratio > 1.02 {
					t.Errorf("took %v, %.3f times the minimum %v", took, ratio, least)
				}
				wantRenewals(t, server, took)
			})
		})
	}
}

// wantRenewals fails unless the token was renewed each hour, five minutes
// early, and no more often.
func wantRenewals(t *testing.T, s *sandbox.Server, took time.Duration) {
	t.Helper()
	got := 0
	for _, entry := range s.Log() {
		if entry.Path == "/oauth/token" {
			got++
		}
	}
	if want := int(took/(55*time.Minute)) + 1; got < int(took/time.Hour)+1 || got > want {
		t.Errorf("%d tokens in %v, want at most %d and at least one an hour", got, took, want)
	}
}

// TestLimitErrors sends through limit errors at both statuses and refused
// connections: each envelope arrives exactly once, and every repeat is logged.
func TestLimitErrors(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 429} {
		dir := t.TempDir()
		all := offers(300)
		file := writeOffers(t, dir, all)
		synctest.Test(t, func(t *testing.T) {
			var server *sandbox.Server
			tune := func(s *sandbox.Server) {
				server = s
				s.Store, s.LimitStatus = "", status
				s.Faults = sandbox.Faults{Seed: 5, Limit: 0.02, Burst: 0.04, Refuse: 0.04, Latency: 50 * time.Millisecond}
			}
			got := runHere(t, dir, tune, "send", "-v", "--sandbox", file)
			if got.code != exitDone {
				t.Fatalf("status %d: exit code %d\n%s%s", status, got.code, got.stdout, got.stderr)
			}
			wantEachOnce(t, all, server.Envelopes())
			struck := 0
			for _, entry := range server.Log() {
				if entry.Fault != "" {
					struck++
				}
			}
			// A refused connection never reached the sandbox's log.
			refused := countLines(got.stderr, `error="send envelope: 127.0.0.1: the connection was refused"`)
			if logged := countLines(got.stderr, "repeating a call"); logged != struck+refused || struck == 0 || refused == 0 {
				t.Errorf("status %d: %d repeats are logged; %d calls met a limit, %d a refused connection", status, logged, struck, refused)
			}
		})
	}
}

package main

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/apispec"
	"batchsend/internal/sandbox"
	"batchsend/throttle/throttletest"
)

// sandboxes are what the tests' runs meet instead of a sandbox of their own: a
// sandboxMaker for every directory that runs keep their state in or below.
var sandboxes sync.Map

// madeFor is the sandboxMaker of the nearest directory that has one.
func madeFor(dir string) (*sandbox.Server, *rsa.PrivateKey, error) {
	if err := lendKey(dir); err != nil {
		return nil, nil, err
	}
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if made, ok := sandboxes.Load(at); ok {
			return made.(sandboxMaker)(dir)
		}
	}
	return sandbox.In(dir)
}

// lendKey spares a sandbox that is new making its key, which takes a second under
// the race detector. Real processes still make theirs.
func lendKey(dir string) error {
	path := filepath.Join(dir, "private.pem")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, theKey().text, 0o600)
}

// watchedBy makes sandboxes that are shown to watch.
func watchedBy(watch func(*sandbox.Server)) sandboxMaker {
	return func(dir string) (*sandbox.Server, *rsa.PrivateKey, error) {
		server, key, err := sandbox.In(dir)
		if err == nil {
			watch(server)
		}
		return server, key, err
	}
}

// shareSandbox has all runs with their state in dir or below use one sandbox, whose
// limits and clock they share as they would share DocuSign's. Its template is in
// dir/sandbox.
func shareSandbox(t *testing.T, dir string, tune func(*sandbox.Server)) *sandbox.Server {
	t.Helper()
	kit, err := sandbox.Prepare(filepath.Join(dir, "sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	server := kit.Server()
	server.Store = ""
	j, _ := apispec.FromEnv()
	judgedBy(j)(server)
	tune(server)
	sandboxes.Store(dir, sandboxMaker(func(string) (*sandbox.Server, *rsa.PrivateKey, error) { return server, kit.Key, nil }))
	t.Cleanup(func() { sandboxes.Delete(dir) })
	return server
}

// TestSharedBudget has several runs send through one ledger at the same time, as
// overlapping cron jobs do: together they take the least time possible, and no
// call is refused.
func TestSharedBudget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		runs, each, hourly, burst int
		others                    int // percent of all calls that another app makes
		large                     bool
	}{
		{runs: 2, each: 600, hourly: 1000, burst: 500},
		{runs: 2, each: 1600, hourly: 3000, burst: 200, large: true},
		{runs: 1, each: 1000, hourly: 1000, burst: 500, others: 30},
	} {
		t.Run(fmt.Sprintf("%d x %d at %d and %d, others %d %%", tt.runs, tt.each, tt.hourly, tt.burst, tt.others), func(t *testing.T) {
			if tt.large {
				large(t)
			}
			dir := t.TempDir()
			files := make([]string, tt.runs)
			var all []offer
			for i := range files {
				own := manyOffers(tt.each)
				for n := range own {
					own[n].employee = fmt.Sprintf("run%d.%s", i, own[n].employee)
				}
				all = append(all, own...)
				sub := filepath.Join(dir, fmt.Sprint(i))
				if err := os.Mkdir(sub, 0o700); err != nil {
					t.Fatal(err)
				}
				files[i] = writeOffers(t, sub, own)
			}
			synctest.Test(t, func(t *testing.T) {
				server := shareSandbox(t, dir, func(s *sandbox.Server) {
					s.HourlyLimit, s.BurstLimit = tt.hourly, tt.burst
					s.Faults.Latency, s.Faults.Everywhere = 100*time.Millisecond, true
					if tt.others > 0 {
						s.OtherApps = someOf(tt.others)
					}
				})
				start := time.Now()
				ended := make([]outcome, tt.runs)
				var running sync.WaitGroup
				for i, file := range files {
					running.Go(func() {
						ended[i] = runAgain(t, dir, "send", "--sandbox", "--via", "single", "--batch", fmt.Sprint(i), file)
					})
				}
				running.Wait()
				took := time.Since(start)
				for i, got := range ended {
					if got.code != exitDone {
						t.Fatalf("run %d: exit code %d\n%s%s", i, got.code, got.stdout, got.stderr)
					}
				}
				wantEachOnce(t, all, server.Envelopes())
				if n := server.Refused(); n != 0 {
					t.Errorf("%d calls were refused, want none", n)
				}
				ours := tt.hourly * (100 - tt.others) / 100
				calls := restCalls(server.Log())
				least := throttletest.Minimum(calls, ours, ours, time.Hour, tt.burst*(100-tt.others)/100)
				ratio := float64(took) / float64(least)
				t.Logf("%d calls took %v, at least %v: %.4f", calls, took, least, ratio)
				if ratio > 1.01 {
					t.Errorf("took %v, %.4f times the minimum %v", took, ratio, least)
				}
			})
		})
	}
}

// someOf is another app that makes about so many percent of all calls, at
// random.
func someOf(percent int) func(time.Time, int) int {
	dice := rand.New(rand.NewPCG(1, 2))
	share := float64(percent) / float64(100-percent)
	return func(time.Time, int) (calls int) {
		for range 4 {
			if dice.Float64() < share/4 {
				calls++
			}
		}
		return calls
	}
}

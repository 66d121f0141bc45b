package throttle_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"batchsend/internal/racetest"
	"batchsend/throttle"
	"batchsend/throttle/throttletest"
)

// trial is a run that is measured.
type trial struct {
	name    string
	server  traits
	limiter *throttle.Limiter // nil: 1,000 and 500 assumed
	start   time.Duration     // into the hour
	calls   int
	atOnce  []int // nil: 8 and 32
	hour    int   // what a plan would take for the limits; 0: the server's
	ours    float64
	atMost  float64
}

func trials() []trial {
	const ms = time.Millisecond
	tests := []trial{
		{name: "1,000 an hour", server: traits{hour: 1000, burst: 500}, calls: 3000},
		{name: "1,000 an hour, the first half gone", server: traits{hour: 1000, burst: 500}, start: 30 * time.Minute, calls: 3000},
		{name: "1,000 an hour, 10,000 calls", server: traits{hour: 1000, burst: 500}, calls: 10000},
		{name: "3,000 an hour learnt", server: traits{hour: 3000, burst: 500}, calls: 10000},
		{name: "burst of 200 learnt", server: traits{hour: 3000, burst: 200}, calls: 2900},
		{name: "burst of 200 learnt, no hour", server: traits{burst: 200}, limiter: &throttle.Limiter{}, calls: 10000},
		{name: "less than assumed", server: traits{hour: 1000, burst: 200}, limiter: &throttle.Limiter{Hour: throttle.Quota{Limit: 3000}, Burst: throttle.Quota{Limit: 500}}, calls: 3300},
		{name: "1,000 shrinks to 600", server: traits{hour: 1000, burst: 500, shrinkAt: 400, shrunk: 600}, hour: 600, calls: 3100},
		{name: "a server that tells nothing", server: traits{hour: 1000, burst: 500, dumb: true}, calls: 3000},
		{name: "answers after 0.2 to 2 s", server: traits{hour: 1000, burst: 500, latency: between(200*ms, 2000*ms)}, calls: 3000, atOnce: []int{32}},
		{name: "answers overtake each other", server: traits{hour: 1000, burst: 500, latency: between(0, 900*ms)}, calls: 3400, atOnce: []int{32}},

		{name: "others: 30 %, 1,000 an hour", server: traits{hour: 1000, burst: 500, accompany: someOf(65, 92)}, calls: 4700, ours: 0.7},
		{name: "others: 30 %, 3,000 an hour", server: traits{hour: 3000, burst: 500, accompany: someOf(65, 92)}, calls: 9800, ours: 0.7},
		{name: "others: 30 %, burst of 200", server: traits{hour: 3000, burst: 200, accompany: someOf(65, 92)}, calls: 9800, ours: 0.7},
		{name: "others: a steady half", server: traits{hour: 1000, burst: 500, accompany: someOf(0, 100)}, calls: 3200, ours: 0.5},
		{name: "others: a steady half, burst of 200", server: traits{hour: 3000, burst: 200, accompany: someOf(0, 100)}, calls: 9700, ours: 0.5},
		{name: "others: one every 7.2 s", server: traits{hour: 1000, burst: 500, latency: always(50 * ms), every: always(7200 * ms)}, calls: 6300, ours: 0.98},
		{name: "others: one a second or so", server: traits{hour: 3000, burst: 500, latency: always(50 * ms), every: between(0, 2*time.Second)}, calls: 17000, ours: 0.95},
		{name: "others: five a second or so", server: traits{hour: 3000, burst: 500, latency: always(50 * ms), every: between(0, 400*ms)}, calls: 16000, ours: 0.77},
	}
	for i := range tests {
		tt := &tests[i]
		if tt.atOnce == nil {
			tt.atOnce = []int{8, 32}
		}
		if tt.atMost == 0 {
			tt.atMost = 1.01
		}
		if tt.ours == 0 {
			tt.ours = 1
		} else {
			tt.atMost = 1.02
		}
		if tt.hour == 0 {
			tt.hour = tt.server.hour
		}
		if tt.limiter == nil {
			tt.limiter = &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
		}
	}
	return tests
}

// TestMakespan measures, in virtual time, how near a run comes to the least
// time its server allows. Not one call may be refused on the way.
func TestMakespan(t *testing.T) {
	for i, tt := range trials() {
		for c := range cuts {
			if racetest.On(t) && i%4 != int(c) {
				continue
			}
			for _, n := range tt.atOnce {
				t.Run(fmt.Sprintf("%s/%v/%d at once", tt.name, c, n), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { tt.run(t, c, n, 1, nil) })
				})
			}
		}
	}
}

// run makes the trial's calls, n at once by so many participants of the store, if
// there is one.
func (tt *trial) run(t *testing.T, c cut, n, participants int, store *memoryStore) {
	tr := tt.server
	tr.cut = c
	s := newServer(tr)
	fresh := func() *throttle.Limiter {
		return &throttle.Limiter{Hour: throttle.Quota{Limit: tt.limiter.Hour.Limit}, Burst: throttle.Quota{Limit: tt.limiter.Burst.Limit}}
	}
	all := []*throttle.Limiter{fresh()}
	if store != nil {
		all = store.participants(participants, fresh)
	}
	time.Sleep(tt.start)
	start := time.Now()
	todo := work(tt.calls)
	var wg sync.WaitGroup
	for _, l := range all {
		wg.Go(func() { sendAll(t.Context(), l, s, todo, n) })
	}
	wg.Wait()
	took := time.Since(start)
	hour, burst := int(float64(tt.hour)*tt.ours), int(float64(s.burst)*tt.ours)
	least := throttletest.Minimum(tt.calls, hour, hour, time.Hour-tt.start, burst)
	ratio := float64(took) / float64(least)
	t.Logf("%v, least %v: %.4f; %d calls of others", took, least, ratio, s.foreign)
	if store != nil {
		closeAll(t, all)
		t.Logf("%d updates, %d writes, %d bytes", store.updates, store.writes, store.longest)
	}
	if ratio > tt.atMost {
		t.Errorf("took %.4f times the least, want at most %v", ratio, tt.atMost)
	}
	s.refusals(t)
}

// someOf draws 0 below the first percentage, 1 below the second, else 2.
func someOf(none, one int) func(*dice) int {
	return func(d *dice) int {
		switch p := d.IntN(100); {
		case p < none:
			return 0
		case p < one:
			return 1
		}
		return 2
	}
}

// clumps draws so many calls at once, at random, three for seven of ours in the mean.
func clumps(size int) func(*dice) int {
	return func(d *dice) int {
		if d.Float64() < 3.0/7/float64(size) {
			return size
		}
		return 0
	}
}

// Beside another app that makes 30 % of the calls at random, one by one or ten at
// once, a window refuses a process one call at most, and the least time is kept.
func TestBesideAnotherApp(t *testing.T) {
	seed := uint64(0)
	for _, burst := range []int{500, 200} {
		for _, size := range []int{1, 3, 10} {
			for _, processes := range []int{1, 2, 4} {
				seed++
				c := cut(seed) % cuts
				if racetest.On(t) && seed%6 > 0 {
					continue
				}
				t.Run(fmt.Sprintf("%v/burst %d/%d at once/%d processes", c, burst, size, processes), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						besideAnotherApp(t, newServer(traits{hour: 1000, burst: burst, cut: c, accompany: clumps(size), seed: seed}), processes)
					})
				})
			}
		}
	}
}

func besideAnotherApp(t *testing.T, s *server, processes int) {
	const calls, ours = 2300, 0.7
	start, todo := time.Now(), make(chan struct{}, calls)
	for range calls {
		todo <- struct{}{}
	}
	left := atomic.Int64{}
	left.Store(calls)
	all := newStore(time.Millisecond).participants(processes, func() *throttle.Limiter {
		return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
	})
	var wg sync.WaitGroup
	for i, l := range all {
		var mu sync.Mutex
		last := map[throttle.Window]time.Time{} // refusal
		refused := func(w throttle.Window, now time.Time) {
			mu.Lock()
			defer mu.Unlock()
			before, again := last[w]
			if again && (w == throttle.Hourly && before.Truncate(time.Hour).Equal(now.Truncate(time.Hour)) || w == throttle.Burst && now.Sub(before) < 30*time.Second) {
				t.Errorf("process %d: a call was refused at %v and at %v by one %s window", i, before, now, w)
			}
			last[w] = now
		}
		for range 8 {
			wg.Go(func() {
				for range todo {
					call, err := l.Acquire(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					r, _, no := s.try()
					call.Done(r)
					switch {
					case !no:
						if left.Add(-1) == 0 {
							close(todo)
						}
						continue
					case r.HourLeft == 0:
						refused(throttle.Hourly, time.Now())
						l.Exhausted(throttle.Hourly, 0)
					default:
						refused(throttle.Burst, time.Now())
						l.Exhausted(throttle.Burst, 0)
					}
					todo <- struct{}{} // again
				}
			})
		}
	}
	wg.Wait()
	took := time.Since(start)
	closeAll(t, all)
	hour := int(1000 * ours)
	least := throttletest.Minimum(calls, hour, hour, time.Hour, int(float64(s.burst)*ours))
	ratio := float64(took) / float64(least)
	t.Logf("%v, least %v: %.4f; %d calls of the other app, %d of ours refused", took, least, ratio, s.foreign, s.refused)
	if ratio > 1.05 {
		t.Errorf("took %.4f times the least, want at most 1.05", ratio)
	}
}

// Runs that know nothing of each other are other apps to each other.
func TestSeveralRuns(t *testing.T) {
	for c := range cuts {
		for _, runs := range []int{2, 4} {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(traits{hour: 1000, burst: 500, cut: c})
				start := time.Now()
				var wg sync.WaitGroup
				for i := range runs {
					wg.Go(func() {
						time.Sleep(time.Duration(i) * 700 * time.Millisecond)
						send(t.Context(), &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}, s, 3400/runs, 8)
					})
				}
				wg.Wait()
				took, least := time.Since(start), throttletest.Minimum(3400, 1000, 1000, time.Hour, 500)
				t.Logf("%v, %d runs: %v, least %v", c, runs, took, least)
				if float64(took) > 1.02*float64(least) {
					t.Errorf("%v, %d runs: took %v, want %v at most 2 %% more", c, runs, took, least)
				}
				// Four that press for the same last places cannot know of each
				// other's calls under way; once in hundreds of runs one is late.
				if s.refused > runs/4 {
					t.Errorf("%v, %d runs: the server refused %d calls", c, runs, s.refused)
				}
			})
		}
	}
}

// Whatever the limits, the latencies, the cut and the answers lost: no call of
// ours is refused while we are alone, and all of them get through.
func TestNeverRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := traits{
			hour:    rapid.IntRange(0, 150).Draw(t, "hour"),
			burst:   rapid.IntRange(0, 60).Draw(t, "burst"),
			cut:     cut(rapid.IntRange(0, int(cuts)-1).Draw(t, "cut")),
			dumb:    rapid.Bool().Draw(t, "dumb"),
			lose:    rapid.SampledFrom([]int{0, 0, 3, 20}).Draw(t, "lose"),
			latency: between(0, time.Duration(rapid.IntRange(1, 20_000).Draw(t, "latency"))*time.Millisecond),
			seed:    rapid.Uint64().Draw(t, "seed"),
		}
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 100, Reserve: rapid.SampledFrom([]int{0, 0, 10, 99}).Draw(t, "reserve")}, Burst: throttle.Quota{Limit: 50}}
		if tr.dumb || tr.lose > 0 { // then no answer may come to put an assumption right
			l.Hour.Limit, l.Burst.Limit = tr.hour, tr.burst
		}
		start := time.Duration(rapid.IntRange(0, 3600_000).Draw(t, "start")) * time.Millisecond
		calls, atOnce := rapid.IntRange(1, 300).Draw(t, "calls"), rapid.IntRange(1, 32).Draw(t, "atOnce")
		rapid.SyncTest(t, func(t *rapid.T) {
			time.Sleep(start)
			s := newServer(tr)
			send(t.Context(), l, s, calls, atOnce)
			if st := l.State(); st.Calls != calls || st.InFlight != 0 {
				t.Errorf("%d calls have left and %d fly, want %d and 0", st.Calls, st.InFlight, calls)
			}
			s.refusals(t)
		})
	})
}

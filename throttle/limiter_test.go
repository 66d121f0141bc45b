package throttle_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/throttle"
	"batchsend/throttle/throttletest"
)

// acquire gets a place that must be free at once.
func acquire(t *testing.T, l *throttle.Limiter) throttle.Call {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	call, err := l.Acquire(ctx)
	if err != nil {
		t.Fatalf("Acquire: %v, want a place at once; state %+v", err, l.State())
	}
	return call
}

// full checks that no place is free.
func full(t *testing.T, l *throttle.Limiter, why string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Acquire: %v, want none: %s; state %+v", err, why, l.State())
	}
}

// left is a reading of an hour with 1,000 calls that ends in 30 minutes.
func left(n int) throttle.Reading {
	r := throttle.NoReading
	r.HourLimit, r.HourLeft, r.HourReset = 1000, n, 30*time.Minute
	return r
}

func TestZeroLimiterDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l throttle.Limiter
		calls := make([]throttle.Call, 5000)
		for i := range calls {
			calls[i] = acquire(t, &l)
		}
		for _, c := range calls {
			c.Done(throttle.NoReading)
		}
		if s := l.State(); s.Calls != 5000 || s.Hour.Limit != 0 || s.Hour.Share != 0 {
			t.Errorf("state %+v, want 5000 calls and no limit", s)
		}
		if now := time.Now(); !l.State().Finish(1e6, now).Equal(now) {
			t.Error("Finish is later than now, though nothing is limited")
		}
		acquire(t, &l).Done(left(1))
		acquire(t, &l).Done(left(0))
		full(t, &l, "an answer told a limit")
	})
}

func TestFirstCallGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		first := acquire(t, l)
		full(t, l, "nothing is known yet")
		first.Lost()
		second := acquire(t, l)
		full(t, l, "the first answer was lost")
		second.Done(left(3)) // others have used the hour
		got := 0
		for range 3 {
			acquire(t, l).Done(left(2 - got))
			got++
		}
		full(t, l, "the hour is empty")
		if want := 30*time.Minute - time.Minute; time.Until(l.State().Hour.Ends) < want {
			t.Errorf("the hour ends at %v, want the end that was told", l.State().Hour.Ends)
		}
	})
}

func TestCallsUnderWayAreSubtracted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		acquire(t, l).Done(left(999))
		time.Sleep(5 * time.Second) // a pause shows that nobody else is there
		acquire(t, l).Done(left(998))
		calls := make([]throttle.Call, 998)
		for i := range calls {
			calls[i] = acquire(t, l)
		}
		full(t, l, "all that is left is under way")
		calls[1].Done(left(996)) // overtakes
		full(t, l, "996 are left and 997 under way")
		calls[0].Done(left(997)) // older: more was left
		full(t, l, "996 are left and 996 under way")
	})
}

func TestLostCallsStaySubtracted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		first, r := acquire(t, l), left(10)
		first.Done(r)
		time.Sleep(5 * time.Second)
		acquire(t, l).Done(left(9))
		a, b, c := acquire(t, l), acquire(t, l), acquire(t, l)
		a.Lost()
		b.Lost()
		if got := l.State(); got.Hour.Left != 6 || got.Lost != 2 {
			t.Errorf("%d left and %d lost, want 6 and 2", got.Hour.Left, got.Lost)
		}
		c.Done(left(8)) // it left before: the lost may be counted yet
		if got := l.State().Hour.Left; got != 6 {
			t.Errorf("%d left after an answer to an earlier call, want 6", got)
		}
		acquire(t, l).Done(left(7)) // the lost were not counted
		if got := l.State().Hour.Left; got != 7 {
			t.Errorf("%d left after an answer to a later call, want 7", got)
		}
	})
}

func TestOldHourDoesNotPolluteTheNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(59*time.Minute + 50*time.Second)
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		r := throttle.NoReading
		r.HourLimit, r.HourLeft, r.HourReset = 1000, 100, 10*time.Second
		acquire(t, l).Done(r)
		time.Sleep(5 * time.Second)
		slow, slower := acquire(t, l), acquire(t, l)
		time.Sleep(10 * time.Second) // the hour has turned
		if got := l.State().Hour; got.Left != 998 || got.Own != 2 {
			t.Errorf("%d left, %d ours, want 998 and 2: those under way may be counted in the new hour", got.Left, got.Own)
		}
		r.HourLeft, r.HourReset = 99, 0
		slow.Done(r)
		if got := l.State().Hour; got.Left != 999 || got.Own != 1 {
			t.Errorf("%d left, %d ours, want 999 and 1: the old hour counted one", got.Left, got.Own)
		}
		r.HourLeft, r.HourReset = 999, time.Hour-5*time.Second
		slower.Done(r)
		if got := l.State().Hour; got.Left != 999 || got.Own != 1 {
			t.Errorf("%d left, %d ours, want 999 and 1: the new hour counted the other", got.Left, got.Own)
		}
	})
}

// Nobody tells in which hour a call was counted that left when one turned into
// the next.
func TestCallsAtTheTurnCountInBothHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(traits{hour: 10, dumb: true})
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 10}}
		time.Sleep(30 * time.Minute)
		send(t.Context(), l, s, 4, 1)
		time.Sleep(30 * time.Minute)
		send(t.Context(), l, s, 12, 4)
		s.refusals(t)
	})
}

// The server's clock may be ahead of what it told before.
func TestNewHourIsKnownFromItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		acquire(t, l).Done(left(2))
		call := acquire(t, l)
		r := left(999)
		r.HourReset = 90 * time.Minute
		call.Done(r)
		if got := l.State(); got.Hour.Left != 999 || got.Hour.Own != 1 || got.Others != 0 {
			t.Errorf("%d left, %d ours, %d of others, want 999, 1 and 0", got.Hour.Left, got.Hour.Own, got.Others)
		}
	})
}

func TestHourWithoutHeadersIsTheClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Minute)
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 2}}
		acquire(t, l).Done(throttle.NoReading)
		acquire(t, l).Done(throttle.NoReading)
		full(t, l, "two were allowed")
		start := time.Now()
		if _, err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got < 39*time.Minute || got > 41*time.Minute {
			t.Errorf("waited %v, want until the next full hour", got)
		}
	})
}

func TestCapsAndReserve(t *testing.T) {
	tests := []struct {
		name    string
		limiter *throttle.Limiter
		server  traits
		hour    int // ours in an hour
		burst   int // ours at once
	}{
		{"cap of the hour", &throttle.Limiter{Hour: throttle.Quota{Cap: 100}}, traits{hour: 1000}, 100, 100},
		{"cap above the limit", &throttle.Limiter{Hour: throttle.Quota{Cap: 5000}}, traits{hour: 1000}, 1000, 1000},
		{"cap and limit", &throttle.Limiter{Hour: throttle.Quota{Limit: 3000, Cap: 100}}, traits{hour: 1000}, 100, 100},
		{"cap of the burst", &throttle.Limiter{Burst: throttle.Quota{Cap: 50}}, traits{hour: 1000, burst: 500}, 1000, 50},
		{"reserve", &throttle.Limiter{Hour: throttle.Quota{Limit: 1000, Reserve: 20}}, traits{hour: 1000}, 800, 800},
		{"reserve of a limit learnt", &throttle.Limiter{Hour: throttle.Quota{Limit: 3000, Reserve: 20}}, traits{hour: 1000}, 800, 800},
		{"all reserved", &throttle.Limiter{Hour: throttle.Quota{Limit: 1000, Reserve: 100}}, traits{hour: 1000}, 10, 10},
		{"reserve of the burst", &throttle.Limiter{Burst: throttle.Quota{Limit: 500, Reserve: 20}}, traits{hour: 1000, burst: 500}, 1000, 400},
		{"dumb server", &throttle.Limiter{Hour: throttle.Quota{Cap: 100, Reserve: 10}, Burst: throttle.Quota{Cap: 50}}, traits{dumb: true}, 90, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(tt.server)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				send(ctx, tt.limiter, s, 5000, 8)
				cancel()
				if s.ours != tt.burst {
					t.Errorf("%d calls in 20 s, want %d", s.ours, tt.burst)
				}
				ctx, cancel = context.WithTimeout(t.Context(), 59*time.Minute)
				defer cancel()
				send(ctx, tt.limiter, s, 5000, 8)
				if s.ours != tt.hour {
					t.Errorf("%d calls in the hour, want %d", s.ours, tt.hour)
				}
				s.refusals(t)
			})
		})
	}
}

func TestExhausted(t *testing.T) {
	tests := []struct {
		name   string
		window throttle.Window
		after  time.Duration
		want   time.Duration
	}{
		{"burst", throttle.Burst, 0, 30 * time.Second},
		{"burst, told", throttle.Burst, 12 * time.Second, 12 * time.Second},
		{"hour", throttle.Hourly, 0, 30 * time.Minute},
		{"hour, told", throttle.Hourly, 10 * time.Minute, 10 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
				acquire(t, l).Done(left(900))
				l.Exhausted(tt.window, tt.after)
				start := time.Now()
				if _, err := l.Acquire(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start); got < tt.want || got > tt.want+2*time.Second {
					t.Errorf("waited %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A refusal heard of late must not close the hour that has begun since.
func TestExhaustedByTheHourBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		acquire(t, l).Done(left(1))
		time.Sleep(30*time.Minute + 2*time.Second)
		l.Exhausted(throttle.Hourly, 0)
		start := time.Now()
		if _, err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got > 15*time.Second {
			t.Errorf("waited %v, want seconds", got)
		}
	})
}

func TestCancelledWaitFreesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		first := acquire(t, l) // the others wait for its answer
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		var order []string
		wait := func(name string, ctx context.Context) {
			go func() {
				call, err := l.Acquire(ctx)
				if err != nil {
					if !errors.Is(err, stop) || !errors.Is(err, context.Canceled) {
						t.Errorf("Acquire: %v, want a call that was cancelled, with its cause", err)
					}
					order = append(order, name+" gave up")
					return
				}
				order = append(order, name)
				call.Done(throttle.NoReading)
			}()
			synctest.Wait()
		}
		wait("a", t.Context())
		wait("b", ctx)
		wait("c", t.Context())
		cancel(stop)
		synctest.Wait()
		first.Done(left(2))
		synctest.Wait()
		if want := []string{"b gave up", "a", "c"}; !slices.Equal(order, want) {
			t.Errorf("order %q, want %q", order, want)
		}
		if s := l.State(); s.Calls != 3 || s.InFlight != 0 {
			t.Errorf("%d calls, %d under way, want 3 and 0", s.Calls, s.InFlight)
		}
		if _, err := l.Acquire(ctx); !errors.Is(err, stop) {
			t.Errorf("Acquire with an ended context: %v, want its cause", err)
		}
	})
}

// A call that does not leave after all makes room for the next, and counts as
// none.
func TestUnusedPlaceIsFreeAgain(t *testing.T) {
	for _, shared := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := &throttle.Limiter{Hour: throttle.Quota{Limit: 2}}
			if shared {
				l.Store = storeOf{newStore(time.Millisecond), "a"}
			}
			place := func() throttle.Call {
				call, err := l.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return call
			}
			start := time.Now()
			place().Unused()
			place().Done(left(1))
			last := place() // of the hour
			time.AfterFunc(10*time.Minute, last.Unused)
			place().Done(left(0))
			if took := time.Since(start).Truncate(time.Second); took != 10*time.Minute {
				t.Errorf("the next call left after %v, want it in the place that was given back", took)
			}
			if s := l.State(); s.InFlight != 0 || s.Lost != 0 || s.Calls != 2 {
				t.Errorf("state %+v, want two calls, none under way, none lost", s)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Many cancellations at the moment at which places come free leave the count
// right.
func TestCancelledWhileLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &throttle.Limiter{Burst: throttle.Quota{Limit: 10}}
		s := newServer(traits{burst: 10})
		send(t.Context(), l, s, 10, 4)
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if places := l.State().Places; len(places) > 0 {
				time.AfterFunc(time.Until(places[0].Free), cancel)
			}
			send(ctx, l, s, 8, 8)
		}
		if st := l.State(); st.InFlight != 0 || st.Calls != s.ours {
			t.Errorf("%d calls and %d under way, want %d and 0", st.Calls, st.InFlight, s.ours)
		}
		s.refusals(t)
	})
}

func TestOnWaitIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []throttle.Wait
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
		l.OnWait = func(w throttle.Wait) {
			l.State() // must not lock up
			waits = append(waits, w)
		}
		start := time.Now()
		s := newServer(traits{hour: 1000, burst: 500})
		send(t.Context(), l, s, 1200, 8)
		var got []throttle.Window
		for _, w := range waits {
			got = append(got, w.Window)
		}
		if want := []throttle.Window{throttle.Burst, throttle.Hourly}; !slices.Equal(got, want) {
			t.Fatalf("told of %v, want %v", waits, want)
		}
		if d := waits[0].Until.Sub(start); d < 30*time.Second || d > 31*time.Second {
			t.Errorf("the burst's wait ends after %v, want 30 s", d)
		}
		if d := waits[1].Until.Sub(start); d < time.Hour || d > time.Hour+2*time.Second {
			t.Errorf("the hour's wait ends after %v, want 1 h", d)
		}
		s.refusals(t)
	})
}

func TestRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(traits{hour: 600, burst: 200})
		old := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
		send(t.Context(), old, s, 150, 8)
		old.Acquire(t.Context()) // died with it
		var saved throttle.State
		data, err := json.Marshal(old.State())
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &saved); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(old.State(), saved); diff != "" {
			t.Errorf("the state changed by saving (-was +is):\n%s", diff)
		}

		time.Sleep(2 * time.Second)
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
		l.Restore(saved)
		got := l.State()
		if got.Hour.Limit != 600 || got.Hour.Left != 449 || got.Burst.Limit != 200 || got.Burst.Left != 49 || got.Hour.Own != 151 {
			t.Errorf("restored %+v, want 449 of 600 and 49 of 200 left, 151 ours", got)
		}
		took := send(t.Context(), l, s, 449, 8) // one more was counted than sent
		if least := throttletest.Minimum(449, 600, 449, time.Hour, 200); took > least+5*time.Second || took < 50*time.Second {
			t.Errorf("took %v, want about a minute", took)
		}
		if l.State().Others != 0 {
			t.Errorf("%d calls of others noticed, want none", l.State().Others)
		}
		s.refusals(t)
	})
}

func TestRestoreKnownEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		acquire(t, old).Done(left(0))
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		l.Restore(old.State())
		full(t, l, "the hour is known to be empty")
		time.Sleep(3 * time.Hour)
		l = &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}}
		l.Restore(old.State())
		if got := l.State().Hour; got.Left != 1000 || got.Own != 0 {
			t.Errorf("%+v, want a fresh hour", got)
		}
		acquire(t, l)
	})
}

func TestFinishIsWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Minute)
		s := newServer(traits{hour: 1000, burst: 200, latency: between(0, 20*time.Millisecond)})
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 3000, Cap: 900, Reserve: 5}, Burst: throttle.Quota{Limit: 500}}
		send(t.Context(), l, s, 300, 8)
		for _, calls := range []int{1, 150, 600, 3000} {
			time.Sleep(10 * time.Second)
			start := time.Now()
			want := l.State().Finish(calls, start).Sub(start)
			got := send(t.Context(), l, s, calls, 32)
			if diff := (got - want).Abs(); diff > want/100+200*time.Millisecond {
				t.Errorf("%d calls took %v, planned %v", calls, got, want)
			}
		}
		s.refusals(t)
	})
}

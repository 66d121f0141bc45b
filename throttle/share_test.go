package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/racetest"
	"batchsend/throttle"
	"batchsend/throttle/throttletest"
)

// With a store one limiter does as well as without.
func TestMakespanWithStore(t *testing.T) {
	const ms = time.Millisecond
	delays := []time.Duration{0, 1 * ms, 20 * ms}
	for i, tt := range trials() {
		for c := range cuts {
			delay, n := delays[(i+int(c))%len(delays)], tt.atOnce[int(c)%len(tt.atOnce)] // each often enough
			if racetest.On(t) && i%4 != int(c) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v/%v/%d at once", tt.name, delay, c, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tt.run(t, c, n, 1, newStore(delay)) })
			})
		}
	}
}

// Participants of one store together do what one limiter would.
func TestMakespanOfSeveral(t *testing.T) {
	const ms = time.Millisecond
	delays := []time.Duration{0, 1 * ms, 20 * ms}
	latencies := []struct {
		name string
		draw draw
	}{{"at once", always(0)}, {"50 ms", always(50 * ms)}, {"0 to 2 s", between(0, 2*time.Second)}}
	i := 0
	for _, latency := range latencies {
		for _, hour := range []int{1000, 3000} {
			for _, burst := range []int{500, 200} {
				for _, others := range []bool{false, true} {
					tt := &trial{
						server:  traits{hour: hour, burst: burst, latency: latency.draw},
						limiter: &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}},
						calls:   2*hour + 300, hour: hour, ours: 1, atMost: 1.01,
					}
					if others {
						tt.server.accompany, tt.ours, tt.calls = someOf(65, 92), 0.7, 2*hour
					}
					for _, participants := range []int{2, 4} {
						delay, c := delays[i%3], cut(i/2%int(cuts))
						i++
						if racetest.On(t) && i%16 > 0 {
							continue
						}
						t.Run(fmt.Sprintf("%s/%d, %d, others %v/%d participants/%v/%v", latency.name, hour, burst, others, participants, delay, c), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { tt.run(t, c, 8, participants, newStore(delay)) })
						})
					}
				}
			}
		}
	}
}

// Participants that start late, stop early or die take nothing from the others but
// what they have used.
func TestParticipantsComeAndGo(t *testing.T) {
	lives := []life{
		{calls: 600, atOnce: 8},
		{calls: 5000, atOnce: 8, stop: 2 * time.Second},
		{calls: 5000, atOnce: 8, die: 1 * time.Second},
		{calls: 5000, atOnce: 8, die: 40 * time.Second, quiet: true},
		{calls: 900, atOnce: 8, start: 20 * time.Minute},
		{calls: 900, atOnce: 8, start: 90 * time.Minute, unclosed: true},
	}
	for c := range cuts {
		t.Run(c.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, store := newServer(traits{hour: 1000, burst: 500, cut: c, latency: between(0, time.Second)}), newStore(time.Millisecond)
				start := time.Now()
				var wg sync.WaitGroup
				for i, l := range store.participants(len(lives), func() *throttle.Limiter {
					return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
				}) {
					wg.Go(func() {
						if done := lives[i].live(t, l, s); lives[i].die+lives[i].stop == 0 && done < lives[i].calls {
							t.Errorf("participant %d made %d of %d calls", i, done, lives[i].calls)
						}
					})
				}
				wg.Wait()
				took, least := time.Since(start), throttletest.Minimum(s.ours, 1000, 1000, time.Hour, 500)
				t.Logf("%d calls in %v, least %v", s.ours, took, least)
				if float64(took) > 1.01*float64(least) {
					t.Errorf("%d calls took %v, want %v at most 1 %% more", s.ours, took, least)
				}
				s.refusals(t)
				time.Sleep(time.Second)
			})
		})
	}
}

// What died with a call out must not keep the others from theirs.
func TestUnsureIsNotBlockedByTheDead(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := newStore(time.Millisecond)
			all := store.participants(2, func() *throttle.Limiter { return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}} })
			if _, err := all[0].Acquire(t.Context()); err != nil { // goes alone
				t.Fatal(err)
			}
			storeOf{store, "participant 0"}.die(quiet)
			start := time.Now()
			call, err := all[1].Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			most := time.Second
			if quiet {
				most = 3*time.Minute + 2*time.Second
			}
			if waited := time.Since(start); waited > most {
				t.Errorf("waited %v, want at most %v", waited, most)
			}
			call.Done(left(998))
			closeAll(t, all[1:])
			if got := all[1].State(); got.Hour.Own != 2 {
				t.Errorf("%d calls of ours, want 2: the dead one's may be counted", got.Hour.Own)
			}
			time.Sleep(time.Minute)
		})
	}
}

// A run goes on where the one before it ended.
func TestRunsInOneHour(t *testing.T) {
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s, store := newServer(traits{hour: 600, burst: 200}), newStore(delay)
			run := func(i, calls int, died bool) (took time.Duration) {
				p := storeOf{store, fmt.Sprint("run ", i)}
				l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}, Store: p}
				took = send(t.Context(), l, s, calls, 8)
				if got := l.State(); got.Others != 0 || !got.Hour.Told || got.Hour.Limit != 600 || got.Burst.Limit != 200 {
					t.Errorf("run %d: %+v, want no others and the limits of the run before", i, got)
				}
				if died {
					p.die(false)
				} else if err := l.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				time.Sleep(5 * time.Second)
				return took
			}
			start := time.Now()
			for i, died := range []bool{false, true, false, true, false} {
				run(i, 120, died)
			}
			// The hour is empty: the next run knows.
			if left := time.Hour - time.Since(start); run(5, 1, false) < left {
				t.Errorf("the sixth run did not wait for the new hour")
			}
			s.refusals(t)
		})
	}
}

// What was left of an hour some time ago may be gone.
func TestFirstCallOfALaterRunGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(0)
		one := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "one"}}
		acquire(t, one).Done(left(900))
		closeAll(t, []*throttle.Limiter{one})
		time.Sleep(10 * time.Minute)
		two := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "two"}}
		call := acquire(t, two)
		full(t, two, "others may have called since")
		call.Done(left(500))
		acquire(t, two).Done(left(499))
		acquire(t, two).Done(left(498))
		closeAll(t, []*throttle.Limiter{two})
	})
}

// Without the store the limiter goes on alone, and says so once.
func TestBrokenStore(t *testing.T) {
	for _, when := range []int{0, 300} {
		synctest.Test(t, func(t *testing.T) {
			s, store := newServer(traits{hour: 1000, burst: 500}), newStore(time.Millisecond)
			var told []error
			l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}, Store: storeOf{store, "one"}}
			l.OnAlone = func(err error) {
				l.State() // must not lock up
				told = append(told, err)
			}
			send(t.Context(), l, s, when, 8)
			store.fail.Store(true)
			took := send(t.Context(), l, s, 1200-when, 8)
			synctest.Wait()
			if len(told) != 1 || told[0] == nil {
				t.Errorf("told %v, want one error", told)
			}
			if took > time.Hour+10*time.Second {
				t.Errorf("took %v, want an hour", took)
			}
			if got := l.State(); got.Calls != 1200 || got.InFlight != 0 {
				t.Errorf("%d calls, %d under way, want 1200 and 0", got.Calls, got.InFlight)
			}
			if err := l.Close(); !errors.Is(err, told[0]) {
				t.Errorf("Close: %v, want %v", err, told)
			}
			s.refusals(t)
		})
	}
}

// Nobody is told anything after Close, though the caller that waits may be gone
// before he is told.
func TestToldBeforeClose(t *testing.T) {
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("alone %t", alone), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var store throttle.Store
				if !alone {
					store = storeOf{newStore(time.Millisecond), "one"}
				}
				var telling, told int
				tell := func() {
					telling++
					time.Sleep(10 * time.Second)
					told++
				}
				l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: store, OnWait: func(throttle.Wait) { tell() }}
				l.Exhausted(throttle.Hourly, time.Minute)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				go l.Acquire(ctx)
				time.Sleep(2 * time.Second)
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if telling != 1 || told != 1 {
					t.Errorf("Close returned while %d of %d calls of OnWait were under way", telling-told, telling)
				}
			})
		})
	}
}

// Acquire ends with its context while the store is slow, and gives its place back.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(2 * time.Second)
		l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "one"}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Acquire: %v, want the context's error", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("Acquire took %v, want 1 s", took)
		}
		call, err := l.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		call.Done(left(999))
		closeAll(t, []*throttle.Limiter{l})
		if got := l.State(); got.Calls != 1 || got.InFlight != 0 {
			t.Errorf("%d calls, %d under way, want 1 and 0", got.Calls, got.InFlight)
		}
	})
}

// A refusal is everybody's.
func TestExhaustedTellsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(time.Millisecond)
		all := store.participants(2, func() *throttle.Limiter {
			return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
		})
		for i, l := range all {
			call, err := l.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			call.Done(left(999 - i))
		}
		time.Sleep(time.Second)
		all[0].Exhausted(throttle.Burst, 12*time.Second)
		time.Sleep(10 * time.Millisecond)
		start := time.Now()
		if _, err := all[1].Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited < 12*time.Second-10*time.Millisecond || waited > 13*time.Second {
			t.Errorf("waited %v, want 12 s", waited)
		}
		closeAll(t, all)
		storeOf{store, "participant 1"}.die(false)
	})
}

// Caps and the reserve are each participant's own, and count the calls of all.
func TestParticipantsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newServer(traits{hour: 1000}), newStore(0)
		all := store.participants(3, func() *throttle.Limiter { return &throttle.Limiter{Hour: throttle.Quota{Limit: 3000}} })
		all[1].Hour.Cap = 500
		all[2].Hour.Reserve = 20
		for _, step := range []struct{ participant, calls, want int }{{0, 300, 300}, {1, 300, 500}, {2, 600, 800}, {0, 600, 1000}} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			send(ctx, all[step.participant], s, step.calls, 8)
			cancel()
			if s.ours != step.want {
				t.Errorf("%d calls after participant %d, want %d", s.ours, step.participant, step.want)
			}
		}
		closeAll(t, all)
		s.refusals(t)
	})
}

// A plan made of the store's state is what one process then does.
func TestFinishWithStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Minute)
		s, store := newServer(traits{hour: 1000, burst: 200, latency: between(0, 20*time.Millisecond)}), newStore(time.Millisecond)
		fresh := func(name string) *throttle.Limiter {
			return &throttle.Limiter{Hour: throttle.Quota{Limit: 3000, Cap: 900, Reserve: 5}, Burst: throttle.Quota{Limit: 500}, Store: storeOf{store, name}}
		}
		l := fresh("first")
		send(t.Context(), l, s, 300, 8)
		closeAll(t, []*throttle.Limiter{l})
		for i, calls := range []int{1, 150, 600, 3000} {
			time.Sleep(10 * time.Second)
			start := time.Now()
			state, err := throttle.ReadState(store.text, start)
			if err != nil {
				t.Fatal(err)
			}
			pretend := fresh("")
			pretend.Store = nil
			pretend.Restore(state)
			want := pretend.State().Finish(calls, start).Sub(start)
			l := fresh(fmt.Sprint(i))
			got := send(t.Context(), l, s, calls, 32)
			if diff := (got - want).Abs(); diff > want/50+300*time.Millisecond {
				t.Errorf("%d calls took %v, planned %v", calls, got, want)
			}
			closeAll(t, []*throttle.Limiter{l})
		}
		s.refusals(t)
	})
}

// Who waits for a call elsewhere is told why, once and not soon.
func TestWaitingForACallElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(0)
		all := store.participants(2, func() *throttle.Limiter { return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}} })
		var waits []throttle.Wait
		all[0].OnWait = func(w throttle.Wait) { t.Errorf("the first is told of %+v: it waits for itself", w) }
		all[1].OnWait = func(w throttle.Wait) {
			all[1].State() // must not lock up
			waits = append(waits, w)
		}
		wait := func(l *throttle.Limiter, d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Acquire: %v, want none: a first call is under way", err)
			}
			synctest.Wait() // an update that was on its way may still reserve a call, and give it back
		}
		tell := func(want int, when string) {
			t.Helper()
			if len(waits) != want {
				t.Fatalf("told of %v %s, want %d", waits, when, want)
			}
			if want > 0 && waits[want-1] != (throttle.Wait{}) {
				t.Errorf("told of %+v %s, want no window and no end", waits[want-1], when)
			}
		}
		first := acquire(t, all[0])
		wait(all[0], 10*time.Second)
		for range 5 {
			wait(all[1], 4*time.Second)
		}
		tell(0, "when nobody had waited for 5 s")
		wait(all[1], 7*time.Second)
		tell(1, "after 7 s")
		wait(all[1], 2*time.Minute)
		tell(1, "though it was the same call")

		first.Lost()
		acquire(t, all[0])
		time.Sleep(time.Second)
		wait(all[1], 4*time.Second)
		tell(1, "when the next call was under way for 5 s")
		wait(all[1], time.Minute)
		tell(2, "when it was under way for a minute")

		all[1].Exhausted(throttle.Hourly, time.Hour)
		storeOf{store, "participant 0"}.die(false)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		all[1].Acquire(ctx)
		if len(waits) != 3 || waits[2].Window != throttle.Hourly || time.Until(waits[2].Until) < 59*time.Minute {
			t.Errorf("told of %v, want the hour at last", waits)
		}
		closeAll(t, all[1:])
		time.Sleep(time.Minute)
	})
}

// Who waits only for a while is told nothing.
func TestNotToldOfAShortWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStore(0).participants(2, func() *throttle.Limiter {
			return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, OnWait: func(w throttle.Wait) { t.Errorf("told of %+v", w) }}
		})
		first := acquire(t, all[0])
		time.AfterFunc(4*time.Second, func() { first.Done(left(999)) })
		call, err := all[1].Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		call.Done(left(998))
		closeAll(t, all)
		time.Sleep(time.Minute)
	})
}

// A call that outlives its limiter's Close costs the store nothing until it is
// answered.
func TestClosedWithACallUnderWay(t *testing.T) {
	for _, answer := range []time.Duration{2 * time.Minute, time.Hour / 4} {
		synctest.Test(t, func(t *testing.T) {
			store := newStore(0)
			l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "one"}}
			call := acquire(t, l)
			time.Sleep(time.Minute)
			closeAll(t, []*throttle.Limiter{l})
			before := store.count()
			time.Sleep(answer)
			if n := store.count() - before; n != 0 {
				t.Errorf("%d updates in %v after Close, want none", n, answer)
			}
			call.Done(left(999))
			time.Sleep(10 * time.Minute)
			if n := store.count() - before; n != 1 {
				t.Errorf("%d updates after the answer, want 1", n)
			}
			if got := l.State(); got.Calls != 1 || got.InFlight != 0 || got.Hour.Left != 999 {
				t.Errorf("%+v, want one call, answered", got)
			}
			// Used again it shows itself again.
			last := acquire(t, l)
			before = store.count()
			time.Sleep(10 * time.Minute)
			if n := store.count() - before; n < 15 {
				t.Errorf("%d updates in 10 minutes of a call, want one every 30 s", n)
			}
			last.Done(left(998))
			closeAll(t, []*throttle.Limiter{l})
			if got, err := throttle.ReadState(store.text, time.Now()); err != nil || got.Calls != 2 || got.InFlight != 0 || got.Lost != 0 {
				t.Errorf("%+v (%v), want two calls, answered", got, err)
			}
		})
	}
}

// Who finds the hour used up before its first call is told at once.
func TestUsedUpHourIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(time.Millisecond)
		one := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "one"}}
		call, err := one.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		call.Done(left(0))
		closeAll(t, []*throttle.Limiter{one})
		time.Sleep(time.Minute)

		var waits []throttle.Wait
		two := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Store: storeOf{store, "two"}, OnWait: func(w throttle.Wait) { waits = append(waits, w) }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := two.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Acquire: %v, want none: the hour is used up", err)
		}
		if len(waits) != 1 || waits[0].Window != throttle.Hourly {
			t.Fatalf("told of %v, want the hour, once", waits)
		}
		if wait := time.Until(waits[0].Until); wait < 28*time.Minute || wait > 30*time.Minute {
			t.Errorf("told of a wait of %v, want until the hour ends", wait)
		}
		closeAll(t, []*throttle.Limiter{two})
	})
}

// A text that cannot be read, or that an earlier release wrote, is as good as none.
func TestTextThatCannotBeRead(t *testing.T) {
	for _, dumb := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, store := newServer(traits{hour: 1000, burst: 200, dumb: dumb}), newStore(time.Millisecond)
			store.text = []byte("throttle1 1800000000123 12 0 0 0 1 0 d2f1c90a")
			l := &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 200}, Store: storeOf{store, "one"}}
			if took := send(t.Context(), l, s, 300, 8); took > time.Minute {
				t.Errorf("300 calls took %v, want two bursts", took)
			}
			closeAll(t, []*throttle.Limiter{l})
			if got, err := throttle.ReadState(store.text, time.Now()); err != nil || got.Calls != 300 {
				t.Errorf("the store says %+v (%v), want 300 calls", got, err)
			}
			s.refusals(t)
		})
	}
}

// If the text is lost while limiters call, they go on with what they know: all calls
// are made, and a loss costs each a refusal at most.
func TestTextIsLost(t *testing.T) {
	for _, text := range []string{"", "nonsense", "throttle1 1800000000123 12 0 0 0 1 0 d2f1c90a"} {
		synctest.Test(t, func(t *testing.T) {
			s, store := newServer(traits{hour: 1000, burst: 200, latency: between(0, 2*time.Second)}), newStore(time.Millisecond)
			all := store.participants(3, func() *throttle.Limiter {
				return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}, Burst: throttle.Quota{Limit: 500}}
			})
			todo, lost, losses := work(1700), time.NewTicker(7*time.Second), 0
			var wg sync.WaitGroup
			for _, l := range all {
				wg.Go(func() { sendAll(t.Context(), l, s, todo, 8) })
			}
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			for wait := true; wait; {
				select {
				case <-lost.C:
					store.turn <- struct{}{}
					store.text = []byte(text)
					<-store.turn
					losses++
				case <-done:
					wait = false
				}
			}
			lost.Stop()
			closeAll(t, all)
			if s.refused > losses*len(all) || s.ours+s.refused != 1700 {
				t.Errorf("%d calls counted and %d refused after %d losses, want 1700 in all", s.ours, s.refused, losses)
			}
		})
	}
}

package throttle_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"batchsend/throttle"
)

// life is what one participant does.
type life struct {
	start, stop, die time.Duration // after the beginning; 0 never
	quiet            bool          // nobody can tell that it died
	calls, atOnce    int
	unclosed         bool
}

// live lives a life on a storeOf and reports how many calls got through.
func (f life) live(t interface{ Errorf(string, ...any) }, l *throttle.Limiter, s *server) (done int) {
	p := l.Store.(storeOf)
	time.Sleep(f.start)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if f.stop > 0 {
		defer time.AfterFunc(f.stop, cancel).Stop()
	}
	if f.die > 0 {
		defer time.AfterFunc(f.die, func() {
			p.die(f.quiet)
			cancel()
		}).Stop()
	}
	todo := work(f.calls)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range f.atOnce {
		wg.Go(func() {
			for range todo {
				call, err := l.Acquire(ctx)
				if err != nil || p.dead() {
					return
				}
				r, lost := s.call()
				switch {
				case p.dead():
					return
				case lost:
					call.Lost()
				default:
					call.Done(r)
				}
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if !f.unclosed && !p.dead() {
		if err := l.Close(); err != nil && !p.dead() {
			t.Errorf("Close: %v", err)
		}
	}
	return done
}

// Whatever participants come, go and die, whatever the server's ways: no call is
// refused while only participants call, and all who stay get their calls through.
func TestParticipantsAreNeverRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := traits{
			hour:  rapid.IntRange(0, 150).Draw(t, "hour"),
			burst: rapid.IntRange(0, 60).Draw(t, "burst"),
			cut:   cut(rapid.IntRange(0, int(cuts)-1).Draw(t, "cut")),
			dumb:  rapid.Bool().Draw(t, "dumb"),
			lose:  rapid.SampledFrom([]int{0, 0, 3, 20}).Draw(t, "lose"),
			seed:  rapid.Uint64().Draw(t, "seed"),
		}
		slowest := rapid.SampledFrom([]int{0, 100, 2000, 20_000}).Draw(t, "slowest")
		tr.latency = between(0, time.Duration(slowest)*time.Millisecond)
		rules := throttle.Limiter{Hour: throttle.Quota{Limit: 100, Reserve: rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "reserve")}, Burst: throttle.Quota{Limit: 50}}
		delay := time.Duration(rapid.SampledFrom([]int{0, 1, 20, 200}).Draw(t, "delay")) * time.Millisecond
		into := time.Duration(rapid.IntRange(0, 3600_000).Draw(t, "into the hour")) * time.Millisecond
		within := func(name string, d time.Duration) time.Duration {
			return time.Duration(rapid.IntRange(0, int(d.Milliseconds())).Draw(t, name)) * time.Millisecond
		}
		mortal := false
		lives := make([]life, rapid.IntRange(1, 5).Draw(t, "participants"))
		for i := range lives {
			f := &lives[i]
			f.calls = rapid.IntRange(1, 150).Draw(t, "calls")
			f.atOnce = rapid.IntRange(1, 16).Draw(t, "at once")
			f.unclosed = rapid.Bool().Draw(t, "unclosed")
			f.start = within("start", rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, 2 * time.Hour}).Draw(t, "late"))
			soon := rapid.SampledFrom([]time.Duration{2 * time.Second, time.Minute, 2 * time.Hour})
			switch rapid.IntRange(0, 3).Draw(t, "fate") {
			case 0:
				mortal = true
				f.die = time.Millisecond + within("dies", soon.Draw(t, "soon"))
				f.quiet = rapid.Bool().Draw(t, "quietly")
			case 1:
				f.stop = time.Millisecond + within("stops", soon.Draw(t, "soon"))
			}
		}
		if tr.dumb || tr.lose > 0 || mortal { // then no answer may come to put an assumption right
			rules.Hour.Limit, rules.Burst.Limit = tr.hour, tr.burst
		}
		rapid.SyncTest(t, func(t *rapid.T) {
			time.Sleep(into)
			s, store := newServer(tr), newStore(delay)
			var wg sync.WaitGroup
			for i, f := range lives {
				l := &throttle.Limiter{Hour: throttle.Quota{Limit: rules.Hour.Limit, Reserve: rules.Hour.Reserve}, Burst: throttle.Quota{Limit: rules.Burst.Limit}}
				l.Store = storeOf{store, fmt.Sprint(i)}
				wg.Go(func() {
					if done := f.live(t, l, s); done < f.calls && f.stop+f.die == 0 {
						t.Errorf("%d of %d calls were made", done, f.calls)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Minute) // what is still in the store is turned back, and the dead give up
			updates := store.count()
			time.Sleep(2 * time.Minute)
			if n := store.count() - updates; n > 0 {
				t.Errorf("%d updates when all was done", n)
			}
			s.refusals(t)
		})
	})
}

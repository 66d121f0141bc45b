package throttle_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/throttle"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// traits are what differs between servers.
type traits struct {
	hour, burst int // limits; 0 none
	cut         cut
	latency     draw            // of a whole call; nil is 50 ms
	dumb        bool            // tells nothing
	lose        int             // percent of the answers; half of their calls uncounted
	accompany   func(*dice) int // calls of other apps just before each of ours
	every       draw            // pauses between calls of other apps
	shrunk      int             // the hour's limit
	shrinkAt    int             // from this call of ours on; 0 never
	seed        uint64
}

// cut is how a server cuts time into bursts.
type cut int

const (
	sliding cut = iota
	aligned     // at multiples of 30 s
	shifted     // 17 s after them
	byFirst     // 30 s from the first call outside the last
	cuts
)

func (c cut) String() string { return [...]string{"sliding", "aligned", "shifted", "by first"}[c] }

// server counts calls as a real one does. It counts a call some time between
// its leaving and its answer.
type server struct {
	traits
	mu         sync.Mutex
	dice       *dice
	ours       int // counted
	refused    int
	foreign    int // counted
	hourStart  time.Time
	hourUsed   int
	burstStart time.Time
	burstUsed  int
	recent     []time.Time
	next       time.Time // call of another app
	flying     int
	mostFlying int
}

type (
	dice = rand.Rand
	draw = func(*dice) time.Duration
)

func newServer(t traits) *server {
	return &server{traits: t, dice: rand.New(rand.NewPCG(t.seed, 1))}
}

func between(a, b time.Duration) draw {
	return func(d *dice) time.Duration { return a + time.Duration(d.Int64N(int64(b-a)+1)) }
}

func always(d time.Duration) draw { return func(*dice) time.Duration { return d } }

// call is one call; lost says that its answer did not come back.
func (s *server) call() (r throttle.Reading, lost bool) {
	r, lost, _ = s.try()
	return r, lost
}

// try is call, and says whether the server refused it.
func (s *server) try() (r throttle.Reading, lost, refused bool) {
	s.mu.Lock()
	s.flying++
	s.mostFlying = max(s.mostFlying, s.flying)
	takes := 50 * time.Millisecond
	if s.latency != nil {
		takes = s.latency(s.dice)
	}
	there := time.Duration(s.dice.Int64N(int64(takes) + 1))
	lost = s.dice.IntN(100) < s.lose
	uncounted := lost && s.dice.IntN(2) == 0
	s.mu.Unlock()
	time.Sleep(there)
	s.mu.Lock()
	if !uncounted {
		before := s.refused
		r = s.admit(time.Now())
		refused = s.refused > before
	}
	s.mu.Unlock()
	time.Sleep(takes - there)
	s.mu.Lock()
	s.flying--
	s.mu.Unlock()
	return r, lost, refused
}

func (s *server) admit(now time.Time) throttle.Reading {
	if s.every != nil {
		if s.next.IsZero() {
			s.next = now
		}
		for ; !s.next.After(now); s.next = s.next.Add(s.every(s.dice)) {
			s.foreignCall(s.next)
		}
	}
	if s.accompany != nil {
		for range s.accompany(s.dice) {
			s.foreignCall(now)
		}
	}
	if s.count(now) {
		s.ours++
	} else {
		s.refused++
	}
	if s.shrinkAt > 0 && s.ours >= s.shrinkAt {
		s.hour = s.shrunk
	}
	return s.reading(now)
}

func (s *server) foreignCall(at time.Time) {
	if s.count(at) {
		s.foreign++
	}
}

func (s *server) count(now time.Time) bool {
	const span = 30 * time.Second
	if h := now.Truncate(time.Hour); h.After(s.hourStart) {
		s.hourStart, s.hourUsed = h, 0
	}
	switch s.cut {
	case aligned, shifted:
		shift := time.Duration(s.cut-aligned) * 17 * time.Second
		if c := now.Add(-shift).Truncate(span).Add(shift); c.After(s.burstStart) {
			s.burstStart, s.burstUsed = c, 0
		}
	case byFirst:
		if now.Sub(s.burstStart) >= span {
			s.burstStart, s.burstUsed = now, 0
		}
	case sliding:
		for len(s.recent) > 0 && now.Sub(s.recent[0]) >= span {
			s.recent = s.recent[1:]
		}
		s.burstUsed = len(s.recent)
	}
	if s.hour > 0 && s.hourUsed >= s.hour || s.burst > 0 && s.burstUsed >= s.burst {
		return false
	}
	s.hourUsed++
	s.burstUsed++
	s.recent = append(s.recent, now)
	return true
}

// reading is what the server's headers tell: its times are whole seconds.
func (s *server) reading(now time.Time) throttle.Reading {
	r := throttle.NoReading
	if s.dumb {
		return r
	}
	if s.hour > 0 {
		r.HourLimit, r.HourLeft = s.hour, max(0, s.hour-s.hourUsed)
		r.HourReset = s.hourStart.Add(time.Hour).Sub(now.Truncate(time.Second))
	}
	if s.burst > 0 {
		r.BurstLimit, r.BurstLeft = s.burst, max(0, s.burst-s.burstUsed)
	}
	return r
}

// send makes calls, so many at once, and returns how long that took.
func send(ctx context.Context, l *throttle.Limiter, s *server, calls, atOnce int) time.Duration {
	start := time.Now()
	sendAll(ctx, l, s, work(calls), atOnce)
	return time.Since(start)
}

// work is so many calls to be made.
func work(calls int) <-chan struct{} {
	todo := make(chan struct{}, calls)
	for range calls {
		todo <- struct{}{}
	}
	close(todo)
	return todo
}

// sendAll makes calls, so many at once, while there are some to be made.
func sendAll(ctx context.Context, l *throttle.Limiter, s *server, todo <-chan struct{}, atOnce int) {
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for range todo {
				call, err := l.Acquire(ctx)
				if err != nil {
					return
				}
				if r, lost := s.call(); lost {
					call.Lost()
				} else {
					call.Done(r)
				}
			}
		})
	}
	wg.Wait()
}

// refusals fails the test if there were any.
func (s *server) refusals(t interface{ Errorf(string, ...any) }) {
	if s.refused > 0 {
		t.Errorf("the server refused %d calls", s.refused)
	}
}

package throttle

import (
	"math"
	"time"
)

const (
	// burstSpan is the length of the burst window.
	burstSpan = 30 * time.Second
	// burstMargin allows for clocks that do not run alike.
	burstMargin = 100 * time.Millisecond
	// burstGrain is how close places may come free to be remembered as one.
	burstGrain = 10 * time.Millisecond
)

// burst is the burst window. A server may count in fixed windows or in a
// sliding one and does not say where they end, so a place is taken from a
// call's leaving until 30 s after its answer: then no 30 s of the server's see
// more calls than the limit, wherever they lie.
type burst struct {
	limit     int // as told or assumed, the cap at least; 0 none
	limitTold bool
	cap       int
	closed    time.Duration // refused: nothing leaves before this

	places  []taken // in the order of free, from head on
	head    int
	own     int // their sums
	foreign int
	noticed uint64 // calls from this number on left when the last foreign were
}

// taken is places that come free together.
type taken struct {
	free         time.Duration
	own, foreign int
}

func (b *burst) limited() bool { return b.limit > 0 }

// share is how many calls in 30 s may be ours, 0 if there is no limit.
func (b *burst) share() int {
	if b.cap > 0 {
		return min(b.limit, b.cap)
	}
	return b.limit
}

// take takes places at a time not before that of the take before.
func (b *burst) take(now time.Duration, own, foreign int) {
	if own+foreign == 0 {
		return
	}
	b.own += own
	b.foreign += foreign
	free := now + burstSpan + burstMargin
	if n := len(b.places); n > b.head && free-b.places[n-1].free < burstGrain {
		last := &b.places[n-1]
		last.own += own
		last.foreign += foreign
		return
	}
	if b.head > len(b.places)/2 {
		b.places = append(b.places[:0], b.places[b.head:]...)
		b.head = 0
	}
	b.places = append(b.places, taken{free, own, foreign})
}

// expire gives places back.
func (b *burst) expire(now time.Duration) {
	for b.head < len(b.places) && b.places[b.head].free+burstGrain <= now {
		b.own -= b.places[b.head].own
		b.foreign -= b.places[b.head].foreign
		b.head++
	}
}

// next is when the next places come free.
func (b *burst) next() (time.Duration, bool) {
	if b.head == len(b.places) {
		return 0, false
	}
	return b.places[b.head].free + burstGrain, true
}

// notLacking is what lacking says without a limit.
const notLacking = math.MinInt / 2

// lacking is how many places must come free, of all and of our own, until
// another call may leave.
func (b *burst) lacking(flying, margin int) (all, own int) {
	all, own = notLacking, notLacking
	if b.limit > 0 {
		all = b.own + b.foreign + flying + min(margin, b.limit/2) + 1 - b.limit
	}
	if b.cap > 0 {
		own = b.own + flying + 1 - b.cap
	}
	return all, own
}

// room is how many calls may leave, as [hour.room].
func (b *burst) room(now time.Duration, flying, margin int) int {
	if now < b.closed {
		return 0
	}
	all, own := b.lacking(flying, margin)
	if lacking := max(all, own); lacking > notLacking {
		return 1 - lacking
	}
	return math.MaxInt
}

// opens is when a call may leave if those under way are answered by then; the
// past if one may.
func (b *burst) opens(now time.Duration, flying, margin int) time.Duration {
	all, own := b.lacking(flying, margin)
	opens := b.closed
	for _, p := range b.places[b.head:] {
		if all <= 0 && own <= 0 {
			break
		}
		all -= p.own + p.foreign
		own -= p.own
		opens = max(opens, p.free+burstGrain)
	}
	if all > 0 || own > 0 {
		// Those under way will keep their places for 30 s from their answers.
		opens = max(opens, now+burstSpan+burstMargin)
	}
	return opens
}

// refuse closes the window.
func (b *burst) refuse(now, after time.Duration) {
	if after <= 0 {
		after = burstSpan
	}
	b.closed = max(b.closed, now+after+burstMargin)
}

// read takes in a reading and returns how many calls of other apps it shows
// that were not known of.
func (b *burst) read(c Call, r Reading, now time.Duration, flying int, next uint64) int {
	if r.BurstLimit > 0 {
		b.limit, b.limitTold = r.BurstLimit, true
	}
	if r.BurstLeft < 0 || b.limit == 0 {
		return 0
	}
	used := b.limit - r.BurstLeft
	if c.seq >= b.noticed {
		b.forget(used - 1) // all it counts but the call itself may be others'
	}
	came := max(0, used-b.own-flying-b.foreign)
	b.notice(came, now, next)
	return came
}

// notice takes places for calls of other apps.
func (b *burst) notice(calls int, now time.Duration, next uint64) {
	if calls > 0 {
		b.take(now, 0, calls)
		b.noticed = next
	}
}

// forget gives places of other apps back until only so many are taken: what the
// server does not count now it will not count again.
func (b *burst) forget(most int) {
	for i := b.head; i < len(b.places) && b.foreign > most; i++ {
		p := &b.places[i]
		gone := min(p.foreign, b.foreign-most)
		p.foreign -= gone
		b.foreign -= gone
	}
}

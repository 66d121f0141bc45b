package throttle

import (
	"math"
	"slices"
	"time"
)

const (
	// burstSpan is the length of the burst window.
	burstSpan = 30 * time.Second
	// burstMargin allows for clocks that do not run alike.
	burstMargin = 100 * time.Millisecond
	// burstGrain is how close places may come free to be remembered as one.
	burstGrain = 10 * time.Millisecond
	// burstMemory is how long places are remembered after they came free, for
	// answers that are heard of late.
	burstMemory = time.Second
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

// take takes places.
func (b *burst) take(now time.Duration, own, foreign int) {
	if own+foreign == 0 {
		return
	}
	b.own += own
	b.foreign += foreign
	free := now + burstSpan + burstMargin
	i := len(b.places)
	for i > b.head && b.places[i-1].free > free {
		i-- // heard of late
	}
	if i > b.head && free-b.places[i-1].free < burstGrain {
		last := &b.places[i-1]
		last.own += own
		last.foreign += foreign
		return
	}
	if gone := b.forgettable(); gone > len(b.places)/2 {
		b.places = append(b.places[:0], b.places[gone:]...)
		b.head -= gone
		i -= gone
	}
	b.places = slices.Insert(b.places, i, taken{free, own, foreign})
}

// expire gives places back.
func (b *burst) expire(now time.Duration) {
	for b.head < len(b.places) && b.places[b.head].free+burstGrain <= now {
		b.own -= b.places[b.head].own
		b.foreign -= b.places[b.head].foreign
		b.head++
	}
}

// forgettable is how many places came free so long ago that nobody will ask.
func (b *burst) forgettable() int {
	gone := b.head
	for gone > 0 && b.places[gone-1].free > b.places[b.head-1].free-burstMemory {
		gone--
	}
	return gone
}

// ownAt is how many places our calls had taken a moment ago.
func (b *burst) ownAt(then time.Duration) int {
	own := b.own
	for i := b.head; i > 0 && b.places[i-1].free+burstGrain > then; i-- {
		own += b.places[i-1].own
	}
	return own
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

// comesFree is when so many places will have come free that a call may leave,
// and false if those under way must be answered before.
func (b *burst) comesFree(flying, margin int) (time.Duration, bool) {
	all, own := b.lacking(flying, margin)
	for _, p := range b.places[b.head:] {
		all -= p.own + p.foreign
		own -= p.own
		if all <= 0 && own <= 0 {
			return p.free + burstGrain, true
		}
	}
	return math.MaxInt64, false
}

// refuse closes the window.
func (b *burst) refuse(now, after time.Duration) {
	if after <= 0 || after > burstSpan { // no window lasts longer
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
	came := max(0, used-b.ownAt(now)-flying-b.foreign)
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

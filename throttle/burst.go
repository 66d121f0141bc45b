package throttle

import (
	"iter"
	"math"
	"time"
)

const (
	// burstSpan is the length of the burst window.
	burstSpan = 30 * time.Second
	// burstMargin allows for clocks that do not run alike.
	burstMargin = 30 * time.Millisecond
	// slotLength is how exactly the window knows when a place comes free.
	slotLength = 100 * time.Millisecond
	// endedSlots is how many slots the window remembers after their end, for
	// answers that took long or are heard of late.
	endedSlots = 20
)

// burstWindow is the burst window. A server may count in fixed windows or in a
// sliding one and does not say where they end, so a place is taken from a call's
// leaving until 30 s after its answer: then no 30 s of the server's see more
// calls than the limit, wherever they lie.
type burstWindow struct {
	Limit     int           // as told or assumed, the cap at least; 0 none
	LimitTold bool          // an answer told it
	Closed    time.Duration // the server refused a call: nothing leaves before this

	Now          int    // the slot that ended last: slot n ends at n times slotLength
	Own, Foreign places // taken by our calls and by others'

	cap int
}

// places are taken places by the slot at whose end they come free.
type places struct {
	Slots []int // the first endedSlots of them have ended
	taken int   // the sum of the others
}

// count counts the places again.
func (p *places) count() {
	p.taken = 0
	for _, n := range p.Slots[min(endedSlots, len(p.Slots)):] {
		p.taken += n
	}
}

func (p *places) take(slot, calls int) {
	for len(p.Slots) <= slot {
		p.Slots = append(p.Slots, 0)
	}
	p.Slots[slot] += calls
	if slot >= endedSlots {
		p.taken += calls
	}
}

// end ends slots.
func (p *places) end(slots int) {
	for i := endedSlots; i < min(endedSlots+slots, len(p.Slots)); i++ {
		p.taken -= p.Slots[i]
	}
	p.Slots = p.Slots[min(slots, len(p.Slots)):]
}

// in returns how many places come free at the end of a slot.
func (p *places) in(slot int) int {
	if slot >= len(p.Slots) {
		return 0
	}
	return p.Slots[slot]
}

func (b *burstWindow) limited() bool { return b.Limit > 0 }

// share is how many calls in 30 s may be ours, 0 if there is no limit.
func (b *burstWindow) share() int {
	if b.cap > 0 {
		return min(b.Limit, b.cap)
	}
	return b.Limit
}

// take takes places at now.
func (b *burstWindow) take(now time.Duration, own, foreign int) {
	free := now + burstSpan + burstMargin
	slot := int((free+slotLength-1)/slotLength) - b.Now - 1 + endedSlots
	if slot >= 0 && own > 0 {
		b.Own.take(slot, own)
	}
	if slot >= 0 && foreign > 0 {
		b.Foreign.take(slot, foreign)
	}
}

// expire frees the places whose slots have ended.
func (b *burstWindow) expire(now time.Duration) {
	if ended := int(now/slotLength) - b.Now; ended > 0 {
		b.Own.end(ended)
		b.Foreign.end(ended)
		b.Now += ended
	}
}

// slots returns the slots at whose end places will come free, and when that is.
func (b *burstWindow) slots() iter.Seq2[int, time.Duration] {
	return func(yield func(int, time.Duration) bool) {
		for i := endedSlots; i < max(len(b.Own.Slots), len(b.Foreign.Slots)); i++ {
			end := time.Duration(b.Now+1+i-endedSlots) * slotLength
			if b.Own.in(i)+b.Foreign.in(i) > 0 && !yield(i, end) {
				return
			}
		}
	}
}

// ownSince is how many places our calls have had taken at some time since then.
// It fails if that is longer ago than the window remembers.
func (b *burstWindow) ownSince(then time.Duration) (own int, ok bool) {
	first := int(then/slotLength) - b.Now + endedSlots
	for i := max(0, first); i < endedSlots; i++ {
		own += b.Own.in(i)
	}
	return own + b.Own.taken, first >= 0
}

// next is when the next places come free.
func (b *burstWindow) next() (time.Duration, bool) {
	for _, end := range b.slots() {
		return end, true
	}
	return 0, false
}

// places is how many calls may leave by the limit and by the cap, if so many of
// ours are under way, so many of others' are hidden among these, and others may
// make margin calls.
func (b *burstWindow) places(flying, hidden, margin int) (limit, cap int) {
	limit, cap = math.MaxInt, math.MaxInt
	if b.Limit > 0 {
		limit = b.Limit - b.Own.taken - b.Foreign.taken - flying - hidden - min(margin, b.Limit/2)
	}
	if b.cap > 0 {
		cap = b.cap - b.Own.taken - flying
	}
	return limit, cap
}

// room is how many calls may leave.
func (b *burstWindow) room(now time.Duration, flying, hidden, margin int) int {
	if now < b.Closed {
		return 0
	}
	return min(b.places(flying, hidden, margin))
}

// opens is when a call may leave if those under way are answered by then; the
// past if one may.
func (b *burstWindow) opens(now time.Duration, flying, hidden, margin int) time.Duration {
	limit, cap := b.places(flying, hidden, margin)
	opens := b.Closed
	for slot, end := range b.slots() {
		if limit > 0 && cap > 0 {
			return opens
		}
		opens = max(opens, end)
		limit += min(b.Own.in(slot)+b.Foreign.in(slot), math.MaxInt-limit)
		cap += min(b.Own.in(slot), math.MaxInt-cap)
	}
	if limit <= 0 || cap <= 0 {
		// Those under way will keep their places for 30 s from their answers.
		opens = max(opens, now+burstSpan+burstMargin)
	}
	return opens
}

// refuse closes the window.
func (b *burstWindow) refuse(now, after time.Duration) {
	if after <= 0 || after > burstSpan { // no window lasts longer
		after = burstSpan
	}
	b.Closed = max(b.Closed, now+after+burstMargin)
}

// read records a reading of an answer that took so long, and the calls of others
// that it shows. It reports whether there were any.
func (b *burstWindow) read(r Reading, now, latency time.Duration, flying int) bool {
	if r.BurstLimit > 0 {
		b.Limit, b.LimitTold = r.BurstLimit, true
	}
	if r.BurstLeft < 0 || b.Limit == 0 {
		return false
	}
	used := b.Limit - r.BurstLeft
	own, ok := b.ownSince(now - latency) // the server counted the call at some time since it left
	if calls := used - own - flying - b.Foreign.taken; ok && calls > 0 {
		b.take(now, 0, calls)
		return true
	}
	return false
}

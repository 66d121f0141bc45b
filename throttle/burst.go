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
	ceiling
	Now          int    // the slot that ended last: slot n ends at n times slotLength
	Own, Foreign places // taken by our calls and by others'
}

var _ window = (*burstWindow)(nil)

func (b *burstWindow) name() Window { return Burst }

// configure implements [window].
func (b *burstWindow) configure(q Quota) { b.assume(q) }

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

// complete implements [window]: a call keeps its place from its answer at the latest.
func (b *burstWindow) complete(calls int, now time.Duration) { b.take(now, calls, 0) }

// lose implements [window]: a lost call keeps its place like one that was answered.
func (b *burstWindow) lose(int, time.Duration, uint64) {}

// turn implements [window]: it frees the places whose slots have ended.
func (b *burstWindow) turn(now time.Duration, _ uint64) {
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

// nextFree implements [window].
func (b *burstWindow) nextFree() (time.Duration, bool) {
	for _, end := range b.slots() {
		return end, true
	}
	return 0, false
}

// free is how many places are free, by the limit and by the cap.
func (b *burstWindow) free(l load) (limit, cap int) {
	limit, cap = math.MaxInt, math.MaxInt
	if b.Limit > 0 {
		limit = b.Limit - b.Own.taken - b.Foreign.taken - l.inFlight - l.hidden - l.unexplained - b.spare(l.margin)
	}
	if b.quota.Cap > 0 {
		cap = b.quota.Cap - b.Own.taken - l.inFlight
	}
	return limit, cap
}

// room implements [window].
func (b *burstWindow) room(now time.Duration, l load) int {
	if now < b.Closed {
		return 0
	}
	return min(b.free(l))
}

// opens implements [window].
func (b *burstWindow) opens(now time.Duration, l load) time.Duration {
	limit, cap := b.free(l)
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

// refuse implements [window].
func (b *burstWindow) refuse(now, after time.Duration, _ uint64) {
	if after <= 0 || after > burstSpan { // no window lasts longer
		after = burstSpan
	}
	b.Closed = max(b.Closed, now+after+burstMargin)
}

// read records a reading of an answer that took so long, and the calls of others
// that it shows. It reports whether there were any.
func (b *burstWindow) read(r Reading, now, latency time.Duration, inFlight int) bool {
	b.learn(r.BurstLimit)
	if r.BurstLeft < 0 || b.Limit == 0 {
		return false
	}
	used := b.Limit - r.BurstLeft
	own, ok := b.ownSince(now - latency) // the server counted the call at some time since it left
	if calls := used - own - inFlight - b.Foreign.taken; ok && calls > 0 {
		b.take(now, 0, calls)
		return true
	}
	return false
}

// budget implements [window].
func (b *burstWindow) budget(now time.Duration, l load, at func(time.Duration) time.Time) Budget {
	budget := b.ceiling.budget(now, at)
	budget.Own, budget.Ends = b.Own.taken+l.inFlight, at(now)
	if b.limited() {
		budget.Left = max(0, b.Limit-b.Own.taken-b.Foreign.taken-l.inFlight)
		budget.Open = max(0, b.room(now, l))
	}
	return budget
}

// taken returns the places that are taken, with those that so many calls of ours
// under way will take, the first to come free first.
func (b *burstWindow) taken(now time.Duration, inFlight int, at func(time.Duration) time.Time) (all []Place) {
	for slot, end := range b.slots() {
		all = append(all, Place{b.Own.in(slot), b.Foreign.in(slot), at(end)})
	}
	if inFlight > 0 {
		all = append(all, Place{Calls: inFlight, Free: at(now + burstSpan + burstMargin)})
	}
	return all
}

// restore takes over what another limiter knew.
func (b *burstWindow) restore(budget Budget, taken []Place, now time.Duration, since func(time.Time) time.Duration) {
	b.ceiling.restore(budget, since)
	b.turn(now, 0)
	for _, p := range taken {
		b.take(min(since(p.Free)-burstSpan-burstMargin, now), p.Calls, p.Others)
	}
}

// count counts what is not stored.
func (b *burstWindow) count() {
	b.Own.count()
	b.Foreign.count()
}

// plausible implements [window].
func (b *burstWindow) plausible(written time.Duration) bool {
	const maxSlots = endedSlots + int(burstSpan/slotLength) + 10
	return b.ceiling.plausible(written) && b.Now <= int(written/slotLength) && max(len(b.Own.Slots), len(b.Foreign.Slots)) <= maxSlots &&
		plausibleCounts(b.Now) && plausibleCounts(b.Own.Slots...) && plausibleCounts(b.Foreign.Slots...)
}

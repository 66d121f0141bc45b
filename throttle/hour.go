package throttle

import (
	"math"
	"time"
)

// hourMargin is how long after an hour's end, as it was told, the next begins:
// servers tell the end, and the time, in whole seconds.
const hourMargin = 1500 * time.Millisecond

// hour is the hourly window. What may leave is what the server said is left,
// less every call that it may not have counted then: exact when nothing is
// under way, and never too much.
type hour struct {
	limit     int // as told or assumed, the cap at least; 0 none
	limitTold bool
	cap       int
	percent   int // reserved

	start, end time.Duration
	endTold    bool
	closed     time.Duration // refused: nothing leaves before this

	left    int           // the least that was told of this hour; the limit before that
	leftSeq uint64        // calls from this number on left when that was known
	toldAt  time.Duration // when it was
	told    bool

	own      int      // our calls in this hour, those under way included
	seq      uint64   // the first call to leave in it
	first    bool     // the limiter's first: others may have used it before
	before   int      // used when the limiter began to look
	foreign  int      // other apps' calls noticed since
	stranger bool     // somebody, perhaps an earlier run of ours, used this hour before
	misses   []missed // in order
	missing  int      // their sum
	late     int      // calls of which nothing was told, so near the end that the next hour may have counted them
}

// missed is calls that may or may not have been counted.
type missed struct {
	seq   uint64 // calls from this number on left when that was known
	calls int
}

func (h *hour) limited() bool { return h.limit > 0 }

// reserve is how many of the hour's calls are left to others.
func (h *hour) reserve() int {
	return h.limit * min(max(h.percent, 0), 99) / 100
}

// share is how many calls of an hour may be ours, 0 if there is no limit.
func (h *hour) share() int {
	share := h.limit - h.reserve()
	if h.cap > 0 {
		share = min(share, h.cap)
	}
	return share
}

// room is how many calls may leave, if those under way use so many and the last
// margin of the hour's calls are not used.
func (h *hour) room(now time.Duration, flying, margin int) int {
	if now < h.closed {
		return 0
	}
	room := math.MaxInt
	if h.limit > 0 {
		room = h.left - h.missing - flying - max(h.reserve(), min(margin, h.limit/2))
	}
	if h.cap > 0 {
		room = min(room, h.cap-h.own)
	}
	return room
}

// hidden is how many calls the server has counted that are neither our answered
// ones nor known to be others'.
func (h *hour) hidden(flying int) int {
	if !h.told {
		return 0
	}
	return max(0, h.limit-h.left-(h.own-flying)-h.before-h.foreign)
}

// begin begins the hour with this end. Calls under way may be counted in it.
func (h *hour) begin(end time.Duration, seq uint64, flying int) {
	late := h.late
	if (end - time.Hour - h.end).Abs() > time.Minute {
		late = 0 // the next hour, but for those in between
	}
	*h = hour{
		limit: h.limit, limitTold: h.limitTold, cap: h.cap, percent: h.percent,
		start: end - time.Hour, end: end, endTold: h.endTold, closed: h.closed,
		left: h.limit, leftSeq: seq, toldAt: end - time.Hour,
		own: flying + late, seq: seq,
		misses: h.misses[:0],
	}
	if late > 0 && h.limit > 0 {
		h.misses, h.missing = append(h.misses, missed{seq, late}), late
	}
}

// refuse closes the hour.
func (h *hour) refuse(now, after time.Duration, next uint64) {
	// A refusal that is heard of early in an hour may speak of the one before.
	const early = 10 * time.Second
	switch {
	case after > 0:
		after = min(after, time.Hour) // no hour lasts longer
		h.closed = max(h.closed, now+after+hourMargin)
		if !h.endTold {
			h.end = now + after
		}
	case now < h.start+early:
		h.closed = max(h.closed, now+early)
	default:
		h.left, h.leftSeq = 0, next
	}
}

// opens is when a call may leave that had no room.
func (h *hour) opens(now time.Duration) time.Duration {
	if now < h.closed {
		return h.closed
	}
	return h.end + hourMargin
}

// miss counts a call that may or may not have been counted.
func (h *hour) miss(now time.Duration, next uint64) {
	if now > h.end-hourMargin {
		h.late++
	}
	if h.limit == 0 {
		return
	}
	h.missing++
	if n := len(h.misses); n > 0 && h.misses[n-1].seq == next {
		h.misses[n-1].calls++
		return
	}
	h.misses = append(h.misses, missed{next, 1})
}

// found forgets the misses that an answer to call seq must include.
func (h *hour) found(seq uint64) {
	n := 0
	for n < len(h.misses) && h.misses[n].seq <= seq {
		h.missing -= h.misses[n].calls
		n++
	}
	if n > 0 {
		h.misses = append(h.misses[:0], h.misses[n:]...)
	}
}

// belonging says which hour a reading speaks of.
type belonging int

const (
	untold belonging = iota
	otherHour
	thisHour
	nextHour
)

// placeOf says which hour the answer to c speaks of. Ends of two hours lie an
// hour apart, so half of that tells them from one another.
func (h *hour) placeOf(c Call, r Reading, now time.Duration) belonging {
	if r.HourLeft < 0 || r.HourLimit <= 0 && h.limit == 0 {
		return untold
	}
	if r.HourReset < 0 {
		if c.seq < h.seq {
			return untold
		}
		return thisHour
	}
	switch end := now + r.HourReset; {
	case c.seq < h.seq && end < h.end-time.Hour/2:
		return otherHour
	case h.endTold && end > h.end+time.Hour/2:
		return nextHour
	}
	return thisHour
}

// read takes in a reading of this hour. It returns how many calls the server
// has counted, and how many of other apps were not known of before.
func (h *hour) read(c Call, r Reading, now time.Duration, next uint64) (used, foreign int) {
	if r.HourReset >= 0 {
		// Every end told is late by the answer's way and by what the server's
		// clock had left of its second: the earliest is the truest.
		end := now + r.HourReset
		if h.endTold && end > h.end-time.Hour/2 {
			end = min(end, h.end)
		}
		h.start, h.end, h.endTold = end-time.Hour, end, true
	}
	limit := h.limit
	if r.HourLimit > 0 {
		limit, h.limitTold = r.HourLimit, true
	}
	h.found(c.seq)
	// Answers overtake each other. Within an hour less left is later; more left
	// is believed only of a call that left when the less was known.
	newer := c.seq >= h.leftSeq
	if !h.told || newer || r.HourLeft <= h.left && limit <= h.limit {
		if h.told && limit != h.limit {
			h.before += limit - h.limit - (r.HourLeft - h.left) // not other apps' doing
		}
		h.limit, h.left, h.leftSeq, h.toldAt = limit, r.HourLeft, next, now
	}
	used = h.limit - r.HourLeft
	others := used - h.own
	if h.first && !h.told {
		h.before = others
		h.stranger = others > 0
	}
	h.told = true
	foreign = max(0, others-h.before-h.foreign)
	h.foreign += foreign
	return used, foreign
}

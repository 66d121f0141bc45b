package throttle

import (
	"math"
	"time"
)

// hourMargin is how long after an hour's end, as it was told, the next begins:
// servers tell the end, and the time, in whole seconds.
const hourMargin = 1500 * time.Millisecond

// hourWindow is the hourly window. What may leave is what the server said is
// left, less every call that it may not have counted then: exact when nothing is
// under way, and never too much.
type hourWindow struct {
	Limit     int           // as told or assumed, the cap at least; 0 none
	LimitTold bool          // an answer told it
	End       time.Duration // of this hour
	EndTold   bool          // an answer told it
	Closed    time.Duration // the server refused a call: nothing leaves before this

	Left    int           // the least that was told of this hour; the limit before that
	LeftSeq uint64        // calls from this number on left when that was known
	ToldAt  time.Duration // when it was told
	Told    bool          // it was

	Own        int    // our calls in this hour, without those under way
	FirstSeq   uint64 // the first call to leave in it
	First      bool   // nobody has watched the hours before: others may have used this one
	Before     int    // used when we began to watch
	Foreign    int    // calls of others noticed since
	Missing    int    // calls of ours that the server may have counted or not
	MissingSeq uint64 // calls from this number on left when these were known
	Late       int    // calls of which nothing was told, so near the end that the next hour may have counted them

	cap     int
	percent int // reserved
}

func (h *hourWindow) limited() bool { return h.Limit > 0 }

func (h *hourWindow) start() time.Duration { return h.End - time.Hour }

// reserve is how many of the hour's calls are left to others.
func (h *hourWindow) reserve() int {
	return h.Limit * min(max(h.percent, 0), 99) / 100
}

// share is how many calls of an hour may be ours, 0 if there is no limit.
func (h *hourWindow) share() int {
	share := h.Limit - h.reserve()
	if h.cap > 0 {
		share = min(share, h.cap)
	}
	return share
}

// room is how many calls may leave, if so many of ours are under way, so many of
// others' are hidden among these, and others may make margin calls.
func (h *hourWindow) room(now time.Duration, flying, hidden, margin int) int {
	if now < h.Closed {
		return 0
	}
	room := math.MaxInt
	if h.Limit > 0 {
		room = h.Left - h.Missing - flying - hidden - max(h.reserve(), min(margin, h.Limit/2))
	}
	if h.cap > 0 {
		room = min(room, h.cap-h.Own-flying)
	}
	return room
}

// unexplained is how many calls the server has counted that are neither our
// answered ones nor known to be others'.
func (h *hourWindow) unexplained() int {
	if !h.Told {
		return 0
	}
	return max(0, h.Limit-h.Left-h.Own-h.Before-h.Foreign)
}

// begin begins the hour with this end.
func (h *hourWindow) begin(end time.Duration, next uint64) {
	late := h.Late
	if (end - time.Hour - h.End).Abs() > time.Minute {
		late = 0 // not the hour after the one in which they were late
	}
	*h = hourWindow{
		Limit: h.Limit, LimitTold: h.LimitTold, cap: h.cap, percent: h.percent,
		End: end, EndTold: h.EndTold, Closed: h.Closed,
		Left: h.Limit, LeftSeq: next, ToldAt: end - time.Hour,
		Own: late, FirstSeq: next, Missing: late, MissingSeq: next,
	}
}

// refuse closes the hour.
func (h *hourWindow) refuse(now, after time.Duration, next uint64) {
	// A refusal that is heard of early in an hour may speak of the one before.
	const early = 10 * time.Second
	switch {
	case after > 0:
		after = min(after, time.Hour) // no hour lasts longer
		h.Closed = max(h.Closed, now+after+hourMargin)
		if !h.EndTold {
			h.End = now + after
		}
	case now < h.start()+early:
		h.Closed = max(h.Closed, now+early)
	default:
		h.Left, h.LeftSeq = 0, next
	}
}

// opens is when a call may leave that had no room.
func (h *hourWindow) opens(now time.Duration) time.Duration {
	if now < h.Closed {
		return h.Closed
	}
	return h.End + hourMargin
}

// miss records calls that the server may have counted or not.
func (h *hourWindow) miss(calls int, now time.Duration, next uint64) {
	if now > h.End-hourMargin {
		h.Late += calls
	}
	if h.Limit > 0 {
		h.Missing += calls
		h.MissingSeq = next
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

// placeOf says which hour the answer to a call speaks of. Ends of two hours lie
// an hour apart, so half of that tells them from one another.
func (h *hourWindow) placeOf(seq uint64, r Reading, now time.Duration) belonging {
	if r.HourLeft < 0 || r.HourLimit <= 0 && h.Limit == 0 {
		return untold
	}
	if r.HourReset < 0 {
		if seq < h.FirstSeq {
			return untold
		}
		return thisHour
	}
	switch end := now + r.HourReset; {
	case seq < h.FirstSeq && end < h.End-time.Hour/2:
		return otherHour
	case h.EndTold && end > h.End+time.Hour/2:
		return nextHour
	}
	return thisHour
}

// read records a reading of this hour and returns how many calls of others it
// shows that were not known of.
func (h *hourWindow) read(seq uint64, r Reading, now time.Duration, flying int, next uint64) (foreign int) {
	if r.HourReset >= 0 {
		// Every end told is late by the answer's way and by what the server's
		// clock had left of its second: the earliest is the truest.
		end := now + min(r.HourReset, time.Hour)
		if h.EndTold && end > h.End-time.Hour/2 {
			end = min(end, h.End)
		}
		h.End, h.EndTold = end, true
	}
	limit := h.Limit
	if r.HourLimit > 0 {
		limit, h.LimitTold = r.HourLimit, true
	}
	if seq >= h.MissingSeq {
		h.Missing = 0 // the server had counted them before this call, or never will
	}
	// Answers overtake each other. Within an hour less left is later; more left
	// is believed only of a call that left when the less was known.
	newer := seq >= h.LeftSeq
	if !h.Told || newer || r.HourLeft <= h.Left && limit <= h.Limit {
		if h.Told && limit != h.Limit {
			h.Before += limit - h.Limit - (r.HourLeft - h.Left) // not other apps' doing
		}
		h.Limit, h.Left, h.LeftSeq, h.ToldAt = limit, r.HourLeft, next, now
	}
	others := h.Limit - r.HourLeft - h.Own - flying
	if h.First && !h.Told {
		h.Before = others
	}
	h.Told = true
	foreign = max(0, others-h.Before-h.Foreign)
	h.Foreign += foreign
	return foreign
}

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
	ceiling
	End      time.Duration // of this hour
	EndTold  bool          // an answer told it
	FirstSeq uint64        // the first call to leave in it
	Own      int           // our calls in it, without those under way

	Count     serverCount
	Uncertain uncertainCalls
	Foreign   foreignUse
}

// serverCount is the latest that the server told of its count of the hour.
type serverCount struct {
	Told bool          // it told something
	Left int           // the least that was told to be left; the limit before that
	At   time.Duration // when it was told
	Seq  uint64        // calls from this number on left after that
}

// uncertainCalls are calls of ours that the server may have counted or not.
type uncertainCalls struct {
	Calls int
	Seq   uint64 // calls from this number on left when these were known
	Late  int    // calls of which nothing was told, so near the end that the next hour may have counted them
}

// foreignUse is what other apps have used of the hour.
type foreignUse struct {
	Unwatched bool // nobody has watched the hours before: others may have used this one
	Before    int  // used when we began to watch
	Noticed   int  // used since
}

// notice records how many calls the server has counted that are not ours. It returns
// how many of them were not known of.
func (f *foreignUse) notice(counted int) (calls int) {
	calls = max(0, counted-f.Before-f.Noticed)
	f.Noticed += calls
	return calls
}

var _ window = (*hourWindow)(nil)

func (h *hourWindow) name() Window { return Hourly }

func (h *hourWindow) start() time.Duration { return h.End - time.Hour }

// configure implements [window].
func (h *hourWindow) configure(q Quota) {
	before := h.Limit
	switch {
	case !h.assume(q):
	case h.Count.Told: // the server counts, though it does not say up to what
	case before == 0:
		h.Count.Left = h.Limit - h.Own // without a limit none was counted
	default:
		h.Count.Left += h.Limit - before
	}
}

// room implements [window].
func (h *hourWindow) room(now time.Duration, l load) int {
	if now < h.Closed {
		return 0
	}
	room := math.MaxInt
	if h.Limit > 0 {
		room = h.Count.Left - h.Uncertain.Calls - l.inFlight - l.hidden - h.spare(l.margin)
	}
	if h.quota.Cap > 0 {
		room = min(room, h.quota.Cap-h.Own-l.inFlight)
	}
	return room
}

// opens implements [window].
func (h *hourWindow) opens(now time.Duration, _ load) time.Duration {
	if now < h.Closed {
		return h.Closed
	}
	return h.End + hourMargin
}

// nextFree implements [window].
func (h *hourWindow) nextFree() (time.Duration, bool) { return h.End + hourMargin, true }

// unexplained is how many calls the server has counted that are neither our
// completed ones nor known to be others'.
func (h *hourWindow) unexplained() int {
	if !h.Count.Told {
		return 0
	}
	return max(0, h.Limit-h.Count.Left-h.Own-h.Foreign.Before-h.Foreign.Noticed)
}

// turn implements [window].
func (h *hourWindow) turn(now time.Duration, next uint64) {
	if over := now - hourMargin - h.End; over >= 0 {
		h.begin(h.End+(over/time.Hour+1)*time.Hour, next)
	}
}

// begin begins the hour with this end.
func (h *hourWindow) begin(end time.Duration, next uint64) {
	late := h.Uncertain.Late
	if (end - time.Hour - h.End).Abs() > time.Minute {
		late = 0 // not the hour after the one in which they were late
	}
	*h = hourWindow{
		ceiling: h.ceiling, End: end, EndTold: h.EndTold, FirstSeq: next, Own: late,
		Count:     serverCount{Left: h.Limit, At: end - time.Hour, Seq: next},
		Uncertain: uncertainCalls{Calls: late, Seq: next},
	}
}

// complete implements [window].
func (h *hourWindow) complete(calls int, _ time.Duration) { h.Own += calls }

// lose implements [window].
func (h *hourWindow) lose(calls int, now time.Duration, next uint64) {
	if now > h.End-hourMargin {
		h.Uncertain.Late += calls
	}
	if h.Limit > 0 {
		h.Uncertain.Calls += calls
		h.Uncertain.Seq = next
	}
}

// refuse implements [window].
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
		h.Count.Left, h.Count.Seq = 0, next
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

// hourOf says which hour the answer to a call speaks of. Ends of two hours lie
// an hour apart, so half of that tells them from one another.
func (h *hourWindow) hourOf(seq uint64, r Reading, now time.Duration) belonging {
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
func (h *hourWindow) read(seq uint64, r Reading, now time.Duration, inFlight int, next uint64) (foreign int) {
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
	if seq >= h.Uncertain.Seq {
		h.Uncertain.Calls = 0 // the server had counted them before this call, or never will
	}
	// Answers overtake each other. Within an hour less left is later; more left
	// is believed only of a call that left when the less was known.
	newer := seq >= h.Count.Seq
	if !h.Count.Told || newer || r.HourLeft <= h.Count.Left && limit <= h.Limit {
		if h.Count.Told && limit != h.Limit {
			h.Foreign.Before += limit - h.Limit - (r.HourLeft - h.Count.Left) // not other apps' doing
		}
		h.Limit, h.Count.Left, h.Count.Seq, h.Count.At = limit, r.HourLeft, next, now
	}
	others := h.Limit - r.HourLeft - h.Own - inFlight
	if h.Foreign.Unwatched && !h.Count.Told {
		h.Foreign.Before = others
	}
	h.Count.Told = true
	return h.Foreign.notice(others)
}

// budget implements [window].
func (h *hourWindow) budget(now time.Duration, l load, at func(time.Duration) time.Time) Budget {
	b := h.ceiling.budget(now, at)
	b.Own, b.Ends = h.Own+l.inFlight, at(h.End)
	if h.limited() {
		b.Left = max(0, h.Count.Left-h.Uncertain.Calls-l.inFlight)
		b.Open = max(0, h.room(now, l))
	}
	return b
}

// restore takes over what another limiter knew.
func (h *hourWindow) restore(b Budget, now time.Duration, since func(time.Time) time.Duration) {
	h.ceiling.restore(b, since)
	if h.LimitTold {
		h.Count.Left = h.Limit
	}
	if end := since(b.Ends); end > now-hourMargin && end <= now+time.Hour {
		h.End, h.EndTold = end, b.Told
		h.Count.Left = max(0, h.Limit-max(0, b.Limit-b.Left))
		h.Own = max(0, b.Own)
	}
}

// plausible implements [window].
func (h *hourWindow) plausible(written time.Duration) bool {
	left, before := h.Count.Left, h.Foreign.Before
	return h.ceiling.plausible(written) && h.Count.At <= written && h.End <= written+time.Hour &&
		plausibleCounts(h.Own, max(left, -left), h.Uncertain.Calls, h.Uncertain.Late, max(before, -before), h.Foreign.Noticed)
}

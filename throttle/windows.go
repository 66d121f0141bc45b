package throttle

import (
	"slices"
	"time"
)

// windows is what is known of the windows in which one account's server counts
// calls, and with that when the next call may leave. It is a state machine
// without lock, queue or clock: one limiter keeps it in memory, and limiters that
// share a [Store] keep it there, as JSON.
//
// Its times are durations since a moment that its keeper chooses. A method's now
// is when the thing happened, which may be earlier than what was recorded before:
// limiters tell each other of their answers late.
//
// Calls are numbered in the order in which they leave. Calls that were reserved
// together have one number. What an answer tells replaces what was known when
// its call left, and nothing newer.
type windows struct {
	Seq    uint64 // the number of the next call to leave
	Landed int    // calls that were answered or lost
	Lost   int    // of these, the lost

	Probing  bool // one call at a time, until an answer to a call of this number or a later one
	ProbeSeq uint64

	Hour    hourWindow
	Burst   burstWindow
	Foreign foreignTraffic

	flying   int // calls that have left, or have a reservation, and have not landed
	orphaned int // of these, calls of processes that have ended
}

// settings are what a limiter's own fields say, each as there.
type settings struct {
	hourLimit, burstLimit int
	hourCap, burstCap     int
	reserve               int
}

// newWindows returns windows of which nothing is known, at time 0. Without word
// from the server the hour ends at the full hour on the clock, which is then.
func newWindows(fullHour time.Duration, s settings) windows {
	w := windows{Probing: true, Hour: hourWindow{First: true, End: fullHour}}
	w.configure(s)
	return w
}

// configure makes the settings those of the limiter that asks next. What an
// answer has told stands; what was assumed until then is for each to assume.
func (w *windows) configure(s settings) {
	h, b := &w.Hour, &w.Burst
	h.cap, h.percent, b.cap = s.hourCap, s.reserve, s.burstCap
	if !h.LimitTold {
		assumed := s.hourLimit
		if assumed == 0 {
			assumed = s.hourCap
		}
		switch {
		case h.Told: // the server counts, though it does not say up to what
		case h.Limit == 0:
			h.Left = assumed - h.Own // without a limit none was counted
		default:
			h.Left += assumed - h.Limit
		}
		h.Limit = assumed
	}
	if !b.LimitTold {
		if b.Limit = s.burstLimit; b.Limit == 0 {
			b.Limit = s.burstCap
		}
	}
}

// clone returns windows that share nothing with w.
func (w *windows) clone() windows {
	c := *w
	c.Burst.Own.Slots, c.Burst.Foreign.Slots = slices.Clone(w.Burst.Own.Slots), slices.Clone(w.Burst.Foreign.Slots)
	c.Foreign.Counts = slices.Clone(w.Foreign.Counts)
	return c
}

// leave lets a call go and returns its number.
func (w *windows) leave() uint64 {
	seq := w.Seq
	w.Seq++
	w.flying++
	return seq
}

// done records the answer to a call.
func (w *windows) done(seq uint64, latency time.Duration, r Reading, now time.Duration) {
	w.land(seq, 1, now)
	w.Foreign.answered(latency)
	if seq >= w.ProbeSeq {
		w.Probing = false
	}
	h := &w.Hour
	switch h.placeOf(seq, r, now) {
	case otherHour:
		h.Own-- // the hour that is over has counted it
	case untold:
		h.miss(1, now, w.Seq)
	case nextHour:
		w.begin(now + min(r.HourReset, time.Hour))
		h.Own++
		w.Probing = false
		fallthrough
	case thisHour:
		since := now - h.ToldAt
		suspect := h.First && !h.Told
		calls := h.read(seq, r, now, w.flying, w.Seq)
		w.Foreign.notice(h.Limit-r.HourLeft, calls, since, w.flying, w.Seq)
		w.Foreign.Suspected = w.Foreign.Suspected || suspect && h.Before > 0
		w.Burst.take(now, 0, calls)
	}
	if w.Burst.read(r, now, latency, w.flying) {
		w.Foreign.Suspected = true
	}
}

// lose records that so many calls will have no answer.
func (w *windows) lose(seq uint64, calls int, now time.Duration) {
	w.land(seq, calls, now)
	w.Lost += calls
	w.Hour.miss(calls, now, w.Seq)
}

// land ends the flight of calls. They keep their places in the burst from now at
// the latest.
func (w *windows) land(seq uint64, calls int, now time.Duration) {
	w.turn(now)
	w.flying -= calls
	w.Landed += calls
	w.Hour.Own += calls
	w.Burst.take(now, calls, 0)
	w.Foreign.landed(seq, calls)
}

// refuse records that the server refused a call.
func (w *windows) refuse(window Window, after, now time.Duration) {
	w.turn(now)
	w.Foreign.Now.Jump = max(w.Foreign.Now.Jump, 1) // it was not by our count
	if window == Hourly {
		w.Hour.refuse(now, after, w.Seq)
		w.probe()
	} else {
		w.Burst.refuse(now, after)
	}
}

// turn begins a new hour when the old one is surely over.
func (w *windows) turn(now time.Duration) {
	if over := now - hourMargin - w.Hour.End; over >= 0 {
		w.begin(w.Hour.End + (over/time.Hour+1)*time.Hour)
	}
	w.Burst.expire(now)
}

// begin begins the hour that ends then.
func (w *windows) begin(end time.Duration) {
	if w.Foreign.present() {
		w.probe() // others may have been quicker
	}
	w.Foreign.turn()
	w.Hour.begin(end, w.Seq)
}

// probe lets the next call go alone.
func (w *windows) probe() {
	w.Probing, w.ProbeSeq = true, w.Seq
}

// hold is calls being held back. One without a window ends with an answer.
type hold struct {
	window Window
	until  time.Duration
}

// held reports whether the next call must wait.
func (w *windows) held(now time.Duration) (hold, bool) {
	w.turn(now)
	if w.flying == 0 && w.Hour.Told && now-w.Hour.ToldAt > pauseLength && w.Foreign.noticed() {
		w.probe() // nothing of ours must hide what others did in the pause
	}
	if w.probeFlies() {
		return hold{}, true
	}
	if w.room(now) > 0 {
		return hold{}, false
	}
	// Would it wait if every call under way were answered now?
	h, margin := hold{}, w.margin(now)
	if w.Hour.room(now, w.flying, 0, margin) <= 0 {
		h = hold{Hourly, w.Hour.opens(now)}
	}
	if w.Burst.room(now, w.flying, 0, margin) <= 0 {
		if until := w.Burst.opens(now, w.flying, 0, margin); until > h.until {
			h = hold{Burst, until}
		}
	}
	return h, true
}

// wake is when a call that is held back should ask again, if no answer comes
// first.
func (w *windows) wake(h hold, now time.Duration) time.Duration {
	if h.until > now {
		return h.until
	}
	// An answer will come, or else time makes room.
	wake := w.Hour.End + hourMargin
	if next, ok := w.Burst.next(); ok {
		wake = min(wake, next)
	}
	return wake
}

// probeFlies reports whether a call is under way that must be answered before
// the next may leave. The call of a process that has ended will not be.
func (w *windows) probeFlies() bool {
	return w.Probing && w.flying > w.orphaned && (w.Hour.limited() || w.Burst.limited())
}

// room is how many calls both windows have room for.
func (w *windows) room(now time.Duration) int {
	margin, hidden := w.margin(now), w.Foreign.hidden(w.flying)
	hour := w.Hour.room(now, w.flying, hidden, margin)
	if w.Foreign.present() {
		hidden += w.Hour.unexplained() // others' calls, or those under way
	}
	return min(hour, w.Burst.room(now, w.flying, hidden, margin))
}

// margin is how many calls others may make before our next one is counted.
func (w *windows) margin(now time.Duration) int {
	return w.Foreign.margin(now-w.Hour.ToldAt, w.Hour.Limit)
}

package throttle

import (
	"math"
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
	Seq       uint64 // the number of the next call to leave
	Completed int    // calls that were answered or lost
	Lost      int    // of these, the lost

	Probing  bool // one call at a time, until an answer to a call of this number or a later one
	ProbeSeq uint64

	Hour    hourWindow
	Burst   burstWindow
	Foreign foreignTraffic

	inFlight int // calls that have left, or have a reservation, and are not completed
	orphaned int // of these, calls of processes that have ended
}

// window is one of the windows, in a file of its own.
//
// A new kind of limit is a type with these methods and a field of that type in windows,
// which all lists. What an operator sets of it is a [Quota] of [Limiter], what an answer
// tells of it stands in [Reading] and goes to the window in done, and what is left of it
// is a [Budget] of [State], which [State.Finish] plans with.
type window interface {
	name() Window
	// configure makes the quota that of the limiter that asks next.
	configure(q Quota)
	// limited reports whether there is a limit.
	limited() bool
	// turn ends what is over: the window, or places in it. next is the number of the
	// next call to leave, here and below.
	turn(now time.Duration, next uint64)
	// room is how many calls may leave.
	room(now time.Duration, l load) int
	// opens is when a call may leave that has no room, if those under way are answered
	// by then.
	opens(now time.Duration, l load) time.Duration
	// nextFree is when time next makes room, if it does.
	nextFree() (at time.Duration, ok bool)
	// complete counts calls of ours that are not under way any more.
	complete(calls int, now time.Duration)
	// lose records that the server may have counted completed calls or not.
	lose(calls int, now time.Duration, next uint64)
	// refuse records that the server refused a call, and after how long it may take
	// one; 0 or less if that is not known.
	refuse(now, after time.Duration, next uint64)
	// budget returns what is known. at makes a time of the clock of a window's time.
	budget(now time.Duration, l load, at func(time.Duration) time.Time) Budget
	// plausible reports whether nothing worse can come of the window than a wait of an
	// hour, if it was written at that time.
	plausible(written time.Duration) bool
}

// load is the calls for which a window must have places beside those that it has
// counted.
type load struct {
	inFlight    int // ours that are under way
	hidden      int // others' that the server may have counted among these
	unexplained int // others', or ours under way, that only the hour's count shows
	margin      int // others' that may come before our next one is counted
}

// all are the windows.
func (w *windows) all() [2]window { return [...]window{&w.Hour, &w.Burst} }

// newWindows returns windows of which nothing is known, at time 0. Without word
// from the server the hour ends at the full hour on the clock, which is then.
func newWindows(fullHour time.Duration, q quotas) windows {
	w := windows{Probing: true, Hour: hourWindow{End: fullHour, Foreign: foreignUse{Unwatched: true}}}
	w.configure(q)
	return w
}

// configure makes the quotas those of the limiter that asks next.
func (w *windows) configure(q quotas) {
	w.Hour.configure(q.hour)
	w.Burst.configure(q.burst)
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
	w.inFlight++
	return seq
}

// done records the answer to a call.
func (w *windows) done(seq uint64, latency time.Duration, r Reading, now time.Duration) {
	w.complete(seq, 1, now)
	w.Foreign.answered(latency)
	if seq >= w.ProbeSeq {
		w.Probing = false
	}
	h := &w.Hour
	switch h.hourOf(seq, r, now) {
	case otherHour:
		h.Own-- // the hour that is over has counted it
	case untold:
		h.lose(1, now, w.Seq)
	case nextHour:
		w.leaveHour()
		h.begin(now+min(r.HourReset, time.Hour), w.Seq)
		h.Own++
		w.Probing = false
		fallthrough
	case thisHour:
		since := now - h.Count.At
		suspect := h.Foreign.Unwatched && !h.Count.Told
		calls := h.read(seq, r, now, w.inFlight, w.Seq)
		w.Foreign.notice(h.Limit-r.HourLeft, calls, since, w.inFlight, w.Seq)
		w.Foreign.Suspected = w.Foreign.Suspected || suspect && h.Foreign.Before > 0
		w.Burst.take(now, 0, calls)
	}
	if w.Burst.read(r, now, latency, w.inFlight) {
		w.Foreign.Suspected = true
	}
}

// lose records that so many calls will have no answer.
func (w *windows) lose(seq uint64, calls int, now time.Duration) {
	w.complete(seq, calls, now)
	w.Lost += calls
	for _, win := range w.all() {
		win.lose(calls, now, w.Seq)
	}
}

// complete ends calls that were under way.
func (w *windows) complete(seq uint64, calls int, now time.Duration) {
	w.turn(now)
	w.inFlight -= calls
	w.Completed += calls
	for _, win := range w.all() {
		win.complete(calls, now)
	}
	w.Foreign.completed(seq, calls)
}

// refuse records that the server refused a call.
func (w *windows) refuse(window Window, after, now time.Duration) {
	w.turn(now)
	w.Foreign.Now.Jump = max(w.Foreign.Now.Jump, 1) // it was not by our count
	for _, win := range w.all() {
		if win.name() == window {
			win.refuse(now, after, w.Seq)
		}
	}
	if window == Hourly {
		w.probe()
	}
}

// turn ends what is over.
func (w *windows) turn(now time.Duration) {
	end := w.Hour.End
	for _, win := range w.all() {
		win.turn(now, w.Seq)
	}
	if w.Hour.End != end {
		w.leaveHour()
	}
}

// leaveHour takes note that another hour begins.
func (w *windows) leaveHour() {
	if w.Foreign.present() {
		w.probe() // others may have been quicker
	}
	w.Foreign.beginHour()
}

// probe lets the next call go alone.
func (w *windows) probe() {
	w.Probing, w.ProbeSeq = true, w.Seq
}

// hold says why calls are held back, and until when. One without a window ends when a
// call under way is answered.
type hold struct {
	window Window
	until  time.Duration
}

// held reports whether the next call must wait.
func (w *windows) held(now time.Duration) (hold, bool) {
	w.turn(now)
	if w.inFlight == 0 && w.Hour.Count.Told && now-w.Hour.Count.At > pauseLength && w.Foreign.noticed() {
		w.probe() // nothing of ours must hide what others did in the pause
	}
	if w.probeInFlight() {
		return hold{}, true
	}
	if w.room(now) > 0 {
		return hold{}, false
	}
	// Would it wait if every call under way were answered now?
	h, l := hold{}, w.knownLoad(now)
	for _, win := range w.all() {
		if win.room(now, l) > 0 {
			continue
		}
		if until := win.opens(now, l); h.window == "" || until > h.until {
			h = hold{win.name(), until}
		}
	}
	return h, true
}

// askAgain is when a call that is held back should ask again, if no answer comes
// first.
func (w *windows) askAgain(h hold, now time.Duration) time.Duration {
	if h.until > now {
		return h.until
	}
	// An answer will come, or else time makes room.
	at := time.Duration(math.MaxInt64)
	for _, win := range w.all() {
		if next, ok := win.nextFree(); ok {
			at = min(at, next)
		}
	}
	return at
}

// probeInFlight reports whether a call is under way that must be answered before
// the next may leave. The call of a process that has ended will not be.
func (w *windows) probeInFlight() bool {
	if !w.Probing || w.inFlight <= w.orphaned {
		return false
	}
	for _, win := range w.all() {
		if win.limited() {
			return true
		}
	}
	return false
}

// room is how many calls all windows have room for.
func (w *windows) room(now time.Duration) int {
	l := w.knownLoad(now)
	l.hidden = w.Foreign.hidden(w.inFlight)
	if w.Foreign.present() {
		l.unexplained = w.Hour.unexplained()
	}
	room := math.MaxInt
	for _, win := range w.all() {
		room = min(room, win.room(now, l))
	}
	return room
}

// knownLoad returns the load without calls of others that the server may have counted
// beside ours under way.
func (w *windows) knownLoad(now time.Duration) load {
	return load{inFlight: w.inFlight, margin: w.Foreign.margin(now-w.Hour.Count.At, w.Hour.Limit)}
}

// count counts what is not stored of the windows themselves.
func (w *windows) count() { w.Burst.count() }

// plausible reports whether nothing worse can come of the windows than a wait of an
// hour, if they were written at that time.
func (w *windows) plausible(written time.Duration) bool {
	for _, win := range w.all() {
		if !win.plausible(written) {
			return false
		}
	}
	return plausibleCounts(w.Completed, w.Lost) && w.Foreign.plausible()
}

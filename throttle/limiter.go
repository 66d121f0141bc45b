package throttle

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Limiter paces the calls of one account, so that its server refuses none and
// none waits without need. It counts in two windows: the hour, whose end the
// server tells, and 30 s, of which it tells no end.
//
// The zero Limiter does not wait until an answer tells it a limit. Any other
// lets a first call go alone, for only an answer shows what others have left of
// the hour. A Limiter is safe for concurrent use and must not be copied; its
// fields are set before its first use.
//
// Calls leave in the order in which they asked. How many are under way at once
// is for those who ask; near the end of a window that other apps use too, the
// limiter lets fewer, and leaves it a little before it is empty. What others do
// is learnt from the counts: a call of theirs that comes out of nothing for the
// last place of a window can still cost us a refusal.
type Limiter struct {
	// HourLimit and BurstLimit are assumed until an answer tells the limits,
	// whether these are higher or lower. 0 assumes the cap, or none.
	HourLimit, BurstLimit int
	// HourCap and BurstCap are how many calls of ours may be counted in an hour
	// and in 30 s, whatever the server allows. 0 is no cap.
	HourCap, BurstCap int
	// Reserve is the percentage of each hour that is left to other apps on the
	// account: no call leaves when only so much remains. It ends at 99.
	Reserve int
	// OnWait, if not nil, is told when calls begin to be held back for a second
	// or more, once and not for every call, and again when that changes. It may
	// be called by several goroutines, and must not block; it may ask for State.
	OnWait func(Wait)

	mu        sync.Mutex
	birth     time.Time // what the durations below count from; monotonic
	seq       uint64    // the number of the next call to leave
	returned  int       // calls that turned back before they were sent
	flying    int       // calls that have left and are not answered
	lost      int
	unsure    bool   // one call at a time, until an answer
	unsureSeq uint64 // of a call with this number or a later one
	hour      hour
	burst     burst
	others    others
	queue     list.List // of *waiter
	timer     *time.Timer
	announced hold
}

// Call is one call that has its place and may leave. One of [Call.Done] and
// [Call.Lost] must be called, once; on the zero Call they do nothing.
type Call struct {
	l    *Limiter
	seq  uint64
	left time.Duration
}

// waiter is a goroutine in [Limiter.Acquire].
type waiter struct {
	ready chan struct{} // closed when call is set
	call  Call
}

// hold is calls being held back. A hold without a window ends with an answer.
type hold struct {
	window Window
	until  time.Duration
}

// Acquire waits until a call may leave. If ctx ends before that, it returns an
// error in whose chain are ctx's error and its cause, and which says by the
// method Unsent() bool that nothing was sent. An ended ctx acquires nothing.
func (l *Limiter) Acquire(ctx context.Context) (Call, error) {
	if ctx.Err() != nil {
		return Call{}, newUnsent(ctx)
	}
	l.mu.Lock()
	now := l.now()
	if l.queue.Len() == 0 {
		if _, held := l.held(now); !held {
			call := l.leave(now)
			l.mu.Unlock()
			return call, nil
		}
	}
	w := &waiter{ready: make(chan struct{})}
	place := l.queue.PushBack(w)
	l.dispatch(now)
	select {
	case <-w.ready:
		return w.call, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	select {
	case <-w.ready: // too late: it had been let go at that moment
		l.turnBack()
	default:
		l.queue.Remove(place)
	}
	l.dispatch(l.now())
	return Call{}, newUnsent(ctx)
}

// Done tells that the call was answered, and what the answer told.
func (c Call) Done(r Reading) {
	if c.l == nil {
		return
	}
	l := c.l
	l.mu.Lock()
	now := l.now()
	l.land(c, now)
	l.others.took(now - c.left)
	l.read(c, r, now)
	l.dispatch(now)
}

// Lost tells that the call was not answered: it may have been counted or not,
// and is taken for counted until an answer to a later call shows the truth.
func (c Call) Lost() {
	if c.l == nil {
		return
	}
	l := c.l
	l.mu.Lock()
	now := l.now()
	l.lost++
	l.land(c, now)
	l.miss()
	l.dispatch(now)
}

// Exhausted tells that the server refused a call because the window had no
// place for it, and after how long it may have one; 0 or less if that is not
// known. Nothing leaves until then.
func (l *Limiter) Exhausted(w Window, after time.Duration) {
	l.mu.Lock()
	now := l.now()
	l.turn(now)
	l.others.jump = max(l.others.jump, 1) // not by our count
	if w == Hourly {
		l.hour.refuse(now, after, l.seq)
		l.doubt()
	} else {
		l.burst.refuse(now, after)
	}
	l.dispatch(now)
}

// now returns the time since the limiter's birth, which is its first use.
func (l *Limiter) now() time.Duration {
	if !l.birth.IsZero() {
		return time.Since(l.birth)
	}
	l.birth = time.Now()
	l.unsure = true
	l.hour = hour{limit: l.HourLimit, cap: l.HourCap, percent: l.Reserve, first: true}
	if l.hour.limit == 0 {
		l.hour.limit = l.HourCap
	}
	l.hour.left = l.hour.limit
	// Without word from the server the hour is the one on the clock.
	l.hour.end = l.birth.Truncate(time.Hour).Add(time.Hour).Sub(l.birth.Round(0))
	l.hour.start = l.hour.end - time.Hour
	l.burst = burst{limit: l.BurstLimit, cap: l.BurstCap}
	if l.burst.limit == 0 {
		l.burst.limit = l.BurstCap
	}
	return 0
}

// leave lets a call go.
func (l *Limiter) leave(now time.Duration) Call {
	c := Call{l: l, seq: l.seq, left: now}
	l.seq++
	l.flying++
	l.hour.own++
	return c
}

// turnBack undoes leave for a call that was not sent.
func (l *Limiter) turnBack() {
	l.returned++
	l.flying--
	l.hour.own--
}

// land ends a call's flight. Its burst place stays taken, from now at the
// latest.
func (l *Limiter) land(c Call, now time.Duration) {
	l.turn(now)
	l.flying--
	l.burst.take(now, 1, 0)
}

// miss counts a call of which the server did not say that it was counted.
func (l *Limiter) miss() {
	l.hour.miss(l.seq)
	l.others.excused++
}

// turn begins a new hour when the old one is surely over.
func (l *Limiter) turn(now time.Duration) {
	if over := now - hourMargin - l.hour.end; over >= 0 {
		l.begin(l.hour.end + (over/time.Hour+1)*time.Hour)
	}
	l.burst.expire(now)
}

// begin begins the hour that ends then.
func (l *Limiter) begin(end time.Duration) {
	l.hour.begin(end, l.seq, l.flying)
	if l.others.present() {
		l.doubt() // others may have been quicker
	}
	l.others.turn(l.hour.start)
}

// doubt lets the next call go alone.
func (l *Limiter) doubt() {
	l.unsure, l.unsureSeq = true, l.seq
}

// read takes in an answer's reading.
func (l *Limiter) read(c Call, r Reading, now time.Duration) {
	if c.seq >= l.unsureSeq {
		l.unsure = false
	}
	switch l.hour.placeOf(c, r, now) {
	case otherHour:
		l.hour.own-- // the hour that is over has counted it
	case untold:
		l.miss()
	case nextHour:
		l.begin(now + r.HourReset)
		l.hour.own++ // begin knows only of calls under way
		l.unsure = false
		fallthrough
	case thisHour:
		limit := l.hour.limit
		used, came := l.hour.read(c, r, now, l.seq)
		if l.hour.limit != limit {
			l.others.forget() // the old counts may not compare with the new
		}
		l.others.mark(used, now, l.flying == 0)
		l.others.came(came)
		l.others.suspect = l.others.suspect || l.hour.stranger
		l.burst.notice(came, now, l.seq)
	}
	if came := l.burst.read(c, r, now, l.flying, l.seq); came > 0 {
		l.others.suspect = true
	}
}

// held reports whether the next call must wait.
func (l *Limiter) held(now time.Duration) (hold, bool) {
	l.turn(now)
	if l.flying > 0 && l.unsure && (l.hour.limited() || l.burst.limited()) {
		return hold{}, true
	}
	margin, weight := l.margin(now), l.others.weight()
	if l.hour.room(now, l.flying*weight, margin) > 0 && l.burst.room(now, l.flying*weight+l.hidden(), margin) > 0 {
		return hold{}, false
	}
	// Would it wait if every call under way were answered now?
	h := hold{}
	if l.hour.room(now, l.flying, margin) <= 0 {
		h = hold{Hourly, l.hour.opens(now)}
	}
	if l.burst.room(now, l.flying, margin) <= 0 {
		if until := l.burst.opens(now, l.flying, margin); until > h.until {
			h = hold{Burst, until}
		}
	}
	return h, true
}

// margin is how many calls others may make before our next one is counted.
func (l *Limiter) margin(now time.Duration) int {
	return l.others.margin(now-l.hour.toldAt, l.hour.limit)
}

// hidden is how many calls of other apps the server may have counted beside
// those under way, which it may have counted as well.
func (l *Limiter) hidden() int {
	if !l.others.present() {
		return 0
	}
	return l.hour.hidden(l.flying)
}

// dispatch lets go whom it can, sees to it that the others are remembered, and
// unlocks.
func (l *Limiter) dispatch(now time.Duration) {
	for {
		front := l.queue.Front()
		if front == nil {
			if l.timer != nil {
				l.timer.Stop()
			}
			l.mu.Unlock()
			return
		}
		h, held := l.held(now)
		if held {
			l.remember(h, now)
			return
		}
		w := l.queue.Remove(front).(*waiter)
		w.call = l.leave(now)
		close(w.ready)
	}
}

// remember sees to it that dispatch is called when the hold ends, tells of the
// hold if it is new, and unlocks.
func (l *Limiter) remember(h hold, now time.Duration) {
	wake := h.until
	if wake <= now {
		// An answer will come first, or else time makes room.
		wake = l.hour.end + hourMargin
		if next, ok := l.burst.next(); ok {
			wake = min(wake, next)
		}
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(wake-now, func() {
			l.mu.Lock()
			l.dispatch(l.now())
		})
	} else {
		l.timer.Reset(wake - now)
	}
	tell := l.OnWait
	if h.until < now+time.Second || h.window == l.announced.window && h.until < l.announced.until+time.Second {
		tell = nil
	} else {
		l.announced = h
	}
	wait := Wait{Window: h.window, Until: l.birth.Add(h.until)}
	l.mu.Unlock()
	if tell != nil {
		tell(wait)
	}
}

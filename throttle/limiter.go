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
	// or more, once and not for every call, and again when that changes. With a
	// Book it is also told, by a Wait without a window, when a call has been held
	// back for 5 s because one elsewhere, perhaps another run's, must be answered
	// first: once for each time that this is so. It may be called by several
	// goroutines, and must not block; it may ask for State. After [Limiter.Close]
	// it is not called any more.
	OnWait func(Wait)

	// Book, if not nil, keeps what is known for all limiters that share it, and
	// makes their budget one: the caps count the calls of all. Calls leave on
	// grants that are fetched from it a few at a time; the limiter must be closed
	// after its last use. Nil: it is alone.
	Book Book
	// OnAlone, if not nil, is told once if the book fails three times in a row.
	// The limiter then goes on alone with what it knew, and takes the others for
	// strangers. It must not block; it may ask for State.
	OnAlone func(error)

	mu        sync.Mutex
	birth     time.Time     // what the durations count from; monotonic
	skew      time.Duration // by which other members' clocks are ahead
	core      core
	member    *member   // what the book needs; nil if alone
	failed    error     // why the book was given up
	queue     list.List // of *waiter
	timer     *time.Timer
	announced hold
	tellers   int       // calls of OnWait and OnAlone under way
	told      sync.Cond // one has ended
}

// Call is one call that has its place and may leave. One of [Call.Done],
// [Call.Lost] and [Call.Unused] must be called, once; on the zero Call they do
// nothing.
type Call struct {
	l    *Limiter
	seq  uint64
	left time.Duration
}

// waiter is a goroutine in [Limiter.Acquire].
type waiter struct {
	ready chan struct{} // closed when call is set
	call  Call
	since time.Duration // by our own clock
}

// hold is calls being held back. A hold without a window ends with an answer.
type hold struct {
	window Window
	until  time.Duration
}

// Acquire waits until a call may leave. If ctx ends before that, it returns an
// error in whose chain are ctx's error and its cause. An ended ctx acquires
// nothing.
func (l *Limiter) Acquire(ctx context.Context) (Call, error) {
	if ctx.Err() != nil {
		return Call{}, ended(ctx, nil)
	}
	l.mu.Lock()
	now := l.now()
	if l.queue.Len() == 0 {
		if call, ok := l.next(now); ok {
			if l.member != nil {
				l.member.refill()
			}
			l.mu.Unlock()
			return call, nil
		}
	}
	w := &waiter{ready: make(chan struct{}), since: now - l.skew}
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
		l.turnBack(w.call)
	default:
		l.queue.Remove(place)
	}
	l.dispatch(l.now())
	return Call{}, ended(ctx, nil)
}

// Done tells that the call was answered, and what the answer told.
func (c Call) Done(r Reading) {
	if c.l == nil {
		return
	}
	c.l.happened(event{kind: answered, call: c, reading: r})
}

// Lost tells that the call was not answered: it may have been counted or not,
// and is taken for counted until an answer to a later call shows the truth.
func (c Call) Lost() {
	if c.l == nil {
		return
	}
	c.l.happened(event{kind: unanswered, call: c})
}

// Unused tells that the call did not leave after all: its place is free again.
func (c Call) Unused() {
	if c.l == nil {
		return
	}
	c.l.mu.Lock()
	c.l.turnBack(c)
	c.l.dispatch(c.l.now())
}

// Exhausted tells that the server refused a call because the window had no
// place for it, and after how long it may have one; 0 or less if that is not
// known. Nothing leaves until then.
func (l *Limiter) Exhausted(w Window, after time.Duration) {
	l.happened(event{kind: refused, window: w, after: after})
}

// happened takes in what happens now, here or for the book.
func (l *Limiter) happened(e event) {
	l.mu.Lock()
	e.at = l.now()
	if l.member != nil {
		l.member.note(e)
	} else {
		e.apply(&l.core)
	}
	l.dispatch(e.at)
}

// now returns the time since the limiter's birth, which is its first use.
func (l *Limiter) now() time.Duration {
	if !l.birth.IsZero() {
		return time.Since(l.birth) + l.skew
	}
	l.birth = time.Now()
	l.told.L = &l.mu
	fullHour := l.birth.Truncate(time.Hour).Add(time.Hour).Sub(l.birth.Round(0))
	l.core.init(0, fullHour, l.rules())
	if l.Book != nil {
		l.member = newMember(l)
	}
	return 0
}

// rules returns the limiter's own fields.
func (l *Limiter) rules() rules {
	return rules{l.HourLimit, l.BurstLimit, l.HourCap, l.BurstCap, l.Reserve}
}

// next lets a call go, if one may.
func (l *Limiter) next(now time.Duration) (Call, bool) {
	if l.member != nil {
		return l.member.next(now)
	}
	if _, held := l.core.held(now); held {
		return Call{}, false
	}
	return Call{l: l, seq: l.core.leave(), left: now}, true
}

// turnBack takes back a call that was not sent.
func (l *Limiter) turnBack(c Call) {
	if l.member != nil {
		l.member.turnBack(c)
	} else {
		l.core.turnBack(c.seq, 1)
	}
}

// dispatch lets go whom it can, sees to it that the others are remembered, and
// unlocks.
func (l *Limiter) dispatch(now time.Duration) {
	for {
		front := l.queue.Front()
		if front == nil {
			break
		}
		call, ok := l.next(now)
		if !ok {
			break
		}
		w := l.queue.Remove(front).(*waiter)
		w.call = call
		close(w.ready)
	}
	switch {
	case l.member != nil:
		l.member.attend(now)
		l.mu.Unlock()
	case l.queue.Len() > 0:
		h, _ := l.core.held(now)
		l.remember(h, now)
	default:
		if l.timer != nil {
			l.timer.Stop()
		}
		l.mu.Unlock()
	}
}

// remember sees to it that dispatch is called when the hold ends, tells of the
// hold if it is new, and unlocks.
func (l *Limiter) remember(h hold, now time.Duration) {
	wake := h.until
	if wake <= now {
		// An answer will come first, or else time makes room.
		wake = l.core.hour.end + hourMargin
		if next, ok := l.core.burst.next(); ok {
			wake = min(wake, next)
		}
	}
	l.wake(wake - now)
	tell := l.news(h, now)
	l.mu.Unlock()
	tell()
}

// wake sees to it that dispatch is called after that time, instead of when was
// asked for before.
func (l *Limiter) wake(after time.Duration) {
	if l.timer == nil {
		l.timer = time.AfterFunc(after, func() {
			l.mu.Lock()
			l.dispatch(l.now())
		})
	} else {
		l.timer.Reset(after)
	}
}

// news returns what tells of a hold, if that is worth it. That must be called,
// once and without the lock.
func (l *Limiter) news(h hold, now time.Duration) (tell func()) {
	if h.until < now+time.Second || h.window == l.announced.window && h.until < l.announced.until+time.Second {
		return func() {}
	}
	return l.announce(h)
}

// announce is news of a hold that is worth it.
func (l *Limiter) announce(h hold) (tell func()) {
	if l.OnWait == nil {
		return func() {}
	}
	l.announced = h
	wait := Wait{Window: h.window}
	if h.window != "" {
		wait.Until = l.at(h.until)
	}
	return l.telling(func() { l.OnWait(wait) })
}

// telling returns a call of OnWait or OnAlone for which Close waits. It must be
// made, once and without the lock.
func (l *Limiter) telling(call func()) (tell func()) {
	l.tellers++
	return func() {
		call()
		l.mu.Lock()
		l.tellers--
		l.mu.Unlock()
		l.told.Broadcast()
	}
}

package throttle

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// The limits that hold until DocuSign's headers say otherwise, in calls per
// account. DocuSign: 1,000 (older plans) or 3,000 an hour, 500 in 30 s (200 in
// the developer environment).
const (
	AssumedHourly = 1000
	AssumedBurst  = 500
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
	// Store it is also told, by a Wait without a window, when a call has been held
	// back for 5 s because one elsewhere, perhaps another run's, must be answered
	// first: once for each time that this is so. It may be called by several
	// goroutines, and must not block; it may ask for State. After [Limiter.Close]
	// it is not called any more.
	OnWait func(Wait)

	// Store, if not nil, keeps what is known for all limiters that share it, and
	// makes their budget one: the caps count the calls of all. The limiter
	// reserves calls there, a few at a time, and must be closed after its last
	// use. Nil: it is alone.
	Store Store
	// OnAlone, if not nil, is told once if the store fails three times in a row.
	// The limiter then goes on alone with what it knew, and takes the others for
	// strangers. It must not block; it may ask for State.
	OnAlone func(error)

	mu          sync.Mutex
	birth       time.Time    // of the limiter, which is its first use
	epoch       time.Time    // what the times of windows count from
	windows     windows      // of a limiter that is alone
	participant *participant // of one that shares a store
	failed      error        // why the store was given up
	queue       list.List    // of *waiter
	timer       *time.Timer
	announced   Wait      // the last
	telling     int       // calls of OnWait and OnAlone under way
	told        sync.Cond // one has ended
}

// Call is one call that has its place and may leave. One of [Call.Done],
// [Call.Lost] and [Call.Unused] must be called, once; on the zero Call they do
// nothing.
type Call struct {
	l    *Limiter
	seq  uint64
	left time.Time
}

// waiter is a goroutine in [Limiter.Acquire].
type waiter struct {
	ready chan struct{} // closed when call is set
	call  Call
	since time.Time
}

// event is something that windows must know.
type event struct {
	kind    eventKind
	at      time.Time
	call    Call          // unless it is a refusal
	reading Reading       // of an answer
	window  Window        // of a refusal
	after   time.Duration // likewise
}

type eventKind int

const (
	answered eventKind = iota
	unanswered
	refused
)

// apply records the event in windows, whose time it was then.
func (e event) apply(w *windows, now time.Duration) {
	seq := e.call.seq
	if seq >= w.Seq {
		seq = 0 // it is from a shared state that was lost
	}
	switch e.kind {
	case answered:
		w.done(seq, e.at.Sub(e.call.left), e.reading, now)
	case unanswered:
		w.lose(seq, 1, now)
	case refused:
		w.refuse(e.window, e.after, now)
	}
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
			l.dispatch(now)
			return call, nil
		}
	}
	w := &waiter{ready: make(chan struct{}), since: now}
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
	if c.l != nil {
		c.l.happened(event{kind: answered, call: c, reading: r})
	}
}

// Lost tells that the call was not answered: it may have been counted or not,
// and is taken for counted until an answer to a later call shows the truth.
func (c Call) Lost() {
	if c.l != nil {
		c.l.happened(event{kind: unanswered, call: c})
	}
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

// happened records an event that happens now.
func (l *Limiter) happened(e event) {
	l.mu.Lock()
	e.at = l.now()
	if l.participant != nil {
		l.participant.happened(e)
	} else {
		e.apply(&l.windows, e.at.Sub(l.epoch))
	}
	l.dispatch(e.at)
}

// now returns the time on a clock that nobody puts right while the limiter lives.
func (l *Limiter) now() time.Time {
	if l.birth.IsZero() {
		l.birth = time.Now()
		l.epoch = l.birth
		l.told.L = &l.mu
		fullHour := l.birth.Truncate(time.Hour).Add(time.Hour).Sub(l.birth.Round(0))
		l.windows = newWindows(fullHour, l.settings())
		if l.Store != nil {
			l.participant = &participant{l: l, name: l.Store.Participant()}
		}
	}
	return l.birth.Add(time.Since(l.birth))
}

// settings returns the limiter's own fields.
func (l *Limiter) settings() settings {
	return settings{l.HourLimit, l.BurstLimit, l.HourCap, l.BurstCap, l.Reserve}
}

// next lets a call leave, if one may.
func (l *Limiter) next(now time.Time) (Call, bool) {
	if l.participant != nil {
		return l.participant.next(now)
	}
	if _, held := l.windows.held(now.Sub(l.epoch)); held {
		return Call{}, false
	}
	return Call{l: l, seq: l.windows.leave(), left: now}, true
}

// turnBack takes back a call that did not leave.
func (l *Limiter) turnBack(Call) {
	if l.participant != nil {
		l.participant.turnBack()
	} else {
		l.windows.flying--
	}
}

// dispatch lets go whom it can, sees to it that it is called again when more
// can go, and unlocks.
func (l *Limiter) dispatch(now time.Time) {
	for front := l.queue.Front(); front != nil; front = l.queue.Front() {
		call, ok := l.next(now)
		if !ok {
			break
		}
		w := l.queue.Remove(front).(*waiter)
		w.call = call
		close(w.ready)
	}
	tell := func() {}
	switch {
	case l.participant != nil:
		l.participant.attend(now)
	case l.queue.Len() > 0:
		since := now.Sub(l.epoch)
		h, _ := l.windows.held(since)
		l.wake(l.windows.wake(h, since) - since)
		tell = l.notification(h, now.Add(h.until-since), now)
	case l.timer != nil:
		l.timer.Stop()
	}
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

// notification returns a func that calls OnWait with a hold until that time, or
// one that does nothing if the hold is short or was announced. It must be called,
// once and without the lock.
func (l *Limiter) notification(h hold, until, now time.Time) (tell func()) {
	soon := until.Before(now.Add(time.Second))
	if h.window == "" || soon || h.window == l.announced.Window && until.Before(l.announced.Until.Add(time.Second)) {
		return func() {}
	}
	return l.announce(Wait{Window: h.window, Until: until.Round(0).UTC()})
}

// announce returns a func that calls OnWait, as notification does.
func (l *Limiter) announce(w Wait) (tell func()) {
	if l.OnWait == nil {
		return func() {}
	}
	l.announced = w
	return l.tell(func() { l.OnWait(w) })
}

// tell returns a func that makes a call of OnWait or OnAlone for which Close
// waits. It must be called, once and without the lock.
func (l *Limiter) tell(call func()) (tell func()) {
	l.telling++
	return func() {
		call()
		l.mu.Lock()
		l.telling--
		l.mu.Unlock()
		l.told.Broadcast()
	}
}

// Close writes into the store what it does not know yet, gives back the calls
// that were reserved and not used, and leaves it. Calls still under way stay
// there until they are answered or the process ends. It returns when nobody is
// being told anything any more; the error is why the store was given up, then or
// before.
//
// A closed limiter that is used again joins again.
func (l *Limiter) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now()
	if l.participant != nil {
		l.participant.close()
	}
	for l.telling > 0 {
		l.told.Wait()
	}
	return l.failed
}

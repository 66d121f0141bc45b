package throttle

import (
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
	Hour, Burst Quota

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
	time        timeline
	windows     windows      // of a limiter that is alone
	participant *participant // of one that shares a store
	failed      error        // why the store was given up
	queue       queue
	notifier    notifier
}

// timeline is time since a limiter's first use, on a clock that nobody puts right.
type timeline struct {
	first time.Time // the first use; the zero time before that
	epoch time.Time // what the times of windows count from
}

func (t *timeline) now() time.Time { return t.first.Add(time.Since(t.first)) }

// since returns a time of windows.
func (t *timeline) since(now time.Time) time.Duration { return now.Sub(t.epoch) }

// Call is one call that has its place and may leave. One of [Call.Done],
// [Call.Lost] and [Call.Unused] must be called, once; on the zero Call they do
// nothing.
type Call struct {
	l      *Limiter
	seq    uint64
	leftAt time.Time
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

// apply records the event in windows. now is when it happened, by their time.
func (e event) apply(w *windows, now time.Duration) {
	seq := e.call.seq
	if seq >= w.Seq {
		seq = 0 // it is from a shared state that was lost
	}
	switch e.kind {
	case answered:
		w.done(seq, e.at.Sub(e.call.leftAt), e.reading, now)
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
		if call, ok := l.leave(now); ok {
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
		e.apply(&l.windows, l.time.since(e.at))
	}
	l.dispatch(e.at)
}

// now returns the limiter's time. The first call makes the limiter ready for use.
func (l *Limiter) now() time.Time {
	if l.time.first.IsZero() {
		now := time.Now()
		l.time = timeline{first: now, epoch: now}
		l.notifier.ended.L = &l.mu
		l.queue.fired = func() {
			l.mu.Lock()
			l.dispatch(l.now())
		}
		fullHour := now.Truncate(time.Hour).Add(time.Hour).Sub(now.Round(0))
		l.windows = newWindows(fullHour, l.quotas())
		if l.Store != nil {
			l.participant = &participant{l: l, name: l.Store.Participant()}
		}
	}
	return l.time.now()
}

func (l *Limiter) quotas() quotas { return quotas{l.Hour, l.Burst} }

// leave lets a call leave, if one may.
func (l *Limiter) leave(now time.Time) (Call, bool) {
	if l.participant != nil {
		return l.participant.leave(now)
	}
	if _, held := l.windows.held(l.time.since(now)); held {
		return Call{}, false
	}
	return Call{l: l, seq: l.windows.leave(), leftAt: now}, true
}

// turnBack takes back a call that did not leave.
func (l *Limiter) turnBack(Call) {
	if l.participant != nil {
		l.participant.turnBack()
	} else {
		l.windows.inFlight--
	}
}

// dispatch lets those calls leave that may, has the timer call it again when more may,
// and unlocks the limiter.
func (l *Limiter) dispatch(now time.Time) {
	for l.queue.Len() > 0 {
		call, ok := l.leave(now)
		if !ok {
			break
		}
		l.queue.release(call)
	}
	tell := func() {}
	switch {
	case l.participant != nil:
		l.participant.schedule(now)
	case l.queue.Len() > 0:
		since := l.time.since(now)
		h, _ := l.windows.held(since)
		l.queue.setTimer(l.windows.askAgain(h, since) - since)
		tell = l.notification(h, now.Add(h.until-since), now)
	default:
		l.queue.stopTimer()
	}
	l.mu.Unlock()
	tell()
}

// notification returns a func that calls OnWait with a hold until that time, or
// one that does nothing if the hold is short or was announced. It must be called,
// once and without the lock.
func (l *Limiter) notification(h hold, until, now time.Time) (tell func()) {
	soon := until.Before(now.Add(time.Second))
	last := l.notifier.last
	if h.window == "" || soon || h.window == last.Window && until.Before(last.Until.Add(time.Second)) {
		return func() {}
	}
	return l.announce(Wait{Window: h.window, Until: until.Round(0).UTC()})
}

// announce returns a func that calls OnWait, as notification does.
func (l *Limiter) announce(w Wait) (tell func()) {
	if l.OnWait == nil {
		return func() {}
	}
	l.notifier.last = w
	return l.notifier.begin(func() { l.OnWait(w) })
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
	l.notifier.wait()
	return l.failed
}

package throttle

import "time"

// State is what a limiter knows at one moment: for plans, for people, and to be
// saved, as JSON say, and given to another limiter's [Limiter.Restore].
type State struct {
	At       time.Time     // when this was so
	Calls    int           // our calls that have left so far; with a store, of all who share it since it began
	InFlight int           // of these, still to be answered
	Lost     int           // of these, never answered
	Others   int           // calls of other apps noticed so far
	Jump     int           // the most of them between two of ours, lately
	Latency  time.Duration // of answers, on the average of late; 0 if none has come
	Hour     Budget
	Burst    Budget
	Places   []Place // burst places taken, the first to come free first
}

// Budget is what may leave in one window.
type Budget struct {
	Limit int  // calls in a window, as told or assumed; 0 if there is none
	Told  bool // an answer told the limit
	Left  int  // of these, as the server counts, if it counts all under way
	Share int  // calls in a window that may be ours: the limit less the reserve, at most the cap; 0 if there is no limit
	Open  int  // of these, calls that may still leave in this window
	Own   int  // our calls in this window
	// Ends is when the hour ends, and when the last of the burst's places comes
	// free.
	Ends time.Time
	// Closed is until when nothing leaves since the server refused a call; the
	// zero time if it refused none.
	Closed time.Time
}

// Place is burst places and when they come free.
type Place struct {
	Calls  int // ours
	Others int // other apps'
	Free   time.Time
}

// State returns what the limiter knows now. With a [Limiter.Store] that is what
// it said when it was last read, which is at the first [Limiter.Acquire],
// and what has happened here since. See [ReadState] for what it says before.
func (l *Limiter) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.participant != nil {
		w, since := l.participant.known(now)
		return w.state(since, now)
	}
	w := l.windows.clone()
	return w.state(now.Sub(l.epoch), now)
}

// state returns what the windows know at now, which is that time on the clock.
func (w *windows) state(now time.Duration, clock time.Time) State {
	at := func(d time.Duration) time.Time { return clock.Add(d - now).Round(0).UTC() } // fit to be saved
	w.turn(now)
	h, b := &w.Hour, &w.Burst
	s := State{
		At:       at(now),
		Calls:    w.Landed + w.flying,
		InFlight: w.flying,
		Lost:     w.Lost,
		Others:   w.Foreign.Calls,
		Jump:     w.Foreign.lately().Jump,
		Latency:  w.Foreign.Latency,
		Hour:     Budget{Limit: h.Limit, Told: h.LimitTold, Share: h.share(), Own: h.Own + w.flying, Ends: at(h.End)},
		Burst:    Budget{Limit: b.Limit, Told: b.LimitTold, Share: b.share(), Own: b.Own.taken + w.flying, Ends: at(now)},
	}
	if now < h.Closed {
		s.Hour.Closed = at(h.Closed)
	}
	if now < b.Closed {
		s.Burst.Closed = at(b.Closed)
	}
	margin := w.margin(now)
	if h.limited() {
		s.Hour.Left = max(0, h.Left-h.Missing-w.flying)
		s.Hour.Open = max(0, h.room(now, w.flying, 0, margin))
	}
	if b.limited() {
		s.Burst.Left = max(0, b.Limit-b.Own.taken-b.Foreign.taken-w.flying)
		s.Burst.Open = max(0, b.room(now, w.flying, 0, margin))
	}
	for slot, end := range b.slots() {
		s.Places = append(s.Places, Place{b.Own.in(slot), b.Foreign.in(slot), at(end)})
	}
	if w.flying > 0 {
		s.Places = append(s.Places, Place{Calls: w.flying, Free: at(now + burstSpan + burstMargin)})
	}
	if n := len(s.Places); n > 0 {
		s.Burst.Ends = s.Places[n-1].Free
	}
	return s
}

// Restore gives the limiter, before its first use, what another knew. An hour
// known to be empty stays so until it ends; apart from that the first call goes
// alone, for time has passed and others may have called. The limiter's own
// fields hold, not those of the other. A [Limiter.Store] in which something
// stands knows better.
func (l *Limiter) Restore(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clock := l.now()
	now := clock.Sub(l.epoch)
	since := func(t time.Time) time.Duration { return now + t.Sub(clock.Round(0)) }
	h, b := &l.windows.Hour, &l.windows.Burst
	if s.Hour.Told && s.Hour.Limit > 0 {
		h.Limit, h.LimitTold = s.Hour.Limit, true
		h.Left = h.Limit
	}
	if s.Burst.Told && s.Burst.Limit > 0 {
		b.Limit, b.LimitTold = s.Burst.Limit, true
	}
	if end := since(s.Hour.Ends); end > now-hourMargin && end <= now+time.Hour {
		h.End, h.EndTold = end, s.Hour.Told
		h.Left = max(0, h.Limit-max(0, s.Hour.Limit-s.Hour.Left))
		h.Own = max(0, s.Hour.Own)
	}
	h.Closed = since(s.Hour.Closed)
	b.Closed = since(s.Burst.Closed)
	l.windows.Foreign.Past.Jump = max(0, s.Jump)
	b.expire(now)
	for _, p := range s.Places {
		b.take(min(since(p.Free)-burstSpan-burstMargin, now), p.Calls, p.Others)
	}
}

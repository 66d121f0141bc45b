package throttle

import "time"

// State is what a limiter knows at one moment: for plans, for people, and to be
// saved, as JSON say, and given to another limiter's [Limiter.Restore].
type State struct {
	At       time.Time // when this was so
	Calls    int       // our calls that have left so far
	InFlight int       // of these, still to be answered
	Lost     int       // of these, never answered
	Others   int       // calls of other apps noticed so far
	Jump     int       // the most of them between two of ours, lately
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

// State returns what the limiter knows now.
func (l *Limiter) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.turn(now)
	h, b := &l.hour, &l.burst
	s := State{
		At:       l.at(now),
		Calls:    int(l.seq) - l.returned,
		InFlight: l.flying,
		Lost:     l.lost,
		Others:   l.others.calls,
		Jump:     l.others.most(),
		Hour:     Budget{Limit: h.limit, Told: h.limitTold, Share: h.share(), Own: h.own, Ends: l.at(h.end)},
		Burst:    Budget{Limit: b.limit, Told: b.limitTold, Share: b.share(), Own: b.own + l.flying, Ends: l.at(now)},
	}
	if now < h.closed {
		s.Hour.Closed = l.at(h.closed)
	}
	if now < b.closed {
		s.Burst.Closed = l.at(b.closed)
	}
	margin := l.margin(now)
	if h.limited() {
		s.Hour.Left = max(0, h.left-h.missing-l.flying)
		s.Hour.Open = max(0, h.room(now, l.flying, margin))
	}
	if b.limited() {
		s.Burst.Left = max(0, b.limit-b.own-b.foreign-l.flying)
		s.Burst.Open = max(0, b.room(now, l.flying, margin))
	}
	for _, p := range b.places[b.head:] {
		s.Places = append(s.Places, Place{p.own, p.foreign, l.at(p.free + burstGrain)})
	}
	if l.flying > 0 {
		s.Places = append(s.Places, Place{Calls: l.flying, Free: l.at(now + burstSpan + burstMargin)})
	}
	if n := len(s.Places); n > 0 {
		s.Burst.Ends = s.Places[n-1].Free
	}
	return s
}

// at returns the time on the clock, fit to be saved.
func (l *Limiter) at(d time.Duration) time.Time {
	return l.birth.Add(d).Round(0).UTC()
}

// Restore gives the limiter, before its first use, what another knew. An hour
// known to be empty stays so until it ends; apart from that the first call goes
// alone, for time has passed and others may have called. The limiter's own
// fields hold, not those of the other.
func (l *Limiter) Restore(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	since := func(t time.Time) time.Duration { return now + t.Sub(l.at(now)) }
	h, b := &l.hour, &l.burst
	if s.Hour.Told && s.Hour.Limit > 0 {
		h.limit, h.limitTold = s.Hour.Limit, true
		h.left = h.limit
	}
	if s.Burst.Told && s.Burst.Limit > 0 {
		b.limit, b.limitTold = s.Burst.Limit, true
	}
	if end := since(s.Hour.Ends); end > now-hourMargin && end <= now+time.Hour {
		h.end, h.start, h.endTold = end, end-time.Hour, s.Hour.Told
		h.left = max(0, h.limit-max(0, s.Hour.Limit-s.Hour.Left))
		h.own = max(0, s.Hour.Own)
	}
	h.closed = since(s.Hour.Closed)
	b.closed = since(s.Burst.Closed)
	l.others.past = max(0, s.Jump)
	for _, p := range s.Places {
		// A place is remembered by when it was taken.
		taken := since(p.Free) - burstSpan - burstMargin - burstGrain
		if p.Calls >= 0 && p.Others >= 0 {
			b.take(min(taken, now), p.Calls, p.Others)
		}
	}
	b.expire(now)
}

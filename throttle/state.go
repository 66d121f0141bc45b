package throttle

import "time"

// State is what a limiter knows at one moment: for plans, for people, and to be
// saved, as JSON say, and given to another limiter's [Limiter.Restore].
type State struct {
	At       time.Time     // when this was so
	Calls    int           // our calls that have left so far; in a book, of all its limiters since it began
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

// State returns what the limiter knows now. With a [Limiter.Book] that is what
// the book said when it was last read, which is at the first [Limiter.Acquire],
// and what has happened here since. See [ReadState] for what it says before.
func (l *Limiter) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.member != nil {
		c := l.member.known(now)
		return c.state(now, l.at)
	}
	return l.core.state(now, l.at)
}

// state returns what the core knows, its times as at tells them.
func (c *core) state(now time.Duration, at func(time.Duration) time.Time) State {
	c.turn(now)
	h, b := &c.hour, &c.burst
	s := State{
		At:       at(now),
		Calls:    int(c.seq) - c.returned,
		InFlight: c.flying,
		Lost:     c.lost,
		Others:   c.others.calls,
		Jump:     c.others.most(),
		Latency:  c.others.latency,
		Hour:     Budget{Limit: h.limit, Told: h.limitTold, Share: h.share(), Own: h.own, Ends: at(h.end)},
		Burst:    Budget{Limit: b.limit, Told: b.limitTold, Share: b.share(), Own: b.own + c.flying, Ends: at(now)},
	}
	if now < h.closed {
		s.Hour.Closed = at(h.closed)
	}
	if now < b.closed {
		s.Burst.Closed = at(b.closed)
	}
	margin := c.margin(now)
	if h.limited() {
		s.Hour.Left = max(0, h.left-h.missing-c.flying)
		s.Hour.Open = max(0, h.room(now, c.flying, margin))
	}
	if b.limited() {
		s.Burst.Left = max(0, b.limit-b.own-b.foreign-c.flying)
		s.Burst.Open = max(0, b.room(now, c.flying, margin))
	}
	for _, p := range b.places[b.head:] {
		s.Places = append(s.Places, Place{p.own, p.foreign, at(p.free + burstGrain)})
	}
	if c.flying > 0 {
		s.Places = append(s.Places, Place{Calls: c.flying, Free: at(now + burstSpan + burstMargin)})
	}
	if n := len(s.Places); n > 0 {
		s.Burst.Ends = s.Places[n-1].Free
	}
	return s
}

// at returns the time on the clock, fit to be saved.
func (l *Limiter) at(d time.Duration) time.Time {
	return l.birth.Add(d - l.skew).Round(0).UTC()
}

// Restore gives the limiter, before its first use, what another knew. An hour
// known to be empty stays so until it ends; apart from that the first call goes
// alone, for time has passed and others may have called. The limiter's own
// fields hold, not those of the other. A [Limiter.Book] in which something
// stands knows better.
func (l *Limiter) Restore(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	since := func(t time.Time) time.Duration { return now + t.Sub(l.at(now)) }
	h, b := &l.core.hour, &l.core.burst
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
	l.core.others.past = max(0, s.Jump)
	for _, p := range s.Places {
		// A place is remembered by when it was taken.
		taken := since(p.Free) - burstSpan - burstMargin - burstGrain
		if p.Calls >= 0 && p.Others >= 0 {
			b.take(min(taken, now), p.Calls, p.Others)
		}
	}
	b.expire(now)
}

package throttle

import (
	"math"
	"time"
)

// Finish returns when the last of that many calls will have left, if the first
// may at now, the calls themselves take no time and no other app calls. It is
// what a [Limiter] in this state then does.
func (s State) Finish(calls int, now time.Time) time.Time {
	p := plan{
		hourLimit: unlimited(s.Hour.Share), hourLeft: unlimited(s.Hour.Share), hourMargin: hourMargin,
		burstLimit: unlimited(s.Burst.Share), burstSpan: burstSpan + burstMargin,
	}
	if s.Hour.Share > 0 {
		p.hourLeft = s.Hour.Open
		p.hourEnd = s.Hour.Ends.Sub(now)
	}
	for _, place := range s.Places {
		p.take(place.Calls+place.Others, place.Free.Sub(now))
	}
	closed := s.Hour.Closed
	if closed.Before(s.Burst.Closed) {
		closed = s.Burst.Closed
	}
	return now.Add(p.last(calls, max(0, closed.Sub(now))))
}

// Minimum returns the least time from the first of that many calls to the last
// that a server allows, if calls take no time and no other app calls: hourLeft
// calls may leave until untilReset, then hourLimit every hour, and never more
// than burstLimit in 30 s. A limit of 0 is none.
func Minimum(calls, hourLimit, hourLeft int, untilReset time.Duration, burstLimit int) time.Duration {
	p := plan{
		hourLimit: unlimited(hourLimit), hourLeft: hourLeft, hourEnd: untilReset,
		burstLimit: unlimited(burstLimit), burstSpan: burstSpan,
	}
	if hourLimit <= 0 {
		p.hourLeft = p.hourLimit
	}
	return p.last(calls, 0)
}

func unlimited(limit int) int {
	if limit <= 0 {
		return math.MaxInt
	}
	return limit
}

// plan lets calls leave as early as may be. Times are from the plan's start.
type plan struct {
	hourLimit, hourLeft  int
	hourEnd, hourMargin  time.Duration
	burstLimit, burstOwn int
	burstSpan            time.Duration
	places               []planned
}

// planned is burst places that come free.
type planned struct {
	calls int
	free  time.Duration
}

func (p *plan) take(calls int, free time.Duration) {
	p.places = append(p.places, planned{calls, free})
	p.burstOwn += calls
}

// last returns when the last call leaves, if the first may leave then.
func (p *plan) last(calls int, now time.Duration) time.Duration {
	for {
		for over := now - p.hourMargin - p.hourEnd; over >= 0 && p.hourLimit < math.MaxInt; over -= time.Hour {
			p.hourEnd += time.Hour
			p.hourLeft = p.hourLimit
		}
		for len(p.places) > 0 && p.places[0].free <= now {
			p.burstOwn -= p.places[0].calls
			p.places = p.places[1:]
		}
		n := max(0, min(calls, p.hourLeft, p.burstLimit-p.burstOwn))
		calls -= n
		switch {
		case calls <= 0:
			return now
		case p.hourLimit < math.MaxInt:
			p.hourLeft -= n
		}
		if n > 0 && p.burstLimit < math.MaxInt {
			p.take(n, now+p.burstSpan)
		}
		if p.hourLeft <= 0 {
			now = p.hourEnd + p.hourMargin
		} else {
			now = p.places[0].free
		}
	}
}

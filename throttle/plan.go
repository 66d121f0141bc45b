package throttle

import (
	"math"
	"time"
)

// Finish returns when the last of that many calls will have left, if the first
// may at now, the calls themselves take no time and no other app calls. It is
// what a [Limiter] in this state then does.
func (s State) Finish(calls int, now time.Time) time.Time {
	p := plan{hourLimit: s.Hour.Share, hourLeft: s.Hour.Open, hourEnd: s.Hour.Ends.Sub(now), burstLeft: math.MaxInt}
	if s.Hour.Share == 0 {
		p.hourLimit, p.hourLeft = math.MaxInt, math.MaxInt
	}
	if s.Burst.Share > 0 {
		p.burstLeft = s.Burst.Share
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

// plan lets calls leave as early as may be. Times are from the plan's start.
type plan struct {
	hourLimit, hourLeft int
	hourEnd             time.Duration
	burstLeft           int
	places              []planned // in the burst
}

// planned is burst places that come free.
type planned struct {
	calls int
	free  time.Duration
}

func (p *plan) take(calls int, free time.Duration) {
	p.places = append(p.places, planned{calls, free})
	p.burstLeft -= calls
}

// last returns when the last call leaves, if the first may leave then.
func (p *plan) last(calls int, now time.Duration) time.Duration {
	for {
		for ; p.hourLimit < math.MaxInt && now >= p.hourEnd+hourMargin; p.hourEnd += time.Hour {
			p.hourLeft = p.hourLimit
		}
		for len(p.places) > 0 && p.places[0].free <= now {
			p.burstLeft += p.places[0].calls
			p.places = p.places[1:]
		}
		n := max(0, min(calls, p.hourLeft, p.burstLeft))
		if calls -= n; calls <= 0 {
			return now
		}
		p.hourLeft -= n
		p.take(n, now+burstSpan+burstMargin)
		if p.hourLeft <= 0 {
			now = p.hourEnd + hourMargin
		} else {
			now = p.places[0].free
		}
	}
}

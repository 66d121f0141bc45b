package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The limits of a real account.
const (
	UsualHourly = 3000 // calls
	UsualBurst  = 500
)

// gate counts calls against the account's two limits. A refused call counts
// against neither.
type gate struct {
	mu      sync.Mutex
	hour    window
	burst   window
	recent  []time.Time // calls within the last BurstWindow, if bursts slide
	refused int
}

// window is a span of time and the calls counted in it.
type window struct {
	start time.Time
	used  int
}

// allowance is the state of the limits after a call, as its headers tell it.
type allowance struct {
	hourly, hourlyLeft int // hourly 0: no limit, no headers
	burst, burstLeft   int
	reset              time.Time
}

// admit counts a call, after the calls of other applications, or refuses it.
func (s *Server) admit(now time.Time) (allowance, *refusal) {
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	s.turn(now)
	if s.OtherApps != nil {
		for range s.OtherApps(now, g.hour.used) {
			if s.full(now) == nil { // they are refused like anybody
				g.count(now, s.Bursts)
			}
		}
	}
	err := s.full(now)
	if err != nil {
		g.refused++
	} else {
		g.count(now, s.Bursts)
	}
	return s.left(), err
}

// strikeLimit refuses a call that the limits would allow: a fault.
func (s *Server) strikeLimit(now time.Time, burst bool) (allowance, *refusal) {
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	s.turn(now)
	g.refused++
	left := s.left()
	if burst {
		left.burstLeft = 0
		return left, s.limitError("BURST", "burst", or(s.BurstLimit, UsualBurst))
	}
	left.hourlyLeft = 0
	return left, s.limitError("HOURLY", "hourly", or(s.HourlyLimit, UsualHourly))
}

// peek is the state of the limits for an answer that does not count.
func (s *Server) peek(now time.Time) allowance {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.turn(now)
	return s.left()
}

func (g *gate) refusals() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

func (g *gate) count(now time.Time, kind BurstKind) {
	switch {
	case kind == BurstSliding:
		g.recent = append(g.recent, now)
	case kind == BurstFromFirst && g.burst.used == 0:
		g.burst.start = now
	}
	g.hour.used++
	g.burst.used++
}

// turn opens new windows when the old ones have ended.
func (s *Server) turn(now time.Time) {
	g := &s.gate
	if hour := now.Truncate(time.Hour); hour.After(g.hour.start) {
		g.hour = window{start: hour}
	}
	span := or(s.BurstWindow, 30*time.Second)
	switch s.Bursts {
	case BurstAligned:
		if start := now.Truncate(span); start.After(g.burst.start) {
			g.burst = window{start: start}
		}
	case BurstFromFirst:
		if now.Sub(g.burst.start) >= span {
			g.burst = window{}
		}
	case BurstSliding:
		gone := 0
		for gone < len(g.recent) && now.Sub(g.recent[gone]) >= span {
			gone++
		}
		g.recent = g.recent[gone:]
		g.burst.used = len(g.recent)
	}
}

func (s *Server) full(now time.Time) *refusal {
	switch {
	case s.HourlyLimit > 0 && s.gate.hour.used >= s.HourlyLimit:
		return s.limitError("HOURLY", "hourly", s.HourlyLimit)
	case s.BurstLimit > 0 && s.gate.burst.used >= s.BurstLimit:
		return s.limitError("BURST", "burst", s.BurstLimit)
	}
	return nil
}

func (s *Server) limitError(code, name string, limit int) *refusal {
	err := refuse(code+"_APIINVOCATION_LIMIT_EXCEEDED",
		"The maximum number of %s API invocations has been exceeded. The %[1]s limit is %d.", name, limit)
	err.Status = or(s.LimitStatus, http.StatusTooManyRequests)
	return err
}

func (s *Server) left() allowance {
	g := &s.gate
	return allowance{
		hourly: s.HourlyLimit, hourlyLeft: max(0, s.HourlyLimit-g.hour.used),
		burst: s.BurstLimit, burstLeft: max(0, s.BurstLimit-g.burst.used),
		reset: g.hour.start.Add(time.Hour),
	}
}

// write sets the limits' headers. There is none for the end of a burst window,
// and no Retry-After: the original sends neither.
func (a allowance) write(h http.Header) {
	if a.hourly > 0 {
		h.Set("X-RateLimit-Limit", strconv.Itoa(a.hourly))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(a.hourlyLeft))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(a.reset.Unix(), 10))
	}
	if a.burst > 0 {
		h.Set("X-BurstLimit-Limit", strconv.Itoa(a.burst))
		h.Set("X-BurstLimit-Remaining", strconv.Itoa(a.burstLeft))
	}
}

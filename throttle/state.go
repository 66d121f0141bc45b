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
	HourTold time.Time // when an answer last told what is left of this hour; zero if none has
	Places   []Place   // burst places taken, the first to come free first
}

// Budget is what may leave in one window.
type Budget struct {
	Limit int  // calls in a window, as told or assumed; 0 if there is none
	Told  bool // an answer told the limit
	Left  int  // of these, what the server has left for all apps when it has counted our calls under way
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
		w, since := l.participant.current(now)
		return w.state(since, now)
	}
	w := l.windows.clone()
	return w.state(l.time.since(now), now)
}

// state returns what the windows know at now, which is that time on the clock.
func (w *windows) state(now time.Duration, clock time.Time) State {
	at := func(d time.Duration) time.Time { return clock.Add(d - now).Round(0).UTC() } // fit to be saved
	w.turn(now)
	l := w.knownLoad(now)
	s := State{
		At:       at(now),
		Calls:    w.Completed + w.inFlight,
		InFlight: w.inFlight,
		Lost:     w.Lost,
		Others:   w.Foreign.Calls,
		Jump:     w.Foreign.recent().Jump,
		Latency:  w.Foreign.Latency,
		Hour:     w.Hour.budget(now, l, at),
		Burst:    w.Burst.budget(now, l, at),
		Places:   w.Burst.taken(now, w.inFlight, at),
	}
	if w.Hour.Count.Told {
		s.HourTold = at(w.Hour.Count.At)
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
	now := l.time.since(clock)
	since := func(t time.Time) time.Duration { return now + t.Sub(clock.Round(0)) }
	l.windows.Hour.restore(s.Hour, now, since)
	l.windows.Burst.restore(s.Burst, s.Places, now, since)
	l.windows.Foreign.Past.Jump = max(0, s.Jump)
}

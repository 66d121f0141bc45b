package throttle

import (
	"math"
	"time"
)

// core is what is known of one account's windows, and with that who may leave:
// a state machine without lock, queue or clock, so that it can live in one
// limiter's memory or in a book that many read. Its times count from a birth
// that its keeper chooses. They need not come in order, for what happened
// elsewhere is heard of late: a method's now is when the thing happened.
type core struct {
	seq       uint64 // the number of the next call to leave
	returned  int    // calls that turned back before they were sent
	flying    int    // calls that have left and are not answered
	ended     int    // of these, calls of limiters that have ended
	lost      int
	unsure    bool   // one call at a time, until an answer
	unsureSeq uint64 // of a call with this number or a later one
	hour      hour
	burst     burst
	others    others
}

// rules are what a limiter's own fields say, each as there.
type rules struct {
	hourLimit, burstLimit int
	hourCap, burstCap     int
	reserve               int
}

// init begins a core of which nothing is known, at now. Without word from the
// server the hour ends at the full hour on the clock, which is then.
func (c *core) init(now, fullHour time.Duration, r rules) {
	*c = core{unsure: true}
	c.hour = hour{first: true, end: fullHour, start: fullHour - time.Hour, toldAt: now}
	c.obey(r)
}

// obey makes the rules those of the member that asks next. What an answer has
// told stands; what was assumed until then is for each to assume.
func (c *core) obey(r rules) {
	h, b := &c.hour, &c.burst
	h.cap, h.percent, b.cap = r.hourCap, r.reserve, r.burstCap
	if !h.limitTold {
		assumed := r.hourLimit
		if assumed == 0 {
			assumed = r.hourCap
		}
		switch {
		case h.told: // the server counts, though it does not say up to what
		case h.limit == 0:
			h.left = assumed - h.own + c.flying // without a limit none was counted
		default:
			h.left += assumed - h.limit
		}
		h.limit = assumed
	}
	if !b.limitTold {
		if b.limit = r.burstLimit; b.limit == 0 {
			b.limit = r.burstCap
		}
	}
}

// clone returns a core that shares nothing with c.
func (c *core) clone() core {
	d := *c
	d.hour.misses = append([]missed(nil), c.hour.misses...)
	d.burst.places = append([]taken(nil), c.burst.places...)
	d.others.marks = append([]mark(nil), c.others.marks...)
	return d
}

// leave lets a call go and returns its number.
func (c *core) leave() uint64 {
	seq := c.seq
	c.seq++
	c.flying++
	c.hour.own++
	return seq
}

// turnBack undoes leave for so many calls, numbered from seq on, that were not
// sent.
func (c *core) turnBack(seq uint64, calls int) {
	c.returned += calls
	c.flying -= calls
	c.hour.own -= calls
	for i := range calls {
		c.others.land(seq + uint64(i))
	}
}

// done takes in the answer to a call.
func (c *core) done(call Call, r Reading, now time.Duration) {
	c.land(call.seq, now)
	c.others.took(now - call.left)
	c.read(call, r, now)
}

// lose takes in that a call will have no answer.
func (c *core) lose(seq uint64, now time.Duration) {
	c.lost++
	c.land(seq, now)
	c.miss(now)
}

// land ends a call's flight. Its burst place stays taken, from now at the
// latest.
func (c *core) land(seq uint64, now time.Duration) {
	c.turn(now)
	c.flying--
	c.others.land(seq)
	c.burst.take(now, 1, 0)
}

// miss counts a call of which the server did not say that it was counted.
func (c *core) miss(now time.Duration) {
	c.hour.miss(now, c.seq)
	c.others.excused++
}

// refuse takes in that the server refused a call.
func (c *core) refuse(w Window, after, now time.Duration) {
	c.turn(now)
	c.others.jump = max(c.others.jump, 1) // not by our count
	if w == Hourly {
		c.hour.refuse(now, after, c.seq)
		c.doubt()
	} else {
		c.burst.refuse(now, after)
	}
}

// turn begins a new hour when the old one is surely over.
func (c *core) turn(now time.Duration) {
	if over := now - hourMargin - c.hour.end; over >= 0 {
		c.begin(c.hour.end + (over/time.Hour+1)*time.Hour)
	}
	c.burst.expire(now)
}

// begin begins the hour that ends then.
func (c *core) begin(end time.Duration) {
	c.hour.begin(end, c.seq, c.flying)
	if c.others.present() {
		c.doubt() // others may have been quicker
	}
	c.others.turn(c.hour.start)
}

// doubt lets the next call go alone.
func (c *core) doubt() {
	c.unsure, c.unsureSeq = true, c.seq
}

// read takes in an answer's reading.
func (c *core) read(call Call, r Reading, now time.Duration) {
	if call.seq >= c.unsureSeq {
		c.unsure = false
	}
	switch c.hour.placeOf(call, r, now) {
	case otherHour:
		c.hour.own-- // the hour that is over has counted it
	case untold:
		c.miss(now)
	case nextHour:
		c.begin(now + r.HourReset)
		c.hour.own++ // begin knows only of calls under way
		c.unsure = false
		fallthrough
	case thisHour:
		limit := c.hour.limit
		used, came := c.hour.read(call, r, now, c.seq)
		if c.hour.limit != limit {
			c.others.forget() // the old counts may not compare with the new
		}
		c.others.mark(used, now, c.flying, c.seq)
		c.others.came(came)
		c.others.suspect = c.others.suspect || c.hour.stranger
		c.burst.notice(came, now, c.seq)
	}
	if came := c.burst.read(call, r, now, c.flying, c.seq); came > 0 {
		c.others.suspect = true
	}
}

// held reports whether the next call must wait.
func (c *core) held(now time.Duration) (hold, bool) {
	c.turn(now)
	if c.alone() {
		return hold{}, true
	}
	if c.room(now) > 0 {
		return hold{}, false
	}
	// Would it wait if every call under way were answered now?
	margin := c.margin(now)
	h := hold{}
	if c.hour.room(now, c.flying, margin) <= 0 {
		h = hold{Hourly, c.hour.opens(now)}
	}
	if c.burst.room(now, c.flying, margin) <= 0 {
		if until := c.burst.opens(now, c.flying, margin); until > h.until {
			h = hold{Burst, until}
		}
	}
	return h, true
}

// alone reports whether a call is under way that must be answered before the
// next may leave. A call whose limiter has ended will not be.
func (c *core) alone() bool {
	return c.unsure && c.flying > c.ended && (c.hour.limited() || c.burst.limited())
}

// room is how many calls both windows have room for.
func (c *core) room(now time.Duration) int {
	margin, flying := c.margin(now), c.flying*c.others.weight()
	return min(c.hour.room(now, flying, margin), c.burst.room(now, flying+c.hidden(), margin))
}

// margin is how many calls others may make before our next one is counted.
func (c *core) margin(now time.Duration) int {
	return c.others.margin(now-c.hour.toldAt, c.hour.limit)
}

// hidden is how many calls of other apps the server may have counted beside
// those under way, which it may have counted as well.
func (c *core) hidden() int {
	if !c.others.present() {
		return 0
	}
	return c.hour.hidden(c.flying)
}

// opensSoon is when both windows will have room for a call, if it is the burst
// that has none now and nothing else happens until then.
func (c *core) opensSoon(now time.Duration) (time.Duration, bool) {
	margin, flying := c.margin(now), c.flying*c.others.weight()
	if c.alone() || c.hour.room(now, flying, margin) <= 0 || c.burst.closed > now {
		return math.MaxInt64, false
	}
	return c.burst.comesFree(flying+c.hidden(), margin)
}

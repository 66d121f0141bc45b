package throttle

import (
	"bytes"
	"slices"
	"time"
)

const (
	// silence is after how long without a sign a member's calls count as lost.
	silence = 3 * time.Minute
	// aftermath is how long after the last sign of a member that has ended the
	// server may still count a call of its: what it was granted it may have sent
	// as late as that, and a request can outlive its sender.
	aftermath = 45 * time.Second
	// forgetful is after how long without a call the next goes alone if it is a
	// newcomer's: other apps may have called.
	forgetful = 5 * time.Second
	// maxSkew is by how much clocks of members may differ. What is farther ahead
	// was written by a clock that has been put right since.
	maxSkew = time.Minute
	// lineage is added to the numbers of calls if the book lost some.
	lineage = 1 << 20
)

// account is what the book keeps: the windows, and who has calls in them.
type account struct {
	at      time.Duration // when this was so
	core    core
	members []entry
}

// entry is a member as the book knows it.
type entry struct {
	name  string
	out   int           // its calls under way, unused grants included
	spare int           // unused grants
	wants bool          // it has calls waiting that others could make room for
	gone  bool          // it has ended
	seen  time.Duration // when it wrote last
	batch uint64        // of its batches the last that is in here
}

func (a *account) clone() *account {
	return &account{a.at, a.core.clone(), slices.Clone(a.members)}
}

// find returns a member that has not ended, or nil.
func (a *account) find(name string) *entry {
	for i := range a.members {
		if e := &a.members[i]; e.name == name && !e.gone {
			return e
		}
	}
	return nil
}

// pressed reports whether others want what this member may have.
func (a *account) pressed(name string, now time.Duration) bool {
	return slices.ContainsFunc(a.members, func(e entry) bool { return e.name != name && e.presses(now) })
}

func (e *entry) presses(now time.Duration) bool {
	return e.wants && !e.gone && now-e.seen < 2*heartbeat
}

// elsewhere is how many calls other members have under way, and how many of
// these are unused grants.
func (a *account) elsewhere(name string) (out, spare int) {
	for _, e := range a.members {
		if e.name != name {
			out += e.out
			spare += e.spare
		}
	}
	return out, spare
}

// strangers are the other members that have calls under way.
func (a *account) strangers(name string) []string {
	var names []string
	for _, e := range a.members {
		if e.name != name && e.out > 0 && !e.gone {
			names = append(names, e.name)
		}
	}
	return names
}

// apply tells the core of an event.
func (e event) apply(c *core) {
	if e.call.seq >= c.seq {
		e.call.seq = 0 // a number from before the book lost some
	}
	switch e.kind {
	case answered:
		c.done(e.call, e.reading, e.at)
	case unanswered:
		c.lose(e.call.seq, e.at)
	case refused:
		c.refuse(e.window, e.after, e.at)
	}
}

// shifted is the event by a clock that is ahead so much.
func (e event) shifted(d time.Duration) event {
	e.at += d
	e.call.left += d
	return e
}

// edit makes of the book's text what it should be after the batch. now is the
// member's time; unix is the moment its times count from, in nanoseconds since
// 1970.
func (b *batch) edit(old []byte, now time.Duration, unix int64) *outcome {
	o := &outcome{text: b.text}
	a := b.load(o, old, now, unix)
	now += o.skew
	o.now, o.account = now, a
	a.core.obey(b.rules)
	me := a.enter(b, now)
	changed := a.apply(b, me, o.skew) || o.written
	o.known = me.batch >= b.number
	for _, name := range b.gone {
		if e := a.find(name); e != nil {
			e.gone, changed = true, true
		}
	}
	changed = a.settle(b.name, now) || changed
	a.count()
	a.core.turn(now)
	if !b.joined && !a.core.unsure && now-a.core.hour.toldAt > forgetful {
		a.core.doubt()
		changed = true
	}
	a.grant(b, o, now)

	me = a.find(b.name)
	granted := 0
	for _, g := range o.granted {
		granted += g.calls
	}
	me.out += granted
	me.spare = max(0, b.spare+granted-b.waiting)
	wants := b.waiting > granted && (!o.held || o.hold.until < now+time.Second)
	changed = changed || granted > 0 || wants != me.wants || (me.out > 0 || wants) && now-me.seen >= heartbeat
	me.wants = wants
	if b.leaving && me.out == 0 {
		a.members = slices.DeleteFunc(a.members, func(e entry) bool { return e.name == b.name && !e.gone })
		changed = true
	}
	if !changed {
		return o
	}
	if e := a.find(b.name); e != nil {
		e.seen = now
	}
	a.at = max(a.at, now)
	o.written = true
	o.text = a.encode(unix)
	return o
}

// load reads the account. What cannot be read is as good as lost.
func (b *batch) load(o *outcome, old []byte, now time.Duration, unix int64) *account {
	if b.old != nil && bytes.Equal(old, b.text) {
		return b.old.clone()
	}
	o.news = true
	a, err := decode(old, unix)
	switch {
	case err == nil:
		o.text = bytes.Clone(old)
		if ahead := a.at - now; ahead > maxSkew {
			a.shift(-ahead)
			o.written = true // or its times would never come
		} else if ahead > 0 {
			o.skew = ahead // time runs forward for all members alike
		}
	case b.old != nil:
		a = b.old.clone()
		a.core.seq += lineage
	default:
		a = &account{core: b.core.clone(), at: now}
	}
	o.written = a.sanitize(now+o.skew) || o.written
	return a
}

// enter finds the batch's member, or makes it one.
func (a *account) enter(b *batch, now time.Duration) *entry {
	me := a.find(b.name)
	if me != nil && !b.joined && !b.again {
		me.gone = true // an earlier one of this name
		me.name += "†"
		me = nil
	}
	if me == nil {
		e := entry{name: b.name, batch: b.number - 1, seen: now - heartbeat}
		if b.again && b.joined && b.leaving && b.out == b.ended() {
			e.batch = b.number // the try that failed has taken it out
		}
		a.members = append(a.members, e)
		me = &a.members[len(a.members)-1]
	}
	return me
}

// apply takes in what has happened at the member, by a clock that was behind so
// much. It reports whether the book must be written for that.
func (a *account) apply(b *batch, me *entry, behind time.Duration) bool {
	out, known := b.out, me.batch >= b.number
	if known {
		out -= b.ended()
	}
	fixed := me.out != out
	if fixed {
		// The book has lost sight of calls, or it granted some in an Update that
		// failed in the end.
		if d := me.out - out; d > 0 {
			a.core.turnBack(a.core.seq, d)
		} else {
			a.core.flying -= d
		}
		a.core.others.await(a.core.flying, a.core.seq)
		me.out = out
	}
	if known || len(b.events)+len(b.back) == 0 {
		return fixed
	}
	for _, e := range b.events {
		e.shifted(behind).apply(&a.core)
	}
	for _, g := range b.back {
		a.core.turnBack(g.seq, g.calls)
	}
	me.out -= b.ended()
	me.batch = b.number
	return true
}

// settle counts as lost the calls of members of which nothing more will be
// heard, and forgets them.
func (a *account) settle(name string, now time.Duration) (changed bool) {
	a.members = slices.DeleteFunc(a.members, func(e entry) bool {
		wait := silence
		if e.gone {
			wait = aftermath
		}
		if e.name == name && !e.gone || now-e.seen < wait && (e.out > 0 || !e.gone) {
			return false
		}
		for range e.out {
			a.core.lose(a.core.seq, min(now, e.seen+wait))
		}
		changed = true
		return true
	})
	if changed { // whose calls those were their numbers do not say
		a.core.others.await(a.core.flying, a.core.seq)
	}
	return changed
}

// count counts the calls of members that have ended.
func (a *account) count() {
	a.core.ended = 0
	for _, e := range a.members {
		if e.gone {
			a.core.ended += e.out
		}
	}
}

// grant lets go as many calls as are wanted and may leave.
func (a *account) grant(b *batch, o *outcome, now time.Duration) {
	sharers := 1
	for _, e := range a.members {
		if e.name != b.name && e.presses(now) {
			sharers++
		}
	}
	room := a.core.room(now)
	// Those who wait share what there is. What is ahead of its use must leave
	// enough for others to find, and shrinks to nothing near a window's end.
	most := min(b.waiting, max(1, room/sharers))
	if spare := room/(4*sharers) - most; b.ahead > 0 && spare > 0 {
		most += min(b.ahead, spare)
	}
	horizon := now + foresight
	if a.core.others.present() {
		horizon = now + b.lead // what is granted counts for more than one
	}
	n, soonest := 0, 0
	for n < grantMost {
		from := now
		if _, held := a.core.held(now); held {
			soon, ok := a.core.opensSoon(now)
			if !ok || soon > horizon || n >= b.waiting || soonest*sharers >= b.waiting {
				break
			}
			soonest++
			from = soon
		} else if n >= most {
			break
		}
		seq := a.core.leave()
		if last := len(o.granted) - 1; last >= 0 && o.granted[last].from == from {
			o.granted[last].calls++
		} else {
			o.granted = append(o.granted, grant{seq: seq, calls: 1, from: from})
		}
		n++
	}
	if n < b.waiting {
		o.hold, o.held = a.core.held(now)
	}
	o.enough = n == b.waiting+b.ahead
}

// shift moves all times.
func (a *account) shift(d time.Duration) {
	c := &a.core
	for _, t := range []*time.Duration{&a.at, &c.hour.start, &c.hour.end, &c.hour.closed, &c.hour.toldAt, &c.burst.closed} {
		*t += d
	}
	for i := range c.burst.places {
		c.burst.places[i].free += d
	}
	for i := range c.others.marks {
		c.others.marks[i].at += d
	}
	for i := range a.members {
		a.members[i].seen += d
	}
}

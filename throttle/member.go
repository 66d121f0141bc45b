package throttle

import (
	"slices"
	"time"
)

const (
	// grantMost is how many calls one Update grants at most.
	grantMost = 64
	// grantFresh is how long a granted call may leave: a process that was
	// stopped for longer does not know what became of the windows.
	grantFresh = time.Second
	// idle is how long a granted call may stay unused, and an answer unwritten.
	idle = 250 * time.Millisecond
	// hurry is the same while others wait for it.
	hurry = 25 * time.Millisecond
	// pollLeast and pollMost are how often the book is looked into while an
	// answer elsewhere may make room: the longer in vain, the rarer.
	pollLeast, pollMost = 50 * time.Millisecond, time.Second
	// lookLeast and lookMost are the same while only time makes room: limits can
	// grow.
	lookLeast, lookMost = 5 * time.Second, time.Minute
	// heartbeat is how often a member with calls out shows itself, until it is
	// closed.
	heartbeat = 30 * time.Second
	// foresight is how long before a burst place comes free it may be granted, so
	// that no time is lost then.
	foresight = 250 * time.Millisecond
	// patience is how long an answer elsewhere is waited for in silence.
	patience = 5 * time.Second
	// never is when nothing is to be done.
	never = time.Duration(1<<63 - 1)
)

// member is a limiter's part in a book: what it was granted, what has happened
// here since the book was written, and when to write again. The limiter's lock
// protects it, but for what only the one sync at a time touches.
type member struct {
	l     *Limiter
	name  string   // empty before the first Update
	view  *account // the book as last read; nil before the first time
	text  []byte   // what the view is in the book
	batch uint64   // what happened here was written so many times

	grants []grant // in the order in which they may leave
	out    int     // calls of ours that the book counts as under way
	back   []grant // of these, turned back since
	log    []event // of these, landed since; and refusals
	since  time.Duration
	urgent bool // the others should know at once

	joined  bool
	leaving bool
	syncing bool
	ended   chan struct{} // closed at the end of the sync under way
	ahead   int           // how many grants beyond those waited for
	plenty  bool          // all that was asked for was granted last time
	dry     bool          // and yet somebody had to wait
	look    time.Duration // when those waiting here should look again
	vain    int           // how often they have looked and nothing was new
	open    bool          // they wait without a known end
	still   *standstill   // the last known
	wrote   time.Duration // when the book was last read or written
	took    time.Duration // how long Updates take
	asked   map[string]time.Duration
}

// standstill is callers waiting for nothing but an answer elsewhere.
type standstill struct {
	seq   uint64        // no call has left since this was the next
	since time.Duration // by our own clock
	told  bool
}

// grant is calls, numbered from seq on, that may leave between two times.
type grant struct {
	seq         uint64
	calls       int
	from, until time.Duration
}

// event is something that the book does not know yet.
type event struct {
	kind    eventKind
	call    Call
	at      time.Duration
	reading Reading
	window  Window
	after   time.Duration
}

type eventKind int

const (
	answered eventKind = iota
	unanswered
	refused
)

func newMember(l *Limiter) *member {
	return &member{l: l, asked: make(map[string]time.Duration)}
}

// next lets a call go on a grant, if there is a fresh one.
func (m *member) next(now time.Duration) (Call, bool) {
	m.drop(now, func(g grant) bool { return now > g.until }) // too old
	if len(m.grants) > 0 && m.grants[0].from <= now {
		g := &m.grants[0]
		c := Call{l: m.l, seq: g.seq, left: now}
		g.seq++
		if g.calls--; g.calls == 0 {
			m.grants = slices.Delete(m.grants, 0, 1)
		}
		return c, true
	}
	m.dry = m.dry || m.plenty
	return Call{}, false
}

// refill fetches more grants before there are none.
func (m *member) refill() {
	if !m.syncing && m.scarce() {
		m.sync()
	}
}

// scarce reports whether more grants are worth fetching.
func (m *member) scarce() bool {
	return m.plenty && m.ahead > 1 && m.usable() <= m.ahead/2
}

// usable is how many calls may leave on grants.
func (m *member) usable() int { return calls(m.grants) }

// calls is how many calls were granted.
func calls(grants []grant) int {
	n := 0
	for _, g := range grants {
		n += g.calls
	}
	return n
}

// drop turns back grants and returns how many calls those were.
func (m *member) drop(now time.Duration, which func(grant) bool) int {
	n := 0
	m.grants = slices.DeleteFunc(m.grants, func(g grant) bool {
		if !which(g) {
			return false
		}
		m.happened(now)
		m.back = append(m.back, g)
		n += g.calls
		return true
	})
	return n
}

// happened remembers since when the book has not known all.
func (m *member) happened(now time.Duration) {
	if len(m.log) == 0 && len(m.back) == 0 {
		m.since = now
	}
}

// turnBack makes a call's grant one again.
func (m *member) turnBack(c Call) {
	m.grants = slices.Insert(m.grants, 0, grant{seq: c.seq, calls: 1, from: c.left, until: c.left + grantFresh})
}

// note remembers what happened until it is written.
func (m *member) note(e event) {
	m.happened(e.at)
	m.log = append(m.log, e)
	if e.kind == refused {
		m.urgent = true
		m.drop(e.at, func(grant) bool { return true })
	}
}

// unwritten reports whether the book does not know all, or counts us in.
func (m *member) unwritten() bool {
	return len(m.log) > 0 || len(m.back) > 0 || len(m.grants) > 0 || m.joined && !m.leaving
}

// attend sees to it that the book is written when that is due, and that those
// who wait for a grant's time are let go then.
func (m *member) attend(now time.Duration) {
	if m.l.queue.Len() == 0 {
		m.look = now // whoever comes next looks at once
	}
	due := never
	if !m.syncing {
		if due = m.due(now); due <= now {
			m.sync()
			due = never
		}
	}
	if m.l.queue.Len() > 0 && len(m.grants) > 0 {
		due = min(due, max(m.grants[0].from, now))
	}
	switch {
	case due < never:
		m.l.wake(due - now)
	case m.l.timer != nil:
		m.l.timer.Stop()
	}
}

// due is when the book should be written.
func (m *member) due(now time.Duration) time.Duration {
	if m.urgent || m.scarce() {
		return now
	}
	due := never
	waiting := m.l.queue.Len() - m.usable() // those who have no grant to wait for
	if waiting > 0 {
		due = m.look
	}
	delay := m.delay(now)
	if len(m.log) > 0 || len(m.back) > 0 {
		switch {
		case len(m.log) >= grantMost, waiting > 0 && m.open, m.view.core.unsure:
			return now
		case waiting > 0 && m.view.core.others.present():
			delay = min(delay, 5*time.Millisecond) // for a call under way may stand for more than one
		}
		due = min(due, m.since+delay)
	}
	for _, g := range m.grants {
		due = min(due, g.from+delay)
	}
	if m.out > 0 && !m.leaving {
		due = min(due, m.wrote+heartbeat)
	}
	return due
}

// delay is how long what the book does not know, and what is not used, may wait.
func (m *member) delay(now time.Duration) time.Duration {
	if m.view != nil && m.view.pressed(m.name, now) {
		return hurry
	}
	return idle
}

// lead is how long before a place comes free the book must be asked for it.
func (m *member) lead() time.Duration {
	return min(2*m.took+5*time.Millisecond, foresight/2)
}

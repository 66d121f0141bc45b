package throttle

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

var errNoEdit = errors.New("the book did not let itself be edited")

// batch is what one Update tells the book and asks of it.
type batch struct {
	name    string
	rules   rules
	number  uint64        // of the batch: an Update that failed may have been written
	events  []event       // in order
	back    []grant       // turned back
	out     int           // calls of ours under way, as the book should know before that
	spare   int           // of these, grants that are still here
	waiting int           // calls that want a grant
	ahead   int           // grants wanted beyond those
	lead    time.Duration // how early a place must be granted
	joined  bool
	leaving bool
	again   bool     // an Update of it has failed, and may have been written
	gone    []string // members that have ended
	old     *account // what the book was
	text    []byte   // as which text
	core    core     // what to begin with if the book has nothing
}

// ended is how many calls of the batch are not under way any more.
func (b *batch) ended() int { return calls(b.back) + landed(b.events) }

// landed is how many calls the events ended.
func landed(events []event) int {
	n := 0
	for _, e := range events {
		if e.kind != refused {
			n++
		}
	}
	return n
}

// outcome is what came of a batch.
type outcome struct {
	account *account
	text    []byte // the book's
	written bool
	known   bool          // the batch is in the book, though it was an earlier try that wrote it
	news    bool          // somebody else had written
	now     time.Duration // when
	skew    time.Duration // to be added to the clock
	granted []grant       // until is not set
	enough  bool          // all that was asked for
	hold    hold          // why not, if held
	held    bool
}

// sync begins an Update. One is under way at a time.
func (m *member) sync() {
	m.syncing = true
	m.ended = make(chan struct{})
	go m.update(m.prepare(m.l.now()))
}

// prepare collects what the book should know.
func (m *member) prepare(now time.Duration) *batch {
	l := m.l
	waiting := max(0, l.queue.Len()-m.usable())
	m.leaving = m.leaving && waiting == 0
	switch delay := m.delay(now); {
	case m.leaving:
		m.drop(now, func(grant) bool { return true })
		m.ahead = 0
	case m.dry:
		m.ahead = min(2*m.ahead+max(waiting, 1), grantMost)
	case waiting == 0:
		n := m.drop(now, func(g grant) bool { return g.from+delay <= now })
		m.ahead = max(0, m.ahead-n)
	}
	m.dry, m.urgent = false, false
	b := &batch{
		name: m.name, rules: l.rules(), number: m.batch + 1,
		events: slices.Clip(m.log), back: slices.Clip(m.back), out: m.out, spare: m.usable(),
		waiting: waiting, lead: m.lead(), joined: m.joined, leaving: m.leaving,
		old: m.view, text: m.text,
	}
	b.ahead = max(0, m.ahead-b.spare)
	if m.view == nil {
		b.core = l.core
	}
	return b
}

// update is one Update, and what follows from it.
func (m *member) update(b *batch) {
	l := m.l
	if b.name == "" {
		b.name = l.Book.Member()
	}
	b.gone = m.gone()
	var o *outcome
	edit := func(old []byte) []byte {
		// Only this goroutine changes the skew, and nobody the birth.
		o = b.edit(old, time.Since(l.birth)+l.skew, l.birth.UnixNano())
		if !o.written {
			return nil
		}
		return o.text
	}
	began := time.Now()
	err := m.write(b, edit)
	if err != nil || o == nil {
		m.fail(cmp.Or(err, errNoEdit))
		return
	}
	l.mu.Lock()
	m.syncing = false
	close(m.ended)
	l.skew += o.skew
	now := l.now()
	m.took += (time.Since(began) - m.took) / 4
	m.commit(b, o, now)
	tell := func() {}
	if o.held && l.queue.Len() > m.usable() {
		tell = m.news(o.hold, now)
	}
	l.dispatch(now)
	tell()
}

// write updates the book, more than once if need be.
func (m *member) write(b *batch, edit func([]byte) []byte) error {
	pause := bookPause
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), bookPatience)
		err := m.l.Book.Update(ctx, edit)
		cancel()
		if err == nil || try == bookTries {
			return err
		}
		b.again = true
		time.Sleep(pause)
		pause *= 4
	}
}

// gone asks for the members that have ended.
func (m *member) gone() []string {
	if m.view == nil {
		return nil
	}
	var gone []string
	now := time.Since(m.l.birth)
	for _, e := range m.view.members {
		if e.gone || e.out == 0 || e.name == m.name {
			continue
		}
		if last, ok := m.asked[e.name]; ok && now-last < time.Second {
			continue
		}
		m.asked[e.name] = now
		if m.l.Book.Gone(e.name) {
			gone = append(gone, e.name)
		}
	}
	return gone
}

// commit takes in what came of a batch.
func (m *member) commit(b *batch, o *outcome, now time.Duration) {
	m.view, m.text = o.account, o.text
	m.name, m.wrote = b.name, now
	m.joined = m.view.find(m.name) != nil
	if o.written || o.known {
		m.batch = b.number
		m.out -= b.ended() // while the batch, which is part of log and back, is still there
		m.log = append(m.log[:0], m.log[len(b.events):]...)
		m.back = append(m.back[:0], m.back[len(b.back):]...)
		m.since = now // of what has happened meanwhile
	}
	for i := range m.log {
		m.log[i] = m.log[i].shifted(o.skew)
	}
	for _, g := range o.granted {
		m.out += g.calls
		g.until = max(g.from, now) + grantFresh
		m.grants = append(m.grants, g)
	}
	slices.SortStableFunc(m.grants, func(a, b grant) int { return cmp.Compare(a.from, b.from) })
	m.plenty = o.enough
	m.plan(o, now)
}

// plan decides when those who still wait should look again.
func (m *member) plan(o *outcome, now time.Duration) {
	m.open = o.held && o.hold.until <= o.now
	m.vain++
	if o.news || len(o.granted) > 0 {
		m.vain = 0
	}
	m.look = now
	if !o.held {
		return
	}
	m.stand(now)
	c := &m.view.core
	wake := o.hold.until
	if m.open {
		// An answer will come first, or else time makes room.
		wake = c.hour.end + hourMargin
		if next, ok := c.burst.next(); ok {
			wake = min(wake, next)
		}
	} else if o.hold.window == Burst {
		wake -= m.lead()
	}
	wake = min(max(wake, now+time.Millisecond), now+m.later(lookLeast, lookMost))
	if out, spare := m.view.elsewhere(m.name); spare > 0 || m.open && out > 0 {
		wake = min(wake, now+m.later(pollLeast, pollMost))
	}
	m.look = wake
	for _, name := range m.view.strangers(m.name) {
		if _, ok := m.asked[name]; !ok {
			m.look = now // it may have ended
		}
	}
}

// stand remembers since when those who wait can only wait for an answer
// elsewhere. A look in between for which nobody waited changes nothing, so that
// they are not told twice.
func (m *member) stand(now time.Duration) {
	seq, own := m.view.core.seq, now-m.l.skew
	switch {
	case !m.open || len(m.view.strangers(m.name)) == 0:
		m.still = nil
	case m.still == nil || m.still.seq != seq:
		m.still = &standstill{seq: seq, since: own}
	}
}

// news returns what tells of the hold of those who wait, as [Limiter.news] does,
// and once of a standstill that somebody has waited for long.
func (m *member) news(h hold, now time.Duration) (tell func()) {
	s := m.still
	if s == nil {
		return m.l.news(h, now)
	}
	first := m.l.queue.Front().Value.(*waiter)
	if s.told || now-m.l.skew < max(s.since, first.since)+patience {
		return func() {}
	}
	s.told = true
	return m.l.announce(hold{})
}

// later is the pause before another look: the longer it was in vain, the longer.
func (m *member) later(least, most time.Duration) time.Duration {
	pause := least
	for range min(m.vain, 20) {
		pause = pause * 6 / 5
	}
	return min(pause, most)
}

// known is what the book said, with what has happened here since.
func (m *member) known(now time.Duration) core {
	if m.view == nil {
		return m.l.core.clone()
	}
	c := m.view.core.clone()
	c.obey(m.l.rules())
	for _, e := range m.log {
		e.apply(&c)
	}
	for _, grants := range [][]grant{m.back, m.grants} {
		for _, g := range grants {
			c.turnBack(g.seq, g.calls)
		}
	}
	return c
}

// fail gives the book up, and tells.
func (m *member) fail(err error) {
	l := m.l
	l.mu.Lock()
	m.abandon(err)
	tell := func() {}
	if l.OnAlone != nil {
		tell = l.telling(func() { l.OnAlone(err) })
	}
	l.mu.Unlock()
	tell()
	close(m.ended)
	l.mu.Lock()
	l.dispatch(l.now())
}

// abandon makes the limiter go on alone.
func (m *member) abandon(err error) {
	l := m.l
	now := l.now()
	c := m.known(now)
	ours := m.out - calls(m.back) - m.usable() - landed(m.log)
	for c.flying > ours {
		c.lose(c.seq, now) // nobody will tell
	}
	c.flying, c.ended = ours, 0
	c.others.await(ours, c.seq)
	l.core, l.member, l.failed = c, nil, err
}

package throttle

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"
)

const (
	// blockMost is how many calls one update reserves ahead at most, and after how
	// many events one is due.
	blockMost = 64
	// blockLife is how long a reserved call may leave. After that it is given back:
	// others may want it, and a process that was stopped for longer does not know
	// what became of the windows.
	blockLife = 500 * time.Millisecond
	// writeDelay is how long an event may stay unwritten.
	writeDelay = 250 * time.Millisecond
	// answerDelay is the same while calls wait here, perhaps for the answer.
	answerDelay = 10 * time.Millisecond
	// pollPause is the pause between two looks into the store while calls of other
	// participants may make room.
	pollPause = 200 * time.Millisecond
	// silentWait is how long a call is held back by one elsewhere before that is told.
	silentWait = 5 * time.Second
	// updateTimeout is how long one Update may take.
	updateTimeout = 10 * time.Second
	// updateTries is how often one is tried before the limiter goes on alone.
	updateTries = 3
)

// participant is a limiter's part in a store. The limiter's lock protects it.
type participant struct {
	l    *Limiter
	name string

	seen  snapshot
	calls ownCalls
	news  news

	updates  uint64        // so many have begun
	updating chan struct{} // closed at the end of the one under way; nil if there is none
	askAt    time.Time     // when those who wait should ask again
	toldSeq  uint64        // OnWait was told that they wait for a call elsewhere, when this was the next to leave
	closed   bool
}

// snapshot is the shared state after the participant's last update.
type snapshot struct {
	state *sharedState // nil before the first
	text  []byte       // as which it stands in the store
	at    time.Time    // when the update ended
}

// ownCalls are the participant's calls in the shared budget.
type ownCalls struct {
	block    block // reserved and not used yet
	inFlight int   // have left and are not completed
	used     int   // have left since calls were reserved last
}

// block is reserved calls.
type block struct {
	calls int
	seq   uint64    // their number
	until time.Time // they may leave until then
}

// leave lets a reserved call leave, if there is a fresh one.
func (c *ownCalls) leave(now time.Time) (seq uint64, ok bool) {
	if c.block.calls == 0 || !c.fresh(now) {
		return 0, false
	}
	c.block.calls--
	c.used++
	c.inFlight++
	return c.block.seq, true
}

// fresh reports whether the reserved calls may still leave.
func (c *ownCalls) fresh(now time.Time) bool { return now.Before(c.block.until) }

// total is what counts in the shared budget.
func (c *ownCalls) total() int { return c.inFlight + c.block.calls }

// ahead is how many calls to reserve beyond those that wait, by how many were used.
func (c *ownCalls) ahead() int {
	ahead := min(2*c.used, blockMost)
	c.used = 0
	return ahead
}

// news is what the store does not know yet.
type news struct {
	events     []event
	refused    bool // one of them is a refusal
	turnedBack bool // a call that did not leave is to be given back
}

func (n *news) empty() bool { return len(n.events) == 0 && !n.turnedBack }

// leave lets a reserved call leave, if there is a fresh one.
func (p *participant) leave(now time.Time) (Call, bool) {
	seq, ok := p.calls.leave(now)
	if !ok {
		return Call{}, false
	}
	return Call{l: p.l, seq: seq, leftAt: now}, true
}

// turnBack takes back a call that did not leave.
func (p *participant) turnBack() {
	p.calls.inFlight--
	p.news.turnedBack = true
}

// happened remembers an event until it is written.
func (p *participant) happened(e event) {
	p.news.events = append(p.news.events, e)
	if e.kind == refused {
		p.news.refused, p.calls.block.until = true, time.Time{} // give the block back
	} else {
		p.calls.inFlight--
	}
}

// schedule begins an update if one is due, or sees to it that it is called again
// when one is.
func (p *participant) schedule(now time.Time) {
	if p.l.queue.Len() == 0 {
		p.askAt = now // whoever comes next asks at once
	}
	if p.updating != nil {
		return // its end comes here again
	}
	switch due, ok := p.due(now); {
	case ok && !due.After(now):
		p.begin(now)
	case ok:
		p.l.queue.setTimer(due.Sub(now))
	default:
		p.l.queue.stopTimer()
	}
}

// due returns when the next update is due, if one is.
func (p *participant) due(now time.Time) (due time.Time, ok bool) {
	by := func(t time.Time) {
		if !ok || t.Before(due) {
			due, ok = t, true
		}
	}
	waiting := p.l.queue.Len() > 0
	if waiting {
		by(p.askAt)
	}
	if p.news.turnedBack {
		by(now)
	}
	if p.calls.block.calls > 0 {
		by(p.calls.block.until)
	}
	if events := p.news.events; len(events) > 0 {
		delay := writeDelay
		switch {
		case p.news.refused, p.closed, len(events) >= 2*blockMost, p.seen.state.Windows.Probing:
			delay = 0
		case waiting:
			delay = answerDelay
		}
		by(events[0].at.Add(delay))
	}
	if p.calls.inFlight > 0 && !p.closed {
		by(p.seen.at.Add(heartbeat))
	}
	return due, ok
}

// begin begins an update.
func (p *participant) begin(now time.Time) {
	waiting, ahead := p.l.queue.Len(), 0
	p.closed = p.closed && waiting == 0
	if p.closed || !p.calls.fresh(now) {
		p.calls.block.calls = 0 // give it back
	}
	if p.calls.block.calls == 0 && !p.closed {
		ahead = p.calls.ahead()
	}
	p.updates++
	p.news.refused, p.news.turnedBack, p.updating = false, false, make(chan struct{})
	go p.update(&update{
		participant: p.name, number: p.updates, quotas: p.l.quotas(), events: slices.Clip(p.news.events),
		calls: p.calls.total(), waiting: waiting, ahead: ahead,
	})
}

// update does an update, and what follows from it.
func (p *participant) update(u *update) {
	l := p.l
	if s := p.seen.state; s != nil { // only this goroutine replaces it
		_, alive := s.callsBeside(p.name)
		for _, name := range alive {
			if l.Store.Gone(name) {
				u.ended = append(u.ended, name)
			}
		}
	}
	r, err := p.write(u)
	l.mu.Lock()
	ended, now := p.updating, l.now()
	p.updating = nil
	var tell func()
	if err == nil {
		tell = p.commit(u, r, now)
	} else {
		tell = p.abandon(err, now)
	}
	l.dispatch(now)
	tell()
	close(ended)
}

// write updates the store.
func (p *participant) write(u *update) (r *result, err error) {
	edit := func(old []byte) (fresh []byte) {
		clock := p.l.time.now()
		r = p.read(old, clock).apply(u, clock)
		if !r.changed {
			r.text = bytes.Clone(old)
			return nil
		}
		r.text = r.state.encode()
		return r.text
	}
	err = backoff.Retry(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), updateTimeout)
		defer cancel()
		return p.l.Store.Update(ctx, edit)
	}, backoff.WithMaxRetries(backoff.NewExponentialBackOff(), updateTries-1))
	return r, err
}

// read reads the shared state. If nobody else has written, or what was written
// cannot be read, the participant goes on with what it knows.
func (p *participant) read(old []byte, clock time.Time) *sharedState {
	if p.seen.state == nil || !bytes.Equal(old, p.seen.text) {
		if s, err := decode(old, clock); err == nil {
			return s
		}
	}
	if p.seen.state == nil {
		return newSharedState(p.l.windows, p.l.time.epoch)
	}
	return p.seen.state.clone()
}

// commit records what came of an update. It returns a func that calls OnWait about
// those who still wait, as [Limiter.notification] does.
func (p *participant) commit(u *update, r *result, now time.Time) (tell func()) {
	p.seen = snapshot{r.state, r.text, now}
	p.news.events = slices.Delete(p.news.events, 0, len(u.events))
	if r.granted > 0 {
		p.calls.block = block{calls: r.granted, seq: r.seq}
		if !p.news.refused { // else nothing leaves before the store knows of the refusal
			p.calls.block.until = now.Add(blockLife)
		}
	}
	p.askAt = now
	if !r.held {
		return func() {}
	}
	calls, alive := r.state.callsBeside(p.name)
	wait := min(max(r.state.Windows.askAgain(r.hold, r.now)-r.now, time.Millisecond), heartbeat)
	if calls > 0 {
		wait = min(wait, pollPause)
	}
	p.askAt = now.Add(wait)
	if p.l.queue.Len() <= p.calls.block.calls {
		return func() {}
	}
	next := r.state.Windows.Seq
	switch {
	case r.hold.until > r.now || len(alive) == 0:
		return p.l.notification(r.hold, now.Add(r.hold.until-r.now), now)
	case p.toldSeq != next && now.Sub(p.l.queue.first().since) >= silentWait: // a call elsewhere must be answered first
		p.toldSeq = next
		return p.l.announce(Wait{})
	}
	return func() {}
}

// current is what the store said, with what has happened here since, and the time
// by its clock.
func (p *participant) current(clock time.Time) (windows, time.Duration) {
	s := p.seen.state
	if s == nil {
		return p.l.windows.clone(), p.l.time.since(clock)
	}
	w := s.Windows.clone()
	now, skew := s.now(clock)
	w.configure(p.l.quotas())
	for _, e := range p.news.events {
		e.apply(&w, e.at.Sub(s.Epoch)+skew)
	}
	calls, _ := s.callsBeside(p.name)
	w.inFlight = calls + p.calls.inFlight
	return w, now
}

// abandon makes the limiter go on alone. The calls of others are lost. It returns a
// func that calls OnAlone.
func (p *participant) abandon(err error, clock time.Time) (tell func()) {
	l := p.l
	w, now := p.current(clock)
	w.lose(w.Seq, w.inFlight-p.calls.inFlight, now)
	w.orphaned = 0
	w.Foreign.await(w.inFlight, w.Seq)
	l.windows, l.time.epoch = w, clock.Add(-now)
	l.participant, l.failed = nil, err
	if l.OnAlone == nil {
		return func() {}
	}
	return l.notifier.begin(func() { l.OnAlone(err) })
}

// close writes what is not written and gives back what is reserved. The limiter
// is locked, then as before.
func (p *participant) close() {
	p.closed = true
	for p.l.participant == p && (p.updating != nil || p.calls.block.calls > 0 || !p.news.empty()) {
		if p.updating == nil {
			p.begin(p.l.now())
		}
		ended := p.updating
		p.l.mu.Unlock()
		<-ended
		p.l.mu.Lock()
	}
}

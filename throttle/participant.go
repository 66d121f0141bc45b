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
	// patience is how long a call is held back in silence by one elsewhere.
	patience = 5 * time.Second
	// updateTimeout is how long one Update may take.
	updateTimeout = 10 * time.Second
	// updateTries is how often one is tried before the limiter goes on alone.
	updateTries = 3
)

// participant is a limiter's part in a store. The limiter's lock protects it.
type participant struct {
	l          *Limiter
	name       string
	state      *sharedState  // as last read; nil before the first time
	text       []byte        // as which it stands in the store
	block      block         // calls that are reserved and not used yet
	flying     int           // calls that have left and have not ended
	used       int           // calls that have left since calls were reserved last
	events     []event       // that are not in the store yet
	refused    bool          // one of them is a refusal
	turnedBack bool          // a call that did not leave is to be given back
	updates    uint64        // so many have begun
	updating   chan struct{} // closed at the end of the one under way; nil if there is none
	written    time.Time     // when the last ended
	askAt      time.Time     // when those who wait should ask again
	closed     bool
	toldSeq    uint64 // OnWait was told that they wait for a call elsewhere, when this was the next to leave
}

// block is reserved calls.
type block struct {
	calls int
	seq   uint64    // their number
	until time.Time // they may leave until then
}

// next lets a reserved call leave, if there is a fresh one.
func (p *participant) next(now time.Time) (Call, bool) {
	if p.block.calls == 0 || !now.Before(p.block.until) {
		return Call{}, false
	}
	p.block.calls--
	p.used++
	p.flying++
	return Call{l: p.l, seq: p.block.seq, left: now}, true
}

// turnBack takes back a call that did not leave.
func (p *participant) turnBack() {
	p.flying--
	p.turnedBack = true
}

// happened remembers an event until it is written.
func (p *participant) happened(e event) {
	p.events = append(p.events, e)
	if e.kind == refused {
		p.refused, p.block.until = true, time.Time{} // give the block back
	} else {
		p.flying--
	}
}

// attend begins an update if one is due, or sees to it that it is called again
// when one is.
func (p *participant) attend(now time.Time) {
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
		p.l.wake(due.Sub(now))
	case p.l.timer != nil:
		p.l.timer.Stop()
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
	if p.turnedBack {
		by(now)
	}
	if p.block.calls > 0 {
		by(p.block.until)
	}
	if len(p.events) > 0 {
		delay := writeDelay
		switch {
		case p.refused, p.closed, len(p.events) >= 2*blockMost, p.state.Windows.Probing:
			delay = 0
		case waiting:
			delay = answerDelay
		}
		by(p.events[0].at.Add(delay))
	}
	if p.flying > 0 && !p.closed {
		by(p.written.Add(heartbeat))
	}
	return due, ok
}

// begin begins an update.
func (p *participant) begin(now time.Time) {
	waiting, ahead := p.l.queue.Len(), 0
	p.closed = p.closed && waiting == 0
	if p.closed || !now.Before(p.block.until) {
		p.block.calls = 0 // give it back
	}
	if p.block.calls == 0 && !p.closed {
		ahead = min(2*p.used, blockMost)
		p.used = 0
	}
	p.updates++
	p.refused, p.turnedBack, p.updating = false, false, make(chan struct{})
	go p.update(&update{
		participant: p.name, number: p.updates, settings: p.l.settings(), events: slices.Clip(p.events),
		calls: p.flying + p.block.calls, waiting: waiting, ahead: ahead,
	})
}

// update does an update, and what follows from it.
func (p *participant) update(u *update) {
	l := p.l
	if p.state != nil { // only this goroutine replaces it
		_, alive := p.state.others(p.name)
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
		clock := p.l.birth.Add(time.Since(p.l.birth))
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
	if p.state == nil || !bytes.Equal(old, p.text) {
		if s, err := decode(old, clock); err == nil {
			return s
		}
	}
	if p.state == nil {
		return newSharedState(p.l.windows, p.l.epoch)
	}
	return p.state.clone()
}

// commit records what came of an update. It returns a func that calls OnWait about
// those who still wait, as [Limiter.notification] does.
func (p *participant) commit(u *update, r *result, now time.Time) (tell func()) {
	p.state, p.text, p.written = r.state, r.text, now
	p.events = slices.Delete(p.events, 0, len(u.events))
	if r.granted > 0 {
		p.block = block{calls: r.granted, seq: r.seq}
		if !p.refused { // else nothing leaves before the store knows of the refusal
			p.block.until = now.Add(blockLife)
		}
	}
	p.askAt = now
	if !r.held {
		return func() {}
	}
	calls, alive := r.state.others(p.name)
	wait := min(max(r.state.Windows.wake(r.hold, r.now)-r.now, time.Millisecond), heartbeat)
	if calls > 0 {
		wait = min(wait, pollPause)
	}
	p.askAt = now.Add(wait)
	if p.l.queue.Len() <= p.block.calls {
		return func() {}
	}
	next, first := r.state.Windows.Seq, p.l.queue.Front().Value.(*waiter)
	switch {
	case r.hold.until > r.now || len(alive) == 0:
		return p.l.notification(r.hold, now.Add(r.hold.until-r.now), now)
	case p.toldSeq != next && now.Sub(first.since) >= patience: // a call elsewhere must be answered first
		p.toldSeq = next
		return p.l.announce(Wait{})
	}
	return func() {}
}

// known is what the store said, with what has happened here since, and the time
// by its clock.
func (p *participant) known(clock time.Time) (windows, time.Duration) {
	if p.state == nil {
		return p.l.windows.clone(), clock.Sub(p.l.epoch)
	}
	w := p.state.Windows.clone()
	now, skew := p.state.now(clock)
	w.configure(p.l.settings())
	for _, e := range p.events {
		e.apply(&w, e.at.Sub(p.state.Epoch)+skew)
	}
	calls, _ := p.state.others(p.name)
	w.flying = calls + p.flying
	return w, now
}

// abandon makes the limiter go on alone. The calls of others are lost. It returns a
// func that calls OnAlone.
func (p *participant) abandon(err error, clock time.Time) (tell func()) {
	l := p.l
	w, now := p.known(clock)
	w.lose(w.Seq, w.flying-p.flying, now)
	w.orphaned = 0
	w.Foreign.await(w.flying, w.Seq)
	l.windows, l.epoch = w, clock.Add(-now)
	l.participant, l.failed = nil, err
	if l.OnAlone == nil {
		return func() {}
	}
	return l.tell(func() { l.OnAlone(err) })
}

// close writes what is not written and gives back what is reserved. The limiter
// is locked, then as before.
func (p *participant) close() {
	p.closed = true
	for p.l.participant == p && (p.updating != nil || p.block.calls > 0 || len(p.events) > 0 || p.turnedBack) {
		if p.updating == nil {
			p.begin(p.l.now())
		}
		ended := p.updating
		p.l.mu.Unlock()
		<-ended
		p.l.mu.Lock()
	}
}

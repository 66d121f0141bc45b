package ledger

import (
	"context"
	"errors"
	"time"
)

// A lease lapses when its owner has not been heard of for TTL; it beats every
// Beat.
//
// Clocks of the wall jump, and another's may be wrong by hours, so no time that
// is written down decides anything. The owner of a lease measures the time
// since its own last beat, and whoever waits for the lease the time in which it
// has seen no beat, each by its own monotonic clock.
const (
	TTL  = 60 * time.Second
	Beat = 15 * time.Second
)

// pulse is what one sees of another's heart. An unequal pulse is a live one.
type pulse struct {
	run, beat int64
	holder    *HeldError
}

func (p pulse) same(q pulse) bool { return p.run == q.run && p.beat == q.beat }

// seize takes the leases on all batches of s. If it cannot tell whether holders
// are alive it takes none and returns them, by batch; silent are those
// that have been watched long enough.
func (s *Session) seize(t *txn, silent map[int64]pulse) (rivals map[int64]pulse, err error) {
	rivals = make(map[int64]pulse)
	locked := s.locks.file
	for _, name := range s.run.Batches {
		batch := s.batches[name]
		got, able := s.lock(batch)
		if !able {
			locked = 0
		}
		p, theirs, held, err := holder(t, name, batch)
		if err != nil {
			return nil, err
		}
		switch {
		case able && !got:
			return nil, p.holder // alive: the kernel says so
		case !held:
		case able && (theirs == s.locks.file || theirs == anyLockFile): // its owner has lost the lock by dying
		case silent[batch].holder != nil && silent[batch].same(p):
		default:
			rivals[batch] = p
		}
	}
	if len(rivals) > 0 {
		return rivals, nil
	}
	now := millis(time.Now())
	if err := s.addRun(t, now); err != nil {
		return nil, err
	}
	for _, batch := range s.batches {
		if _, err := t.exec(sqlLease, batch, s.id, now, locked); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// anyLockFile stands in a lease of which it was not written down on which file
// the lock is, by a release that did not think of a second one.
const anyLockFile = 1

// lock asks the system for the lock on batch. Sessions that ask twice get it
// twice.
func (s *Session) lock(batch int64) (got, able bool) {
	if s.db.deaf {
		return false, false
	}
	return s.locks.take(batch)
}

// holder returns who has the lease on batch, and the file on which it said to have
// the system's lock as well, 0 if on none. If nobody has the lease, holder still
// carries the name.
func holder(t *txn, name string, batch int64) (p pulse, locked int64, held bool, err error) {
	var beatAt, since int64
	p.holder = &HeldError{Batch: name}
	held, err = t.row(sqlHolder, []any{batch},
		&p.run, &p.beat, &locked, &beatAt, &p.holder.Host, &p.holder.PID, &since)
	if held {
		p.holder.Since, p.holder.Beat = timeOf(since), timeOf(beatAt)
	}
	return p, locked, held, err
}

// watch looks at the leases of rivals until one of them changes, which makes it
// a live one, or all have been silent for TTL.
func (s *Session) watch(ctx context.Context, rivals map[int64]pulse) (silent map[int64]pulse, err error) {
	since := time.Now()
	look := time.NewTicker(Beat / 5)
	defer look.Stop()
	for time.Since(since) <= TTL {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-look.C:
		}
		for batch, before := range rivals {
			var p pulse
			err := s.db.read.QueryRowContext(ctx, sqlBeats, batch).Scan(&p.run, &p.beat)
			switch {
			case missing(err): // it has ended; seize will see
				return nil, nil
			case err != nil:
				return nil, sqliteError(s.db.path, err)
			case !p.same(before):
				return nil, before.holder
			}
		}
	}
	return rivals, nil
}

// keepBeating tells of the session's life until it is closed.
func (s *Session) keepBeating(ctx context.Context) {
	defer close(s.gone)
	tick := time.NewTicker(Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.beat(ctx)
		}
	}
}

// beat writes one beat. If it cannot, alive counts on from the last that was
// written.
func (s *Session) beat(ctx context.Context) {
	now := time.Now() // before: a beat that took long to write is an old one
	err := s.db.write(ctx, opBeat, func(t *txn) error {
		n, err := t.exec(sqlBeat, s.id, millis(now))
		if err == nil && n < int64(len(s.batches)) {
			return s.lostLease(t)
		}
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.beaten = now
	case errors.Is(err, ErrLost):
		s.lost = err
	}
}

// alive returns a [*LostError] unless others must believe that s is.
func (s *Session) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.lost != nil:
		return s.lost
	case time.Since(s.beaten) >= TTL:
		return &LostError{}
	}
	return nil
}

// CheckLease returns nil as long as the session has the leases on all of its
// batches and others must believe that it lives, else a [*LostError].
func (s *Session) CheckLease(ctx context.Context) error {
	if err := s.alive(); err != nil {
		return err
	}
	return s.db.write(ctx, opCheck, s.leased)
}

// leased returns a [*LostError] unless all leases are still the session's.
func (s *Session) leased(t *txn) error {
	for _, batch := range s.batches {
		var p pulse
		switch held, err := t.row(sqlBeats, []any{batch}, &p.run, &p.beat); {
		case err != nil:
			return err
		case !held || p.run != s.id:
			return s.lostLease(t)
		}
	}
	return nil
}

// lostLease returns the [*LostError] of a session that has lost a lease.
func (s *Session) lostLease(t *txn) error {
	for _, name := range s.run.Batches {
		p, _, held, err := holder(t, name, s.batches[name])
		switch {
		case err != nil:
			return err
		case held && p.run != s.id:
			return &LostError{Holder: p.holder}
		}
	}
	return &LostError{}
}

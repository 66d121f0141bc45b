package ledger

import (
	"context"
	"errors"
	"time"
)

// A run writes a heartbeat every Beat. Its lease lapses when it has written none
// for TTL.
//
// Wall clocks jump, and those of other hosts may be wrong by hours, so no time in
// the ledger decides anything. The owner of a lease measures the time since its own
// last heartbeat, and a run that waits for the lease measures for how long it has
// seen no new one, each by its own monotonic clock.
const (
	TTL  = 60 * time.Second
	Beat = 15 * time.Second
)

// heartbeat is the last one that a run has written into its lease. If a later look
// finds another one, the run is alive.
type heartbeat struct {
	run, beat int64
	holder    *HeldError
}

func (p heartbeat) equal(q heartbeat) bool { return p.run == q.run && p.beat == q.beat }

// takeLeases takes the leases on all batches of s. If it cannot tell whether their
// holders are alive it takes none and returns the holders, by batch. dead are
// holders that have been watched for [TTL] and wrote no heartbeat.
func (s *Session) takeLeases(t *txn, dead map[int64]heartbeat) (holders map[int64]heartbeat, err error) {
	holders = make(map[int64]heartbeat)
	lockFile := s.locks.file // 0 unless we get all the locks
	for _, name := range s.run.Batches {
		batch := s.batches[name]
		locked, supported := s.lock(batch)
		if !supported {
			lockFile = 0
		}
		p, theirs, held, err := holder(t, name, batch)
		if err != nil {
			return nil, err
		}
		switch {
		case supported && !locked:
			return nil, p.holder // alive: it has the lock
		case !held:
		case supported && (theirs == s.locks.file || theirs == unknownLockFile): // its owner has died: we have its lock
		case dead[batch].holder != nil && dead[batch].equal(p):
		default:
			holders[batch] = p
		}
	}
	if len(holders) > 0 {
		return holders, nil
	}
	now := millis(time.Now())
	if err := s.addRun(t, now); err != nil {
		return nil, err
	}
	for _, batch := range s.batches {
		if _, err := t.exec(sqlLease, batch, s.id, now, lockFile); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// unknownLockFile stands in a lease of which it was not written down on which file
// the lock is, by a release that did not think of a second one.
const unknownLockFile = 1

// lock tries to take the system's lock on batch. A session that has it already gets
// it again. supported is false where the system has no such locks.
func (s *Session) lock(batch int64) (locked, supported bool) {
	if s.db.ignoreLocks {
		return false, false
	}
	return s.locks.take(batch)
}

// holder returns who has the lease on batch, and the number of the lock file on
// which it has the system's lock, 0 if it has none. If nobody has the lease,
// p.holder names the batch all the same.
func holder(t *txn, name string, batch int64) (p heartbeat, lockFile int64, held bool, err error) {
	var beatAt, since int64
	p.holder = &HeldError{Batch: name}
	held, err = t.row(sqlHolder, []any{batch},
		&p.run, &p.beat, &lockFile, &beatAt, &p.holder.Host, &p.holder.PID, &since)
	if held {
		p.holder.Since, p.holder.Beat = timeOf(since), timeOf(beatAt)
	}
	return p, lockFile, held, err
}

// watch reads the heartbeats of holders until one of them changes, which proves its
// run alive, or none has for TTL: then it returns all of them as dead.
func (s *Session) watch(ctx context.Context, holders map[int64]heartbeat) (dead map[int64]heartbeat, err error) {
	since := time.Now()
	look := time.NewTicker(Beat / 5)
	defer look.Stop()
	for time.Since(since) <= TTL {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-look.C:
		}
		for batch, before := range holders {
			var p heartbeat
			err := s.db.read.QueryRowContext(ctx, sqlBeats, batch).Scan(&p.run, &p.beat)
			switch {
			case missing(err): // it has ended: try again
				return nil, nil
			case err != nil:
				return nil, s.db.explain(err)
			case !p.equal(before):
				return nil, before.holder
			}
		}
	}
	return holders, nil
}

// sendBeats tells of the session's life until it is closed.
func (s *Session) sendBeats(ctx context.Context) {
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

// beat writes one heartbeat. If it cannot, [Session.alive] goes on measuring from
// the last one.
func (s *Session) beat(ctx context.Context) {
	now := time.Now() // before it is written, which may take long
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
		s.lastBeat = now
	case errors.Is(err, ErrLost):
		s.lost = err
	}
}

// alive returns a [*LostError] if other runs may take s for dead.
func (s *Session) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.lost != nil:
		return s.lost
	case time.Since(s.lastBeat) >= TTL:
		return &LostError{}
	}
	return nil
}

// CheckLease returns nil if the session has the leases on all of its batches and no
// other run may take it for dead, else a [*LostError].
func (s *Session) CheckLease(ctx context.Context) error {
	if err := s.alive(); err != nil {
		return err
	}
	return s.db.write(ctx, opCheck, s.leased)
}

// leased returns a [*LostError] if the session has lost one of its leases.
func (s *Session) leased(t *txn) error {
	for _, batch := range s.batches {
		var p heartbeat
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

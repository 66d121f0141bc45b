package ledger

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"batchsend/envelope"
)

// Run says who wants to send what.
type Run struct {
	Account string
	Batches []string

	// AllowRepeat lets envelopes pass whose content was sent under another name.
	AllowRepeat bool
	// OnWatch is called before Begin waits, up to [TTL], to find out whether the
	// holder of a lease is still alive. It may be nil.
	OnWatch func(*HeldError)

	// Shown to people when another run finds the lease taken.
	Host    string // "" is this machine's name
	PID     int    // 0 is this process
	Owner   string // the user
	Version string // of batchsend
}

// Session is a run that holds the leases on its batches. Its methods are safe
// for concurrent use. It must be closed.
type Session struct {
	db      *DB
	run     Run
	id      int64
	account int64
	batches map[string]int64
	locks   *locks

	mu       sync.Mutex
	lastBeat time.Time // when the last heartbeat was written, by the monotonic clock
	lost     error     // set once another run is known to have a lease
	closed   bool

	stop context.CancelFunc // ends the heartbeats
	gone chan struct{}      // closed when they have ended
}

// Begin takes the leases on all batches of run, or on none. If a live run holds
// one it returns a [*HeldError].
//
// The lease of a dead run is free at once, because the kernel has dropped its
// file lock. Where the system has no such locks, Begin watches the holder's
// heartbeats: it takes up to [TTL] to see that it is dead, and about [Beat] to see
// that it is alive.
func (db *DB) Begin(ctx context.Context, run Run) (*Session, error) {
	if err := db.writable(); err != nil {
		return nil, err
	}
	run.Account = strings.ToLower(run.Account)
	run.Batches = slices.Compact(slices.Sorted(slices.Values(run.Batches)))
	if run.Host == "" {
		run.Host, _ = os.Hostname()
	}
	if run.PID == 0 {
		run.PID = os.Getpid()
	}
	locks, err := openLocks(db.path)
	if err != nil {
		return nil, systemError(db.path, err)
	}
	s := &Session{
		db: db, run: run, batches: make(map[string]int64), locks: locks,
		gone: make(chan struct{}),
	}
	if err := s.begin(ctx); err != nil {
		locks.close()
		return nil, err
	}
	beating, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.sendBeats(beating)
	return s, nil
}

func (s *Session) begin(ctx context.Context) error {
	if err := s.db.write(ctx, opRegister, s.register); err != nil {
		return err
	}
	dead := make(map[int64]heartbeat)
	for {
		var holders map[int64]heartbeat
		now := time.Now()
		err := s.db.write(ctx, opLease, func(t *txn) (err error) {
			holders, err = s.takeLeases(t, dead)
			return err
		})
		if err != nil {
			return err
		}
		if len(holders) == 0 {
			s.lastBeat = now
			return s.db.write(ctx, opCount, s.count)
		}
		if s.run.OnWatch != nil {
			for _, p := range holders {
				s.run.OnWatch(p.holder)
				break
			}
		}
		if dead, err = s.watch(ctx, holders); err != nil {
			return err
		}
	}
}

// register gives account and batches their numbers, if they have none yet.
func (s *Session) register(t *txn) error {
	if _, err := t.exec(sqlAddAccount, s.run.Account); err != nil {
		return err
	}
	if _, err := t.row(sqlAccount, []any{s.run.Account}, &s.account); err != nil {
		return err
	}
	for _, name := range s.run.Batches {
		if _, err := t.exec(sqlAddBatch, s.account, name, millis(time.Now())); err != nil {
			return err
		}
		var id int64
		if _, err := t.row(sqlBatch, []any{s.account, name}, &id); err != nil {
			return err
		}
		s.batches[name] = id
	}
	return nil
}

// Close ends the run and releases its leases. It may be called twice. Envelopes
// that are still sending stay so, for the next run to look up.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.stop()
	<-s.gone
	defer s.locks.close()
	s.recordRunEnd()
	return s.db.write(ctx, opEnd, func(t *txn) error {
		if _, err := t.exec(sqlEndLeases, s.id); err != nil {
			return err
		}
		if _, err := t.exec(sqlEndRun, s.id, millis(time.Now())); err != nil {
			return err
		}
		// Inside the transaction, so that nobody finds the lease without the lock
		// and takes this run for dead.
		s.locks.close()
		return nil
	})
}

// batchOf returns the number of the batch of env, which must be the session's, and
// must have a transaction ID.
func (s *Session) batchOf(env *envelope.Identity) (int64, error) {
	id, ok := s.batches[env.Batch]
	if !ok || !strings.EqualFold(env.Account, s.run.Account) {
		return 0, fmt.Errorf("batch %q of account %s is not this run's", env.Batch, env.Account)
	}
	if env.TransactionID.IsZero() {
		return 0, mistake("an envelope without a transaction ID")
	}
	return id, nil
}

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
	// OnWatch is told of a holder of whom it must be seen whether it still lives,
	// which takes up to [TTL]. It may be nil.
	OnWatch func(*HeldError)

	// For people, when another run finds the batch held.
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

	mu     sync.Mutex
	beaten time.Time // the last beat known to be written, by our monotonic clock
	lost   error     // set once it is known that a lease is another's
	closed bool

	stop context.CancelFunc // ends beating
	gone chan struct{}      // closed when it has ended
}

// Begin takes the leases on all batches of run, or on none. If a live run holds
// one it returns a [*HeldError].
//
// A dead holder is recognised at once by the lock that the kernel dropped for
// it. Where the system has no such locks its heart is watched instead, which
// takes up to [TTL] if it is dead and about [Beat] if it is not.
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
	go s.keepBeating(beating)
	return s, nil
}

func (s *Session) begin(ctx context.Context) error {
	if err := s.db.write(ctx, opRegister, s.register); err != nil {
		return err
	}
	silent := make(map[int64]pulse)
	for {
		var rivals map[int64]pulse
		now := time.Now()
		err := s.db.write(ctx, opSeize, func(t *txn) (err error) {
			rivals, err = s.seize(t, silent)
			return err
		})
		if err != nil {
			return err
		}
		if len(rivals) == 0 {
			s.beaten = now
			return s.db.write(ctx, opCount, s.count)
		}
		if s.run.OnWatch != nil {
			for _, p := range rivals {
				s.run.OnWatch(p.holder)
				break
			}
		}
		if silent, err = s.watch(ctx, rivals); err != nil {
			return err
		}
	}
}

// register makes sure that account and batches have numbers.
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

// Close ends the run and gives its batches free. It may be called twice.
// Envelopes still sending stay so, for the next run to look up.
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
	s.countEnd()
	return s.db.write(ctx, opEnd, func(t *txn) error {
		if _, err := t.exec(sqlEndLeases, s.id); err != nil {
			return err
		}
		if _, err := t.exec(sqlEndRun, s.id, millis(time.Now())); err != nil {
			return err
		}
		// Inside the transaction nobody can find the lock without the lease, or
		// the lease without the lock and believe us dead.
		s.locks.close()
		return nil
	})
}

// batchOf returns the number of the batch of env, which must be the session's, and
// must have a transaction ID.
func (s *Session) batchOf(env *envelope.Envelope) (int64, error) {
	id, ok := s.batches[env.Batch]
	if !ok || !strings.EqualFold(env.Account, s.run.Account) {
		return 0, fmt.Errorf("batch %q of account %s is not this run's", env.Batch, env.Account)
	}
	if env.TransactionID.IsZero() {
		return 0, mistake("an envelope without a transaction ID")
	}
	return id, nil
}

package ledger

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Budget is what all runs on one account keep of its call budget: a text whose
// meaning is the throttle's. Its methods are safe for concurrent use. It must be
// closed, before the ledger is.
type Budget struct {
	db          *DB
	account     string
	participant int64
	locks       *locks
}

// participants is the first byte of the locks' file that stands for a participant
// of a budget, and their number; the bytes before stand for batches.
const participants = 1 << 40

// Budget joins those who share the account's budget.
func (db *DB) Budget(account string) (*Budget, error) {
	if err := db.writable(); err != nil {
		return nil, err
	}
	locks, err := openLocks(db.path)
	if err != nil {
		return nil, systemError(db.path, err)
	}
	b := &Budget{db: db, account: strings.ToLower(account), locks: locks}
	for got, able := false, true; able && !got; {
		b.participant = rand.Int64N(participants)
		got, able = b.lock(b.participant) // where there are no locks, silence must tell
	}
	return b, nil
}

// lock asks the system for a participant's lock.
func (b *Budget) lock(participant int64) (got, able bool) {
	if b.db.deaf {
		return false, false
	}
	return b.locks.take(participants + participant)
}

// Participant names this one among those who share the budget: by its lock, and by
// the file that it is on.
func (b *Budget) Participant() string {
	return strconv.FormatInt(b.participant, 36) + "." + strconv.FormatInt(b.locks.file, 36)
}

// Gone reports whether a participant has certainly ended: the kernel dropped its
// lock when it closed its budget or died. Where the system has no locks that tell,
// where the lock is on a file that has been deleted since, or where another
// participant asks at the same moment, a dead one passes for a live one.
func (b *Budget) Gone(participant string) bool {
	name, on, named := strings.Cut(participant, ".")
	n, err := strconv.ParseInt(name, 36, 64)
	file := b.locks.file // an older release named none
	if named && err == nil {
		file, err = strconv.ParseInt(on, 36, 64)
	}
	switch {
	case err != nil, n < 0, n >= participants:
		return true // nobody is called that
	case file != b.locks.file:
		return false
	}
	if n == b.participant {
		return false
	}
	got, _ := b.lock(n)
	if got {
		b.locks.drop(participants + n)
	}
	return got
}

// Update replaces the text by what edit makes of it, durably and undisturbed by
// other processes. old is nil if there is none yet; if edit returns nil nothing
// is written. All writers wait for edit, which must be quick and must not use
// the ledger. It is called once at most, and what it returned is written only if
// Update returns nil.
func (b *Budget) Update(ctx context.Context, edit func(old []byte) (fresh []byte)) error {
	return b.db.write(ctx, opBudget, func(t *txn) error {
		var old []byte
		found, err := t.row(sqlBudget, []any{b.account}, &old)
		if err != nil {
			return err
		}
		fresh := edit(text(old, found))
		if fresh == nil {
			return nil
		}
		if !found {
			if _, err := t.exec(sqlAddAccount, b.account); err != nil {
				return err
			}
		}
		_, err = t.exec(sqlSetBudget, b.account, fresh, millis(time.Now()))
		return err
	})
}

// text gives back an empty text, which SQLite makes nil.
func text(b []byte, found bool) []byte {
	if found && b == nil {
		return []byte{}
	}
	return b
}

// Close leaves the budget: others find the participant gone.
func (b *Budget) Close() error { return b.locks.close() }

// BudgetText returns the text that runs on the account share; nil if there is
// none.
func (db *DB) BudgetText(ctx context.Context, account string) ([]byte, error) {
	if db.read == nil {
		return nil, nil
	}
	var b []byte
	err := db.read.QueryRowContext(ctx, sqlBudget, strings.ToLower(account)).Scan(&b)
	if missing(err) {
		return nil, nil
	}
	return text(b, err == nil), sqliteError(db.path, err)
}

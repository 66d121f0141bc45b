package ledger

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Budget is what all runs on one account know of its call budget: a text that only
// the throttle understands. Its methods are safe for concurrent use. It must be closed,
// before the ledger is.
type Budget struct {
	db          *DB
	account     string
	participant int64
	locks       *locks
}

// participants is the first byte of the lock file that stands for a participant of a
// budget, and how many such bytes there are. The bytes before stand for batches.
const participants = 1 << 40

// Budget makes this process a participant of the account's budget.
func (db *DB) Budget(account string) (*Budget, error) {
	if err := db.writable(); err != nil {
		return nil, err
	}
	locks, err := openLocks(db.path)
	if err != nil {
		return nil, systemError(db.path, err)
	}
	b := &Budget{db: db, account: strings.ToLower(account), locks: locks}
	for locked, supported := false, true; supported && !locked; {
		b.participant = rand.Int64N(participants)
		locked, supported = b.lock(b.participant)
	}
	return b, nil
}

// lock tries to take the system's lock of a participant. supported is false where the
// system has no such locks.
func (b *Budget) lock(participant int64) (locked, supported bool) {
	if b.db.ignoreLocks {
		return false, false
	}
	return b.locks.take(participants + participant)
}

// Participant is this participant's name: the number of its lock, and that of the
// file the lock is on.
func (b *Budget) Participant() string {
	return strconv.FormatInt(b.participant, 36) + "." + strconv.FormatInt(b.locks.file, 36)
}

// Gone reports whether a participant has certainly ended: the kernel has dropped its
// lock. A participant that has ended may still be reported as there: where the system
// has no such locks, if the lock was on a file that was deleted since, or if another
// participant asks at the same moment.
func (b *Budget) Gone(participant string) bool {
	name, on, named := strings.Cut(participant, ".")
	n, err := strconv.ParseInt(name, 36, 64)
	file := b.locks.file // earlier releases did not name the file
	if named && err == nil {
		file, err = strconv.ParseInt(on, 36, 64)
	}
	switch {
	case err != nil, n < 0, n >= participants:
		return true // no participant has such a name
	case file != b.locks.file:
		return false
	}
	if n == b.participant {
		return false
	}
	locked, _ := b.lock(n)
	if locked {
		b.locks.drop(participants + n)
	}
	return locked
}

// Update replaces the text by what edit returns for it, in one durable transaction. old
// is nil if there is no text yet; if edit returns nil nothing is written. All writers
// wait for edit, which must be quick and must not use the ledger. It is called once at
// most, and what it returned is written only if Update returns nil.
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

// text restores an empty text, which the driver returns as nil.
func text(b []byte, found bool) []byte {
	if found && b == nil {
		return []byte{}
	}
	return b
}

// Close ends the participant: others find it gone.
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
	return text(b, err == nil), db.explain(err)
}

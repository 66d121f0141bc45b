package ledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Known is what a ledger has sent of a batch in the last two years, to be held
// against what DocuSign has, which lists no older ones. Other ledgers may have
// sent more of it.
type Known struct {
	// Counted is how many sent envelopes DocuSign counts as the batch's: an
	// earlier release sent some that it does not. Settled are those of them that
	// were sent before the time that was asked for.
	Counted, Settled int
	// All is how many the ledger has sent in the account before that time, in
	// all batches.
	All int
	// Looked is set if a run of this ledger has looked for all that others may
	// have sent of the batch, and the ledger has lost nothing since.
	Looked bool
	// Older is set if the ledger has lost runs since it was last looked: it is a
	// backup, or has lost its log. Killed is set if the last of them did not end
	// by itself, so that calls of its may still be under way.
	Older, Killed bool
	// Since is when the first run began whose envelopes all are counted; zero if
	// there was none yet.
	Since time.Time
}

// Known returns what the ledger has sent of a batch, and before when.
func (db *DB) Known(ctx context.Context, account, batch string, before time.Time) (Known, error) {
	c, err := readCounter(db.path)
	if err != nil {
		return Known{}, err
	}
	if db.read == nil { // gone, if its counter is not
		return Known{Older: c.run > 0, Killed: c.run > 0 && !c.ended}, nil
	}
	k, err := db.known(ctx, strings.ToLower(account), batch, before, c)
	return k, sqliteError(db.path, err)
}

func (db *DB) known(ctx context.Context, account, batch string, before time.Time, c counter) (k Known, err error) {
	var (
		looked, last int64
		since, gap   sql.NullInt64
		killed       sql.NullBool
	)
	err = db.read.QueryRowContext(ctx, sqlBatchLooked, account, batch).Scan(&looked)
	if err != nil && !missing(err) {
		return k, err
	}
	if err := db.read.QueryRowContext(ctx, sqlGaps, looked).Scan(&last, &since, &gap, &killed); err != nil {
		return k, err
	}
	k.Older, k.Killed, k.Since = gap.Valid, killed.Bool, timeOrZero(since.Int64)
	if c.run > last { // nobody has begun on it since
		k.Older, k.Killed = true, k.Killed || !c.ended
	}
	k.Looked = looked > 0 && !k.Older
	oldest := time.Now().AddDate(-2, 0, 1)
	for _, query := range []string{sqlCounted, sqlCountSurplus} {
		var counted, settled int
		if err := db.read.QueryRowContext(ctx, query, account, batch, millis(before), millis(oldest)).Scan(&counted, &settled); err != nil {
			return k, err
		}
		k.Counted, k.Settled = k.Counted+counted, k.Settled+settled
	}
	return k, db.read.QueryRowContext(ctx, sqlAllSent, account, millis(before), millis(oldest)).Scan(&k.All)
}

// Looked writes down that this run knows all that DocuSign has of a batch.
func (s *Session) Looked(ctx context.Context, batch string) error {
	return s.db.write(ctx, opLooked, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		_, err := t.exec(sqlLooked, s.batches[batch], s.id)
		return err
	})
}

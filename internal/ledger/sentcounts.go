package ledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// SentCounts is how much of a batch a ledger has sent in the last two years, to be compared
// with what DocuSign has, which lists no older envelopes. Other ledgers may have sent
// more of it.
type SentCounts struct {
	// Counted is how many envelopes were sent that DocuSign counts as the batch's. It
	// does not count those of an early release, which lack the field. Settled is how
	// many of them were sent before the time that was asked for.
	Counted, Settled int
	// All is how many envelopes were sent before that time in all batches of the
	// account.
	All int
	// Looked is set if a run has asked DocuSign for all that other ledgers may have
	// sent of the batch, and this ledger has lost nothing since.
	Looked bool
	// Older is set if the ledger has lost runs since then: it was restored from a
	// backup, or has lost its log. Killed is set if the last of these runs did not
	// end by itself, so that its calls may still be under way.
	Older, Killed bool
	// Since is when the first run began whose envelopes DocuSign counts; zero if there
	// was none yet.
	Since time.Time
}

// SentCounts returns what the ledger has sent of a batch, and before when.
func (db *DB) SentCounts(ctx context.Context, account, batch string, before time.Time) (SentCounts, error) {
	if db.path == "" {
		return SentCounts{}, nil
	}
	c, err := readCounter(db.path)
	if err != nil {
		return SentCounts{}, err
	}
	if db.read == nil { // lost, if there is a counter of its runs
		return SentCounts{Older: c.run > 0, Killed: c.run > 0 && !c.ended}, nil
	}
	k, err := db.sentCounts(ctx, strings.ToLower(account), batch, before, c)
	return k, db.explain(err)
}

func (db *DB) sentCounts(ctx context.Context, account, batch string, before time.Time, c counter) (k SentCounts, err error) {
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
	if c.run > last { // no run has begun since it lost them
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

// Looked records that this run has asked DocuSign for all that it has of a batch, and
// the ledger knows it.
func (s *Session) Looked(ctx context.Context, batch string) error {
	return s.db.write(ctx, opLooked, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		_, err := t.exec(sqlLooked, s.batches[batch], s.id)
		return err
	})
}

package ledger

import (
	"context"
	"strings"
	"time"
)

// Holder is a run that has the lease on batches.
type Holder struct {
	Host    string
	PID     int
	Since   time.Time
	Beat    time.Time // its last heartbeat, by its host's clock
	Batches []string
}

// Holders returns the runs on an account that have a lease, the oldest first. One that
// has died is among them until another takes its batches: its heartbeat is older than
// [TTL].
func (db *DB) Holders(ctx context.Context, account string) ([]Holder, error) {
	if db.read == nil {
		return nil, nil
	}
	all, err := db.holders(ctx, strings.ToLower(account))
	return all, db.explain(err)
}

func (db *DB) holders(ctx context.Context, account string) (all []Holder, err error) {
	rows, err := db.read.QueryContext(ctx, sqlHolders, account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var last int64
	for rows.Next() {
		var (
			h                Holder
			run, since, beat int64
			batch            string
		)
		if err := rows.Scan(&run, &batch, &h.Host, &h.PID, &since, &beat); err != nil {
			return nil, err
		}
		if len(all) == 0 || run != last {
			last, h.Since, h.Beat = run, timeOf(since), timeOf(beat)
			all = append(all, h)
		}
		of := &all[len(all)-1]
		of.Batches = append(of.Batches, batch)
	}
	return all, rows.Err()
}

package ledger

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// BatchSummary counts the envelopes of a batch by their states.
type BatchSummary struct {
	Account string
	Name    string
	Files   []string

	Planned, Sending, Sent, Failed, Unknown int
	Lots                                    int // that have not ended

	// RemoteStatuses counts the sent envelopes by their status at DocuSign when it was last
	// asked; "" is for those that it does not know. Envelopes about which it was never
	// asked are not counted.
	RemoteStatuses map[string]int

	First time.Time // when the batch was begun
	Last  time.Time // last change of an envelope; zero if it has none
}

// Batches returns all batches, the oldest first.
func (db *DB) Batches(ctx context.Context) ([]BatchSummary, error) {
	if db.read == nil {
		return nil, nil
	}
	all, err := db.batches(ctx)
	return all, db.explain(err)
}

func (db *DB) batches(ctx context.Context) (all []BatchSummary, err error) {
	statuses, err := db.remoteStatusTotals(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := db.read.QueryContext(ctx, sqlTotals)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var last int64
	for rows.Next() {
		var (
			b           BatchSummary
			batch       int64
			first, at   int64
			file, state sql.NullString
			n           int
		)
		if err := rows.Scan(&batch, &b.Account, &b.Name, &first, &file, &state, &n, &at, &b.Lots); err != nil {
			return nil, err
		}
		if len(all) == 0 || batch != last {
			b.First, b.RemoteStatuses = timeOf(first), statuses[batch]
			all, last = append(all, b), batch
		}
		if state.Valid {
			if err := all[len(all)-1].add(file.String, state.String, n, timeOf(at)); err != nil {
				return nil, err
			}
		}
	}
	return all, rows.Err()
}

// remoteStatusTotals counts envelopes by batch and status at DocuSign.
func (db *DB) remoteStatusTotals(ctx context.Context) (map[int64]map[string]int, error) {
	rows, err := db.read.QueryContext(ctx, sqlRemoteStatusTotals)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[int64]map[string]int)
	for rows.Next() {
		var batch int64
		var status string
		var n int
		if err := rows.Scan(&batch, &status, &n); err != nil {
			return nil, err
		}
		if all[batch] == nil {
			all[batch] = make(map[string]int)
		}
		all[batch][status] = n
	}
	return all, rows.Err()
}

// add counts n envelopes of a file in a state, the last of which changed at at.
func (b *BatchSummary) add(file, state string, n int, at time.Time) error {
	s, err := stateOf(state)
	if err != nil {
		return err
	}
	*map[history.State]*int{
		history.StatePlanned: &b.Planned, history.StateSending: &b.Sending, history.StateSent: &b.Sent,
		history.StateFailed: &b.Failed, history.StateUnknown: &b.Unknown,
	}[s] += n
	if !slices.Contains(b.Files, file) {
		b.Files = append(b.Files, file)
	}
	if at.After(b.Last) {
		b.Last = at
	}
	return nil
}

// Entry is what the ledger has of one envelope.
type Entry struct {
	TransactionID envelope.TransactionID
	Label         string
	File          string
	Line          int
	Legacy        bool // an earlier release named it
	State         history.State
	ID            envelope.ID // as in [history.Record]
	Code          string
	Message       string
	At            time.Time // last change
	Attempts      int
	AtDocuSign
}

// AtDocuSign is what DocuSign last said of an envelope, as in [RemoteStatus].
type AtDocuSign struct {
	Status        string
	StatusChanged time.Time
	Asked         time.Time
}

// BatchEnvelopes returns the envelopes of a batch, file by file in the order of their
// lines. It ends after the first error.
func (db *DB) BatchEnvelopes(ctx context.Context, account, batch string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if db.read == nil {
			return
		}
		rows, err := db.read.QueryContext(ctx, sqlEnvelopes, strings.ToLower(account), batch)
		if err != nil {
			yield(Entry{}, db.explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEntry(rows)
			if !yield(e, db.explain(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Entry{}, db.explain(err))
		}
	}
}

func scanEntry(rows *sql.Rows) (e Entry, err error) {
	var (
		key, id       sql.RawBytes
		state         string
		code, message sql.NullString
		at            int64
		changed, seen int64
		scheme        int
	)
	if err := rows.Scan(&key, &e.Label, &e.File, &e.Line, &state, &id, &code, &message, &at, &e.Attempts, &e.Status, &changed, &seen, &scheme); err != nil {
		return Entry{}, err
	}
	e.Legacy = scheme < envelope.Scheme
	e.StatusChanged, e.Asked = timeOrZero(changed), timeOrZero(seen)
	e.TransactionID, e.ID = transactionID(key), unpackID(id)
	e.Code, e.Message, e.At = code.String, message.String, timeOf(at)
	e.State, err = stateOf(state)
	return e, err
}

package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// Unresolved is an envelope of which the ledger does not know whether it exists at
// DocuSign.
type Unresolved struct {
	TransactionID envelope.TransactionID
	Content       envelope.Content
	Batch         string
	Label         string
	File          string
	Line          int
	State         history.State // StateSending or StateUnknown
	ID            envelope.ID   // of a draft, or ""
	Tried
	// Legacy is set if an earlier release made the transaction ID: it does not
	// depend on the content then.
	Legacy bool
	// Own is set if this session changed it last, not an earlier run.
	Own bool
}

// Tried says how an envelope was tried to be sent.
type Tried struct {
	Attempts  int
	Attempted time.Time // the last attempt
	// Code and Message are DocuSign's answer to the last attempt, if one came that
	// left the envelope unknown. Answers is how many attempts had that answer.
	Code    string
	Message string
	Answers int
}

// Unresolved returns the envelopes of the session's batches that are sending or unknown, in
// the order in which they were planned, without those that are sending as part of a
// lot: [Session.Lots] returns these until the lot ends. Before the session's first
// Claim they are what earlier runs left unresolved.
func (s *Session) Unresolved(ctx context.Context) ([]Unresolved, error) {
	var all []Unresolved
	for _, name := range s.run.Batches {
		unresolved, err := s.unresolvedOf(ctx, s.batches[name])
		if err != nil {
			return nil, s.db.explain(err)
		}
		all = append(all, unresolved...)
	}
	return all, nil
}

func (s *Session) unresolvedOf(ctx context.Context, batch int64) ([]Unresolved, error) {
	rows, err := s.db.read.QueryContext(ctx, sqlUnresolved, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		unresolved []Unresolved
		ids        []int64 // of unresolved, ascending
	)
	for rows.Next() {
		var (
			d                Unresolved
			id, run          int64
			key, content, at []byte
			state            string
			scheme           int
			code, message    sql.NullString
		)
		if err := rows.Scan(&id, &key, &content, &d.Batch, &d.Label, &d.File, &d.Line, &state, &d.Attempts, &at, &run, &scheme, &code, &message); err != nil {
			return nil, err
		}
		d.Legacy, d.Code, d.Message = scheme < envelope.Scheme, code.String, message.String
		if d.State, err = stateOf(state); err != nil {
			return nil, err
		}
		d.TransactionID, d.ID, d.Own = transactionID(key), unpackID(at), run == s.id
		copy(d.Content[:], content)
		unresolved, ids = append(unresolved, d), append(ids, id)
	}
	if err := rows.Err(); err != nil || len(unresolved) == 0 {
		return nil, err
	}
	return unresolved, s.readAttempts(ctx, batch, unresolved, ids)
}

// readAttempts sets when the last attempt at each envelope was made, and how many
// attempts had the same answer. It reads all events, the only place where that is
// recorded; unresolved envelopes are rare.
func (s *Session) readAttempts(ctx context.Context, batch int64, unresolved []Unresolved, ids []int64) error {
	rows, err := s.db.read.QueryContext(ctx, sqlAttempts, batch)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id, attempt, at int64
			code            string
		)
		if err := rows.Scan(&id, &attempt, &at, &code); err != nil {
			return err
		}
		i, ok := slices.BinarySearch(ids, id)
		if !ok {
			continue
		}
		if int(attempt) == unresolved[i].Attempts {
			unresolved[i].Attempted = timeOf(at)
		}
		if code != "" && code == unresolved[i].Code {
			unresolved[i].Answers++
		}
	}
	return rows.Err()
}

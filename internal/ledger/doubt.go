package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"batchsend/envelope"
)

// Doubt is an envelope that may exist at DocuSign although the ledger does not
// know it.
type Doubt struct {
	TransactionID envelope.TransactionID
	Content       envelope.Content
	Batch         string
	Label         string
	File          string
	Line          int
	State         envelope.State // StateSending or StateUnknown
	Attempts      int
	Attempted     time.Time   // the last attempt
	ID            envelope.ID // of a draft, or ""
	// Legacy is set if an earlier release named it: then its transaction ID says
	// nothing about its content.
	Legacy bool
	// Code and Message are what DocuSign said to the last attempt, if it is unknown
	// although an answer came, and Answers is how many attempts were answered so.
	Code    string
	Message string
	Answers int
	// Own is set if this session changed it last. The others were left behind
	// by earlier runs.
	Own bool
}

// Open returns all envelopes of the session's batches that are sending or
// unknown, in the order in which they were planned, but for those that are
// sending in a lot: [Session.Lots] has them until it ends. Before the first
// Claim that is what earlier runs left behind.
func (s *Session) Open(ctx context.Context) ([]Doubt, error) {
	var all []Doubt
	for _, name := range s.run.Batches {
		doubts, err := s.open(ctx, s.batches[name])
		if err != nil {
			return nil, sqliteError(s.db.path, err)
		}
		all = append(all, doubts...)
	}
	return all, nil
}

func (s *Session) open(ctx context.Context, batch int64) ([]Doubt, error) {
	rows, err := s.db.read.QueryContext(ctx, sqlOpen, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		doubts []Doubt
		ids    []int64 // of doubts, ascending
	)
	for rows.Next() {
		var (
			d                Doubt
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
		doubts, ids = append(doubts, d), append(ids, id)
	}
	if err := rows.Err(); err != nil || len(doubts) == 0 {
		return nil, err
	}
	return doubts, s.dateAttempts(ctx, batch, doubts, ids)
}

// dateAttempts sets the time of each doubt's last attempt, and how many attempts
// came to the same answer. Only the events tell that, which are read from end to end; doubts are rare.
func (s *Session) dateAttempts(ctx context.Context, batch int64, doubts []Doubt, ids []int64) error {
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
		if int(attempt) == doubts[i].Attempts {
			doubts[i].Attempted = timeOf(at)
		}
		if code != "" && code == doubts[i].Code {
			doubts[i].Answers++
		}
	}
	return rows.Err()
}

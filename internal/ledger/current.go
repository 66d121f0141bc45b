package ledger

import (
	"database/sql"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// current is the record of an envelope that op could not change, read to find out
// why. The zero Record is that of an envelope which the ledger does not have.
type current struct {
	history.Record
	op     string
	key    envelope.TransactionID
	leased bool  // by the run that asks
	lost   error // set if not leased
}

func (r *current) read(t *txn, run int64) error {
	var (
		content, docusign []byte
		state             string
		at                int64
		code, message     sql.NullString
		lease             sql.NullInt64
	)
	found, err := t.row(sqlRecord, []any{r.key[:]}, &content, &state, &at, &docusign, &code, &message, &lease)
	if err != nil || !found {
		return err
	}
	if r.State, err = stateOf(state); err != nil {
		return err
	}
	copy(r.Content[:], content)
	r.ID, r.Code, r.Message, r.At = unpackID(docusign), code.String, message.String, timeOf(at)
	r.leased = lease.Valid && lease.Int64 == run
	return nil
}

// refusal returns why the envelope cannot be changed: it is in the wrong state, or
// the run has lost its lease.
func (r *current) refusal() error {
	if r.leased || r.State == history.StateNew || r.State == history.StateSent {
		return &StateError{Op: r.op, TransactionID: r.key, Record: r.Record}
	}
	return r.lost
}

// agrees reports whether out is recorded already.
func (r *current) agrees(to history.State, out envelope.Outcome) bool {
	switch {
	case r.State != to:
		return false
	case to == history.StateSent:
		return r.ID == out.ID
	case to == history.StateFailed:
		return r.Code == out.Code
	}
	return true
}

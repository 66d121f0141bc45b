package ledger

import (
	"database/sql"

	"batchsend/envelope"
)

// record is an envelope as the ledger has it, read to explain why op could not
// change it. The zero Standing is one that the ledger does not have.
type record struct {
	envelope.Standing
	op     string
	key    envelope.TransactionID
	leased bool  // to the run that asks
	lost   error // if not
}

func (r *record) read(t *txn, run int64) error {
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

// refusal says why the envelope cannot be changed: it is in the wrong state, or
// it is no longer ours to change.
func (r *record) refusal() error {
	if r.leased || r.State == envelope.StateNew || r.State == envelope.StateSent {
		return &StateError{Op: r.op, TransactionID: r.key, Standing: r.Standing}
	}
	return r.lost
}

// tells reports whether the record says already that out is what became of the
// envelope.
func (r *record) tells(to envelope.State, out envelope.Outcome) bool {
	switch {
	case r.State != to:
		return false
	case to == envelope.StateSent:
		return r.ID == out.ID
	case to == envelope.StateFailed:
		return r.Code == out.Code
	}
	return true
}

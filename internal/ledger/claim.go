package ledger

import (
	"context"
	"fmt"
	"time"

	"batchsend/envelope"
)

const (
	codeSize    = 100 // bytes of an error code that are kept
	messageSize = 500
)

// Claim makes a planned or failed envelope sending. When it returns nil that is
// on disk, and env may be sent once.
//
// Otherwise it may not: [*StateError] if it is in another state or was planned
// with another content, [*TwinError] if the content was sent under another name, in
// this batch or another, or may have been, and the run does not allow repeats,
// [*LostError] if the lease is gone, [*Error] if the ledger cannot be written. If
// ctx ends, either the claim is not made and Claim returns ctx's error, or it is
// finished.
func (s *Session) Claim(ctx context.Context, env *envelope.Envelope) error {
	if err := s.alive(); err != nil {
		return err
	}
	if _, err := s.batchOf(env); err != nil {
		return err
	}
	return s.change(ctx, s.claim(env, nil))
}

// claim is the change that claims env, for a lot or, if that is nil, by itself.
func (s *Session) claim(env *envelope.Envelope, lot any) change {
	return change{
		op: opClaim, key: env.TransactionID,
		sql: sqlClaim, args: []any{env.Content[:], s.account, s.run.AllowRepeat, lot},
		refuse: func(t *txn, r *record) error {
			claimable := r.State == envelope.StatePlanned || r.State == envelope.StateFailed
			if !claimable || !r.leased || r.Content != env.Content {
				return r.refusal()
			}
			return s.twin(t, env)
		},
	}
}

// twin returns the envelope for which env cannot be claimed.
func (s *Session) twin(t *txn, env *envelope.Envelope) error {
	var (
		e     = &TwinError{TransactionID: env.TransactionID}
		state string
		id    []byte
		at    int64
	)
	switch found, err := t.row(sqlTwin, []any{env.Content[:], s.account, env.TransactionID[:]}, &e.Twin.Batch, &state, &id, &at); {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("claim: transaction %s cannot be claimed for no known reason", env.TransactionID)
	}
	e.Twin.At = timeOf(at)
	if state == letter(envelope.StateSent) {
		e.Twin.ID = unpackID(id)
	}
	return e
}

// Settle writes down what became of a claimed envelope: sent with its ID,
// failed, unknown, or pending, which gives it back as planned. The same outcome
// again changes nothing.
//
// An envelope that was sent stays sent, and that it was sent is believed in
// whatever state it is and whoever has the lease: it exists. Anything else is
// believed of the lease's owner only ([*LostError]) and of an envelope that is
// sending or unknown ([*StateError]). That it was sent as an envelope which is
// another row's already is not believed of anybody ([*TakenError]).
func (s *Session) Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error {
	c, err := s.settle(id, out)
	if err != nil {
		return err
	}
	return s.change(ctx, c)
}

// takenBy returns a [*TakenError] if an envelope of DocuSign's is that of another
// row than id's.
func takenBy(t *txn, id envelope.TransactionID, docusign envelope.ID) error {
	e := &TakenError{ID: docusign}
	if found, err := t.row(sqlTaken, []any{packID(docusign), id[:]}, &e.File, &e.Line); err != nil || !found {
		return err
	}
	return e
}

// settle is the change that writes an outcome down.
func (s *Session) settle(id envelope.TransactionID, out envelope.Outcome) (change, error) {
	to, err := stateAfter(out)
	if err != nil {
		return change{}, fmt.Errorf("settle: transaction %s: %w", id, err)
	}
	out.Code, out.Message = cut(out.Code, codeSize), cut(out.Message, messageSize)
	c := change{
		op: opSettle, key: id,
		sql: sqlSettle, args: []any{letter(to), idOrNull(out.ID), orNull(out.Code), orNull(out.Message)},
		refuse: func(_ *txn, r *record) error {
			if r.tells(to, out) {
				return nil
			}
			return r.refusal()
		},
	}
	if to == envelope.StateSent {
		c.sql, c.args, c.becomes = sqlSettleSent, []any{packID(out.ID)}, out.ID
	}
	return c, nil
}

func stateAfter(out envelope.Outcome) (envelope.State, error) {
	switch {
	case out.Status == envelope.Sent && out.ID != "":
		return envelope.StateSent, nil
	case out.Status == envelope.Failed:
		return envelope.StateFailed, nil
	case out.Status == envelope.Unknown:
		return envelope.StateUnknown, nil
	case out.Status == envelope.Pending:
		return envelope.StatePlanned, nil
	}
	return 0, fmt.Errorf("%q with envelope ID %q settles nothing", out.Status, out.ID)
}

// Draft writes down that the envelope being sent exists as a draft, id. A draft
// is never mailed by itself. One that is another row's is a [*TakenError].
func (s *Session) Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error {
	return s.change(ctx, change{
		op: opDraft, key: tx,
		sql: sqlDraft, args: []any{packID(id)}, becomes: id,
		refuse: func(_ *txn, r *record) error {
			if r.State == envelope.StateSending && r.ID == id {
				return nil
			}
			return r.refusal()
		},
	})
}

// Retry makes an envelope sending again, by itself, that is unknown, or that a
// dead run left sending, but not in a lot that has not ended: DocuSign may still
// make it. Before, DocuSign has been asked and does not have it. It counts as
// another attempt, with the present as its time.
func (s *Session) Retry(ctx context.Context, tx envelope.TransactionID) error {
	if err := s.alive(); err != nil {
		return err
	}
	return s.change(ctx, change{
		op: opRetry, key: tx, sql: sqlRetry,
		refuse: func(_ *txn, r *record) error { return r.refusal() },
	})
}

// change is a change of one envelope's state.
type change struct {
	op  string
	key envelope.TransactionID
	// sql makes the change if it may be made, and touches no row otherwise. Its
	// first arguments are key, run and time; args are the others.
	sql  string
	args []any
	// becomes is the envelope of DocuSign's that the row becomes by the change,
	// which it may not be if another row is it already; "" if it becomes none.
	becomes envelope.ID
	// refuse says why it was not made, nil if there was no need.
	refuse func(*txn, *record) error
}

func (s *Session) change(ctx context.Context, c change) error {
	return s.db.write(ctx, c.op, func(t *txn) error { return s.makeChange(t, c) })
}

// makeChange makes c, or says why it may not be made and leaves all as it was.
func (s *Session) makeChange(t *txn, c change) error {
	args := append([]any{c.key[:], s.id, millis(time.Now())}, c.args...)
	n, err := t.exec(c.sql, args...)
	if err != nil || n == 1 {
		return err
	}
	if c.becomes != "" {
		if err := takenBy(t, c.key, c.becomes); err != nil {
			return err
		}
	}
	r := &record{op: c.op, key: c.key}
	if err := r.read(t, s.id); err != nil {
		return err
	}
	if !r.leased {
		r.lost = s.lostLease(t)
	}
	return c.refuse(t, r)
}

package ledger

import (
	"context"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
)

const (
	codeSize    = 100 // bytes of an error code that are stored
	messageSize = 500
)

// Claim changes a planned or failed envelope to sending. When it returns nil the
// change is on disk, and env may be sent once.
//
// Otherwise env must not be sent. The error is a [*StateError] if it is in another
// state or was planned with other content; a [*SameContentError] if an envelope of the same
// content was sent, or may have been, and the run does not allow repeats; a
// [*LostError] if the lease is lost; an [*Error] if the ledger cannot be written. If
// ctx ends first, Claim returns ctx's error and has changed nothing.
func (s *Session) Claim(ctx context.Context, env *envelope.Envelope) error {
	if err := s.alive(); err != nil {
		return err
	}
	if _, err := s.batchOf(&env.Identity); err != nil {
		return err
	}
	return s.change(ctx, s.claim(env, nil))
}

// claim is the change that claims env, as part of a lot or, if lot is nil, by itself.
func (s *Session) claim(env *envelope.Envelope, lot any) change {
	return change{
		op: opClaim, key: env.TransactionID,
		sql: sqlClaim, args: []any{env.Content[:], s.account, s.run.AllowRepeat, lot},
		refuse: func(t *txn, r *current) error {
			claimable := r.State == history.StatePlanned || r.State == history.StateFailed
			if !claimable || !r.leased || r.Content != env.Content {
				return r.refusal()
			}
			return s.sameContent(t, env)
		},
	}
}

// sameContent returns, as a [*SameContentError], the envelope of the same content because of
// which env cannot be claimed.
func (s *Session) sameContent(t *txn, env *envelope.Envelope) error {
	var (
		e     = &SameContentError{TransactionID: env.TransactionID}
		state string
		id    []byte
		at    int64
	)
	switch found, err := t.row(sqlSentContent, []any{env.Content[:], s.account, env.TransactionID[:]}, &e.Other.Batch, &state, &id, &at); {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("claim: transaction %s cannot be claimed for no known reason", env.TransactionID)
	}
	e.Other.At = timeOf(at)
	if state == letter(history.StateSent) {
		e.Other.ID = unpackID(id)
	}
	return e
}

// Settle records what became of a claimed envelope: sent with its ID, failed,
// unknown, or pending, which makes it planned again. To record the same outcome again
// changes nothing.
//
// A sent envelope stays sent. That an envelope was sent is recorded in whatever state
// it is and whoever has the lease: it exists. Any other outcome is recorded only for
// the owner of the lease (else [*LostError]) and only of an envelope that is sending
// or unknown (else [*StateError]). If DocuSign's envelope ID is recorded for another
// row already, nothing is recorded ([*TakenError]).
func (s *Session) Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error {
	c, err := s.settle(id, out)
	if err != nil {
		return err
	}
	return s.change(ctx, c)
}

// checkIDFree returns a [*TakenError] if DocuSign's envelope ID is recorded for another
// row than that of id.
func checkIDFree(t *txn, id envelope.TransactionID, docusign envelope.ID) error {
	e := &TakenError{ID: docusign}
	if found, err := t.row(sqlIDTaken, []any{packID(docusign), id[:]}, &e.File, &e.Line); err != nil || !found {
		return err
	}
	return e
}

// settle is the change that records an outcome.
func (s *Session) settle(id envelope.TransactionID, out envelope.Outcome) (change, error) {
	to, err := stateAfter(out)
	if err != nil {
		return change{}, fmt.Errorf("settle: transaction %s: %w", id, err)
	}
	out.Code, out.Message = cut(out.Code, codeSize), cut(out.Message, messageSize)
	c := change{
		op: opSettle, key: id,
		sql: sqlSettle, args: []any{letter(to), idOrNull(out.ID), orNull(out.Code), orNull(out.Message)},
		refuse: func(_ *txn, r *current) error {
			if r.agrees(to, out) {
				return nil
			}
			return r.refusal()
		},
	}
	if to == history.StateSent {
		c.sql, c.args, c.envelopeID = sqlSettleSent, []any{packID(out.ID)}, out.ID
	}
	return c, nil
}

func stateAfter(out envelope.Outcome) (history.State, error) {
	switch {
	case out.Status == envelope.Sent && out.ID != "":
		return history.StateSent, nil
	case out.Status == envelope.Failed:
		return history.StateFailed, nil
	case out.Status == envelope.Unknown:
		return history.StateUnknown, nil
	case out.Status == envelope.Pending:
		return history.StatePlanned, nil
	}
	return 0, fmt.Errorf("%q with envelope ID %q settles nothing", out.Status, out.ID)
}

// Draft records that the envelope being sent exists as the draft id, which nobody
// receives before it is sent. If id is recorded for another row already, the error is
// a [*TakenError].
func (s *Session) Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error {
	return s.change(ctx, change{
		op: opDraft, key: tx,
		sql: sqlDraft, args: []any{packID(id)}, envelopeID: id,
		refuse: func(_ *txn, r *current) error {
			if r.State == history.StateSending && r.ID == id {
				return nil
			}
			return r.refusal()
		},
	})
}

// Retry changes an envelope to sending again, by itself, after DocuSign was asked and
// does not have it. The envelope must be unknown, or left sending by a dead run, and
// not part of a lot that has not ended: DocuSign may still make it. Retry counts as
// another attempt, made now.
func (s *Session) Retry(ctx context.Context, tx envelope.TransactionID) error {
	if err := s.alive(); err != nil {
		return err
	}
	return s.change(ctx, change{
		op: opRetry, key: tx, sql: sqlRetry,
		refuse: func(_ *txn, r *current) error { return r.refusal() },
	})
}

// change is a change of one envelope's state.
type change struct {
	op  string
	key envelope.TransactionID
	// sql makes the change if it is allowed, and changes no row otherwise. Its first
	// arguments are key, run and time; args are the others.
	sql  string
	args []any
	// envelopeID is DocuSign's ID, if the change records one that no other row may
	// have; else "".
	envelopeID envelope.ID
	// refuse returns why the change was not allowed; nil if it had been made before.
	refuse func(*txn, *current) error
}

func (s *Session) change(ctx context.Context, c change) error {
	return s.db.write(ctx, c.op, func(t *txn) error { return s.apply(t, c) })
}

// apply makes c, or returns why it is not allowed and has changed nothing.
func (s *Session) apply(t *txn, c change) error {
	args := append([]any{c.key[:], s.id, millis(time.Now())}, c.args...)
	n, err := t.exec(c.sql, args...)
	if err != nil || n == 1 {
		return err
	}
	if c.envelopeID != "" {
		if err := checkIDFree(t, c.key, c.envelopeID); err != nil {
			return err
		}
	}
	r := &current{op: c.op, key: c.key}
	if err := r.read(t, s.id); err != nil {
		return err
	}
	if !r.leased {
		r.lost = s.lostLease(t)
	}
	return c.refuse(t, r)
}

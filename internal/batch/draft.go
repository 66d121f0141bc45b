package batch

import (
	"context"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// sendByDraft creates a draft of the envelope and then sends it.
func (d *delivery) sendByDraft(ctx context.Context, drafts *draftSender) (envelope.ID, error) {
	err := d.call(ctx, func(ctx context.Context, leaving Leaving) error {
		draft, err := drafts.docusign.Draft(ctx, d.env, leaving)
		switch {
		case effectOf(err) == remote.EffectUnknown:
			return harmlessError{err} // a draft that got lost is never mailed
		case err != nil:
			return err
		}
		return d.recordDraft(ctx, draft)
	})
	if err != nil {
		return "", err
	}
	err = drafts.send(ctx, d.draft, d.ready)
	d.ended = time.Now()
	return d.draft, err
}

// recordDraft records which draft the envelope has become. If DocuSign's answer names
// the draft of another row, the right answer is lost.
func (d *delivery) recordDraft(ctx context.Context, draft envelope.ID) error {
	done, cancel := outliving(ctx)
	defer cancel()
	err := d.books.ledger.Draft(done, d.env.TransactionID, draft)
	switch {
	case effectOf(err) == remote.EffectTaken:
		d.books.log.Warn("an answer names the draft of another row", "transaction_id", d.env.TransactionID, "envelope_id", draft)
		return harmlessError{err}
	case err != nil:
		err := &LedgerError{fmt.Errorf("recording the draft of line %d of %s: %w", d.env.Line, d.env.File, err)}
		d.books.stop(err)
		return err
	}
	d.draft = draft
	return nil
}

// draftSender sends drafts that the ledger knows.
type draftSender struct {
	docusign Drafter
	gate     *gate
	retry    throttle.Policy
}

// send sends a draft. It calls ready as each of its calls is about to leave. Its error
// is a [lostDraftError] if one of its tries may have sent the draft, whatever the answer
// to the last was, and if the draft is gone: somebody may have sent it before.
func (s *draftSender) send(ctx context.Context, id envelope.ID, ready Leaving) error {
	lost := false
	err := s.retry.Do(ctx, func(ctx context.Context) error {
		err := s.gate.pass(ctx, ready, func(ctx context.Context, leaving Leaving) error {
			return s.docusign.SendDraft(ctx, id, leaving)
		})
		effect := effectOf(err)
		lost = lost || effect == remote.EffectUnknown || effect == remote.EffectNotDone
		return err
	})
	if last := effectOf(err); err != nil && (lost || last == remote.EffectGone) {
		return lostDraftError{err, last}
	}
	return err
}

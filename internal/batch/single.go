package batch

import (
	"context"
	"errors"
	"iter"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// singleSender sends envelopes one by one, several at once: it claims each, sends it,
// and settles what came of it.
type singleSender struct {
	books       *bookkeeper
	gate        *gate
	docusign    Sender
	drafts      *draftSender // nil: in one call
	retry       throttle.Policy
	concurrency int // 0 means 1
}

// send sends the envelopes with the given numbers.
func (s *singleSender) send(ctx context.Context, numbers iter.Seq[int32]) {
	s.books.each(ctx, s.concurrency, numbers, func(ctx context.Context, i int) {
		s.sendOne(ctx, i, s.books.ledger.Claim)
	})
}

// sendAgain sends envelopes whose earlier attempt is proven to have created nothing.
func (s *singleSender) sendAgain(ctx context.Context, numbers iter.Seq[int32]) {
	s.books.each(ctx, s.concurrency, numbers, func(ctx context.Context, i int) {
		s.sendOne(ctx, i, func(ctx context.Context, env *envelope.Envelope) error {
			s.books.log.Info("sending again: DocuSign has sent no envelope with this transaction ID", "line", env.Line, "transaction_id", env.TransactionID)
			return s.books.ledger.Retry(ctx, env.TransactionID)
		})
	})
}

// sendOne sends one envelope and settles what came of it. claim claims it the first
// time.
func (s *singleSender) sendOne(ctx context.Context, i int, claim func(context.Context, *envelope.Envelope) error) {
	env, err := s.books.read(ctx, i)
	if err != nil {
		return
	}
	d := &delivery{books: s.books, env: env, claimWith: claim}
	d.attempt = attempt{claimer: d, gate: s.gate, retry: s.retry}
	var id envelope.ID
	if s.drafts == nil {
		id, err = d.sendAtOnce(ctx, s.docusign)
	} else {
		id, err = d.sendByDraft(ctx, s.drafts)
	}
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		if !d.claimed {
			s.books.notClaimed(ctx, i, withheld.err)
			return
		}
		s.books.leaseLost(ctx, withheld.err)
	}
	if lastEffect(err) == remote.EffectStop {
		s.books.stop(&HaltError{err})
	}
	d.settle(ctx, i, outcomeOf(ctx, id, err), err)
}

// delivery is one envelope that is sent singly.
type delivery struct {
	attempt
	books *bookkeeper
	env   *envelope.Envelope
	// claimWith claims the envelope the first time.
	claimWith func(context.Context, *envelope.Envelope) error
	draft     envelope.ID // that it has become, if it is sent by draft
}

var _ claimer = (*delivery)(nil)

// claim implements claimer.
func (d *delivery) claim(ctx context.Context) error { return d.claimWith(ctx, d.env) }

// check implements claimer.
func (d *delivery) check(ctx context.Context) error { return d.books.ledger.CheckLease(ctx) }

// giveBack implements claimer.
func (d *delivery) giveBack(ctx context.Context) error {
	d.claimWith = d.books.ledger.Claim
	_, err := d.books.settle(ctx, d.env.TransactionID, envelope.Outcome{Status: envelope.Pending})
	return err
}

// sendAtOnce creates and sends the envelope in one call.
func (d *delivery) sendAtOnce(ctx context.Context, docusign Sender) (id envelope.ID, err error) {
	err = d.call(ctx, func(ctx context.Context, leaving Leaving) (err error) {
		id, err = docusign.Send(ctx, d.env, leaving)
		return err
	})
	return id, err
}

// settle records out, the outcome of the attempt, which ended with err.
func (d *delivery) settle(ctx context.Context, i int, out envelope.Outcome, err error) {
	id := d.env.TransactionID
	if !d.claimed && out.Status == envelope.Failed { // the claim was given back for a repeat that was not made
		d.claimed = d.books.ledger.Claim(ctx, d.env) == nil
	}
	if d.claimed {
		var failed error
		if out, failed = d.books.settle(ctx, id, out); failed != nil {
			d.books.observer.Outcome(i, out)
			return
		}
	}
	d.books.countFailure(ctx, out, err)
	if out.Status == envelope.Unknown {
		d.books.log.Info("DocuSign did not tell whether it has sent an envelope: it is looked up", "line", d.env.Line, "transaction_id", id, "error", err)
		d.books.addLookup(&lookup{Unresolved: Unresolved{
			TransactionID: id, Attempted: d.ended, Draft: d.draft, Legacy: d.env.IsLegacy(), Answer: d.books.answered(i, out),
		}, since: d.ended, item: i})
	}
	d.books.observer.Outcome(i, out)
}

package batch

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sourcegraph/conc/pool"

	"batchsend/envelope"
	"batchsend/throttle"
)

// singleSender does something with envelopes one by one, several at once: it claims
// each, has act make the calls, and settles what came of it.
type singleSender struct {
	books       *bookkeeper
	gate        *gate
	retry       throttle.Policy
	concurrency int // 0 means 1
	act         action
}

// action is what is done with an envelope. It makes the call that must not be made
// twice through [attempt.call], which claims the envelope. It returns DocuSign's ID
// of the envelope.
type action func(ctx context.Context, a *attempt) (envelope.ID, error)

// claim is how an envelope is claimed: for the first time or once more.
type claim = func(context.Context, *envelope.Envelope) error

// claim claims an envelope for the first time.
func (s *singleSender) claim(ctx context.Context, env *envelope.Envelope) error {
	return s.books.ledger.Claim(ctx, env)
}

// claimAgain claims an envelope whose earlier attempt created nothing.
func (s *singleSender) claimAgain(ctx context.Context, env *envelope.Envelope) error {
	s.books.log.Info("sending again: DocuSign has sent no envelope with this transaction ID", "line", env.Line, "transaction_id", env.TransactionID)
	return s.books.ledger.Retry(ctx, env.TransactionID)
}

// sendAll sends the envelopes with the given numbers, several at once.
func (s *singleSender) sendAll(ctx context.Context, todo iter.Seq[int32], claim claim) {
	p := pool.New().WithMaxGoroutines(max(s.concurrency, 1))
	for i := range todo {
		if ctx.Err() != nil {
			break
		}
		p.Go(func() {
			s.books.stopOnPanic(func() {
				if ctx.Err() == nil {
					s.send(ctx, int(i), claim)
				}
			})
		})
	}
	p.Wait()
}

// send sends one envelope and settles what came of it.
func (s *singleSender) send(ctx context.Context, i int, claim claim) {
	env, err := s.books.read(ctx, i)
	if err != nil {
		return
	}
	a := &attempt{sender: s, env: env, claim: claim}
	id, err := s.act(ctx, a)
	if kept, ok := errors.AsType[*keptError](err); ok {
		if !a.claimed {
			s.books.notClaimed(ctx, i, kept.err)
			return
		}
		s.books.leaseLost(ctx, kept.err)
	}
	if lastEffect(err) == envelope.EffectStop {
		s.books.stop(&HaltError{err})
	}
	s.settle(ctx, i, a, outcomeOf(ctx, id, err), err)
}

// settle writes down what an attempt came to that ended as out, with err.
func (s *singleSender) settle(ctx context.Context, i int, a *attempt, out envelope.Outcome, err error) {
	id := a.env.TransactionID
	if !a.claimed && out.Status == envelope.Failed { // its claim was given back for a repeat that did not come
		a.claimed = s.books.ledger.Claim(ctx, a.env) == nil
	}
	if a.claimed {
		var ok bool
		if out, ok = s.books.settle(ctx, id, out); !ok {
			s.books.observer.Outcome(i, out)
			return
		}
	}
	s.books.countFailure(ctx, out, err)
	if out.Status == envelope.Unknown {
		s.books.log.Info("DocuSign did not tell whether it has sent an envelope: it is looked up", "line", a.env.Line, "transaction_id", id, "error", err)
		s.books.lookUp(&lookup{Unresolved: Unresolved{
			TransactionID: id, Attempted: a.ended, Draft: a.draft, Legacy: a.env.IsLegacy(), Answer: s.books.answered(i, out),
		}, since: a.ended, item: i})
	}
	s.books.observer.Outcome(i, out)
}

// attempt is one envelope with which something is done. It is claimed when the call
// has its place, just before that leaves: while it waits nobody need wonder whether it
// was made.
type attempt struct {
	sender  *singleSender
	env     *envelope.Envelope
	claim   claim       // how it is claimed
	claimed bool        // the ledger says that it is on its way
	draft   envelope.ID // that it has become, if it is sent by draft
	ended   time.Time   // when the last call ended
}

// call makes a call that must not be made twice, and repeats it if DocuSign has done
// nothing. One that is refused for now, or did not arrive, gives its claim back before
// it waits to be repeated.
func (a *attempt) call(ctx context.Context, call func(context.Context, Leaving) error) error {
	return a.sender.retry.Do(ctx, func(ctx context.Context) error {
		err := a.sender.gate.pass(ctx, a.ready, call)
		a.ended = time.Now()
		if !a.claimed || !effectOf(err).Repeatable() {
			return err
		}
		books := a.sender.books
		if _, ok := books.settle(ctx, a.env.TransactionID, envelope.Outcome{Status: envelope.Pending}); !ok {
			return &LedgerError{err}
		}
		a.claimed, a.claim = false, books.ledger.Claim
		return err
	})
}

// ready claims the envelope as its call is about to leave. If it is claimed
// already, because the token of its first call was refused, or because it is a
// draft by now, the claim must still be ours.
func (a *attempt) ready(ctx context.Context) error {
	if a.claimed {
		return kept(a.sender.books.ledger.CheckLease(ctx))
	}
	if err := a.claim(ctx, a.env); err != nil {
		return kept(err)
	}
	a.claimed = true
	return nil
}

// sendAtOnce creates and sends an envelope in one call.
func sendAtOnce(docusign Sender) action {
	return func(ctx context.Context, a *attempt) (id envelope.ID, err error) {
		err = a.call(ctx, func(ctx context.Context, leaving Leaving) (err error) {
			id, err = docusign.Send(ctx, a.env, leaving)
			return err
		})
		return id, err
	}
}

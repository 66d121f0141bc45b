package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchsend/envelope"
)

// attempt is one envelope on its way. It is claimed when its call has its place,
// just before the call leaves: while it waits nobody need wonder whether it was
// sent.
type attempt struct {
	*run
	env     *envelope.Envelope
	claim   claim       // how it is claimed
	claimed bool        // the ledger says that it is on its way
	draft   envelope.ID // it exists
	ended   time.Time   // when the last call ended
}

// send sends one envelope and settles what came of it.
func (s *run) send(ctx context.Context, i int, claim claim) {
	env, err := s.read(ctx, i)
	if err != nil {
		return
	}
	a := &attempt{run: s, env: env, claim: claim}
	do := a.atOnce
	if s.TwoStep {
		do = a.byDraft
	}
	id, err := do(ctx)
	kept, ok := errors.AsType[*keptError](err)
	switch {
	case ok && !a.claimed:
		s.notClaimed(ctx, i, kept.err)
		return
	case ok:
		s.lostLease(ctx, kept.err)
	}
	out := outcomeOf(ctx, id, err)
	if halts(err) {
		s.stop(&HaltError{err})
	}
	if !a.claimed && out.Status == envelope.Failed { // its claim was given back for a repeat that did not come
		a.claimed = a.Ledger.Claim(ctx, a.env) == nil
	}
	if a.claimed {
		if out, ok = s.record(ctx, a.env.TransactionID, out); !ok {
			s.observer.Outcome(i, out)
			return
		}
	}
	s.count(ctx, out, err)
	if out.Status == envelope.Unknown {
		s.Log.Info("DocuSign did not tell whether it has sent an envelope: it is looked up", "line", a.env.Line, "transaction_id", a.env.TransactionID, "error", err)
		s.add(&doubt{Unresolved: Unresolved{
			TransactionID: a.env.TransactionID, Attempted: a.ended, Draft: a.draft, Legacy: a.env.IsLegacy(), Answer: s.answered(i, out),
		}, since: a.ended, index: i})
	}
	s.observer.Outcome(i, out)
}

func (a *attempt) atOnce(ctx context.Context) (id envelope.ID, err error) {
	err = a.Retry.Do(ctx, func(ctx context.Context) error {
		return a.create(ctx, func(ctx context.Context, leaving Leaving) (err error) {
			id, err = a.DocuSign.Send(ctx, a.env, leaving)
			return err
		})
	})
	return id, err
}

func (a *attempt) byDraft(ctx context.Context) (id envelope.ID, err error) {
	err = a.Retry.Do(ctx, func(ctx context.Context) error {
		return a.create(ctx, func(ctx context.Context, leaving Leaving) error {
			draft, err := a.DocuSign.Draft(ctx, a.env, leaving)
			switch {
			case doubtful(err):
				return harmlessError{err} // a draft that got lost is never mailed
			case err != nil:
				return err
			}
			return a.recordDraft(ctx, draft)
		})
	})
	if err != nil {
		return "", err
	}
	err = a.sendDraft(ctx, a.draft, a.ready)
	a.ended = time.Now()
	return a.draft, err
}

// create makes the call that creates the envelope. One that is refused for now, or
// did not arrive, gives its claim back before it waits to be repeated.
func (a *attempt) create(ctx context.Context, call func(context.Context, Leaving) error) error {
	err := a.atPlace(ctx, a.ready, call)
	a.ended = time.Now()
	if !a.claimed || !repeatable(err) {
		return err
	}
	if _, ok := a.record(ctx, a.env.TransactionID, envelope.Outcome{Status: envelope.Pending}); !ok {
		return &LedgerError{err}
	}
	a.claimed, a.claim = false, a.Ledger.Claim
	return err
}

// ready claims the envelope as its call is about to leave. If it is claimed
// already, because the token of its first call was refused, or because it is a
// draft by now, the claim must still be ours.
func (a *attempt) ready(ctx context.Context) error {
	if a.claimed {
		return kept(a.Ledger.CheckLease(ctx))
	}
	if err := a.claim(ctx, a.env); err != nil {
		return kept(err)
	}
	a.claimed = true
	return nil
}

// recordDraft writes down which draft the envelope has become. A draft that is
// another row's is none: the answer is lost.
func (a *attempt) recordDraft(ctx context.Context, draft envelope.ID) error {
	done, cancel := outliving(ctx)
	defer cancel()
	err := a.Ledger.Draft(done, a.env.TransactionID, draft)
	switch {
	case taken(err):
		a.Log.Warn("an answer names the draft of another row", "transaction_id", a.env.TransactionID, "envelope_id", draft)
		return harmlessError{err}
	case err != nil:
		err := &LedgerError{fmt.Errorf("recording the draft of line %d of %s: %w", a.env.Line, a.env.File, err)}
		a.stop(err)
		return err
	}
	a.draft = draft
	return nil
}

// sendDraft sends a draft; ready is asked as each of its calls is about to leave.
// Its error is doubtful if one of its tries may have arrived, whatever the last
// one was told, and if the draft is gone: somebody may have sent it first.
func (s *run) sendDraft(ctx context.Context, id envelope.ID, ready Leaving) error {
	lost := false
	err := s.Retry.Do(ctx, func(ctx context.Context) error {
		err := s.atPlace(ctx, ready, func(ctx context.Context, leaving Leaving) error {
			return s.DocuSign.SendDraft(ctx, id, leaving)
		})
		lost = lost || doubtful(err) || repeatable(err) && !unsent(err)
		return err
	})
	if err != nil && (lost || gone(err)) {
		return lostDraftError{err}
	}
	return err
}

// errStale gives a call's place back: BeforeClaim must be asked first.
var errStale = errors.New("too much time has gone by since it was looked whether sending may go on")

// atPlace makes a call that sends something, or creates what is to be sent. BeforeClaim
// is asked before the call waits for its place, and ready when it has it, just
// before it leaves. If the wait was so long that BeforeClaim must be asked again, the
// place is given back for that; but not twice, or the call might never leave.
func (s *run) atPlace(ctx context.Context, ready Leaving, call func(context.Context, Leaving) error) error {
	for again := false; ; again = true {
		if s.BeforeClaim != nil {
			if err := s.BeforeClaim(ctx); err != nil {
				s.stop(err)
				return kept(err)
			}
		}
		err := call(ctx, func(ctx context.Context) error {
			if !again && s.Stale != nil && s.Stale() {
				return errStale
			}
			return ready(ctx)
		})
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

// lostLease stops a run that has lost its batches.
func (s *run) lostLease(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.stop(&LedgerError{err})
	}
}

package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

const (
	// maxRefusals is how many lots of a group may be refused in a row before the
	// rest of the group goes singly: one may have a value that is wrong, two have
	// more in common.
	maxRefusals = 2
	// maxLost is how many lots may get lost on their way before the next one's
	// envelopes go singly.
	maxLost = 2
	// longestStandstill is after how long without progress DocuSign's bulk sending is
	// no longer waited for.
	longestStandstill = time.Hour
)

// start prepares a lot and has it sent. The envelopes are claimed just before the call
// that sends them: until then nobody can have received one.
func (s *bulkSender) start(ctx context.Context, p pendingLot) {
	if s.gate.check(ctx) != nil { // before anything is made for nothing
		return
	}
	envs := make([]*envelope.Envelope, len(p.items))
	for n, i := range p.items {
		var err error
		if envs[n], err = s.books.read(ctx, int(i)); err != nil {
			return
		}
	}
	l := newLot(p, envs)
	if err := s.books.ledger.AddLot(ctx, &l.Lot, envs[0].Batch); err != nil {
		if ctx.Err() == nil {
			s.books.stop(&LedgerError{fmt.Errorf("recording a new lot: %w", err)})
		}
		return
	}
	s.lots = append(s.lots, l)
	if err := s.prepare(ctx, l); err != nil {
		s.giveUp(ctx, l, err)
		return
	}
	l.since = time.Now()
	s.order(ctx, l)
}

// prepare makes the draft and the list of a lot. If one is made twice, nobody is mailed.
func (s *bulkSender) prepare(ctx context.Context, l *lot) error {
	g := l.group
	if g.draft == "" {
		err := s.harmless(ctx, l, func(ctx context.Context) error {
			draft, err := s.docusign.LotDraft(ctx, l.envs[0], l.TransactionID())
			if err != nil {
				return err
			}
			return s.recordPart(ctx, l, func(l *remote.Lot) { l.Draft = draft })
		})
		if err != nil {
			return err
		}
		g.draft = l.Draft
	}
	l.Draft = g.draft
	err := s.harmless(ctx, l, func(ctx context.Context) error {
		list, err := s.docusign.CreateList(ctx, &l.Lot, l.envs)
		if err != nil {
			return err
		}
		return s.recordPart(ctx, l, func(l *remote.Lot) { l.List = list })
	})
	if err != nil || g.tested {
		return err
	}
	// Lists of one group differ in their values only, and sending checks all
	// that testing does; but only testing names every mistake.
	err = s.harmless(ctx, l, func(ctx context.Context) error {
		return s.docusign.TestList(ctx, l.List, l.Draft)
	})
	g.tested = err == nil
	return err
}

// harmless makes a call that prepares a lot and may be made twice, repeating it
// if need be.
func (s *bulkSender) harmless(ctx context.Context, l *lot, call func(context.Context) error) error {
	return s.retry.Do(ctx, func(ctx context.Context) error {
		err := call(ctx)
		if effect := effectOf(err); effect == remote.EffectUnknown || effect == remote.EffectTaken {
			err, l.strayParts = harmlessError{err}, true
		}
		return err
	})
}

// recordPart records a part of a lot that an answer has named. If another lot has that
// part, the answer was to another call, and nothing is recorded.
func (s *bulkSender) recordPart(ctx context.Context, l *lot, set func(*remote.Lot)) error {
	before := l.Lot
	set(&l.Lot)
	for _, o := range s.lots {
		if o != l && o.group != l.group && l.Draft != "" && o.Draft == l.Draft {
			l.Lot = before
			return &otherLotError{fmt.Sprintf("the answer names draft %s, which is that of lot %s", o.Draft, o.ID)}
		}
	}
	err := s.record(ctx, l)
	if effectOf(err) == remote.EffectTaken {
		l.Lot = before
	}
	return err
}

// record records the known parts of a lot, also after ctx has ended. If that fails, it
// stops the run, unless the reason is that a part is another lot's.
func (s *bulkSender) record(ctx context.Context, l *lot) error {
	done, cancel := outliving(ctx)
	defer cancel()
	err := s.books.ledger.RecordLot(done, &l.Lot)
	if err == nil || effectOf(err) == remote.EffectTaken {
		return err
	}
	err = &LedgerError{fmt.Errorf("recording lot %s: %w", l.ID, err)}
	s.books.stop(err)
	return err
}

// order has DocuSign send a lot. It claims the envelopes when the call has its place:
// from then on only a look-up can tell whether the lot is sent. It repeats the call only
// if DocuSign has said that it did nothing.
func (s *bulkSender) order(ctx context.Context, l *lot) {
	err := s.retry.Do(ctx, func(ctx context.Context) error {
		err := s.gate.pass(ctx, func(ctx context.Context) error { return s.claim(ctx, l) }, func(ctx context.Context, leaving Leaving) error {
			batch, err := s.docusign.SendList(ctx, &l.Lot, leaving)
			if err != nil {
				return err
			}
			return s.recordPart(ctx, l, func(l *remote.Lot) { l.BulkBatch = batch })
		})
		if effectOf(err).Repeatable() && !s.unclaim(ctx, l) {
			return &LedgerError{err}
		}
		return err
	})
	_, unrecorded := errors.AsType[*LedgerError](err)
	now := time.Now()
	switch effect := effectOf(err); {
	case err == nil, unrecorded && l.BulkBatch != "": // the next run finds it by its name
		l.group.refusals = 0
		s.follow(l, now)
		s.books.observer.LotSent(l.ID, len(l.open), l.expect)
		s.waitTold = later(s.waitTold, l.next)
	case effect == remote.EffectUnknown, effect == remote.EffectTaken:
		l.enter(unconfirmed)
		l.next, l.left = now.Add(pauses[0]), len(l.open)
		l.answer = Answer{Code: code(err), Message: err.Error(), Times: 1}
		s.books.log.Info("DocuSign did not tell whether it sends a lot: it is looked up", "lot", l.ID, "error", err)
		s.books.observer.LookingUp(len(l.open), now.Add(s.settleTime))
		s.waitTold = later(s.waitTold, now.Add(s.settleTime))
	case effect == remote.EffectQueueFull && now.Sub(l.since) < longestStandstill:
		if s.unclaim(ctx, l) {
			l.next = now.Add(pauses[len(pauses)-1])
			s.books.log.Info("DocuSign's queue is full: the lot waits", "lot", l.ID, "error", err)
		}
	default:
		s.giveUp(ctx, l, err)
	}
}

// claim claims the envelopes of a lot, all or none.
func (s *bulkSender) claim(ctx context.Context, l *lot) error {
	if len(l.open) > 0 { // the token of its first call was refused
		return withheld(s.books.ledger.CheckLease(ctx))
	}
	refused, err := s.books.ledger.ClaimLot(ctx, &l.Lot, l.envs)
	switch {
	case err != nil:
		return withheld(fmt.Errorf("claiming a lot: %w", err))
	case refused != nil:
		return withheld(&unclaimableError{refused})
	}
	for n, tx := range l.Envelopes {
		l.open[tx] = int(l.items[n])
	}
	return nil
}

// leaveOut ends a lot of which some envelopes must not be claimed, and has the others
// sent in another lot.
func (s *bulkSender) leaveOut(ctx context.Context, l *lot, refused []error) {
	var others []int32
	for n, i := range l.items {
		if refused[n] != nil {
			s.books.notClaimed(ctx, int(i), refused[n])
		} else {
			others = append(others, i)
		}
	}
	l.enter(concluded)
	if len(others) > 0 {
		s.pending = slices.Insert(s.pending, 0, pendingLot{l.group, others})
	}
}

// giveUp ends a lot that could not be sent because of err. Its envelopes go singly if
// DocuSign refuses them in bulk, or does not answer: if nothing works at all, that
// will show soon.
func (s *bulkSender) giveUp(ctx context.Context, l *lot, err error) {
	if _, ok := errors.AsType[*LedgerError](err); ok {
		return // what is not recorded is for the next run
	}
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		if some, ok := errors.AsType[*unclaimableError](withheld.err); ok {
			s.leaveOut(ctx, l, some.refused)
			return
		}
		s.books.leaseLost(ctx, withheld.err)
	}
	items, ok := s.giveBack(ctx, l)
	_, unanswered := errors.AsType[harmlessError](err)
	switch {
	case !ok:
	case effectOf(err) == remote.EffectStop:
		s.books.stop(&HaltError{err})
	case ctx.Err() != nil:
	case !refused(ctx, err) && !unanswered:
		s.books.stop(fmt.Errorf("bulk sending cannot go on: %w", err))
	default:
		s.sendSingly(append(slices.Clip(items), s.takeAlike(l, err)...), err)
	}
}

// takeAlike removes the pending lots that would be refused like a lot that was refused
// with err, and returns the numbers of their envelopes.
func (s *bulkSender) takeAlike(l *lot, err error) (items []int32) {
	l.group.refusals++
	effect := effectOf(err)
	s.pending = slices.DeleteFunc(s.pending, func(p pendingLot) bool {
		same := p.group == l.group && (l.group.refusals == maxRefusals || l.group.draft == "")
		alike := same || effect == remote.EffectQueueFull || effect == remote.EffectNoBulk
		if alike {
			items = append(items, p.items...)
		}
		return alike
	})
	return items
}

package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
)

const (
	// maxRefusals is how many lots of a group may be refused in a row before the
	// rest of the group goes one by one: one may have a value that is wrong, two
	// have more in common.
	maxRefusals = 2
	// maxLost is how many lots may get lost on their way before the next one's
	// envelopes go one by one.
	maxLost = 2
	// stuck is after how long without progress DocuSign's bulk sending is no
	// longer waited for.
	stuck = time.Hour
)

// start prepares a lot and has it sent. Its envelopes are claimed when that is
// asked for: until then nobody can have received any.
func (m *mailer) start(ctx context.Context, p parcel) {
	if m.BeforeClaim != nil { // before anything is made for nothing
		if err := m.BeforeClaim(ctx); err != nil {
			m.stop(err)
			return
		}
	}
	l := &lot{group: p.group, items: p.items, envs: make([]*envelope.Envelope, len(p.items)), open: make(map[envelope.TransactionID]int)}
	for n, i := range p.items {
		var err error
		if l.envs[n], err = m.read(ctx, int(i)); err != nil {
			return
		}
	}
	l.ID = envelope.NewLotID(l.envs, time.Now())
	if err := m.Ledger.AddLot(ctx, &l.Lot, l.envs[0].Batch); err != nil {
		if ctx.Err() == nil {
			m.stop(&LedgerError{fmt.Errorf("recording a new lot: %w", err)})
		}
		return
	}
	m.lots = append(m.lots, l)
	if err := m.prepare(ctx, l); err != nil {
		m.giveUp(ctx, l, err)
		return
	}
	l.since = time.Now()
	m.ask(ctx, l)
}

// prepare makes what a lot is sent from: it may be made twice, and mails nobody.
func (m *mailer) prepare(ctx context.Context, l *lot) error {
	g := l.group
	if g.draft == "" {
		err := m.harmless(ctx, l, func(ctx context.Context) error {
			draft, err := m.DocuSign.LotDraft(ctx, l.envs[0], l.TransactionID())
			if err != nil {
				return err
			}
			return m.takes(ctx, l, func(l *envelope.Lot) { l.Draft = draft })
		})
		if err != nil {
			return err
		}
		g.draft = l.Draft
	}
	l.Draft = g.draft
	err := m.harmless(ctx, l, func(ctx context.Context) error {
		list, err := m.DocuSign.CreateList(ctx, &l.Lot, l.envs)
		if err != nil {
			return err
		}
		return m.takes(ctx, l, func(l *envelope.Lot) { l.List = list })
	})
	if err != nil || g.tested {
		return err
	}
	// Lists of one group differ in their values only, and sending checks all
	// that testing does; but only testing names every mistake.
	err = m.harmless(ctx, l, func(ctx context.Context) error {
		return m.DocuSign.TestList(ctx, l.List, l.Draft)
	})
	g.tested = err == nil
	return err
}

// harmless makes a call that prepares a lot and may be made twice, repeating it
// if need be.
func (m *mailer) harmless(ctx context.Context, l *lot, call func(context.Context) error) error {
	return m.Retry.Do(ctx, func(ctx context.Context) error {
		err := call(ctx)
		if doubtful(err) || taken(err) {
			err, l.littered = harmlessError{err}, true
		}
		return err
	})
}

// takes writes down a part of a lot that an answer has named. One that another lot
// has is none: the answer was to another call.
func (m *mailer) takes(ctx context.Context, l *lot, part func(*envelope.Lot)) error {
	before := l.Lot
	part(&l.Lot)
	for _, o := range m.lots {
		if o != l && o.group != l.group && l.Draft != "" && o.Draft == l.Draft {
			l.Lot = before
			return &strangeError{fmt.Sprintf("the answer names draft %s, which is that of lot %s", o.Draft, o.ID)}
		}
	}
	err := m.note(ctx, l)
	if taken(err) {
		l.Lot = before
	}
	return err
}

// note writes down what is known of a lot, whatever happened to ctx. Without
// that the run cannot go on, unless what is known is another lot's.
func (m *mailer) note(ctx context.Context, l *lot) error {
	done, cancel := outliving(ctx)
	defer cancel()
	err := m.Ledger.RecordLot(done, &l.Lot)
	if err == nil || taken(err) {
		return err
	}
	err = &LedgerError{fmt.Errorf("recording lot %s: %w", l.ID, err)}
	m.stop(err)
	return err
}

// ask has DocuSign send a lot. Its envelopes are claimed when the call has its
// place: from then on only looking can tell whether the lot is under way. A lot is
// asked for again only if DocuSign has said that it did nothing.
func (m *mailer) ask(ctx context.Context, l *lot) {
	err := m.Retry.Do(ctx, func(ctx context.Context) error {
		err := m.atPlace(ctx, func(ctx context.Context) error { return m.claim(ctx, l) }, func(ctx context.Context, leaving Leaving) error {
			batch, err := m.DocuSign.SendList(ctx, &l.Lot, leaving)
			if err != nil {
				return err
			}
			return m.takes(ctx, l, func(l *envelope.Lot) { l.Batch = batch })
		})
		if repeatable(err) && !m.unclaim(ctx, l) {
			return &LedgerError{err}
		}
		return err
	})
	_, unrecorded := errors.AsType[*LedgerError](err)
	now := time.Now()
	switch {
	case err == nil, unrecorded && l.Batch != "": // the next run finds it by its name
		l.group.refusals = 0
		m.follow(l, now)
		m.observer.LotSent(len(l.open), l.expect)
		m.told = later(m.told, l.next)
	case doubtful(err), taken(err):
		l.stage, l.since, l.next, l.left = unsure, now, now.Add(pauses[0]), len(l.open)
		l.answer = Answer{Code: code(err), Message: err.Error(), Times: 1}
		m.Log.Info("DocuSign did not tell whether it sends a lot: it is looked up", "lot", l.ID, "error", err)
		m.observer.LookingUp(len(l.open), now.Add(m.Settle))
		m.told = later(m.told, now.Add(m.Settle))
	case queueFull(err) && now.Sub(l.since) < stuck:
		if m.unclaim(ctx, l) {
			l.stage, l.next = toSend, now.Add(pauses[len(pauses)-1])
			m.Log.Info("DocuSign's queue is full: the lot waits", "lot", l.ID, "error", err)
		}
	default:
		m.giveUp(ctx, l, err)
	}
	if l.stage != toSend {
		l.envs = nil
	}
}

// claim claims the envelopes of a lot, all or none.
func (m *mailer) claim(ctx context.Context, l *lot) error {
	if len(l.open) > 0 { // the token of its first call was refused
		return kept(m.Ledger.CheckLease(ctx))
	}
	refused, err := m.Ledger.ClaimLot(ctx, &l.Lot, l.envs)
	switch {
	case err != nil:
		return kept(fmt.Errorf("claiming a lot: %w", err))
	case refused != nil:
		return kept(&refusedError{refused})
	}
	for n, tx := range l.Envelopes {
		l.open[tx] = int(l.items[n])
	}
	return nil
}

// unclaim gives the envelopes of a lot back of which nothing is under way.
func (m *mailer) unclaim(ctx context.Context, l *lot) bool {
	outs := make(map[envelope.TransactionID]envelope.Outcome, len(l.open))
	for tx := range l.open {
		outs[tx] = envelope.Outcome{Status: envelope.Pending}
	}
	if len(outs) > 0 && !m.settle(ctx, l, outs) {
		return false
	}
	l.Asked = time.Time{}
	return true
}

// without makes of a lot, some of whose envelopes may not be claimed, one of the
// others.
func (m *mailer) without(ctx context.Context, l *lot, refused []error) {
	var others []int32
	for n, i := range l.items {
		if refused[n] != nil {
			m.notClaimed(ctx, int(i), refused[n])
		} else {
			others = append(others, i)
		}
	}
	l.end()
	if len(others) > 0 {
		m.pending = slices.Insert(m.pending, 0, parcel{l.group, others})
	}
}

// giveUp gives the envelopes of a lot back that is not under way, because err
// kept it from being sent. They go one by one if DocuSign does not want them in
// bulk, or cannot be made to answer: if nothing works, that will show soon.
func (m *mailer) giveUp(ctx context.Context, l *lot, err error) {
	if _, ok := errors.AsType[*LedgerError](err); ok {
		return // what is not recorded is for the next run
	}
	if kept, ok := errors.AsType[*keptError](err); ok {
		if some, ok := errors.AsType[*refusedError](kept.err); ok {
			m.without(ctx, l, some.refused)
			return
		}
		m.lostLease(ctx, kept.err)
	}
	items, ok := m.giveBack(ctx, l)
	_, unanswered := errors.AsType[harmlessError](err)
	switch {
	case !ok:
	case halts(err):
		m.stop(&HaltError{err})
	case ctx.Err() != nil:
	case !refused(ctx, err) && !unanswered:
		m.stop(fmt.Errorf("bulk sending cannot go on: %w", err))
	default:
		m.goAlone(append(items, m.rest(l, err)...), err)
	}
}

// rest takes from the parcels those that would fare no better than a lot that
// was refused, and returns their items.
func (m *mailer) rest(l *lot, err error) (items []int32) {
	l.group.refusals++
	var others []parcel
	for _, p := range m.pending {
		same := p.group == l.group && (l.group.refusals == maxRefusals || l.group.draft == "")
		if same || queueFull(err) || forbidden(err) {
			items = append(items, p.items...)
		} else {
			others = append(others, p)
		}
	}
	m.pending = others
	return items
}

package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/throttle"
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

// start claims a lot, makes its draft and list, and has it sent.
func (m *mailer) start(ctx context.Context, p parcel) {
	if err := m.guard(ctx); err != nil {
		return
	}
	envs := make([]*envelope.Envelope, len(p.items))
	for n, i := range p.items {
		envs[n] = m.items[i].Envelope
	}
	l := &lot{Lot: envelope.Lot{ID: envelope.NewLotID(envs, time.Now())}, group: p.group, open: make(map[envelope.TransactionID]bool)}
	refused, err := m.Ledger.ClaimLot(ctx, &l.Lot, envs)
	if err != nil {
		if ctx.Err() == nil {
			m.stop(&LedgerError{fmt.Errorf("claiming a lot: %w", err)})
		}
		return
	}
	var claimed []*envelope.Envelope
	for n, i := range p.items {
		if refused[n] != nil {
			m.notClaimed(ctx, i, refused[n])
			continue
		}
		claimed = append(claimed, envs[n])
		l.open[envs[n].TransactionID] = true
	}
	if len(claimed) == 0 {
		return
	}
	m.lots = append(m.lots, l)
	if err := m.prepare(ctx, l, claimed); err != nil {
		m.giveUp(ctx, l, err)
		return
	}
	if err := m.guard(ctx); err != nil { // much time may have gone by
		m.giveUp(ctx, l, err)
		return
	}
	l.since = time.Now()
	m.ask(ctx, l)
}

// guard asks whether sending may go on, and stops the run if not.
func (m *mailer) guard(ctx context.Context) error {
	if m.Guard == nil {
		return nil
	}
	err := m.Guard(ctx)
	if err != nil {
		m.stop(err)
	}
	return err
}

// prepare makes what a lot is sent from: it may be made twice, and mails nobody.
func (m *mailer) prepare(ctx context.Context, l *lot, envs []*envelope.Envelope) (err error) {
	g := l.group
	if g.draft == "" {
		g.draft, err = harmless(ctx, m, l, func(ctx context.Context) (envelope.ID, error) {
			return m.DocuSign.LotDraft(ctx, envs[0], envelope.TransactionID(l.ID))
		})
		if err != nil {
			return err
		}
	}
	l.Draft = g.draft
	if err := m.note(ctx, l); err != nil {
		return err
	}
	l.List, err = harmless(ctx, m, l, func(ctx context.Context) (string, error) {
		return m.DocuSign.CreateList(ctx, &l.Lot, envs)
	})
	if err != nil {
		return err
	}
	if err := m.note(ctx, l); err != nil || g.tested {
		return err
	}
	// Lists of one group differ in their values only, and sending checks all
	// that testing does; but only testing names every mistake.
	_, err = harmless(ctx, m, l, func(ctx context.Context) (any, error) {
		return nil, m.DocuSign.TestList(ctx, l.List, l.Draft)
	})
	g.tested = err == nil
	return err
}

// harmless makes a call that prepares a lot and may be made twice, repeating it
// if need be.
func harmless[T any](ctx context.Context, m *mailer, l *lot, call func(context.Context) (T, error)) (got T, err error) {
	err = m.Retry.Do(ctx, func(ctx context.Context) (err error) {
		got, err = call(throttle.Detach(ctx))
		if doubtful(err) {
			err, l.littered = harmlessError{err}, true
		}
		return err
	})
	return got, err
}

// note writes down what is known of a lot, whatever happened to ctx. Without
// that the run cannot go on.
func (m *mailer) note(ctx context.Context, l *lot) error {
	done, cancel := outliving(ctx)
	defer cancel()
	err := m.Ledger.RecordLot(done, &l.Lot)
	if err == nil {
		return nil
	}
	err = &LedgerError{fmt.Errorf("recording lot %s: %w", l.ID, err)}
	m.stop(err)
	return err
}

// ask has DocuSign send a lot. That it will be asked is written down first: from
// then on only looking can tell whether the lot is under way. A lot is asked for
// again only if DocuSign has said that it did nothing.
func (m *mailer) ask(ctx context.Context, l *lot) {
	l.Asked = time.Now()
	if m.note(ctx, l) != nil {
		return // nothing is under way, whatever was written
	}
	lost := false
	err := m.Retry.Do(ctx, func(ctx context.Context) (err error) {
		l.Batch, err = m.DocuSign.SendList(throttle.Detach(ctx), &l.Lot)
		lost = lost || doubtful(err)
		return err
	})
	now := time.Now()
	switch {
	case err == nil:
		l.group.refusals = 0
		_ = m.note(ctx, l) // else the next run finds it by its name
		m.follow(l, now)
		if m.OnLot != nil {
			m.OnLot(len(l.open), l.expect)
		}
		return
	case lost:
		l.stage, l.since, l.next, l.left = unsure, now, now.Add(pauses[0]), len(l.open)
		m.Log.Info("a lot was sent for without an answer: it is looked up", "lot", l.ID, "error", err)
		if m.OnLost != nil {
			m.OnLost(len(l.open), now.Add(m.Settle))
		}
		return
	}
	l.Asked = time.Time{} // an answer, or nothing was asked: nothing is under way
	if m.note(ctx, l) != nil {
		return
	}
	if queueFull(err) && now.Sub(l.since) < stuck {
		l.stage, l.next = toSend, now.Add(pauses[len(pauses)-1])
		m.Log.Info("DocuSign's queue is full: the lot waits", "lot", l.ID, "error", err)
		return
	}
	m.giveUp(ctx, l, err)
}

// giveUp gives the envelopes of a lot back that is not under way, because err
// kept it from being sent. They go one by one if DocuSign does not want them in
// bulk, or cannot be made to answer: if nothing works, that will show soon.
func (m *mailer) giveUp(ctx context.Context, l *lot, err error) {
	if _, ok := errors.AsType[*LedgerError](err); ok {
		return // what is not recorded is for the next run
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
func (m *mailer) rest(l *lot, err error) (items []int) {
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

package batch

import (
	"context"
	"fmt"
	"time"

	"batchsend/envelope"
)

// visit does what is next about a lot.
func (m *mailer) visit(ctx context.Context, l *lot) {
	var err error
	switch l.stage {
	case toSend:
		m.ask(ctx, l)
	case unsure:
		err = m.look(ctx, l)
	case under:
		err = m.inquire(ctx, l)
	case toCollect:
		err = m.collect(ctx, l)
	}
	if err == nil {
		l.troubles = 0
		return
	}
	_ = m.lookFailed(ctx, err, "lot", l.ID)
	l.next = time.Now().Add(pauses[len(pauses)-1])
	if l.troubles++; l.troubles == maxFailures {
		m.leave(l, "looking it up has failed too often")
	}
}

// leave leaves a lot to the next run: it may be under way.
func (m *mailer) leave(l *lot, why string) {
	m.Log.Warn("a lot is left to the next run", "lot", l.ID, "batch", l.Batch, "why", why)
	l.stage = leftOver
}

// again sets the time of the next look after an empty one.
func (m *mailer) again(l *lot) {
	l.next = time.Now().Add(min(pauses[min(l.looks, len(pauses)-1)], max(m.Settle/minLooks, time.Millisecond)))
	l.looks++
}

// ripe reports whether what is looked for had had its time to turn up when a
// look began.
func (m *mailer) ripe(l *lot, began time.Time) bool {
	return l.looks+1 >= minLooks && (began.Sub(l.since) >= m.Settle || began.Sub(l.Asked) >= max(longAgo, m.Settle))
}

// asked is since when DocuSign is searched for what came of a lot. Its clock
// decides, not ours.
func (l *lot) asked() time.Time {
	if now := time.Now(); l.Asked.After(now) {
		return now.Add(-margin)
	}
	return l.Asked.Add(-margin)
}

// look finds out whether a lot that was asked for without a clear answer is under
// way. It is taken for lost only after DocuSign had its time to show it, and
// shows neither its batch nor one of its envelopes.
func (m *mailer) look(ctx context.Context, l *lot) error {
	if l.Asked.IsZero() { // it was never asked for
		m.anew(ctx, l)
		return nil
	}
	began := time.Now()
	found, err := m.findBatch(ctx, l)
	switch {
	case err != nil || found:
		return err
	case !m.ripe(l, began):
		m.again(l)
		return nil
	}
	copies, err := m.copies(ctx, l)
	if err != nil {
		return err
	}
	if len(copies) > 0 {
		if m.settleFound(ctx, l, copies) {
			return fmt.Errorf("DocuSign has envelopes of lot %s but does not list its batch %q", l.ID, l.Name())
		}
		return nil
	}
	// Should the call arrive all the same, it will find no list to send.
	if l.List != "" {
		err := m.Retry.Do(ctx, func(ctx context.Context) error { return m.DocuSign.DeleteList(ctx, l.List) })
		if refused(ctx, err) { // perhaps because it is being sent
			m.leave(l, "DocuSign does not know its batch, and does not let its list be removed: "+err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		l.List = ""
	}
	// Or it has arrived just before.
	if found, err := m.findBatch(ctx, l); err != nil || found {
		return err
	}
	m.Log.Info("sending the envelopes of a lot again: DocuSign does not know it", "lot", l.ID)
	m.anew(ctx, l)
	return nil
}

// findBatch looks for the batch of a lot, and begins to wait for it.
func (m *mailer) findBatch(ctx context.Context, l *lot) (found bool, err error) {
	var batch string
	err = m.Retry.Do(ctx, func(ctx context.Context) (err error) {
		batch, found, err = m.DocuSign.FindBatch(ctx, &l.Lot, l.asked())
		return err
	})
	if err != nil || !found {
		return false, err
	}
	m.Log.Info("found the lot at DocuSign", "lot", l.ID, "batch", batch)
	switch err := m.takes(ctx, l, func(l *envelope.Lot) { l.Batch = batch }); {
	case err == nil:
		m.follow(l, time.Time{}) // it may be through for long
	case taken(err):
		return false, err
	}
	return true, nil
}

// anew gives the envelopes of a lot back that was never sent, and sends them
// once more.
func (m *mailer) anew(ctx context.Context, l *lot) {
	items, ok := m.giveBack(ctx, l)
	if !ok {
		return
	}
	if !l.earlier() {
		m.lost++
	}
	if m.lost >= maxLost {
		why := fmt.Errorf("%d lists were sent, and none of them arrived", m.lost)
		if l.answer.Code != "" {
			why = fmt.Errorf("%w; the last answer was: %s", why, l.answer.Message)
		}
		m.goAlone(items, why)
		return
	}
	m.sendAgain(items)
}

// sendAgain has items sent of which nothing has been made: in other lots if that
// may help, for their rows may have changed.
func (m *mailer) sendAgain(items []int32) {
	var able, others []int32
	for _, i := range items {
		if !m.NoBulk && m.envelopes.Item(int(i)).Group >= 0 {
			able = append(able, i)
		} else {
			others = append(others, i)
		}
	}
	m.parcel(able)
	for _, i := range others {
		m.alone <- i
	}
}

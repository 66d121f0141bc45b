package batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/throttle"
)

func (m *mailer) copies(ctx context.Context, l *lot) (copies []envelope.Copy, err error) {
	return throttle.Ask(ctx, m.Retry, func(ctx context.Context) ([]envelope.Copy, error) {
		return m.DocuSign.Copies(ctx, &l.Lot, l.asked())
	})
}

// settleFound settles those of a lot's envelopes that DocuSign has made, though
// it does not know the lot's batch. It reports whether others are left; not if
// nothing could be recorded, which stops the run.
func (m *mailer) settleFound(ctx context.Context, l *lot, copies []envelope.Copy) (left bool) {
	outs, _ := m.sent(l, copies)
	if !m.settle(ctx, l, outs) {
		return false
	}
	if len(l.open) == 0 {
		l.stage = settled
	}
	return len(l.open) > 0
}

// collect finds the envelopes that DocuSign has made of a lot.
//
// The others are taken for failed only once all are there that it says it has
// sent. As long as it shows fewer, what is missing may be an envelope that was
// mailed, however long that lasts.
func (m *mailer) collect(ctx context.Context, l *lot) error {
	began := time.Now()
	copies, err := m.copies(ctx, l)
	if err != nil {
		return err
	}
	outs, seen := m.sent(l, copies)
	complete, ripe := seen == l.status.Sent, m.ripe(l, began)
	failed := 0
	if complete {
		failed, complete = m.failed(l, outs, ripe)
	}
	if !complete && !ripe {
		m.again(l)
		return nil
	}
	if complete && l.looks > 0 {
		m.lag = max(m.lag, began.Sub(l.since))
	}
	if l.speed = speedOf(copies); l.speed > 0 {
		m.bulk.Speed, m.bulk.guessed = l.speed, false
		m.schedule()
	}
	switch {
	case !m.settle(ctx, l, outs):
		return nil
	case len(l.open) == 0:
	case !complete:
		m.leave(l, fmt.Sprintf("DocuSign says that it has sent %d envelopes and shows %d", l.status.Sent, seen))
		return nil
	}
	l.stage = settled
	if l.earlier() { // whatever has halted it, somebody may have acted since
		var again []int
		for _, tx := range l.Envelopes {
			if i, ok := m.index[tx]; ok && outs[tx].Status == envelope.Pending {
				again = append(again, i)
			}
		}
		m.sendAgain(again)
	} else if e := halting(l.status.Errors); e != nil {
		m.stop(&HaltError{e})
		return nil
	}
	if m.MaxErrors > 0 && failed >= m.MaxErrors && failed == l.status.Size && ctx.Err() == nil {
		why := common(l.status.Errors)
		m.stop(&ManyErrorsError{Count: failed, Last: cmp.Or(why.Message, "DocuSign could not make them from its bulk lists"), Alike: why.Alike})
	}
	return nil
}

// sent returns the outcomes of those envelopes of the lot that DocuSign has
// made, and how many different ones of its envelopes there are at DocuSign,
// those settled before among them.
func (m *mailer) sent(l *lot, copies []envelope.Copy) (outs map[envelope.TransactionID]envelope.Outcome, seen int) {
	ids := make(map[envelope.TransactionID][]envelope.ID)
	for _, c := range copies {
		failed := slices.ContainsFunc(l.status.Errors, func(e envelope.CopyError) bool { return e.ID != "" && e.ID == c.ID })
		if !c.TransactionID.IsZero() && !failed { // else somebody has taken its custom field away
			ids[c.TransactionID] = append(ids[c.TransactionID], c.ID)
		}
	}
	outs = make(map[envelope.TransactionID]envelope.Outcome, len(ids))
	for tx, all := range ids {
		if !l.open[tx] {
			continue
		}
		out := envelope.Outcome{Status: envelope.Sent, ID: all[0]}
		if len(all) > 1 {
			out.Message = "DocuSign has made it more than once, void those that are too many: " + list(all[1:])
			m.Log.Warn("DocuSign has more than one envelope of one row: void what is too many", "transaction_id", tx, "envelope_id", all[0], "more", all[1:])
		}
		outs[tx] = out
	}
	return outs, len(ids)
}

// failed adds the outcomes of the copies that DocuSign could not make, which
// are all others, and returns how many of them have failed for a reason of their
// own. An error names its copy by the recipients only, so which message belongs
// to which envelope is a guess where several go to the same people.
//
// It adds none and returns false if there are more than DocuSign has told of, or
// if an error can be about an envelope that is there: then one that failed may
// be shown in the place of one that was mailed. Of rows that are not among the
// items nobody can tell that: there DocuSign must have had its time to show all,
// which is when the lot is ripe.
func (m *mailer) failed(l *lot, outs map[envelope.TransactionID]envelope.Outcome, ripe bool) (n int, ok bool) {
	left := slices.Clone(l.status.Errors)
	take := func(match func(envelope.CopyError) bool) (e envelope.CopyError, ok bool) {
		i := slices.IndexFunc(left, match)
		if i < 0 {
			return e, false
		}
		e = left[i]
		left = slices.Delete(left, i, i+1)
		return e, true
	}
	var missing []envelope.TransactionID
	causes := make(map[envelope.TransactionID]envelope.CopyError)
	for _, tx := range l.Envelopes {
		if _, made := outs[tx]; !made && l.open[tx] {
			missing = append(missing, tx)
		}
	}
	for _, exactly := range []bool{true, false} { // an error may name some of the recipients
		for _, tx := range missing {
			i, ok := m.index[tx]
			if _, told := causes[tx]; !ok || told {
				continue
			}
			if e, ok := take(func(e envelope.CopyError) bool { return about(e, m.items[i].Envelope, exactly) }); ok {
				causes[tx] = e
			}
		}
	}
	of := func(tx envelope.TransactionID) func(envelope.CopyError) bool {
		return func(e envelope.CopyError) bool {
			if i, ok := m.index[tx]; ok {
				return about(e, m.items[i].Envelope, false)
			}
			return !ripe && len(e.Emails) > 0
		}
	}
	for tx := range outs {
		if slices.ContainsFunc(left, of(tx)) {
			return 0, false
		}
	}
	if len(missing) > l.status.Failed {
		return 0, false
	}
	for _, tx := range missing {
		cause, ok := causes[tx]
		if !ok {
			cause = common(left)
		}
		if cause.Halt != nil { // nothing is wrong with this one
			outs[tx] = envelope.Outcome{Status: envelope.Pending, Message: cause.Message}
			continue
		}
		n++
		outs[tx] = envelope.Outcome{
			Status: envelope.Failed, Code: string(envelope.BulkCopyFailed),
			Message: cmp.Or(cause.Message, "DocuSign could not make it from its bulk list"),
		}
	}
	return n, true
}

// halting returns why nothing more can be sent, if an error says so.
func halting(errors []envelope.CopyError) error {
	for _, e := range errors {
		if e.Halt != nil {
			return e.Halt
		}
	}
	return nil
}

// common is what errors have in common that cannot be told apart.
func common(errors []envelope.CopyError) (e envelope.CopyError) {
	for i, other := range errors {
		if i == 0 {
			e = envelope.CopyError{Message: other.Message, Halt: other.Halt, Alike: other.Alike}
		}
		if other.Message != e.Message {
			return envelope.CopyError{}
		}
	}
	return e
}

// about reports whether an error can be that of env: it names recipients of it,
// or exactly all of them.
func about(e envelope.CopyError, env *envelope.Envelope, exactly bool) bool {
	to := make(map[string]bool)
	for _, r := range env.Recipients {
		to[envelope.NormalAddress(r.Email)] = true
	}
	named := make(map[string]bool)
	for _, email := range e.Emails {
		email = envelope.NormalAddress(email)
		if !to[email] {
			return false
		}
		named[email] = true
	}
	return len(named) > 0 && (len(named) == len(to) || !exactly)
}

// speedOf is how many copies a second were made, from when they were sent; 0 if
// that does not show.
func speedOf(copies []envelope.Copy) float64 {
	const few = 20
	var first, last time.Time
	n := 0
	for _, c := range copies {
		if c.Sent.IsZero() {
			continue
		}
		n++
		if first.IsZero() || c.Sent.Before(first) {
			first = c.Sent
		}
		last = later(last, c.Sent)
	}
	if n < few || !last.After(first) {
		return 0
	}
	return float64(n-1) / last.Sub(first).Seconds()
}

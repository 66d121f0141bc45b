package batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

func (s *bulkSender) copies(ctx context.Context, l *lot) (copies []remote.Copy, err error) {
	return throttle.Ask(ctx, s.retry, func(ctx context.Context) ([]remote.Copy, error) {
		return s.docusign.Copies(ctx, &l.Lot, searchFrom(l.Asked))
	})
}

// settleFound settles the envelopes that DocuSign has made of a lot, although it does
// not know the lot's batch. It reports whether other envelopes of the lot are still
// open. If nothing could be recorded, which stops the run, it returns false.
func (s *bulkSender) settleFound(ctx context.Context, l *lot, copies []remote.Copy) (left bool) {
	outs, _ := s.sent(l, copies)
	if !s.settle(ctx, l, outs) {
		return false
	}
	if len(l.open) > 0 {
		return true
	}
	l.enter(concluded)
	return false
}

// collect finds the envelopes that DocuSign has made of a lot.
//
// The others count as failed only when DocuSign shows as many as it says it has sent.
// As long as it shows fewer, a missing one may have been mailed, however long that
// lasts.
func (s *bulkSender) collect(ctx context.Context, l *lot) error {
	began := time.Now()
	copies, err := s.copies(ctx, l)
	if err != nil {
		return err
	}
	outs, seen := s.sent(l, copies)
	complete, overdue := seen == l.status.Sent, l.overdue(began, s.settleTime)
	failed := 0
	if complete {
		if failed, complete, err = s.failed(ctx, l, outs, overdue); err != nil {
			return err
		}
	}
	if !complete && !overdue {
		l.again(s.settleTime)
		return nil
	}
	if complete && l.empty > 0 {
		s.forecast.lag = max(s.forecast.lag, began.Sub(l.since))
	}
	if l.speed = speedOf(copies); l.speed > 0 {
		s.forecast.bulk.Speed, s.forecast.bulk.guessed = l.speed, false
		s.forecast.schedule(s.lots)
	}
	var again []int32 // what has halted an earlier run may have been repaired since
	for _, tx := range l.Envelopes {
		if i := l.open[tx]; i != rowsGone && l.earlier() && outs[tx].Status == envelope.Pending {
			again = append(again, int32(i))
		}
	}
	switch {
	case !s.settle(ctx, l, outs):
		return nil
	case len(l.open) == 0:
	case !complete:
		s.deferLot(l, fmt.Sprintf("DocuSign says that it has sent %d envelopes and shows %d", l.status.Sent, seen))
		return nil
	}
	l.enter(concluded)
	if l.earlier() {
		s.sendAgain(again)
	} else if e := haltOf(l.status.Errors); e != nil {
		s.books.stop(&HaltError{e})
		return nil
	}
	if s.books.maxErrors > 0 && failed >= s.books.maxErrors && failed == l.status.Size && ctx.Err() == nil {
		why := sharedCause(l.status.Errors)
		s.books.stop(&ManyErrorsError{Count: failed, Last: cmp.Or(why.Message, "DocuSign could not make them from its bulk lists"), Alike: why.Alike})
	}
	return nil
}

// sent returns the outcomes of the open envelopes of the lot that DocuSign has made. seen
// is how many of the lot's envelopes DocuSign shows, settled ones included.
func (s *bulkSender) sent(l *lot, copies []remote.Copy) (outs map[envelope.TransactionID]envelope.Outcome, seen int) {
	ids := make(map[envelope.TransactionID][]envelope.ID)
	for _, c := range copies {
		failed := slices.ContainsFunc(l.status.Errors, func(e remote.CopyError) bool { return e.ID != "" && e.ID == c.ID })
		if !c.TransactionID.IsZero() && !failed { // else somebody has taken its custom field away
			ids[c.TransactionID] = append(ids[c.TransactionID], c.ID)
		}
	}
	outs = make(map[envelope.TransactionID]envelope.Outcome, len(ids))
	for tx, all := range ids {
		if _, open := l.open[tx]; !open {
			continue
		}
		out := envelope.Outcome{Status: envelope.Sent, ID: all[0]}
		if len(all) > 1 {
			out.Message = "DocuSign has made it more than once, void those that are too many: " + list(all[1:])
			s.books.log.Warn("DocuSign has more than one envelope of one row: void what is too many", "transaction_id", tx, "envelope_id", all[0], "more", all[1:])
		}
		outs[tx] = out
	}
	return outs, len(ids)
}

// failed adds to outs the outcomes of the copies that DocuSign could not make, which
// are all open envelopes that are not in outs. It returns how many of them have failed
// for a reason of their own. An error names only the recipients of its copy, so where
// several envelopes go to the same people it is a guess which message belongs to which.
//
// It adds none and returns false if more are missing than DocuSign says have failed, or
// if an error can be about an envelope in outs: then DocuSign may show one that failed,
// and not show one that it has mailed. Where the rows are gone nobody can compare
// recipients; there the lot must be overdue.
func (s *bulkSender) failed(ctx context.Context, l *lot, outs map[envelope.TransactionID]envelope.Outcome, overdue bool) (n int, ok bool, err error) {
	var missing, made []envelope.TransactionID
	for _, tx := range l.Envelopes {
		if _, open := l.open[tx]; !open {
			continue
		}
		if _, is := outs[tx]; is {
			made = append(made, tx)
		} else {
			missing = append(missing, tx)
		}
	}
	causes, others, err := s.causes(ctx, l, missing)
	if err != nil {
		return 0, false, err
	}
	wrong, err := s.anyAbout(ctx, l, others, made, overdue)
	if err != nil || wrong || len(missing) > l.status.Failed {
		return 0, false, err
	}
	for _, tx := range missing {
		cause, ok := causes[tx]
		if !ok {
			cause = sharedCause(others)
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
	return n, true, nil
}

// causes finds for the missing envelopes of a lot the errors that name their recipients:
// first those that name exactly all, then those that name some. others are the errors
// that belong to none of them.
func (s *bulkSender) causes(ctx context.Context, l *lot, missing []envelope.TransactionID) (causes map[envelope.TransactionID]remote.CopyError, others []remote.CopyError, err error) {
	if len(l.status.Errors) == 0 {
		return nil, nil, nil
	}
	to, err := s.addresses(ctx, l, missing)
	if err != nil {
		return nil, nil, err
	}
	causes, others = make(map[envelope.TransactionID]remote.CopyError), slices.Clone(l.status.Errors)
	for _, exactly := range []bool{true, false} {
		for _, tx := range missing {
			if _, found := causes[tx]; to[tx] == nil || found {
				continue
			}
			i := slices.IndexFunc(others, func(e remote.CopyError) bool { return names(e, to[tx], exactly) })
			if i >= 0 {
				causes[tx] = others[i]
				others = slices.Delete(others, i, i+1)
			}
		}
	}
	return causes, others, nil
}

// anyAbout reports whether one of the errors can be about an envelope of a lot that
// DocuSign has made.
func (s *bulkSender) anyAbout(ctx context.Context, l *lot, errors []remote.CopyError, made []envelope.TransactionID, overdue bool) (bool, error) {
	if len(errors) == 0 {
		return false, nil
	}
	to, err := s.addresses(ctx, l, made)
	if err != nil {
		return false, err
	}
	for _, tx := range made {
		if slices.ContainsFunc(errors, func(e remote.CopyError) bool {
			return to[tx] != nil && names(e, to[tx], false) || to[tx] == nil && !overdue && len(e.Emails) > 0
		}) {
			return true, nil
		}
	}
	return false, nil
}

// addresses returns the normal addresses to which envelopes of a lot go. An envelope
// whose rows are gone has none.
func (s *bulkSender) addresses(ctx context.Context, l *lot, of []envelope.TransactionID) (map[envelope.TransactionID]map[string]bool, error) {
	all := make(map[envelope.TransactionID]map[string]bool)
	for _, tx := range of {
		i := l.open[tx]
		if i == rowsGone {
			continue
		}
		env, err := s.books.read(ctx, i)
		if err != nil {
			return nil, err
		}
		to := make(map[string]bool)
		for _, r := range env.Recipients {
			to[envelope.NormalAddress(r.Email)] = true
		}
		all[tx] = to
	}
	return all, nil
}

// haltOf returns why nothing more can be sent, if an error says so.
func haltOf(errors []remote.CopyError) error {
	for _, e := range errors {
		if e.Halt != nil {
			return e.Halt
		}
	}
	return nil
}

// sharedCause returns what errors have in common that cannot be told apart.
func sharedCause(errors []remote.CopyError) (e remote.CopyError) {
	for i, other := range errors {
		if i == 0 {
			e = remote.CopyError{Message: other.Message, Halt: other.Halt, Alike: other.Alike}
		}
		if other.Message != e.Message {
			return remote.CopyError{}
		}
	}
	return e
}

// names reports whether an error can be about an envelope that goes to these addresses:
// whether it names some of them and no others, or exactly all of them.
func names(e remote.CopyError, to map[string]bool, exactly bool) bool {
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

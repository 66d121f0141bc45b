package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// lastLookUp is how long a run that was stopped may take to ask once more.
const lastLookUp = 15 * time.Second

// resolver looks unresolved envelopes up, and has those that DocuSign never got sent
// again. The senders of the run add to them, but not while they are looked up.
type resolver struct {
	books      *bookkeeper
	docusign   Finder
	retry      throttle.Policy
	settleTime time.Duration // [Runner].Settle
	lookOnly   bool          // see [Runner]
	drafts     *draftSender
	single     *singleSender
	over       bool // nothing is sent any more
}

// resume takes over what earlier runs left. numbers has their numbers.
func (r *resolver) resume(left []Unresolved, numbers map[envelope.TransactionID]int) {
	for _, u := range left {
		r.books.addLookup(&lookup{Unresolved: u, since: time.Now(), item: numbers[u.TransactionID], earlier: true})
	}
	r.books.recovered.Open += len(left)
}

// recoverLeftovers asks for what earlier runs left unresolved, before anything is sent.
// Envelopes whose time to turn up has passed are resolved now. The rest are looked up
// again when all else is done.
func (r *resolver) recoverLeftovers(ctx context.Context) {
	decidable := func(l *lookup) bool { return l.overdue(time.Now(), r.settleTime) && !l.hopeless() }
	for round := range minLookUps {
		if round > 0 && (!slices.ContainsFunc(r.books.lookups, decidable) || !sleep(ctx, r.pause(round-1))) {
			break
		}
		_ = r.lookUp(ctx) // logged; it is asked again when all else is done
	}
	again := r.takeAbsent(ctx)
	r.books.observer.Recovered(r.books.recovered)
	r.single.sendAgain(ctx, slices.Values(again))
}

// resolve looks unresolved envelopes up until each is found or proven absent; an
// absent one is sent again. When ctx ends it asks once more and leaves the rest
// to the next run.
func (r *resolver) resolve(ctx context.Context) {
	r.tellLookUps()
	failures := 0
	for round := 0; r.hopeful() && ctx.Err() == nil; round++ {
		if !sleep(ctx, r.pause(round)) {
			break
		}
		err := r.lookUp(ctx)
		if failures++; err == nil {
			failures = 0
		} else if failures == maxFailures {
			r.books.stop(fmt.Errorf("lost answers cannot be looked up: %w", err))
		}
		if again := r.takeAbsent(ctx); len(again) > 0 {
			r.single.sendAgain(ctx, slices.Values(again))
			if slices.ContainsFunc(r.books.lookups, func(l *lookup) bool { return slices.Contains(again, int32(l.item)) }) {
				r.tellLookUps() // the wait begins anew
			}
			round = -1
		}
	}
	if ctx.Err() != nil && failures == 0 && r.hopeful() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLookUp)
		defer cancel()
		r.over = true
		_ = r.lookUp(last) // logged; the next run asks again
	}
	for _, l := range r.books.lookups {
		r.books.tell(l.item, l.outcome())
	}
}

// countResolving counts the envelopes that the next run resolves by itself.
func (r *resolver) countResolving(result *Result) {
	for _, l := range r.books.lookups {
		if !l.young(r.settleTime) {
			continue
		}
		if l.earlier {
			result.StillResolving++
		}
		if l.item != rowsGone {
			result.Resolving++
		}
	}
}

// hopeful reports whether a look-up can still resolve something.
func (r *resolver) hopeful() bool {
	return slices.ContainsFunc(r.books.lookups, func(l *lookup) bool { return !l.hopeless() })
}

// pause returns the pause before the next look-up. One comes at the end of the time
// that an envelope has to turn up.
func (r *resolver) pause(round int) time.Duration {
	p := pauseAfter(round, r.settleTime)
	for _, l := range r.books.lookups {
		if left := r.settleTime - time.Since(l.since); left > 0 {
			p = min(p, left)
		}
	}
	return p
}

func (r *resolver) tellLookUps() {
	if !r.hopeful() {
		return
	}
	envelopes := 0
	until := time.Now() // all look-ups that it takes
	for round := range minLookUps {
		until = until.Add(r.pause(round))
	}
	for _, l := range r.books.lookups {
		if l.hopeless() {
			continue
		}
		envelopes++
		if t := l.since.Add(r.settleTime); t.After(until) && !l.overdue(time.Now(), r.settleTime) {
			until = t
		}
	}
	r.books.observer.LookingUp(envelopes, until)
}

// lookUp asks DocuSign for all unresolved envelopes, many in one call, and settles
// those that it knows. If it could not ask for all, it returns why.
func (r *resolver) lookUp(ctx context.Context) (failed error) {
	var ids []envelope.TransactionID
	for _, l := range r.books.lookups {
		if !l.hopeless() {
			ids = append(ids, l.TransactionID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	began := time.Now() // what the answer says was true then
	found, err := throttle.Ask(ctx, r.retry, func(ctx context.Context) (map[envelope.TransactionID]remote.Found, error) {
		return r.docusign.Find(ctx, ids)
	})
	if err != nil {
		return r.books.lookUpFailed(ctx, err, "envelopes", len(ids))
	}
	r.books.lookups = slices.DeleteFunc(r.books.lookups, func(l *lookup) bool {
		if l.hopeless() {
			return false
		}
		f, ok := found[l.TransactionID]
		resolved, err := r.resolveOne(ctx, l, f, ok, began)
		if err != nil {
			failed = r.books.lookUpFailed(ctx, err, "transaction_id", l.TransactionID)
		}
		return resolved
	})
	return failed
}

// lookUpFailed logs a failed look-up, and stops the run if no further call makes sense.
func (b *bookkeeper) lookUpFailed(ctx context.Context, err error, args ...any) error {
	if ctx.Err() == nil {
		b.log.Warn("looking up a lost answer failed", append(args, "error", err)...)
	}
	if lastEffect(err) == remote.EffectStop {
		b.stop(&HaltError{err})
	}
	return err
}

// resolveOne settles an unresolved envelope if it was sent, or can be now. f is what
// its transaction ID has found in a look-up that began then.
//
// A draft is sent if the ledger knows it: then nobody has received the envelope, and it
// is still claimed. Any other draft is ignored: there may be several of them, they may
// differ from what the rows say now, and DocuSign may be about to show the envelope
// itself.
func (r *resolver) resolveOne(ctx context.Context, l *lookup, f remote.Found, ok bool, began time.Time) (resolved bool, err error) {
	// Before an empty answer settles something the custom field is asked for as
	// well, which outlives the transaction ID.
	decides := l.empty+1 >= minLookUps && l.overdue(began, r.settleTime)
	ok = ok && !f.Draft
	if !ok && !l.isDraft() && (decides || l.late()) {
		if f, ok, err = r.findByField(ctx, l); err != nil {
			return false, err // what was found until now proves nothing
		}
		ok = ok && !f.Draft
	}
	if ok && !f.Unclear && l.Legacy && l.item != rowsGone {
		same, err := r.sameAddresses(ctx, l, f.ID)
		if err != nil {
			return false, err
		}
		if !same {
			l.otherID = f.ID
			return false, nil
		}
	}
	switch {
	case ok && f.Unclear && !l.isDraft():
		if l.empty++; decides {
			l.unclear = fmt.Sprintf("%s. DocuSign has it (envelope %q) and does not say whether it was sent: look at it there", l.Answer.said(), f.ID)
		}
		return false, nil
	case ok && !f.Unclear:
		return r.found(ctx, l, f), nil
	case l.Draft != "" && r.lookOnly:
		l.held = true
		return false, nil
	case l.isDraft():
		return r.sendDraft(ctx, l)
	}
	l.empty++
	l.absent = decides && !l.late()
	return false, nil
}

// sameAddresses reports whether an envelope goes to all recipients that the rows name.
func (r *resolver) sameAddresses(ctx context.Context, l *lookup, id envelope.ID) (same bool, err error) {
	env, err := r.books.read(ctx, l.item)
	if err != nil {
		return false, err
	}
	to, err := throttle.Ask(ctx, r.retry, func(ctx context.Context) ([]string, error) { return r.docusign.Addresses(ctx, id) })
	if err != nil {
		return false, err
	}
	got := make(map[string]bool)
	for _, address := range to {
		got[envelope.NormalAddress(address)] = true
	}
	for _, recipient := range env.Recipients {
		if !got[envelope.NormalAddress(recipient.Email)] {
			return false, nil
		}
	}
	return true, nil
}

func (r *resolver) findByField(ctx context.Context, l *lookup) (f remote.Found, ok bool, err error) {
	since := searchFrom(l.Attempted)
	err = r.retry.Do(ctx, func(ctx context.Context) (err error) {
		f, ok, err = r.docusign.FindByField(ctx, l.TransactionID, since)
		return err
	})
	return f, ok, err
}

// searchFrom returns from which time on DocuSign is searched for what was sent at a time
// by our clock. DocuSign compares with its own clock.
func searchFrom(asked time.Time) time.Time {
	if now := time.Now(); asked.After(now) {
		asked = now
	}
	return asked.Add(-clockError)
}

// found settles an envelope that DocuSign has sent. It stays unresolved if what was
// found is another row's envelope.
func (r *resolver) found(ctx context.Context, l *lookup, f remote.Found) (resolved bool) {
	out := envelope.Outcome{Status: envelope.Sent, ID: f.ID, Message: l.Answer.found()}
	out, _ = r.books.settle(ctx, l.TransactionID, out) // it exists, even if that cannot be recorded
	if out.Status == envelope.Unknown {
		l.unclear = out.Message + ". Look in DocuSign whom it went to, and whether the other person has got one"
		return false
	}
	if l.earlier {
		out.Status, out.Message = envelope.AlreadySent, "an earlier run sent it; "+l.Answer.found()
	}
	if len(f.More) > 0 {
		out.Message += "; DocuSign has more than one envelope under this transaction ID, void those that are too many: " + list(f.More)
		r.books.log.Warn("DocuSign has more than one envelope with this transaction ID: void what is too many",
			"transaction_id", l.TransactionID, "envelope_id", f.ID, "more", f.More)
	}
	r.resolved(l, out)
	return true
}

// sendDraft sends a draft that an attempt left. If DocuSign refuses that, an earlier
// call may still have sent it: look-ups must tell. If the draft is gone they must,
// too, and then another takes its place.
func (r *resolver) sendDraft(ctx context.Context, l *lookup) (resolved bool, err error) {
	if r.over {
		return false, nil
	}
	err = r.drafts.send(ctx, l.Draft, func(ctx context.Context) error { return withheld(r.books.ledger.CheckLease(ctx)) })
	if e, ok := errors.AsType[*withheldError](err); ok {
		r.books.leaseLost(ctx, e.err)
	}
	switch out := outcomeOf(ctx, l.Draft, err); {
	case out.Status == envelope.Sent:
		out, _ = r.books.settle(ctx, l.TransactionID, out)
		r.resolved(l, out)
		return true, nil
	case out.Status == envelope.Failed:
		l.refusal, l.refusalErr = &out, err
		l.empty++
		return false, nil
	case lastEffect(err) == remote.EffectGone:
		l.Draft = ""
		l.empty++
		return false, nil
	case out.Status == envelope.Unknown:
		if l.Answer = r.books.answered(l.item, out); l.Answer.Times < maxAnswers {
			break
		}
		// It can arrive late, as any call whose answer told nothing.
		out.Status, out.Message = envelope.Failed, l.Answer.again()
		l.refusal, l.refusalErr, l.since, l.empty = &out, err, time.Now(), 0
		return false, nil
	}
	return false, err
}

// resolved takes note of what became of an unresolved envelope.
func (r *resolver) resolved(l *lookup, out envelope.Outcome) {
	if l.earlier {
		r.books.countRecovered(out.Status)
	}
	r.books.tell(l.item, out)
}

// takeAbsent removes the envelopes that are proven absent, writes down what became
// of those that end here, and returns the numbers of those to be sent again.
func (r *resolver) takeAbsent(ctx context.Context) (again []int32) {
	r.books.lookups = slices.DeleteFunc(r.books.lookups, func(l *lookup) bool {
		if !l.absent {
			return false
		}
		out := envelope.Outcome{Status: envelope.Pending}
		switch {
		case l.refusal != nil:
			out = *l.refusal
			r.books.settle(ctx, l.TransactionID, out)
			r.books.countFailure(ctx, out, l.refusalErr)
		case l.item == rowsGone:
			r.books.settle(ctx, l.TransactionID, out)
		case l.Answer.Times >= maxAnswers:
			out = envelope.Outcome{Status: envelope.Failed, Code: l.Answer.Code, Message: l.Answer.again()}
			r.books.settle(ctx, l.TransactionID, out)
			r.books.countFailure(ctx, out, nil)
		default:
			again = append(again, int32(l.item))
		}
		r.resolved(l, out)
		return true
	})
	return again
}

// sleep waits and reports whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

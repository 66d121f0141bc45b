package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/throttle"
)

const (
	// known is how long DocuSign can be asked for a transaction ID.
	known = 7 * 24 * time.Hour
	// longAgo is when a claim is so old that its call must be over: longer than
	// drafts wait to be sent, and than clocks are wrong with which DocuSign still
	// lets one sign in.
	longAgo = 24 * time.Hour
	// margin is by how much clocks may differ where DocuSign's own decides.
	margin = 31 * 24 * time.Hour
	// minLooks is how many empty answers it takes at least, besides the time,
	// to believe that an envelope was never created.
	minLooks = 3
	// maxAnswers is how many attempts DocuSign must answer with one code, and have
	// no envelope of, before the envelope is taken for failed.
	maxAnswers = 3
	// maxFailures is how many look-ups in a row may fail, each after the repeats
	// of the policy, before they are left to another run.
	maxFailures = 5
	// lastLook is how long a run that was stopped may take to ask once more.
	lastLook = 15 * time.Second
)

// pauses between look-ups: short at first, because most lost answers turn up at
// once, later at a considerate pace.
var pauses = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// pause returns the pause before the next look-up. All that are needed fit into
// the time that an envelope has to turn up, and one comes at its end.
func (s *run) pause(round int) time.Duration {
	p := min(pauses[min(round, len(pauses)-1)], max(s.Settle/minLooks, time.Millisecond))
	for _, d := range s.doubts {
		if left := s.Settle - time.Since(d.since); left > 0 {
			p = min(p, left)
		}
	}
	return p
}

// elsewhere is the index of an envelope in doubt that is not among the items:
// its rows have been taken from the file.
const elsewhere = -1

// doubt is an envelope of which it is not known whether it was sent.
type doubt struct {
	Unresolved
	// since is when its last call was certainly over, by this process's clock:
	// others jump. Of an earlier run's it is when this one began.
	since   time.Time
	index   int  // of its item, or elsewhere
	earlier bool // an earlier run attempted it
	looks   int  // empty answers so far
	absent  bool // that is proven: the last of them came late enough
	waits   bool // it is a draft, for a run that sends
	// refusal is what DocuSign said when the draft was sent once more.
	refusal *envelope.Outcome
	why     error // of the refusal
	// stranger is what the transaction ID has found and goes to other people.
	stranger envelope.ID
	// unsettled says why what a look-up has found settles nothing; "" if it does.
	unsettled string
}

// ripe reports whether the envelope had had its time to turn up at a moment.
func (d *doubt) ripe(at time.Time, settle time.Duration) bool {
	return at.Sub(d.since) >= settle || at.Sub(d.Attempted) >= max(longAgo, settle)
}

// young reports whether the envelope left so short a time ago that the next run
// will clear it up by itself.
func (d *doubt) young(settle time.Duration) bool { return time.Since(d.Attempted) < settle }

// recorded reports whether the envelope is a draft that the ledger knows, so
// that it need only be sent. Nobody wants that of one whose rows are gone.
func (d *doubt) recorded() bool {
	return d.Draft != "" && d.index != elsewhere && d.refusal == nil
}

// late reports whether DocuSign may have forgotten the transaction ID.
func (d *doubt) late() bool { return time.Since(d.Attempted) > known }

// hopeless reports whether no look-up can tell any more: too late for its
// transaction ID, or a draft that is not to be sent now.
func (d *doubt) hopeless() bool {
	return d.waits || d.stranger != "" || d.unsettled != "" || d.late() && d.looks > 0
}

func (s *run) add(d *doubt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubts = append(s.doubts, d)
	if d.index != elsewhere {
		s.answers[d.index] = d.Answer
	}
}

// lookBack asks for what earlier runs left in doubt, before anything is sent.
// Those whose time to turn up is over are cleared up at once; the others are
// asked for again when all else is done.
func (s *run) lookBack(ctx context.Context, m *mailer) {
	if s.left.Total() == 0 {
		return
	}
	m.lookBack(ctx)
	ripe := func(d *doubt) bool { return d.ripe(time.Now(), s.Settle) && !d.hopeless() }
	for round := range minLooks {
		if round > 0 && (!slices.ContainsFunc(s.doubts, ripe) || !sleep(ctx, s.pause(round-1))) {
			break
		}
		_ = s.look(ctx) // told; it is asked again when all else is done
	}
	again := s.takeProven(ctx)
	s.observer.Recovered(s.left)
	s.sendAll(ctx, slices.Values(again), s.again)
}

// resolve looks lost envelopes up until each is found or proven absent; an
// absent one is sent again. When ctx ends it asks once more and leaves the rest
// to the next run.
func (s *run) resolve(ctx context.Context) {
	s.tellLost()
	failures := 0
	for round := 0; s.hopeful() && ctx.Err() == nil; round++ {
		if !sleep(ctx, s.pause(round)) {
			break
		}
		err := s.look(ctx)
		if failures++; err == nil {
			failures = 0
		} else if failures == maxFailures {
			s.stop(fmt.Errorf("lost answers cannot be looked up: %w", err))
		}
		if again := s.takeProven(ctx); len(again) > 0 {
			s.sendAll(ctx, slices.Values(again), s.again)
			if slices.ContainsFunc(s.doubts, func(d *doubt) bool { return slices.Contains(again, int32(d.index)) }) {
				s.tellLost() // it will last as long once more
			}
			round = -1
		}
	}
	if ctx.Err() != nil && failures == 0 && s.hopeful() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
		defer cancel()
		s.over = true
		_ = s.look(last) // told already; the next run looks again
	}
	for _, d := range s.doubts {
		young := d.young(s.Settle)
		if d.earlier && young {
			s.leftOver++
		}
		if d.index == elsewhere {
			continue
		}
		s.observer.Outcome(d.index, d.open())
		if young {
			s.underWay++
		}
	}
}

// hopeful reports whether a look-up can still clear something up.
func (s *run) hopeful() bool {
	return slices.ContainsFunc(s.doubts, func(d *doubt) bool { return !d.hopeless() })
}

func (s *run) tellLost() {
	if !s.hopeful() {
		return
	}
	lost := 0
	until := time.Now() // all looks that it takes
	for round := range minLooks {
		until = until.Add(s.pause(round))
	}
	for _, d := range s.doubts {
		if d.hopeless() {
			continue
		}
		lost++
		if t := d.since.Add(s.Settle); t.After(until) && !d.ripe(time.Now(), s.Settle) {
			until = t
		}
	}
	s.observer.LookingUp(lost, until)
}

// look asks DocuSign for all envelopes in doubt, many in one call, and settles
// those that it knows. It returns what kept it from asking for all.
func (s *run) look(ctx context.Context) (failed error) {
	var ids []envelope.TransactionID
	for _, d := range s.doubts {
		if !d.hopeless() {
			ids = append(ids, d.TransactionID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	began := time.Now() // the answer tells how things stood then
	found, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) (map[envelope.TransactionID]envelope.Found, error) {
		return s.DocuSign.Find(ctx, ids)
	})
	if err != nil {
		return s.lookFailed(ctx, err, "envelopes", len(ids))
	}
	s.doubts = slices.DeleteFunc(s.doubts, func(d *doubt) bool {
		if d.hopeless() {
			return false
		}
		f, ok := found[d.TransactionID]
		cleared, err := s.clearUp(ctx, d, f, ok, began)
		if err != nil {
			failed = s.lookFailed(ctx, err, "transaction_id", d.TransactionID)
		}
		return cleared
	})
	return failed
}

// clearUp settles an envelope in doubt if it was sent, or can be now. f is what
// its transaction ID has found in a look-up that began then.
//
// A draft is sent if the ledger knows it: then the claim stands and nobody has
// received it. Any other draft counts for nothing, because it need not be the
// only one, nor hold what the rows say now, and the envelope itself may be
// about to turn up.
func (s *run) clearUp(ctx context.Context, d *doubt, f envelope.Found, ok bool, began time.Time) (cleared bool, err error) {
	// Before an empty answer settles something the custom field is asked for as
	// well, which outlives the transaction ID.
	decides := d.looks+1 >= minLooks && d.ripe(began, s.Settle)
	ok = ok && !f.Draft
	if !ok && !d.recorded() && (decides || d.late()) {
		if f, ok, err = s.findByField(ctx, d); err != nil {
			return false, err // what was found until now proves nothing
		}
		ok = ok && !f.Draft
	}
	if ok && !f.Unclear && d.Legacy && d.index != elsewhere {
		same, err := s.sameAddresses(ctx, d, f.ID)
		if err != nil {
			return false, err
		}
		if !same {
			d.stranger = f.ID
			return false, nil
		}
	}
	switch {
	case ok && f.Unclear && !d.recorded():
		if d.looks++; decides {
			d.unsettled = fmt.Sprintf("%s. DocuSign has it (envelope %q) and does not say whether it was sent: look at it there", d.Answer.said(), f.ID)
		}
		return false, nil
	case ok && !f.Unclear:
		return s.found(ctx, d, f), nil
	case d.Draft != "" && s.LookOnly:
		d.waits = true
		return false, nil
	case d.recorded():
		return s.sendLeft(ctx, d)
	}
	d.looks++
	d.absent = decides && !d.late()
	return false, nil
}

// sameAddresses reports whether an envelope goes to all recipients that the rows name.
func (s *run) sameAddresses(ctx context.Context, d *doubt, id envelope.ID) (same bool, err error) {
	env, err := s.read(ctx, d.index)
	if err != nil {
		return false, err
	}
	to, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) ([]string, error) { return s.DocuSign.Addresses(ctx, id) })
	if err != nil {
		return false, err
	}
	got := make(map[string]bool)
	for _, address := range to {
		got[envelope.NormalAddress(address)] = true
	}
	for _, r := range env.Recipients {
		if !got[envelope.NormalAddress(r.Email)] {
			return false, nil
		}
	}
	return true, nil
}

func (s *run) findByField(ctx context.Context, d *doubt) (f envelope.Found, ok bool, err error) {
	since := d.Attempted
	if now := time.Now(); since.After(now) {
		since = now
	}
	err = s.Retry.Do(ctx, func(ctx context.Context) (err error) {
		f, ok, err = s.DocuSign.FindByField(ctx, d.TransactionID, since.Add(-margin))
		return err
	})
	return f, ok, err
}

func (s *run) lookFailed(ctx context.Context, err error, args ...any) error {
	if ctx.Err() == nil {
		s.Log.Warn("looking up a lost answer failed", append(args, "error", err)...)
	}
	if halts(err) {
		s.stop(&HaltError{err})
	}
	return err
}

// found settles an envelope in doubt that DocuSign has sent. It stays in doubt if
// what was found is another row's envelope.
func (s *run) found(ctx context.Context, d *doubt, f envelope.Found) (cleared bool) {
	out := envelope.Outcome{Status: envelope.Sent, ID: f.ID, Message: d.Answer.found()}
	out, _ = s.record(ctx, d.TransactionID, out) // it exists, even if that cannot be recorded
	if out.Status == envelope.Unknown {
		d.unsettled = out.Message + ". Look in DocuSign whom it went to, and whether the other person has got one"
		return false
	}
	if d.earlier {
		out.Status, out.Message = envelope.AlreadySent, "an earlier run sent it; "+d.Answer.found()
	}
	if len(f.More) > 0 {
		out.Message += "; DocuSign has more than one envelope under this transaction ID, void those that are too many: " + list(f.More)
		s.Log.Warn("DocuSign has more than one envelope with this transaction ID: void what is too many",
			"transaction_id", d.TransactionID, "envelope_id", f.ID, "more", f.More)
	}
	s.cleared(d, out)
	return true
}

// sendLeft sends a draft that an attempt left behind. If DocuSign refuses that,
// an earlier call may still have sent it: look-ups must tell. If the draft is
// gone they must, too, and then another takes its place.
func (s *run) sendLeft(ctx context.Context, d *doubt) (cleared bool, err error) {
	if s.over {
		return false, nil
	}
	err = s.sendDraft(ctx, d.Draft, func(ctx context.Context) error { return kept(s.Ledger.CheckLease(ctx)) })
	if e, ok := errors.AsType[*keptError](err); ok {
		s.lostLease(ctx, e.err)
	}
	switch out := outcomeOf(ctx, d.Draft, err); {
	case out.Status == envelope.Sent:
		out, _ = s.record(ctx, d.TransactionID, out)
		s.cleared(d, out)
		return true, nil
	case out.Status == envelope.Failed:
		d.refusal, d.why = &out, err
		d.looks++
		return false, nil
	case gone(err):
		d.Draft = ""
		d.looks++
		return false, nil
	case out.Status == envelope.Unknown:
		if d.Answer = s.answered(d.index, out); d.Answer.Times < maxAnswers {
			break
		}
		// It can arrive late, as any call whose answer told nothing.
		out.Status, out.Message = envelope.Failed, d.Answer.again()
		d.refusal, d.why, d.since, d.looks = &out, err, time.Now(), 0
		return false, nil
	}
	return false, err
}

// cleared takes note of what became of an envelope in doubt.
func (s *run) cleared(d *doubt, out envelope.Outcome) {
	switch {
	case !d.earlier:
	case out.Status == envelope.Sent, out.Status == envelope.AlreadySent:
		s.left.Open--
		s.left.Sent++
	default:
		s.left.Open--
		s.left.Absent++
	}
	if d.index != elsewhere {
		s.observer.Outcome(d.index, out)
	}
}

// takeProven removes the doubts that are proven absent, writes down what became
// of those that end here, and returns the numbers of those to be sent again.
func (s *run) takeProven(ctx context.Context) (again []int32) {
	s.doubts = slices.DeleteFunc(s.doubts, func(d *doubt) bool {
		if !d.absent {
			return false
		}
		out := envelope.Outcome{Status: envelope.Pending}
		switch {
		case d.refusal != nil:
			out = *d.refusal
			s.record(ctx, d.TransactionID, out)
			s.count(ctx, out, d.why)
		case d.index == elsewhere: // its rows are gone
			s.record(ctx, d.TransactionID, out)
		case d.Answer.Times >= maxAnswers:
			out = envelope.Outcome{Status: envelope.Failed, Code: d.Answer.Code, Message: d.Answer.again()}
			s.record(ctx, d.TransactionID, out)
			s.count(ctx, out, nil)
		default:
			again = append(again, int32(d.index))
		}
		s.cleared(d, out)
		return true
	})
	return again
}

// said is what is known of the attempt, to begin a sentence with.
func (a Answer) said() string {
	if a.Message == "" {
		return "sent, and no answer is recorded"
	}
	return strings.TrimSuffix(a.Message, ".")
}

// again says that DocuSign answers so however often it is asked.
func (a Answer) again() string {
	return fmt.Sprintf("%s. This was the answer %d times, and DocuSign has sent no such envelope", a.said(), a.Times)
}

// found says how it is known that the envelope was sent.
func (a Answer) found() string {
	switch {
	case a.Code == "":
		return "the answer was lost; found at DocuSign"
	case !isOwnCode(a.Code):
		return "the answer (" + a.Code + ") did not tell; found at DocuSign"
	}
	return "DocuSign answered " + a.Code + " and has sent it all the same"
}

// open is the outcome of an envelope that could not be cleared up.
func (d *doubt) open() envelope.Outcome {
	out := envelope.Outcome{Status: envelope.Unknown, Code: d.Answer.Code}
	out.Message = d.Answer.said() + ". It may exist all the same. Run the same command again: it is looked up before anything is sent"
	switch {
	case d.unsettled != "":
		out.Message = d.unsettled
	case d.stranger != "":
		out.Message = fmt.Sprintf("sent without a clear answer; DocuSign has envelope %s under its transaction ID, which goes to other people: another ledger may have used this batch's name. Look for this one there by recipient and date; if it was not sent, send its row under another --batch", d.stranger)
	case d.late():
		out.Message = "sent without a clear answer on " + date(d.Attempted) + ", more than seven days ago, and DocuSign does not find it: look for it there by recipient and date"
	}
	return out
}

// list names envelopes.
func list(ids []envelope.ID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	return strings.Join(names, ", ")
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

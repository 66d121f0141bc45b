package batch

import (
	"fmt"
	"time"

	"batchsend/envelope"
)

const (
	// idLifetime is how long DocuSign can be asked for a transaction ID.
	idLifetime = 7 * 24 * time.Hour
	// longestCall is after how long a call is certainly over, by any clock: a clock
	// that is wrong by more does not let anybody sign in at DocuSign.
	longestCall = 24 * time.Hour
	// clockError is by how much DocuSign's clock and ours may differ.
	clockError = 31 * 24 * time.Hour
	// minLookUps is how many empty answers it takes at least, besides the time,
	// to believe that an envelope was never created.
	minLookUps = 3
	// maxAnswers is how many attempts DocuSign must answer with one code, and have
	// no envelope of, before the envelope is taken for failed.
	maxAnswers = 3
	// maxFailures is how many look-ups in a row may fail, each after the repeats
	// of the policy, before they are left to another run.
	maxFailures = 5
)

// pauses between look-ups: short at first, because most lost answers turn up at
// once, later at a considerate pace.
var pauses = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// pauseAfter returns the pause after so many empty answers. All look-ups that are
// needed fit into the time that an envelope has to turn up.
func pauseAfter(empty int, settleTime time.Duration) time.Duration {
	return min(pauses[min(empty, len(pauses)-1)], max(settleTime/minLookUps, time.Millisecond))
}

// lookup is an unresolved envelope, and what was learnt of it by looking it up.
type lookup struct {
	Unresolved
	// since is when its last call was certainly over, by the clock of this process,
	// which does not jump. If an earlier run made the call, it is when this run began.
	since   time.Time
	item    int  // the envelope's number, or rowsGone
	earlier bool // an earlier run attempted it
	empty   int  // answers that did not have it
	absent  bool // it is proven that it was never sent
	held    bool // it is a draft, and this run sends nothing
	// refusal is what DocuSign said when the draft was sent once more, refusalErr as
	// an error.
	refusal    *envelope.Outcome
	refusalErr error
	// otherID is an envelope that has its transaction ID and goes to other people.
	otherID envelope.ID
	// unclear says why what was found settles nothing; "" if it does.
	unclear string
}

// overdue reports whether at a moment the time had passed in which DocuSign must show the
// envelope, if it has it.
func (l *lookup) overdue(at time.Time, settleTime time.Duration) bool {
	return at.Sub(l.since) >= settleTime || at.Sub(l.Attempted) >= max(longestCall, settleTime)
}

// young reports whether the envelope left so short a time ago that the next run
// will resolve it by itself.
func (l *lookup) young(settleTime time.Duration) bool { return time.Since(l.Attempted) < settleTime }

// isDraft reports whether the envelope is a draft that the ledger knows, so
// that it need only be sent. A draft whose rows are gone is not sent.
func (l *lookup) isDraft() bool {
	return l.Draft != "" && l.item != rowsGone && l.refusal == nil
}

// late reports whether DocuSign may have forgotten the transaction ID.
func (l *lookup) late() bool { return time.Since(l.Attempted) > idLifetime }

// hopeless reports whether no look-up can tell any more: too late for its
// transaction ID, a draft that is not to be sent now, or what was found settles
// nothing.
func (l *lookup) hopeless() bool {
	return l.held || l.otherID != "" || l.unclear != "" || l.late() && l.empty > 0
}

// outcome is that of an envelope which could not be resolved.
func (l *lookup) outcome() envelope.Outcome {
	out := envelope.Outcome{Status: envelope.Unknown, Code: l.Answer.Code}
	out.Message = l.Answer.said() + ". It may exist all the same. " + envelope.RunAgainSentence + lookedUpFirst
	switch {
	case l.unclear != "":
		out.Message = l.unclear
	case l.otherID != "":
		out.Message = fmt.Sprintf("sent without a clear answer; DocuSign has envelope %s under its transaction ID, which goes to other people: another ledger may have used this batch's name. Look for this one there by recipient and date; if it was not sent, send its row under another --batch", l.otherID)
	case l.late():
		out.Message = "sent without a clear answer on " + date(l.Attempted) + ", more than seven days ago, and DocuSign does not find it: look for it there by recipient and date"
	}
	return out
}

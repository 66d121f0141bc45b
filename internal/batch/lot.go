package batch

import (
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// stage is how far a lot has come.
type stage int

const (
	unsent      stage = iota // nothing was sent yet; if all is made, the queue had no room
	unconfirmed              // sent for, without a clear answer
	processing               // DocuSign is working through it
	collecting               // DocuSign is done with it, and its envelopes are to be found
	concluded                // all outcomes are known; list and draft are to be removed
	deferred                 // it is left to the next run
)

var stageNames = [...]string{"unsent", "unconfirmed", "processing", "collecting", "concluded", "deferred"}

// String returns the stage's name.
func (s stage) String() string { return stageNames[s] }

// nextStages says which stages may follow each.
var nextStages = [...][]stage{
	unsent: {
		processing,  // DocuSign has named its batch
		unconfirmed, // the answer was lost
		concluded,   // its envelopes were given back
	},
	unconfirmed: {
		processing, // its batch was found
		concluded,  // DocuSign never got it, or has sent all of it
		deferred,   // it cannot be looked up, or may still arrive
	},
	processing: {
		collecting, // DocuSign is through
		concluded,  // its batch is not known any more, but all envelopes were found
		deferred,   // DocuSign does not go on, or cannot be asked
	},
	collecting: {
		concluded, // it is known what became of every envelope
		deferred,  // DocuSign does not show all that it has sent
	},
	concluded: nil,
	deferred:  nil,
}

// lot is a lot for which something was made.
type lot struct {
	remote.Lot
	group *group  // nil if an earlier run made it
	items []int32 // the numbers of the envelopes that it is made of, if this run made it
	// envs are the envelopes that it is made of, while it is unsent.
	envs []*envelope.Envelope
	// open are those that are claimed and of which it is not known what became, with
	// their numbers or rowsGone.
	open  map[envelope.TransactionID]int
	stage stage
	// since is when the stage began, by the clock of this process. For an unconfirmed
	// lot that is when the call to send it was certainly over.
	since time.Time
	visits
	// strayParts is set if it may have a list or a draft that the ledger does not know.
	strayParts bool
	pace
	speed  float64 // copies a second that DocuSign made of it, 0 if that is not known
	answer Answer  // to the call that sends it, if that does not tell what came of it
}

// visits are when and how often something was done about a lot.
type visits struct {
	next   time.Time // when to do the next thing
	empty  int       // answers in this stage that told nothing new
	failed int       // visits in a row
}

// group is the envelopes of one [envelope.Group] in one batch.
type group struct {
	draft    envelope.ID
	tested   bool
	refusals int // of its lots, in a row
}

// newLot returns a lot that is to be made of envelopes.
func newLot(p pendingLot, envs []*envelope.Envelope) *lot {
	return &lot{
		Lot: remote.Lot{ID: remote.NewLotID(envs, time.Now())}, group: p.group, items: p.items, envs: envs,
		open: make(map[envelope.TransactionID]int), since: time.Now(),
	}
}

// resumeLot returns a lot that an earlier run left. numbers has the numbers of its
// envelopes.
func resumeLot(left remote.Lot, numbers map[envelope.TransactionID]int) *lot {
	now := time.Now()
	l := &lot{Lot: left, stage: unconfirmed, since: now, visits: visits{next: now}, strayParts: true, open: make(map[envelope.TransactionID]int)}
	for _, tx := range l.Envelopes {
		l.open[tx] = numbers[tx]
	}
	l.pace = pace{followed: now, moved: now, left: len(l.open)}
	switch {
	case len(l.open) == 0:
		l.enter(concluded)
	case l.BulkBatch != "":
		l.enter(processing)
	}
	return l
}

// enter moves the lot to its next stage, and forgets what is not needed there. It panics
// if that stage may not follow.
func (l *lot) enter(next stage) {
	if !slices.Contains(nextStages[l.stage], next) {
		panic(fmt.Sprintf("lot %s is %v and cannot become %v", l.ID, l.stage, next))
	}
	l.stage, l.since, l.empty, l.envs = next, time.Now(), 0, nil
	if next == concluded {
		l.items, l.Envelopes, l.open = nil, nil, nil
	}
}

// earlier reports whether an earlier run made the lot.
func (l *lot) earlier() bool { return l.group == nil }

// active reports whether there is something to be done about the lot.
func (l *lot) active() bool { return l.stage != concluded && l.stage != deferred }

// again sets the time of the next visit after one that told nothing new.
func (l *lot) again(settleTime time.Duration) {
	l.next = time.Now().Add(pauseAfter(l.empty, settleTime))
	l.empty++
}

// overdue reports whether the time had passed, when a look-up began, in which DocuSign
// must show what is looked for, if it has it.
func (l *lot) overdue(began time.Time, settleTime time.Duration) bool {
	return l.empty+1 >= minLookUps && (began.Sub(l.since) >= settleTime || began.Sub(l.Asked) >= max(longestCall, settleTime))
}

// young reports whether DocuSign was asked to send the lot a moment ago.
func (l *lot) young(settleTime time.Duration) bool {
	return !l.Asked.IsZero() && time.Since(l.Asked) < settleTime
}

// numbers returns the numbers of the envelopes that the lot is made of, in order. For a
// lot of an earlier run these are only the open ones whose rows still exist.
func (l *lot) numbers() []int32 {
	if !l.earlier() {
		return l.items
	}
	var numbers []int32
	for _, tx := range l.Envelopes {
		if i, open := l.open[tx]; open && i != rowsGone {
			numbers = append(numbers, int32(i))
		}
	}
	return numbers
}

// waitsFor says what the next visit of the lot waits for.
func (l *lot) waitsFor() string {
	switch n := len(l.open); l.stage {
	case unsent:
		return fmt.Sprintf("DocuSign's queue of bulk sends is full, and a list of %d waits for room", len(l.items))
	case processing:
		return fmt.Sprintf("DocuSign is still working through a list of %d", n)
	case collecting:
		return fmt.Sprintf("DocuSign is through with a list of %d and does not show all of it yet", n)
	default:
		return fmt.Sprintf("DocuSign did not say whether it sends a list of %d: it is looked up", n)
	}
}

// outcome is the outcome of the open envelopes of a lot. While DocuSign is known to work
// on it they are being sent; they count as unknown if it only may have been asked to.
func (l *lot) outcome() envelope.Outcome {
	const again = "; " + envelope.RunAgain + lookedUpFirst
	out := envelope.Outcome{Status: envelope.Unknown, Code: l.answer.Code}
	switch {
	case l.stage == processing || l.stage == collecting:
		return envelope.Outcome{Status: envelope.Sending, Message: "DocuSign is sending it from a bulk list" + again}
	case !l.Asked.IsZero() && time.Since(l.Asked) > idLifetime: // DocuSign would show it by then, unless somebody has deleted it or its custom field
		out.Message = "handed over in bulk on " + date(l.Asked) + ", more than seven days ago, and DocuSign does not show what became of it: look for it there by recipient and date"
	case l.BulkBatch == "" && l.answer.Message != "":
		out.Message = "handed over in bulk, and what came of it is not known: " + l.answer.said() + ". It may have been sent all the same" + again
	case l.BulkBatch == "":
		out.Message = "handed over in bulk, and no answer is recorded; it may have been sent" + again
	default:
		out.Message = "handed over in bulk, and DocuSign does not show yet what became of it" + again
	}
	return out
}

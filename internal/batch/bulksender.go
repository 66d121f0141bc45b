package batch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// bulkSender sends lots. It takes one step after the other, in one goroutine: lots take
// few calls, and DocuSign works through one after the other.
type bulkSender struct {
	books      *bookkeeper
	gate       *gate
	docusign   Bulker
	retry      throttle.Policy
	settleTime time.Duration // [Runner].Settle
	noBulk     bool          // see [Runner]

	forecast forecast
	pending  []pendingLot
	lots     []*lot    // in the order in which they were made
	lost     int       // lots of this run that DocuSign never received
	waitTold time.Time // until when the observer knows that the run waits
	// singly takes the numbers of envelopes that go singly after all. It never blocks,
	// and is closed in the end.
	singly chan int32
}

// pendingLot is a lot that is still to be made.
type pendingLot struct {
	group *group
	items []int32 // the numbers of its envelopes
}

// resume takes up a lot that an earlier run left.
func (s *bulkSender) resume(left remote.Lot, numbers map[envelope.TransactionID]int) {
	l := resumeLot(left, numbers)
	s.books.log.Info("going on with a lot of an earlier run", "lot", l.ID, "envelopes", len(l.open), "batch", l.BulkBatch)
	s.books.recovered.Open += len(l.open)
	s.lots = append(s.lots, l)
}

// makePending has envelopes sent in lots: the groups in the order of their numbers,
// each cut into lots in the order of its envelopes.
func (s *bulkSender) makePending(items []int32) {
	groups := make(map[int32][]int32)
	for _, i := range items {
		n := s.books.envelopes.Item(int(i)).Group
		groups[n] = append(groups[n], i)
	}
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		g := new(group)
		for lot := range slices.Chunk(groups[n], s.forecast.bulk.Copies) {
			s.pending = append(s.pending, pendingLot{g, lot})
		}
	}
}

// sendSingly has envelopes sent singly, because bulk sending has not worked.
func (s *bulkSender) sendSingly(items []int32, why error) {
	if len(items) == 0 {
		return
	}
	s.books.observer.BulkRefused(len(items), why)
	for _, i := range items {
		s.singly <- i
	}
}

// recoverLeftovers finds out how earlier runs' lots stand.
func (s *bulkSender) recoverLeftovers(ctx context.Context) {
	for _, l := range s.lots {
		for ctx.Err() == nil && l.active() && !l.next.After(time.Now()) {
			s.visit(ctx, l)
		}
	}
}

// sendAll sends all lots and follows them until it is known what became of their
// envelopes, or ctx ends.
func (s *bulkSender) sendAll(ctx context.Context) {
	defer close(s.singly)
	for ctx.Err() == nil {
		s.fillQueue(ctx)
		l := s.nextLot()
		if l == nil {
			break
		}
		s.tellPause(l)
		if sleep(ctx, time.Until(l.next)) {
			s.visit(ctx, l)
		}
	}
	for _, l := range s.lots {
		if l.stage == unsent {
			s.giveBack(ctx, l)
			continue
		}
		for _, i := range l.open {
			s.books.tell(i, l.outcome())
		}
	}
	s.cleanUp(ctx)
}

// nextLot returns the lot that is to be visited first, nil if there is none.
func (s *bulkSender) nextLot() (first *lot) {
	for _, l := range s.lots {
		if l.active() && (first == nil || l.next.Before(first.next)) {
			first = l
		}
	}
	return first
}

// worthTelling is the shortest pause that the observer is told of.
const worthTelling = 3 * time.Second

// tellPause tells the observer of the pause before a lot is visited, unless it knows.
func (s *bulkSender) tellPause(l *lot) {
	if time.Until(l.next) < worthTelling || l.next.Before(s.waitTold.Add(worthTelling)) {
		return
	}
	s.waitTold = l.next
	s.books.observer.Paused(l.next, l.waitsFor())
}

// fillQueue makes lots as long as DocuSign's queue has room for them and the run has
// time for them. If a lot is cut because time is short, it is visited early: DocuSign
// may be faster than it was when its speed was last seen.
func (s *bulkSender) fillQueue(ctx context.Context) {
	for len(s.pending) > 0 && ctx.Err() == nil && s.fits(len(s.pending[0].items)) {
		p := s.pending[0]
		n := s.forecast.inTime(ctx, s.lots, len(p.items))
		if n == 0 {
			return
		}
		if n < len(p.items) {
			s.pending[0].items = p.items[n:]
			s.forecast.bulk.guessed = true
		} else {
			s.pending = s.pending[1:]
		}
		s.start(ctx, pendingLot{p.group, p.items[:n]})
	}
}

// fits reports whether DocuSign's queue has room for so many copies.
func (s *bulkSender) fits(copies int) bool {
	waiting := 0
	for _, l := range s.lots {
		switch l.stage {
		case unsent:
			return false // others have filled the queue
		case unconfirmed, processing:
			waiting += l.left
		}
	}
	return waiting == 0 || waiting+copies <= s.forecast.bulk.Queue
}

// countResolving counts the envelopes that DocuSign is sending, or has sent and
// does not show yet, or that it was asked to send a moment ago.
func (s *bulkSender) countResolving(result *Result) {
	for _, l := range s.lots {
		if l.stage != processing && l.stage != collecting && !l.young(s.settleTime) {
			continue
		}
		for _, i := range l.open {
			if i != rowsGone {
				result.Resolving++
			}
			if l.earlier() {
				result.StillResolving++
			}
		}
	}
}

// ErrLate ends a run that must end before DocuSign would be done with the next list.
var ErrLate = errors.New("the time that is left does not suffice for the rest in bulk: " + envelope.RunAgain + " to go on")

// why says why the run ended before the last envelope, if it did.
func (s *bulkSender) why(stopped error) error {
	if stopped == nil && len(s.pending) > 0 {
		return ErrLate
	}
	return stopped
}

// giveBack gives the claims of a lot back that was not sent, ends the lot, and returns
// the numbers of the envelopes that it was made of.
func (s *bulkSender) giveBack(ctx context.Context, l *lot) (items []int32, ok bool) {
	items = l.numbers()
	if !s.unclaim(ctx, l) {
		return nil, false
	}
	l.enter(concluded)
	return items, true
}

// unclaim gives the claims of a lot back that was not sent. It reports whether that is
// recorded.
func (s *bulkSender) unclaim(ctx context.Context, l *lot) bool {
	outs := make(map[envelope.TransactionID]envelope.Outcome, len(l.open))
	for tx := range l.open {
		outs[tx] = envelope.Outcome{Status: envelope.Pending}
	}
	if len(outs) > 0 && !s.settle(ctx, l, outs) {
		return false
	}
	l.Asked = time.Time{}
	return true
}

// settle records the outcomes of envelopes of a lot, then tells them. It reports whether
// they are recorded.
func (s *bulkSender) settle(ctx context.Context, l *lot, outs map[envelope.TransactionID]envelope.Outcome) bool {
	done, cancel := outliving(ctx)
	defer cancel()
	if err := s.books.ledger.SettleLot(done, &l.Lot, outs); err != nil {
		s.books.stop(&LedgerError{fmt.Errorf("recording what became of lot %s: %w", l.ID, err)})
		return false
	}
	for _, tx := range l.Envelopes {
		out, told := outs[tx]
		if i, open := l.open[tx]; open && told {
			delete(l.open, tx)
			s.noteOutcome(l, tx, i, out)
		}
	}
	return true
}

// noteOutcome notes the outcome of one envelope of a lot, and tells it.
func (s *bulkSender) noteOutcome(l *lot, tx envelope.TransactionID, i int, out envelope.Outcome) {
	if l.earlier() {
		s.books.countRecovered(out.Status)
		if out.Status == envelope.Sent {
			out.Status = envelope.AlreadySent
			if out.Message == "" {
				out.Message = "an earlier run handed it over in bulk; found at DocuSign"
			}
		}
	}
	if out.Status == envelope.Unknown { // what was found is another row's
		s.books.addLookup(&lookup{Unresolved: Unresolved{TransactionID: tx, Attempted: l.Asked}, since: time.Now(), item: i, earlier: l.earlier()})
		return
	}
	s.books.tell(i, out)
}

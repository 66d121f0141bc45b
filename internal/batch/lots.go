package batch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"batchsend/envelope"
)

// stage is how far a lot has come.
type stage int

const (
	toSend    stage = iota // nothing of it is under way; once all is made, the queue had no room
	unsure                 // sent for, without a clear answer
	under                  // DocuSign is working through it
	toCollect              // it is through; its envelopes are to be found
	settled                // all is known; list and draft are to be removed
	leftOver               // the next run goes on with it
)

// lot is a lot for which something was made.
type lot struct {
	envelope.Lot
	group *group               // nil if an earlier run made it
	items []int32              // the numbers of the envelopes that it is made of, if this run made it
	envs  []*envelope.Envelope // they, until it is sent
	stage stage
	// open are those that are claimed and of which it is not known what became, with
	// their numbers: elsewhere if their rows are gone.
	open  map[envelope.TransactionID]int
	next  time.Time // when to do the next thing about it
	looks int       // empty answers in this stage
	// littered is whether it may have a list or a draft that is not recorded.
	littered bool
	// troubles is how many visits in a row have failed.
	troubles int
	// since is when the stage began, by this process's clock: of a lot that is
	// unsure, when its call was certainly over, at the latest when this run began.
	since time.Time
	pace
	speed  float64 // that was seen
	answer Answer  // to the order to send it, if that did not tell what came of it
}

// end says that all is known of the lot's envelopes, which need not be remembered any
// more.
func (l *lot) end() {
	l.stage = settled
	l.items, l.envs, l.Envelopes = nil, nil, nil
}

// earlier reports whether an earlier run made the lot.
func (l *lot) earlier() bool { return l.group == nil }

// group is the envelopes of one [envelope.Group] in one batch.
type group struct {
	draft    envelope.ID
	tested   bool
	refusals int // of its lots, in a row
}

// parcel is a lot that is still to be made.
type parcel struct {
	group *group
	items []int32
}

// mailer sends lots, one step after the other: they take few calls, and are
// worked through by DocuSign in the order in which they were asked for.
type mailer struct {
	*run
	bulk    Bulk
	pending []parcel
	lots    []*lot        // in the order of asking
	through time.Time     // when DocuSign should have been through with the last that is done
	lag     time.Duration // of DocuSign's searches, as far as was seen
	lost    int           // lots of this run that DocuSign never received
	late    bool          // something was not sent because the run must end before
	told    time.Time     // until when somebody was told that the run waits
	// alone takes the numbers of envelopes that go singly after all. It never blocks,
	// and is closed in the end.
	alone chan int32
}

// newMailer prepares the lots that earlier runs left, and those of the envelopes with
// the given numbers. where is as sort returns it.
func newMailer(s *run, todo []int32, behind []envelope.Lot, where map[envelope.TransactionID]int) *mailer {
	m := &mailer{run: s, bulk: s.Bulk.withDefaults()}
	most := len(todo)
	for _, l := range behind {
		most += len(l.Envelopes)
	}
	m.alone = make(chan int32, most)
	for _, l := range behind {
		m.resume(l, where)
	}
	m.parcel(todo)
	return m
}

// resume takes up a lot that an earlier run left.
func (m *mailer) resume(left envelope.Lot, where map[envelope.TransactionID]int) {
	now := time.Now()
	l := &lot{Lot: left, stage: unsure, since: now, next: now, littered: true, open: make(map[envelope.TransactionID]int)}
	for _, tx := range l.Envelopes {
		l.open[tx] = where[tx]
	}
	l.pace = pace{followed: now, moved: now, left: len(l.open)}
	switch {
	case len(l.open) == 0:
		l.stage = settled
	case l.Batch != "":
		l.stage = under
	}
	m.Log.Info("going on with a lot of an earlier run", "lot", l.ID, "envelopes", len(l.open), "batch", l.Batch)
	m.run.left.Open += len(l.open)
	m.lots = append(m.lots, l)
}

// parcel makes parcels of envelopes: the groups in the order of their numbers, each
// cut into lots in the order of its envelopes.
func (m *mailer) parcel(items []int32) {
	groups := make(map[int32][]int32)
	for _, i := range items {
		n := m.envelopes.Item(int(i)).Group
		groups[n] = append(groups[n], i)
	}
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		g := new(group)
		for lot := range slices.Chunk(groups[n], m.bulk.Copies) {
			m.pending = append(m.pending, parcel{g, lot})
		}
	}
}

// goAlone has envelopes sent singly, because bulk sending has not worked.
func (m *mailer) goAlone(items []int32, why error) {
	if len(items) == 0 {
		return
	}
	m.observer.BulkRefused(len(items), why)
	for _, i := range items {
		m.alone <- i
	}
}

// lookBack finds out how earlier runs' lots stand.
func (m *mailer) lookBack(ctx context.Context) {
	for _, l := range m.lots {
		for ctx.Err() == nil && l.active() && !l.next.After(time.Now()) {
			m.visit(ctx, l)
		}
	}
}

// send sends all lots and follows them until it is known what became of their
// envelopes, or ctx ends.
func (m *mailer) send(ctx context.Context) {
	defer close(m.alone)
	for ctx.Err() == nil {
		m.fill(ctx)
		l := m.nextLot()
		if l == nil {
			break
		}
		m.tellPause(l)
		if sleep(ctx, time.Until(l.next)) {
			m.visit(ctx, l)
		}
	}
	m.late = len(m.pending) > 0
	for _, l := range m.lots {
		if l.stage == toSend {
			m.giveBack(ctx, l)
			continue
		}
		for _, i := range l.open {
			if i != elsewhere {
				m.observer.Outcome(i, l.outcome())
			}
		}
	}
	m.cleanUp(ctx)
}

// worthTelling is how long a pause is that somebody is told of.
const worthTelling = 3 * time.Second

// tellPause tells of the pause before the next thing is done about a lot, unless
// that was told already.
func (m *mailer) tellPause(l *lot) {
	if time.Until(l.next) < worthTelling || l.next.Before(m.told.Add(worthTelling)) {
		return
	}
	m.told = l.next
	m.observer.Paused(l.next, l.waitsFor())
}

// waitsFor says what the next thing about the lot waits for.
func (l *lot) waitsFor() string {
	switch n := len(l.open); l.stage {
	case toSend:
		return fmt.Sprintf("DocuSign's queue of bulk sends is full, and a list of %d waits for room", n)
	case under:
		return fmt.Sprintf("DocuSign is still working through a list of %d", n)
	case toCollect:
		return fmt.Sprintf("DocuSign is through with a list of %d and does not show all of it yet", n)
	default:
		return fmt.Sprintf("DocuSign did not say whether it sends a list of %d: it is looked up", n)
	}
}

// active reports whether there is something to be done about the lot.
func (l *lot) active() bool { return l.stage != settled && l.stage != leftOver }

// nextLot returns the lot with which something is to be done first.
func (m *mailer) nextLot() (first *lot) {
	for _, l := range m.lots {
		if l.active() && (first == nil || l.next.Before(first.next)) {
			first = l
		}
	}
	return first
}

// fill makes lots for as long as DocuSign's queue has room for them, and there
// is time for them. A list that is cut for want of time is looked at early: what
// keeps others from being sent may be a speed that was seen on a bad day.
func (m *mailer) fill(ctx context.Context) {
	for len(m.pending) > 0 && ctx.Err() == nil && m.room(len(m.pending[0].items)) {
		p := m.pending[0]
		n := m.inTime(ctx, len(p.items))
		if n == 0 {
			return
		}
		if n < len(p.items) {
			m.pending[0].items = p.items[n:]
			m.bulk.guessed = true
		} else {
			m.pending = m.pending[1:]
		}
		m.start(ctx, parcel{p.group, p.items[:n]})
	}
}

// room reports whether so many copies fit into the queue.
func (m *mailer) room(copies int) bool {
	waiting := 0
	for _, l := range m.lots {
		switch l.stage {
		case toSend:
			return false // others have filled the queue
		case unsure, under:
			waiting += l.left
		}
	}
	return waiting == 0 || waiting+copies <= m.bulk.Queue
}

// countUnderWay counts the envelopes that DocuSign is sending, or has sent and
// does not show yet, or that it was asked to send a moment ago.
func (m *mailer) countUnderWay() {
	for _, l := range m.lots {
		young := !l.Asked.IsZero() && time.Since(l.Asked) < m.Settle
		if l.stage != under && l.stage != toCollect && !young {
			continue
		}
		for _, i := range l.open {
			if i != elsewhere {
				m.run.underWay++
			}
			if l.earlier() {
				m.run.leftOver++
			}
		}
	}
}

// why says why the run ended before the last item, if it did.
func (m *mailer) why(stopped error) error {
	if stopped == nil && m.late {
		return ErrLate
	}
	return stopped
}

// ErrLate ends a run that must end before DocuSign would be through with the
// next list.
var ErrLate = errors.New("the time that is left does not suffice for the rest in bulk: run the same command again to go on")

// fewest copies are worth a list that is cut for want of time.
const fewest = 10

// inTime is how many of so many copies DocuSign should be through with, and have
// shown, before the run must end. What it is asked for it sends whenever it can.
func (m *mailer) inTime(ctx context.Context, copies int) int {
	end, limited := ctx.Deadline()
	if !limited {
		return copies
	}
	begin := later(time.Now(), m.through)
	for _, l := range m.lots {
		if l.stage == under {
			begin = later(begin, l.expect)
		}
	}
	const collecting = 5 * time.Second
	n := sort.Search(copies, func(n int) bool {
		return !begin.Add(m.bulk.takes(n+1) + m.bulk.slack(n+1) + m.lag + collecting).Before(end)
	})
	if n < min(fewest, copies) {
		return 0
	}
	return n
}

// giveBack ends a lot of which nothing is under way, and returns the items that it
// was made of.
func (m *mailer) giveBack(ctx context.Context, l *lot) (items []int32, ok bool) {
	items = l.items
	for _, tx := range l.Envelopes {
		if i, ok := l.open[tx]; ok && i != elsewhere && l.earlier() {
			items = append(items, int32(i))
		}
	}
	if !m.unclaim(ctx, l) {
		return nil, false
	}
	l.end()
	return items, true
}

// settle writes down what became of envelopes of a lot, then tells.
func (m *mailer) settle(ctx context.Context, l *lot, outs map[envelope.TransactionID]envelope.Outcome) bool {
	done, cancel := outliving(ctx)
	defer cancel()
	if err := m.Ledger.SettleLot(done, &l.Lot, outs, false, 0); err != nil {
		m.stop(&LedgerError{fmt.Errorf("recording what became of lot %s: %w", l.ID, err)})
		return false
	}
	for _, tx := range l.Envelopes {
		out, told := outs[tx]
		if i, open := l.open[tx]; open && told {
			delete(l.open, tx)
			m.tell(l, tx, i, out)
		}
	}
	return true
}

// tell takes note of what became of one envelope.
func (m *mailer) tell(l *lot, tx envelope.TransactionID, i int, out envelope.Outcome) {
	if l.earlier() {
		m.run.left.Open--
		switch out.Status {
		case envelope.Sent:
			m.run.left.Sent++
			out.Status = envelope.AlreadySent
			if out.Message == "" {
				out.Message = "an earlier run handed it over in bulk; found at DocuSign"
			}
		case envelope.Unknown: // it goes on as a doubt
			m.run.left.Open++
		default:
			m.run.left.Absent++
		}
	}
	switch {
	case out.Status == envelope.Unknown: // what was found is another row's
		m.add(&doubt{Unresolved: Unresolved{TransactionID: tx, Attempted: l.Asked}, since: time.Now(), index: i, earlier: l.earlier()})
	case i != elsewhere:
		m.observer.Outcome(i, out)
	}
}

// outcome is that of an envelope of which it is not known yet what became. Once
// it was sent for, nobody may take it for not sent.
func (l *lot) outcome() envelope.Outcome {
	const again = "; run the same command again: it is looked up before anything is sent"
	out := envelope.Outcome{Status: envelope.Unknown, Code: l.answer.Code}
	switch {
	case l.stage == under || l.stage == toCollect:
		out.Message = "DocuSign is sending it from a bulk list" + again
	case !l.Asked.IsZero() && time.Since(l.Asked) > known: // what does not show by then is deleted, or its field is
		out.Message = "handed over in bulk on " + date(l.Asked) + ", more than seven days ago, and DocuSign does not show what became of it: look for it there by recipient and date"
	case l.Batch == "" && l.answer.Message != "":
		out.Message = "handed over in bulk, and what came of it is not known: " + l.answer.said() + ". It may have been sent all the same" + again
	case l.Batch == "":
		out.Message = "handed over in bulk, and no answer is recorded; it may have been sent" + again
	default:
		out.Message = "handed over in bulk, and DocuSign does not show yet what became of it" + again
	}
	return out
}

// cleanUp removes lists and drafts that are no longer needed, and ends their
// lots. What cannot be removed now is left to the next run.
func (m *mailer) cleanUp(ctx context.Context) {
	var over []*lot
	needed := make(map[envelope.ID]bool)
	for _, l := range m.lots {
		if l.stage == settled {
			over = append(over, l)
		} else {
			needed[l.Draft] = true
		}
	}
	lists, drafts, clean := m.litter(ctx, over)
	for _, l := range over {
		drafts = append(drafts, l.Draft)
	}
	slices.Sort(drafts)
	drafts = slices.DeleteFunc(slices.Compact(drafts), func(id envelope.ID) bool { return id == "" || needed[id] })
	if len(drafts) > 0 {
		clean = m.tidy(ctx, "drafts", func(ctx context.Context) error { return m.DocuSign.DeleteDrafts(ctx, drafts...) }) && clean
	}
	for _, list := range lists {
		clean = m.deleteList(ctx, list) && clean
	}
	left := 0
	for _, l := range over {
		if l.List != "" && !m.deleteList(ctx, l.List) || !clean {
			left++
			continue
		}
		done, cancel := outliving(ctx)
		if err := m.Ledger.SettleLot(done, &l.Lot, nil, true, l.speed); err != nil {
			m.stop(&LedgerError{fmt.Errorf("ending lot %s: %w", l.ID, err)})
		}
		cancel()
	}
	if left > 0 && ctx.Err() == nil { // else the next run is called for anyway
		m.Log.Warn("lists with names and addresses, or drafts, are still at DocuSign: the next run on the batch removes them, and so does reconcile", "lots", left)
	}
}

// litter finds lists and drafts of lots that are over and that nobody recorded,
// because an answer was lost or the process died. It reports whether it could
// look.
func (m *mailer) litter(ctx context.Context, over []*lot) (lists []string, drafts []envelope.ID, looked bool) {
	var lots []*envelope.Lot
	recorded := make(map[string]bool)
	for _, l := range over {
		recorded[l.List] = true
		if l.littered {
			lots = append(lots, &l.Lot)
		}
	}
	if len(lots) == 0 {
		return nil, nil, true
	}
	looked = m.tidy(ctx, "lists and drafts", func(ctx context.Context) (err error) {
		lists, drafts, err = m.DocuSign.Remains(ctx, lots)
		return err
	})
	return slices.DeleteFunc(lists, func(id string) bool { return recorded[id] }), drafts, looked
}

func (m *mailer) deleteList(ctx context.Context, list string) bool {
	return m.tidy(ctx, "list", func(ctx context.Context) error { return m.DocuSign.DeleteList(ctx, list) })
}

// tidy makes a call that cleans up and reports whether that worked.
func (m *mailer) tidy(ctx context.Context, what string, call func(context.Context) error) bool {
	err := m.Retry.Do(ctx, call)
	if refused(ctx, err) { // and would be again
		m.Log.Warn("DocuSign does not let what bulk sending has left be removed: do it there", "what", what, "error", err)
		return true
	}
	if err != nil && ctx.Err() == nil {
		m.Log.Info("cleaning up after bulk sending failed", "what", what, "error", err)
	}
	return err == nil
}

package batch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/conc/pool"

	"batchsend/envelope"
	"batchsend/throttle"
)

// Runner sends envelopes, each once.
type Runner struct {
	DocuSign DocuSign
	Ledger   Ledger
	// TwoStep makes drafts and then sends them, which takes two calls an
	// envelope and leaves less in doubt.
	TwoStep bool
	// LookOnly sends nothing at all: a draft that is found stays in doubt.
	LookOnly bool
	// Retry says how a call that created nothing is repeated.
	Retry throttle.Policy
	// Concurrency is how many envelopes are under way at once; 0 means 1.
	Concurrency int
	// MaxErrors stops the run after this many failures in a row; 0 never does.
	MaxErrors int
	// Settle is how long DocuSign must not know an envelope, counted from the
	// attempt, before it is taken for never created.
	Settle time.Duration
	// Guard is asked before each call that sends whether sending may go on; its
	// error stops the run. It may be nil.
	Guard func(ctx context.Context) error
	// Stale is asked when such a call has its place, just before it leaves, and
	// must answer at once: whether so much time has gone by that Guard must be
	// asked again first. It may be nil.
	Stale func() bool
	// Bulk is what the account allows of bulk sending, for items that go so.
	Bulk Bulk
	// Singly keeps what an earlier run has sent in bulk, and DocuSign never got,
	// from going in bulk again.
	Singly bool
	// OnLot is told of so many envelopes handed over to DocuSign in bulk, and when
	// it should be through with them. It may be nil.
	OnLot func(envelopes int, through time.Time)
	// OnAlone is told that so many envelopes go one by one, because DocuSign has
	// refused to send them in bulk. It may be nil.
	OnAlone func(envelopes int, why error)
	// OnOutcome is told of every outcome as it comes, by several goroutines
	// at once. It may be nil.
	OnOutcome func(env *envelope.Envelope, out envelope.Outcome)
	// OnLeft is told what is known of the envelopes that earlier runs left in
	// doubt, if there are any, before anything is sent. It may be nil.
	OnLeft func(Left)
	// OnLost is told how many envelopes are still looked up when all else is
	// done, and when the last of them will be cleared up if look-ups succeed; and
	// the same of a lot whose answer was lost, at once. It may be nil.
	OnLost func(envelopes int, until time.Time)
	// OnPause is told until when bulk sending waits, and for what, where nothing
	// else was told of so long a wait. It may be nil.
	OnPause func(until time.Time, why string)
	Log     *slog.Logger
}

// run is the state of one [Runner.Run].
type run struct {
	*Runner
	items    []Item
	outcomes []envelope.Outcome
	stop     context.CancelCauseFunc

	mu       sync.Mutex
	failures int // in a row
	ownFault int // of these, the fault of their rows
	doubts   []*doubt
	answers  map[int]Answer // to the last attempt of items that are in doubt, or go again
	left     Left
	underWay int  // see [Result.UnderWay]
	leftOver int  // see [Result.LeftUnderWay]
	over     bool // nothing is sent any more
}

// Run sends the items that no run has sent yet and returns what became of each.
//
// When ctx ends nothing more is claimed; what is in flight is finished and
// recorded. Envelopes whose answer was lost, in this run or one that died, are
// looked up and never simply sent again.
func (r *Runner) Run(ctx context.Context, items []Item, behind Behind) Result {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &run{Runner: r, items: items, outcomes: make([]envelope.Outcome, len(items)), answers: make(map[int]Answer), stop: stop}
	singly, inLots := s.sort(behind)
	m := newMailer(s, inLots, behind.Lots)
	s.lookBack(ctx, m)
	both := pool.New()
	both.Go(func() { s.carefully(func() { m.send(ctx) }) })
	both.Go(func() {
		s.sendAll(ctx, slices.Values(singly), s.Ledger.Claim)
		s.sendAll(ctx, received(m.alone), s.Ledger.Claim)
	})
	both.Wait()
	s.resolve(ctx)
	m.countUnderWay()
	return Result{Outcomes: s.outcomes, Stopped: m.why(context.Cause(ctx)), Left: s.left, UnderWay: s.underWay, LeftUnderWay: s.leftOver}
}

// sort takes what earlier runs left behind from the rest and returns the
// indices of the items to be sent, one by one and in lots.
func (s *run) sort(behind Behind) (singly, inLots []int) {
	left := behind.Doubts
	indices := make(map[envelope.TransactionID]int, len(left))
	for _, d := range left {
		indices[d.TransactionID] = elsewhere
	}
	inLot := handedOver(behind.Lots)
	for i, item := range s.items {
		s.outcomes[i] = envelope.Outcome{Status: envelope.Pending}
		id := item.Envelope.TransactionID
		_, inDoubt := indices[id]
		switch st := item.Standing; {
		case inDoubt:
			indices[id] = i
		case inLot[id]: // see [mailer.resume]
		case st.State == envelope.StateSent:
			s.settled(i, AlreadySent(st))
		case item.Bulk:
			inLots = append(inLots, i)
		default:
			singly = append(singly, i)
		}
	}
	for _, d := range left {
		s.add(&doubt{Doubt: d, since: time.Now(), index: indices[d.TransactionID], earlier: true})
	}
	s.left.Open = len(left)
	return singly, inLots
}

// AlreadySent is the outcome of an envelope that an earlier run has sent.
func AlreadySent(st envelope.Standing) envelope.Outcome {
	out := envelope.Outcome{Status: envelope.AlreadySent, ID: st.ID}
	if st.RemoteStatus == "voided" {
		out.Message = "it was voided in DocuSign since: to send it anew, give --allow-repeat and another --batch"
	}
	return out
}

// errPanicked keeps a run from going on after a panic, which resurfaces when
// what is in flight has been settled.
var errPanicked = errors.New("a mistake in batchsend; please report it")

// claim is how a run claims an envelope: for the first time or once more.
type claim = func(context.Context, *envelope.Envelope) error

// again claims an envelope whose earlier attempt created nothing.
func (s *run) again(ctx context.Context, env *envelope.Envelope) error {
	return s.Ledger.Retry(ctx, env.TransactionID)
}

// received returns what comes through a channel until it is closed.
func received[T any](c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}

// sendAll sends the items at the given indices, several at once.
func (s *run) sendAll(ctx context.Context, todo iter.Seq[int], claim claim) {
	p := pool.New().WithMaxGoroutines(max(s.Concurrency, 1))
	for i := range todo {
		if ctx.Err() != nil {
			break
		}
		p.Go(func() {
			s.carefully(func() {
				if ctx.Err() == nil {
					s.send(ctx, i, claim)
				}
			})
		})
	}
	p.Wait()
}

// carefully stops the run if do panics.
func (s *run) carefully(do func()) {
	well := false
	defer func() {
		if !well {
			s.stop(errPanicked)
		}
	}()
	do()
	well = true
}

// outcomeOf says what an attempt that ended with err came to.
func outcomeOf(ctx context.Context, id envelope.ID, err error) envelope.Outcome {
	if err == nil {
		return envelope.Outcome{Status: envelope.Sent, ID: id}
	}
	out := envelope.Outcome{Status: envelope.Failed, Code: code(err), Message: err.Error()}
	_, unrecorded := errors.AsType[*LedgerError](err)
	_, kept := errors.AsType[*keptError](err)
	_, harmless := errors.AsType[harmlessError](err)
	switch {
	case doubtful(err):
		out.Status = envelope.Unknown
	case harmless && isOwnCode(out.Code) && ctx.Err() == nil:
		// However often DocuSign is asked it says the same, and no draft is mailed.
	case unrecorded, kept, !refused(ctx, err):
		out.Status = envelope.Pending // nothing is wrong with this one
	}
	return out
}

// isOwnCode reports whether a code is one of DocuSign's own, which it has said of
// this envelope, and not that of a server in between: "HTTP_503" and its like.
func isOwnCode(code string) bool { return code != "" && !strings.HasPrefix(code, "HTTP_") }

// answered takes note of what was said to an attempt that ended as out, and
// returns how often that was said.
func (s *run) answered(i int, out envelope.Outcome) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := Answer{Code: out.Code, Message: out.Message}
	if a.Code != "" {
		a.Times = 1
		if before := s.answers[i]; before.Code == a.Code {
			a.Times += before.Times
		}
	}
	s.answers[i] = a
	return a
}

// settleTimeout is how long recording an outcome may take once it is known.
const settleTimeout = 30 * time.Second

// outliving returns a context for writing down what has happened, whatever
// happened to ctx.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}

// record writes an outcome down and returns what it has written: that an envelope
// was sent as one that is another row's is not believed, which makes it unknown.
// If nothing can be written, the run stops.
func (s *run) record(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) (envelope.Outcome, bool) {
	done, cancel := outliving(ctx)
	defer cancel()
	err := s.Ledger.Settle(done, id, out)
	if taken(err) {
		s.Log.Warn("an answer names the envelope of another row", "transaction_id", id, "envelope_id", out.ID)
		out = envelope.Outcome{Status: envelope.Unknown, Message: err.Error()}
		err = s.Ledger.Settle(done, id, out)
	}
	if err != nil {
		s.stop(&LedgerError{fmt.Errorf("recording that transaction %s is %s: %w", id, out.Status, err)})
	}
	return out, err == nil
}

// settled takes an outcome as final for now and tells who wants to know.
func (s *run) settled(i int, out envelope.Outcome) {
	s.outcomes[i] = out
	if s.OnOutcome != nil {
		s.OnOutcome(s.items[i].Envelope, out)
	}
}

// count stops the run when too many fail one after the other.
func (s *run) count(ctx context.Context, out envelope.Outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.Status == envelope.Sent {
		s.failures, s.ownFault = 0, 0
		return
	}
	s.failures++
	if out.Status == envelope.Failed && !alike(err) {
		s.ownFault++
	}
	if s.MaxErrors > 0 && s.failures >= s.MaxErrors && ctx.Err() == nil {
		s.stop(&ManyErrorsError{Count: s.failures, Last: out.Message, Alike: s.ownFault == 0, Err: err})
	}
}

// notClaimed finds out why an envelope could not be claimed: another run has
// it, or the ledger has failed.
func (s *run) notClaimed(ctx context.Context, i int, err error) {
	if known, ok := errors.AsType[knower](err); ok {
		out := envelope.Outcome{Status: envelope.Pending, Message: err.Error()}
		if st := known.Known(); st.State == envelope.StateSent {
			out = AlreadySent(st)
		}
		s.settled(i, out)
		return
	}
	if twin, ok := errors.AsType[twinner](err); ok {
		s.settled(i, envelope.Outcome{
			Status: envelope.Rejected, Code: string(envelope.AlreadySentCode), Message: TwinMessage(twin.Elsewhere()),
		})
		return
	}
	if ctx.Err() == nil {
		s.stop(&LedgerError{err})
	}
}

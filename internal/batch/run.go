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
	// BeforeClaim is asked before each call that sends whether sending may go on; its
	// error stops the run. It may be nil.
	BeforeClaim func(ctx context.Context) error
	// Stale is asked when such a call has its place, just before it leaves, and
	// must answer at once: whether so much time has gone by that BeforeClaim must be
	// asked again first. It may be nil.
	Stale func() bool
	// Bulk is what the account allows of bulk sending.
	Bulk Bulk
	// InLots says which envelopes go in lots, as [Plan].InLots does; nil: none.
	InLots []int32
	// NoBulk keeps what an earlier run has sent in bulk, and DocuSign never got,
	// from going in bulk again.
	NoBulk bool
	// Observer is told how the run goes; nil: nobody is.
	Observer Observer
	Log      *slog.Logger
}

// run is the state of one [Runner.Run].
type run struct {
	*Runner
	envelopes Envelopes
	observer  Observer
	stop      context.CancelCauseFunc

	mu       sync.Mutex
	failures int // in a row
	ownFault int // of these, the fault of their rows
	doubts   []*doubt
	answers  map[int]Answer // to the last attempt of envelopes that are unresolved, or go again
	left     Recovered
	underWay int  // see [Result.Resolving]
	leftOver int  // see [Result.StillResolving]
	over     bool // nothing is sent any more
}

// Run sends the envelopes that no run has sent yet, and tells the observer what
// became of each. envelopes may be nil if there are none.
//
// When ctx ends nothing more is claimed; what is in flight is finished and
// recorded. Envelopes whose answer was lost, in this run or one that died, are
// looked up and never simply sent again.
func (r *Runner) Run(ctx context.Context, envelopes Envelopes, left Leftovers) Result {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &run{Runner: r, envelopes: envelopes, observer: r.Observer, answers: make(map[int]Answer), stop: stop}
	if envelopes == nil {
		s.envelopes = none{}
	}
	if r.Observer == nil {
		s.observer = NoObserver{}
	}
	where, singly, inLots := s.sort(left)
	m := newMailer(s, inLots, left.Lots, where)
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
	return Result{Stopped: m.why(context.Cause(ctx)), Recovered: s.left, Resolving: s.underWay, StillResolving: s.leftOver}
}

// none are no envelopes.
type none struct{}

func (none) Len() int { return 0 }

func (none) Item(int) Item { panic("there are no envelopes") }

func (none) Read(context.Context, int) (*envelope.Envelope, error) {
	panic("there are no envelopes")
}

// sort finds what earlier runs left among the envelopes: where says which number each
// of them has, elsewhere if its rows are gone. It returns the numbers of the others,
// which are to be sent singly and in lots.
func (s *run) sort(left Leftovers) (where map[envelope.TransactionID]int, singly, inLots []int32) {
	where = make(map[envelope.TransactionID]int)
	for _, l := range left.Lots {
		for _, id := range l.Envelopes {
			where[id] = elsewhere
		}
	}
	for _, d := range left.Unresolved {
		where[d.TransactionID] = elsewhere
	}
	places := slices.Clone(s.InLots) // that are free in the lots of each group
	for i := range s.envelopes.Len() {
		item := s.envelopes.Item(i)
		if _, ok := where[item.TransactionID]; ok {
			where[item.TransactionID] = i
			continue
		}
		if g := int(item.Group); g >= 0 && g < len(places) && places[g] > 0 {
			places[g]--
			inLots = append(inLots, int32(i))
		} else {
			singly = append(singly, int32(i))
		}
	}
	for _, d := range left.Unresolved {
		s.add(&doubt{Unresolved: d, since: time.Now(), index: where[d.TransactionID], earlier: true})
	}
	s.left.Open = len(left.Unresolved)
	return where, singly, inLots
}

// read reads the rows of an envelope. If they do not say any more what was planned,
// the run stops.
func (s *run) read(ctx context.Context, i int) (*envelope.Envelope, error) {
	env, err := s.envelopes.Read(ctx, i)
	if err != nil && ctx.Err() == nil {
		s.stop(err)
	}
	return env, err
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
	s.Log.Info("sending again: DocuSign has sent no envelope with this transaction ID", "line", env.Line, "transaction_id", env.TransactionID)
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

// sendAll sends the envelopes with the given numbers, several at once.
func (s *run) sendAll(ctx context.Context, todo iter.Seq[int32], claim claim) {
	p := pool.New().WithMaxGoroutines(max(s.Concurrency, 1))
	for i := range todo {
		if ctx.Err() != nil {
			break
		}
		p.Go(func() {
			s.carefully(func() {
				if ctx.Err() == nil {
					s.send(ctx, int(i), claim)
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
		s.observer.Outcome(i, out)
		return
	}
	if same, ok := errors.AsType[twinner](err); ok {
		s.observer.Outcome(i, envelope.Outcome{
			Status: envelope.Rejected, Code: string(envelope.AlreadySentCode), Message: SameContentMessage(same.Elsewhere()),
		})
		return
	}
	if ctx.Err() == nil {
		s.stop(&LedgerError{err})
	}
}

package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// bookkeeper writes down what becomes of the envelopes of a run, whichever way they
// are sent: it settles them in the ledger, tells the observer, counts failures, and
// remembers what must be looked up. It stops the run if the run cannot go on. It is safe
// for concurrent use, except where [resolver] says otherwise.
type bookkeeper struct {
	ledger    Ledger
	envelopes Envelopes
	observer  Observer
	log       *slog.Logger
	stop      context.CancelCauseFunc
	maxErrors int // see [Runner]

	mu        sync.Mutex
	failures  int            // in a row
	ownFaults int            // of these, the fault of their rows
	lookups   []*lookup      // of all envelopes that are unresolved
	answers   map[int]Answer // to the last attempt of envelopes that are unresolved, or go again
	recovered Recovered
}

// read reads the rows of an envelope. If they no longer say what was planned, it stops
// the run.
func (b *bookkeeper) read(ctx context.Context, i int) (*envelope.Envelope, error) {
	env, err := b.envelopes.Read(ctx, i)
	if err != nil && ctx.Err() == nil {
		b.stop(err)
	}
	return env, err
}

// tell tells the observer what became of an envelope, unless its rows are gone.
func (b *bookkeeper) tell(i int, out envelope.Outcome) {
	if i != rowsGone {
		b.observer.Outcome(i, out)
	}
}

// settleTimeout is how long recording an outcome may take.
const settleTimeout = 30 * time.Second

// outliving returns a context for recording what has happened, also after ctx has
// ended.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}

// settle records an outcome and returns what it has recorded. If DocuSign's ID is
// recorded for the envelope of another row, the outcome is unknown instead. If nothing
// can be recorded, settle stops the run and returns an error.
func (b *bookkeeper) settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) (envelope.Outcome, error) {
	done, cancel := outliving(ctx)
	defer cancel()
	err := b.ledger.Settle(done, id, out)
	if effectOf(err) == remote.EffectTaken {
		b.log.Warn("an answer names the envelope of another row", "transaction_id", id, "envelope_id", out.ID)
		out = envelope.Outcome{Status: envelope.Unknown, Message: err.Error()}
		err = b.ledger.Settle(done, id, out)
	}
	if err != nil {
		err = &LedgerError{fmt.Errorf("recording that transaction %s is %s: %w", id, out.Status, err)}
		b.stop(err)
	}
	return out, err
}

// countFailure counts how many envelopes fail one after the other, and stops the run if
// these are too many. out is the outcome of the last, and err the answer to it; nil if
// it failed for another reason.
func (b *bookkeeper) countFailure(ctx context.Context, out envelope.Outcome, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if out.Status == envelope.Sent {
		b.failures, b.ownFaults = 0, 0
		return
	}
	b.failures++
	if out.Status == envelope.Failed && !alike(err) {
		b.ownFaults++
	}
	if b.maxErrors > 0 && b.failures >= b.maxErrors && ctx.Err() == nil {
		b.stop(&ManyErrorsError{Count: b.failures, Last: out.Message, Alike: b.ownFaults == 0, Err: err})
	}
}

// addLookup has an unresolved envelope looked up.
func (b *bookkeeper) addLookup(l *lookup) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookups = append(b.lookups, l)
	if l.item != rowsGone {
		b.answers[l.item] = l.Answer
	}
}

// answered notes the answer to an attempt, and returns how many attempts in a row got
// the same.
func (b *bookkeeper) answered(i int, out envelope.Outcome) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := Answer{Code: out.Code, Message: out.Message}
	if a.Code != "" {
		a.Times = 1
		if before := b.answers[i]; before.Code == a.Code {
			a.Times += before.Times
		}
	}
	b.answers[i] = a
	return a
}

// countRecovered counts an envelope that an earlier run left unresolved, now that its
// status is known.
func (b *bookkeeper) countRecovered(status envelope.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch status {
	case envelope.Unknown: // it is still to be looked up
	case envelope.Sent, envelope.AlreadySent:
		b.recovered.Open--
		b.recovered.Sent++
	default:
		b.recovered.Open--
		b.recovered.Absent++
	}
}

// notClaimed finds out why an envelope could not be claimed: another run has
// it, its content was sent under another name, or the ledger has failed.
func (b *bookkeeper) notClaimed(ctx context.Context, i int, err error) {
	refusal, ok := errors.AsType[claimRefuser](err)
	if !ok {
		b.leaseLost(ctx, err)
		return
	}
	switch record, same := refusal.NotClaimed(); {
	case same != nil:
		b.observer.Outcome(i, envelope.Outcome{
			Status: envelope.Rejected, Code: string(envelope.AlreadySentCode), Message: SameContentMessage(*same),
		})
	case record.State == history.StateSent:
		b.observer.Outcome(i, AlreadySent(record))
	default:
		b.observer.Outcome(i, envelope.Outcome{Status: envelope.Pending, Message: err.Error()})
	}
}

// leaseLost stops a run that has lost its batches, or its ledger.
func (b *bookkeeper) leaseLost(ctx context.Context, err error) {
	if ctx.Err() == nil {
		b.stop(&LedgerError{err})
	}
}

// errPanicked stops a run after a panic. The panic goes on when what is in flight has
// been settled.
var errPanicked = errors.New("a mistake in batchsend; please report it")

// stopOnPanic stops the run if do panics.
func (b *bookkeeper) stopOnPanic(do func()) {
	done := false
	defer func() {
		if !done {
			b.stop(errPanicked)
		}
	}()
	do()
	done = true
}

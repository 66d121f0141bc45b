package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchsend/envelope"
)

// HaltError is an answer of DocuSign after which no further call makes sense.
type HaltError struct{ Err error }

func (e *HaltError) Error() string { return e.Err.Error() }

// Unwrap returns DocuSign's answer.
func (e *HaltError) Unwrap() error { return e.Err }

// ManyErrorsError is a row of failures so long that the rest would fail too.
type ManyErrorsError struct {
	Count int
	Last  string
	// Alike is set if none of them was the fault of its row: the cause is common
	// to all.
	Alike bool
	Err   error // the last; nil if it was not an answer
}

// Unwrap returns the last failure.
func (e *ManyErrorsError) Unwrap() error { return e.Err }

func (e *ManyErrorsError) Error() string {
	return fmt.Sprintf("%d envelopes in a row failed, the last with: %s", e.Count, e.Last)
}

// LedgerError is a ledger that cannot be written: what is not recorded must
// not be sent.
type LedgerError struct{ Err error }

func (e *LedgerError) Error() string { return e.Err.Error() }

// Unwrap returns the ledger's error.
func (e *LedgerError) Unwrap() error { return e.Err }

// What an error may say of itself; see [Sender] and [Ledger].
type (
	doubter interface {
		error
		Doubtful() bool
	}
	halter interface {
		error
		Halts() bool
	}
	repeater interface {
		error
		RetryAfter() (time.Duration, bool)
	}
	unsender interface {
		error
		Unsent() bool
	}
	coder interface {
		error
		ErrorCode() string
	}
	knower interface {
		error
		Known() envelope.Standing
	}
	twinner interface {
		error
		Elsewhere() envelope.Twin
	}
	taker interface {
		error
		Taken() bool
	}
	goer interface {
		error
		Gone() bool
	}
	aliker interface {
		error
		Alike() bool
	}
	queuer interface {
		error
		QueueFull() bool
	}
	forbidder interface {
		error
		BulkForbidden() bool
	}
)

// forbidden reports whether no lot at all will be taken.
func forbidden(err error) bool {
	e, ok := errors.AsType[forbidder](err)
	return ok && e.BulkForbidden()
}

func queueFull(err error) bool {
	e, ok := errors.AsType[queuer](err)
	return ok && e.QueueFull()
}

func doubtful(err error) bool {
	e, ok := errors.AsType[doubter](err)
	return ok && e.Doubtful()
}

func halts(err error) bool {
	e, ok := errors.AsType[halter](err)
	return ok && e.Halts()
}

func repeatable(err error) bool {
	e, ok := errors.AsType[repeater](err)
	if !ok {
		return false
	}
	_, again := e.RetryAfter()
	return again
}

// taken reports whether what an answer names is another row's envelope.
func taken(err error) bool {
	e, ok := errors.AsType[taker](err)
	return ok && e.Taken()
}

// gone reports whether DocuSign does not have a draft any more.
func gone(err error) bool {
	e, ok := errors.AsType[goer](err)
	return ok && e.Gone()
}

// neverLeft reports whether the call did not leave.
func neverLeft(err error) bool {
	e, ok := errors.AsType[unsender](err)
	return ok && e.Unsent()
}

// refused reports whether DocuSign has read the request and said no, so that
// nothing was created or sent and a repeat would be refused too.
func refused(ctx context.Context, err error) bool {
	if err == nil || doubtful(err) || repeatable(err) || halts(err) {
		return false
	}
	cause := context.Cause(ctx)
	return cause == nil || !errors.Is(err, cause) // else it was not even asked
}

// alike reports whether other envelopes will meet the same error.
func alike(err error) bool {
	e, ok := errors.AsType[aliker](err)
	return ok && e.Alike()
}

// code returns DocuSign's error code, if the error knows one.
func code(err error) string {
	if e, ok := errors.AsType[coder](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// keptError is why a call was kept from leaving. It says nothing else of itself:
// what err may say is about another call.
type keptError struct{ err error }

func (e *keptError) Error() string { return e.err.Error() }

// kept makes a [keptError] of an error.
func kept(err error) error {
	if err == nil {
		return nil
	}
	return &keptError{err}
}

// otherLotError is an answer that names what is another lot's.
type otherLotError struct{ text string }

func (e *otherLotError) Error() string { return e.text }

// Taken says so.
func (*otherLotError) Taken() bool { return true }

// refusedError is why a lot could not be claimed: some of its envelopes may not
// be, by their index.
type refusedError struct{ refused []error }

func (e *refusedError) Error() string {
	return fmt.Sprintf("some envelopes cannot go: %v", errors.Join(e.refused...))
}

// lostDraftError is a draft of which it is not known whether it was sent.
type lostDraftError struct{ error }

func (e lostDraftError) Unwrap() error { return e.error }

// Doubtful tells that the draft may have been sent.
func (lostDraftError) Doubtful() bool { return true }

// harmlessError is a lost answer to a call that may be made again.
type harmlessError struct{ error }

func (e harmlessError) Unwrap() error { return e.error }

// Doubtful tells that nobody can have received anything.
func (harmlessError) Doubtful() bool { return false }

// RetryAfter invites a repeat, after a pause that others choose.
func (harmlessError) RetryAfter() (time.Duration, bool) { return 0, true }

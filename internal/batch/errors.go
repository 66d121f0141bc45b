package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// HaltError is an answer of DocuSign after which no further call makes sense.
type HaltError struct{ Err error }

func (e *HaltError) Error() string { return e.Err.Error() }

// Unwrap returns DocuSign's answer.
func (e *HaltError) Unwrap() error { return e.Err }

// ManyErrorsError is so many failures in a row that the rest would probably fail too.
type ManyErrorsError struct {
	Count int
	Last  string
	// Alike is set if none of them was the fault of its row: they have a common cause.
	Alike bool
	Err   error // the last; nil if it was not an answer
}

// Unwrap returns the last failure.
func (e *ManyErrorsError) Unwrap() error { return e.Err }

func (e *ManyErrorsError) Error() string {
	return fmt.Sprintf("%d envelopes in a row failed, the last with: %s", e.Count, e.Last)
}

// LedgerError says that the ledger cannot be written. What is not recorded must not be
// sent.
type LedgerError struct{ Err error }

func (e *LedgerError) Error() string { return e.Err.Error() }

// Unwrap returns the ledger's error.
func (e *LedgerError) Unwrap() error { return e.Err }

// What an error may say of itself; see [Sender] and [Ledger].
type (
	effecter interface {
		error
		Effect() remote.Effect
	}
	coder interface {
		error
		ErrorCode() string
	}
	aliker interface {
		error
		Alike() bool
	}
	claimRefuser interface {
		error
		NotClaimed() (record history.Record, same *history.SameContent)
	}
)

// effectOf returns what a call has done that ended with err. The outermost error that
// says so is believed.
func effectOf(err error) remote.Effect {
	if e, ok := errors.AsType[effecter](err); ok {
		return e.Effect()
	}
	return remote.EffectRefused
}

// lastEffect returns the effect of the last try alone. It differs from that of the whole
// call if an earlier try may have done something.
func lastEffect(err error) remote.Effect {
	if e, ok := errors.AsType[lostDraftError](err); ok {
		return e.last
	}
	return effectOf(err)
}

// refused reports whether DocuSign has read the request and said no, so that
// nothing was created or sent and a repeat would be refused too.
func refused(ctx context.Context, err error) bool {
	switch effect := effectOf(err); {
	case err == nil, effect == remote.EffectUnknown, effect == remote.EffectStop, effect.Repeatable():
		return false
	}
	cause := context.Cause(ctx)
	return cause == nil || !errors.Is(err, cause) // else the call was not made
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

// withheldError is why a call did not leave: a check just before that has failed. It
// hides what the error of the check says of itself, which is about another call.
type withheldError struct{ err error }

func (e *withheldError) Error() string { return e.err.Error() }

// withheld makes a [withheldError] of an error.
func withheld(err error) error {
	if err == nil {
		return nil
	}
	return &withheldError{err}
}

// otherLotError is an answer that names a part of another lot.
type otherLotError struct{ text string }

func (e *otherLotError) Error() string { return e.text }

// Effect tells that nothing was written down.
func (*otherLotError) Effect() remote.Effect { return remote.EffectTaken }

// unclaimableError says why a lot could not be claimed: refused says by index which of
// its envelopes must not be claimed, and why.
type unclaimableError struct{ refused []error }

func (e *unclaimableError) Error() string {
	return fmt.Sprintf("some envelopes cannot go: %v", errors.Join(e.refused...))
}

// lostDraftError is a draft of which it is not known whether it was sent.
type lostDraftError struct {
	error
	last remote.Effect // of the last try to send it
}

func (e lostDraftError) Unwrap() error { return e.error }

// Effect tells that the draft may have been sent.
func (lostDraftError) Effect() remote.Effect { return remote.EffectUnknown }

// harmlessError is a lost answer to a call that may be made again.
type harmlessError struct{ error }

func (e harmlessError) Unwrap() error { return e.error }

// Effect tells that nobody can have received anything.
func (harmlessError) Effect() remote.Effect { return remote.EffectNotDone }

// RetryAfter allows a repeat, after the pause of the policy.
func (harmlessError) RetryAfter() (time.Duration, bool) { return 0, true }

package ledger

import (
	"errors"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// ErrLost is what every [LostError] is.
var ErrLost = errors.New("the lease on the batch is lost")

// LostError says that the session has lost a lease: another run has the batch, or
// may have taken it because this one could not write a heartbeat for [TTL]. Nothing
// more may be sent; calls that have left should still be settled.
type LostError struct {
	Holder *HeldError // the run that has it now; nil if that is not known
}

func (e *LostError) Error() string {
	if e.Holder == nil {
		return fmt.Sprintf("this run could not write into the ledger for %v, so that another may take its batch over", TTL)
	}
	return fmt.Sprintf("batch %q was taken over by another run: process %d on %s since %s",
		e.Holder.Batch, e.Holder.PID, e.Holder.Host, stamp(e.Holder.Since))
}

// Passes reports that another run goes on by itself: there is one.
func (e *LostError) Passes() bool { return true }

// Is makes it [ErrLost].
func (e *LostError) Is(target error) bool { return target == ErrLost }

// Hint tells the operator what to do.
func (e *LostError) Hint() string {
	return "nothing more was sent; when no other run is at it, " + envelope.RunAgain + ": envelopes already sent are skipped"
}

// TakenError says that DocuSign's envelope ID is recorded for another row already, or
// the ID of a list or bulk batch for another lot. Nothing was changed.
type TakenError struct {
	ID   envelope.ID
	File string
	Line int
	Lot  string // "" if it is about an envelope
}

func (e *TakenError) Error() string {
	if e.Lot != "" {
		return fmt.Sprintf("DocuSign's answer names the list or the batch of lot %s: it is an answer to another call", e.Lot)
	}
	return fmt.Sprintf("DocuSign's answer names envelope %s, which is that of line %d of %s: it is an answer to another call", e.ID, e.Line, e.File)
}

// Effect says that nothing was recorded.
func (e *TakenError) Effect() remote.Effect { return remote.EffectTaken }

// ErrClosed says that the ledger or the session was closed.
var ErrClosed = errors.New("the ledger is closed")

// Kind is what is wrong with a ledger as a whole.
type Kind uint8

// The kinds of [Error].
const (
	Unusable Kind = iota + 1 // the path or the file cannot be used as it is
	Foreign                  // a file of something else
	Damaged                  // it was a ledger once
	Newer                    // written by a later version of batchsend
	ReadOnly                 // it can be read but not written
	Full                     // no room on the disk
	Busy                     // another process kept it locked; nothing was written, try again
	Broken                   // reading or writing failed for another reason
)

// Error says that the ledger itself cannot be used, so that nothing may be sent. Hint
// says what to do about it.
type Error struct {
	Kind  Kind
	Path  string
	Cause string
	Cure  string
	Err   error // of the database or the system; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("ledger %q: %s", e.Path, e.Cause)
	}
	return fmt.Sprintf("ledger %q: %s: %v", e.Path, e.Cause, e.Err)
}

// Unwrap returns the error of the database or the system.
func (e *Error) Unwrap() error { return e.Err }

// Hint tells the operator what to do.
func (e *Error) Hint() string { return e.Cure }

// StateError says that the state of an envelope does not allow the operation. Nothing
// was changed.
type StateError struct {
	Op            string // claim, settle, draft, retry
	TransactionID envelope.TransactionID
	Record        history.Record // its record, without SameContent
}

func (e *StateError) Error() string {
	is := e.Record.State.String()
	if e.Record.State == history.StateSent {
		is += " as envelope " + string(e.Record.ID)
	}
	return fmt.Sprintf("%s: transaction %s is %s", e.Op, e.TransactionID, is)
}

// NotClaimed returns the record of the envelope.
func (e *StateError) NotClaimed() (record history.Record, same *history.SameContent) {
	return e.Record, nil
}

// SameContentError says that another envelope of the same content was sent, or may have been,
// in this batch or another. Nothing was claimed.
type SameContentError struct {
	TransactionID envelope.TransactionID
	Other         history.SameContent
}

func (e *SameContentError) Error() string {
	return fmt.Sprintf("claim: transaction %s has the same content as an envelope of batch %q (%s)",
		e.TransactionID, e.Other.Batch, stamp(e.Other.At))
}

// NotClaimed returns the envelope that has the same content.
func (e *SameContentError) NotClaimed() (record history.Record, same *history.SameContent) {
	return history.Record{}, &e.Other
}

// HeldError says that a live run has the lease on a batch. Since and Beat are by that
// run's clock.
type HeldError struct {
	Batch string
	Host  string
	PID   int
	Since time.Time
	Beat  time.Time // the last heartbeat
}

// Passes reports that another run goes on by itself, once this one has ended.
func (e *HeldError) Passes() bool { return true }

func (e *HeldError) Error() string {
	return fmt.Sprintf("batch %q is being sent by another run: process %d on %s since %s, last heard of %s",
		e.Batch, e.PID, e.Host, stamp(e.Since), stamp(e.Beat))
}

// Watching says that a run waits to see whether the holder still lives, as it does when
// [Run].OnWatch is called.
func (e *HeldError) Watching() string {
	return fmt.Sprintf("batch %q was being sent by process %d on %s, which does not show whether it still lives: waiting for that until %s",
		e.Batch, e.PID, e.Host, time.Now().Add(TTL).Local().Format("15:04:05"))
}

// Hint tells the operator what to do.
func (e *HeldError) Hint() string {
	return "wait until it has ended and " + envelope.RunAgain + "; envelopes already sent are skipped"
}

// refusal reports whether err says that an operation is not allowed. Such an error
// comes before anything is written; the ledger itself works.
func refusal(err error) bool {
	switch err.(type) {
	case *StateError, *SameContentError, *HeldError, *LostError, *TakenError, mistake:
		return true
	}
	return false
}

// mistake is the error of a caller that asks for what makes no sense.
type mistake string

func (m mistake) Error() string { return string(m) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

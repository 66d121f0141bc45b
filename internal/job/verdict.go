package job

import (
	"context"
	"errors"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/usage"
)

// Verdict is what a run, or the error that ended a command, means for whoever has
// started it.
type Verdict uint8

// The verdicts. The zero Verdict is that of a run with which all is well.
const (
	AllDone         Verdict = iota // all sent, or nothing to send, or a clean dry run
	RowsRejected                   // by validation
	GoesOn                         // stopped before the end, and the next run goes on by itself
	EnvelopesFailed                // at DocuSign, or they are unknown and need a person
	Misused                        // the command line, or the choice of files, is wrong
	NeedsPerson                    // could not run, or not go on before a person has acted
)

// Worst returns the verdict that stands for all of these, of which there must be one.
func Worst(all ...Verdict) Verdict { return slices.Max(all) }

// VerdictOf returns what an error, or what stopped a run, means. It is GoesOn only if
// the next run goes on without anybody's help.
func VerdictOf(err error) Verdict {
	var (
		misused    *usage.Error
		input      *InputError
		header     *HeaderError
		unresolved *UnresolvedError
		many       *batch.ManyErrorsError
		stopped    *StoppedError
		template   *TemplateIDError
	)
	switch {
	case err == nil:
		return AllDone
	case errors.As(err, &stopped):
		return Worst(VerdictOf(stopped.Cause), VerdictOf(stopped.Left))
	case errors.As(err, &misused), errors.As(err, &input), errors.As(err, &template):
		return Misused
	case errors.As(err, &header) && header.Err != nil:
		return VerdictOf(header.Err)
	case header != nil:
		return RowsRejected
	case errors.As(err, &unresolved) && unresolved.Lost > 0, errors.As(err, &many) && !many.Alike:
		return EnvelopesFailed
	case many != nil:
		return NeedsPerson
	case passes(err):
		return GoesOn
	}
	return NeedsPerson
}

// passing is an error that knows whether what it tells of passes by itself, so that
// another run goes on without anybody's help.
type passing interface{ Passes() bool }

// ended are the errors of a run that had to end, but need not have.
var ended = []error{context.Canceled, context.DeadlineExceeded, ErrDeadline, batch.ErrLate}

// passes reports whether what an error tells of passes by itself. An error that knows it
// speaks for its causes too; of several joined ones it is enough that one passes.
func passes(err error) bool {
	switch e := err.(type) {
	case passing:
		return e.Passes()
	case interface{ Unwrap() error }:
		return passes(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), passes)
	}
	return slices.ContainsFunc(ended, func(end error) bool { return errors.Is(err, end) })
}

// Verdict works out what the run came to. With an error, not all outcomes are known.
func (d *Done) Verdict() (Verdict, error) {
	v := VerdictOf(d.Stopped)
	counts, forbidden, err := d.Tally()
	if err != nil {
		return NeedsPerson, err
	}
	switch failed := counts[envelope.Failed]; {
	case failed == 0:
	case forbidden == failed && counts[envelope.Sent] == 0: // the next file will fare no better
		v = NeedsPerson
	default:
		v = Worst(v, EnvelopesFailed)
	}
	if d.Rejected() || counts[envelope.Rejected] > 0 {
		v = Worst(v, RowsRejected)
	}
	if counts[envelope.Pending] > d.Beyond || len(d.TooFresh) > 0 {
		v = Worst(v, GoesOn)
	}
	lost := errors.Is(d.Stopped, ledger.ErrLost) // the run that has the batch now goes on with them
	switch open := counts[envelope.Unknown] + counts[envelope.Sending]; {
	case open > d.Resolving && !lost:
		v = Worst(v, EnvelopesFailed)
	case open > 0: // the next run learns what became of them: no person is needed
		v = Worst(v, GoesOn)
	}
	return v, nil
}

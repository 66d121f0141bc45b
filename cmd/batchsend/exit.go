package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/usage"
	"batchsend/internal/waits"
)

// The exit codes. The worst of what happened applies, in the order in which
// [worst] has them.
const (
	exitDone      = 0 // all sent, or nothing to send, or a clean dry run
	exitCannotRun = 1 // could not run, or not go on before a person has acted
	exitUsage     = 2 // the command line is wrong
	exitRejected  = 3 // rows were rejected by validation
	exitFailed    = 4 // envelopes failed at DocuSign, or are unknown and need a person
	exitStopped   = 5 // stopped before the end, and the next run goes on by itself
)

// exitHelp is the table that `batchsend help` prints.
const exitHelp = `Exit codes:
  0  done: all sent (or the N of --limit), or nothing to send, or a clean dry run
  1  could not run, or could not go on before a person has acted: sign-in,
     consent, rights, account suspended, allowance used up, network,
     configuration, full disk, an internal error
  2  the command line is wrong
  3  rows were rejected by validation
  4  envelopes failed at DocuSign, or are unknown and need a person
  5  stopped before the end, and the next run goes on by itself: signal,
     deadline, call budget, another run holds the batch, a file that is still
     being written
The worst applies, 1 over 4 over 5 over 3.`

// exitError is an error that knows its exit code. An err of nil means that all
// there is to say has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is a mistake on the command line.
func usageError(format string, args ...any) error {
	return usage.Errorf(format, args...)
}

// exitCode maps an error, or what stopped a run, to the process's exit code. It
// is exitStopped only if the next run goes on without anybody's help.
func exitCode(err error) int {
	var exit *exitError
	var misused *usage.Error
	var input *job.InputError
	var header *job.HeaderError
	var fresh *job.FreshError
	var changed *job.FileChangedError
	var many *batch.ManyErrorsError
	var held *ledger.HeldError
	var answer *docusign.Error
	var wait *waits.Error
	var elsewhere *job.MakingError
	var unresolved *job.UnresolvedError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &misused), errors.As(err, &input):
		return exitUsage
	case errors.As(err, &header):
		return exitRejected
	case errors.As(err, &wait):
		if wait.Passes() {
			return exitStopped
		}
		return exitCannotRun
	case errors.As(err, &unresolved):
		if unresolved.Lost == 0 {
			return exitStopped
		}
		return exitFailed
	case errors.As(err, &many):
		if many.Alike {
			return exitCannotRun
		}
		return exitFailed
	case errors.As(err, &held), errors.As(err, &elsewhere), errors.As(err, &fresh), errors.As(err, &changed), errors.Is(err, ledger.ErrLost), errors.Is(err, batch.ErrLate), errors.Is(err, errDeadline):
		return exitStopped
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return exitStopped
	case errors.As(err, &answer) && !answer.NeedsPerson() && (answer.Kind == docusign.Limited || answer.Kind == docusign.Halt):
		return exitStopped
	}
	return exitCannotRun
}

// exitCodeOf works out the exit code from what a run of send came to.
func exitCodeOf(done *job.Done) (int, error) {
	code := exitCode(done.Stopped)
	counts, forbidden, err := done.Tally()
	if err != nil {
		return exitCannotRun, err
	}
	switch failed := counts[envelope.Failed]; {
	case failed == 0:
	case forbidden == failed && counts[envelope.Sent] == 0: // the next file will fare no better
		code = exitCannotRun
	default:
		code = worst(code, exitFailed)
	}
	if done.Rejected() || counts[envelope.Rejected] > 0 {
		code = worst(code, exitRejected)
	}
	if counts[envelope.Pending] > done.Beyond {
		code = worst(code, exitStopped)
	}
	lost := errors.Is(done.Stopped, ledger.ErrLost) // the run that has the batch now goes on with them
	switch unknown := counts[envelope.Unknown]; {
	case unknown > done.Resolving && !lost:
		code = worst(code, exitFailed)
	case unknown > 0: // the next run learns what became of them: no person is needed
		code = worst(code, exitStopped)
	}
	return code, nil
}

// exitWith returns the error that ends the process with a code, when all there is to
// say has been said; nil if the code is that of success.
func exitWith(code int) error {
	if code == exitDone {
		return nil
	}
	return &exitError{code: code}
}

// worst returns the exit code that stands for all of codes.
func worst(codes ...int) int {
	for _, code := range []int{exitCannotRun, exitUsage, exitFailed, exitStopped, exitRejected} {
		for _, c := range codes {
			if c == code {
				return code
			}
		}
	}
	return exitDone
}

// hinter is an error that knows what to do about it.
type hinter interface {
	error
	Hint() string
}

// hintOf says what to do about an error, "" if it does not know.
func hintOf(err error) string {
	var hint hinter
	if errors.As(err, &hint) {
		return hint.Hint()
	}
	return ""
}

// explainError tells the operator what stopped the program and what to type
// next.
func (a *app) explainError(err error) {
	var exit *exitError
	if err == nil || errors.As(err, &exit) && exit.err == nil {
		return
	}
	fmt.Fprintf(a.Stderr, "batchsend: %s\n", strings.TrimSpace(err.Error()))
	switch hint := hintOf(err); {
	case hint != "":
		fmt.Fprintf(a.Stderr, "hint: %s\n", a.composer().Complete(hint))
	case exitCode(err) == exitUsage:
		fmt.Fprintf(a.Stderr, "hint: %s\n", a.usageHint())
	case errors.Is(err, fs.ErrPermission):
		fmt.Fprintln(a.Stderr, "hint: check who owns the file and what its mode allows (ls -l)")
	case errors.Is(err, syscall.ENOSPC):
		fmt.Fprintln(a.Stderr, "hint: the disk is full: make room, then "+envelope.RunAgain)
	}
}

// usageHint says where the command line is described.
func (a *app) usageHint() string {
	if a.verb == "" || a.verb == "batchsend" {
		return "batchsend help shows the commands"
	}
	return "batchsend " + a.verb + " --help shows the flags"
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"batchsend/internal/job"
	"batchsend/internal/usage"
)

// The exit codes.
const (
	exitDone      = 0
	exitCannotRun = 1
	exitUsage     = 2
	exitRejected  = 3
	exitFailed    = 4
	exitStopped   = 5
)

// exitCodes are the codes by what a command came to.
var exitCodes = [...]int{
	job.AllDone: exitDone, job.NeedsPerson: exitCannotRun, job.Misused: exitUsage,
	job.RowsRejected: exitRejected, job.EnvelopesFailed: exitFailed, job.GoesOn: exitStopped,
}

// exitError is an error of which it is known what it means. An err of nil means that
// all there is to say has been said.
type exitError struct {
	verdict job.Verdict
	err     error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", exitCodes[e.verdict])
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is a mistake on the command line.
func usageError(format string, args ...any) error {
	return usage.Errorf(format, args...)
}

// verdictOf returns what an error means.
func verdictOf(err error) job.Verdict {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.verdict
	}
	return job.VerdictOf(err)
}

// exitCode maps an error to the process's exit code.
func exitCode(err error) int { return exitCodes[verdictOf(err)] }

// exitWith returns the error that ends the process when all there is to say has been
// said; nil if all is well.
func exitWith(v job.Verdict) error {
	if v == job.AllDone {
		return nil
	}
	return &exitError{verdict: v}
}

// explainError tells the operator what stopped the program and what to type
// next.
func (a *app) explainError(err error) {
	var exit *exitError
	if err == nil || errors.As(err, &exit) && exit.err == nil {
		return
	}
	fmt.Fprintf(a.Stderr, "batchsend: %s\n", strings.TrimSpace(err.Error()))
	if hint := a.hintOf(err); hint != "" {
		fmt.Fprintf(a.Stderr, "hint: %s\n", hint)
	}
}

// hintOf says what to do about an error, "" if that is not known.
func (a *app) hintOf(err error) string {
	hint := a.composer().Complete(job.HintOf(err))
	if hint == "" && verdictOf(err) == job.Misused {
		hint = a.composer().Help(a.verb)
	}
	return hint
}

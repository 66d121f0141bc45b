package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
)

// ErrDeadline ends a run at the time that the operator set.
var ErrDeadline = errors.New("the time given with --until or --max-duration is over")

// WithEnd returns a context that ends at a time with [ErrDeadline]; never if it is zero.
func WithEnd(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	if end.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, end, ErrDeadline)
}

// WhyStopped tells what stopped a run, or ended a command early.
func WhyStopped(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted; what could be settled is. " + envelope.RunAgainSentence + " to go on"
	}
	if lost, ok := errors.AsType[*ledger.LostError](err); ok { // whatever was being done
		return lost.Error()
	}
	return err.Error()
}

// WhyStopped tells what kept the run from going on to the last envelope, with limit the
// most that it was to send; "" if nothing did.
func (d *Done) WhyStopped(limit int) string {
	switch {
	case d.Stopped != nil:
		return WhyStopped(d.Stopped)
	case d.Beyond > 0:
		return fmt.Sprintf("--limit %d reached: "+envelope.RunAgain+" for the next ones", limit)
	}
	return ""
}

// StoppedError tells of a command that was stopped before it had done its work.
type StoppedError struct {
	Cause error
	Early bool  // a run of [Send] that had not looked into the ledger
	Left  error // what is left for a person or another run; nil if that is not known
}

func (e *StoppedError) Error() string {
	if e.Early {
		return fmt.Sprintf("stopped before anything was compared with the ledger: %s. This run sent nothing", strings.TrimSuffix(WhyStopped(e.Cause), "."))
	}
	return WhyStopped(e.Cause)
}

// Hint says what to do about what has stopped it.
func (e *StoppedError) Hint() string { return HintOf(e.Cause) }

// HintOf says what to do about an error, as far as that is known; "" if it is not.
func HintOf(err error) string {
	var hinter interface {
		error
		Hint() string
	}
	switch {
	case errors.As(err, &hinter):
		return hinter.Hint()
	case errors.Is(err, fs.ErrPermission):
		return "check who owns the file and what its mode allows (ls -l)"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full: make room, then " + envelope.RunAgain
	}
	return ""
}

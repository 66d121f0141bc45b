package waits

import (
	"errors"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/throttle"
)

// Error is a wait that was given up.
type Error struct {
	reason string
	until  time.Time // zero if that is not known; never with an err
	end    time.Time // of the run, if that is why; else the command is brief
	err    error     // of the call that would have been repeated; nil if the wait was for a limit
}

func (e *Error) Error() string {
	now, text := time.Now(), e.reason
	switch {
	case e.err != nil:
		text = fmt.Sprintf("%v; the next try is due at %s", e.err, throttle.Clock(e.until, now))
	case !e.until.IsZero():
		text += " until " + throttle.Clock(e.until, now)
	}
	if !e.end.IsZero() {
		return fmt.Sprintf("%s, and this run must end at %s (--until, --max-duration)", text, throttle.Clock(e.end, now))
	}
	return fmt.Sprintf("DocuSign could not be asked: %s. This command waits no longer than a minute", text)
}

// Unwrap returns the error of the call that would have been repeated.
func (e *Error) Unwrap() error { return e.err }

// Hint says when another run can go on.
func (e *Error) Hint() string {
	var hinter interface{ Hint() string }
	if !e.Passes() && errors.As(e.err, &hinter) && hinter.Hint() != "" {
		return hinter.Hint()
	}
	if e.until.IsZero() {
		return envelope.RunAgain + " later"
	}
	return fmt.Sprintf(envelope.RunAgain+" after %s", throttle.Clock(e.until, time.Now()))
}

// Passes reports whether another run goes on without anybody's help: a limit or an
// outage passes, a network that does not work needs a person.
func (e *Error) Passes() bool {
	answer, answered := errors.AsType[*docusign.Error](e.err)
	sign, _ := errors.AsType[*docusign.AuthError](e.err)
	return e.err == nil || answered && answer.Status != 0 || sign != nil && sign.Status != 0
}

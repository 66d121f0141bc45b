package docusign

import (
	"errors"
	"fmt"

	"batchsend/template"

	"batchsend/envelope"
)

// Hint says what to do about the error, "" if it needs no saying.
func (e *Error) Hint() string {
	var hinted interface{ Hint() string }
	if errors.As(e.Cause, &hinted) {
		return hinted.Hint()
	}
	if e.Kind == Limited {
		return "the account's calls are used up for now, by this and other applications: the same command goes on later"
	}
	if hint := Hint(e.ErrorCode()); hint != "" {
		return hint
	}
	switch {
	case e.Kind == Halt: // because of the status, whatever the code
		return Hint(fmt.Sprintf("HTTP_%d", e.Status))
	case errors.Is(e.Cause, template.ErrUnknown):
		return copyID
	case e.Kind == Unknown:
		return "the envelope may exist: " + envelope.RunAgain + ", which looks it up before anything is sent"
	case e.Kind == Down:
		return "check the network, then " + envelope.RunAgain
	}
	return ""
}

package report

import (
	"fmt"
	"io"
)

// StepState is what came of a step.
type StepState string

// The states of a [Step].
const (
	StepOK      StepState = "ok"
	StepFailed  StepState = "failed"
	StepSkipped StepState = "skipped"
)

// Step is one check of what sending needs.
type Step struct {
	Name   string    `json:"step"` // what was checked: "key"; "" if several steps were skipped
	State  StepState `json:"state"`
	Detail string    `json:"detail"` // what was found, what is wrong, or why it was skipped
}

// WriteStep writes a step for a person, on one line.
func WriteStep(w io.Writer, s Step) error {
	mark := map[StepState]string{StepOK: "ok", StepFailed: "FAIL", StepSkipped: "--"}[s.State]
	line := fmt.Sprintf("%-5s %s\n", mark, s.Detail)
	if s.Name != "" {
		line = fmt.Sprintf("%-5s %-10s %s\n", mark, s.Name, s.Detail)
	}
	_, err := io.WriteString(w, line)
	return err
}

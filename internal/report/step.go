package report

import (
	"fmt"
	"io"
	"strings"
)

// StepState is what came of a step.
type StepState string

// The states of a [Step].
const (
	StepOK      StepState = "ok"
	StepWarning StepState = "warning" // sending would work; what is odd is told
	StepFailed  StepState = "failed"
	StepSkipped StepState = "skipped"
)

// Step is one check of what sending needs.
type Step struct {
	Name   string    `json:"step"` // what was checked: "key"; "" if several steps were skipped
	State  StepState `json:"state"`
	Detail string    `json:"detail"`         // what was found, what is wrong, or why it was skipped
	Cure   string    `json:"cure,omitempty"` // what to do about it
}

// Steps is what all steps came to.
type Steps struct {
	Works    bool   `json:"works"` // sending would
	ExitCode int    `json:"exitCode"`
	Steps    []Step `json:"steps"`
}

// stepMarks begin the line of a step.
var stepMarks = map[StepState]string{StepOK: "ok", StepWarning: "warn", StepFailed: "FAIL", StepSkipped: "--"}

// The columns in which the parts of a step's line begin.
const (
	stepNameColumn   = 6
	stepDetailColumn = 21
)

// WriteStep writes a step for a person: its line, and below it what to do about it. If
// columns is not 0 lines are broken between words so that they fit so many columns; what
// is to be copied is never broken.
func WriteStep(w io.Writer, s Step, columns int) error {
	head := fmt.Sprintf("%-*s", stepNameColumn, stepMarks[s.State])
	if s.Name != "" {
		head += fmt.Sprintf("%-*s", stepDetailColumn-stepNameColumn, s.Name)
	}
	indent := stepDetailColumn
	if columns > 0 && columns < 2*stepDetailColumn {
		indent = stepNameColumn
	}
	text := hang(head, s.Detail, indent, columns)
	if s.Cure != "" {
		text += hang(strings.Repeat(" ", indent)+"-> ", s.Cure, indent+3, columns)
	}
	_, err := io.WriteString(w, text)
	return err
}

// hang writes text behind head, with further lines indented, in so many columns; 0 is as
// many as there are.
func hang(head, text string, indent, columns int) string {
	var b strings.Builder
	line := head
	empty := true // nothing of text stands on the line
	for _, word := range strings.Fields(text) {
		switch {
		case empty:
			line += word
		case columns > 0 && Width(line)+1+Width(word) > columns:
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", indent) + word
		default:
			line += " " + word
		}
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// WriteSteps writes what all steps came to, in a line, for a person who has
// seen each step, in so many columns as in [WriteStep]. again is the command to type once
// something was mended.
func WriteSteps(w io.Writer, all Steps, again string, columns int) error {
	counts := map[StepState]int{}
	for _, s := range all.Steps {
		counts[s.State]++
	}
	text := "sending would work"
	if !all.Works {
		text = fmt.Sprintf("sending would not work: %s failed; mend the first, then type: ", Plural(counts[StepFailed], "step"))
		text = hang("", text, 0, columns) + "  " + again + "\n"
		_, err := io.WriteString(w, text)
		return err
	}
	if n := counts[StepWarning]; n > 0 {
		text += "; " + Plural(n, "warning")
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

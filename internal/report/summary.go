package report

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf16"

	"batchsend/envelope"
	"batchsend/internal/censor"
)

// Summary is the JSON object that --json prints.
type Summary struct {
	ExitCode   int       `json:"exitCode"`
	DryRun     bool      `json:"dryRun"`
	Files      []string  `json:"files"`
	Batches    []string  `json:"batches"`
	Account    string    `json:"account,omitempty"`
	Rows       int       `json:"rows"`
	Envelopes  int       `json:"envelopes"`
	Recipients int       `json:"recipients"`
	Counts     Counts    `json:"counts"` // every status, also those with 0
	Stopped    string    `json:"stopped,omitempty"`
	Error      string    `json:"error,omitempty"` // why nothing could be done
	Problems   []Problem `json:"problems"`
	Warnings   []Problem `json:"warnings"`
	Troubles   []Trouble `json:"troubles,omitempty"` // see [ByCode]
	Plan       *Plan     `json:"plan,omitempty"`
	Calls      *Calls    `json:"calls,omitempty"` // absent: the run has not come to call DocuSign
	Seconds    float64   `json:"seconds"`
	Results    string    `json:"results,omitempty"`
	Rejects    string    `json:"rejects,omitempty"`
}

// Calls counts a run's calls of DocuSign's API. Signing in is none.
type Calls struct {
	Made    int `json:"made"`    // the refused ones included
	Refused int `json:"refused"` // because a limit was reached
}

// Problem is an [envelope.Problem] in JSON.
type Problem struct {
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Column  string        `json:"column,omitempty"`
	Code    envelope.Code `json:"code"`
	Message string        `json:"message"`
}

// Problems converts problems for a summary.
func Problems(problems []envelope.Problem) []Problem {
	out, _ := Collect(AllOf(problems)) // a list in memory can be read
	return out
}

// Collect converts all problems for a summary.
func Collect(problems iter.Seq2[envelope.Problem, error]) (all []Problem, err error) {
	for p, err := range problems {
		if err != nil {
			return nil, err
		}
		all = append(all, Problem{p.File, p.Line, p.Column, p.Code, p.Message})
	}
	return all, nil
}

// Write prints the summary as one indented JSON object.
func (s *Summary) Write(w io.Writer) error {
	counts := Counts{}
	for _, status := range Statuses() {
		counts[status] = s.Counts[status]
	}
	s.Counts = counts
	s.Files, s.Batches = orEmpty(s.Files), orEmpty(s.Batches)
	s.Problems, s.Warnings = orEmpty(s.Problems), orEmpty(s.Warnings)
	if s.Plan != nil {
		s.Plan.Settings = orEmpty(s.Plan.Settings)
	}
	return WriteJSON(w, s)
}

// WriteJSON prints v as indented JSON. What would steer a terminal is escaped.
func WriteJSON(w io.Writer, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, escaped(b.String()))
	return err
}

// escaped returns JSON with escapes for the characters that [censor.Visible]
// would replace. They stand in strings only.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch one := string(r); {
		case r < 0x7f || censor.Visible(one) == one:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// orEmpty has JSON say [] of nothing, never null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

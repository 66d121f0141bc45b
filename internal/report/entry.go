// Package report writes down what became of every row: a table for the
// terminal, a results file and a rejects file in CSV, a summary in JSON, all in
// the order of the input.
//
// It does not know how an outcome came about, nor which exit code it means.
package report

import (
	"fmt"
	"slices"
	"strings"

	"batchsend/envelope"
)

// Entry is a draft and what became of it.
type Entry struct {
	Draft   *envelope.Draft
	Outcome envelope.Outcome
}

// Rejection returns the outcome of a draft that was rejected, which is told by
// its first problem; ok is false if nothing is wrong with it.
func Rejection(d *envelope.Draft) (out envelope.Outcome, ok bool) {
	if len(d.Problems) == 0 {
		return envelope.Outcome{}, false
	}
	first := d.Problems[0]
	return envelope.Outcome{Status: envelope.Rejected, Code: string(first.Code), Message: first.Message}, true
}

// forRow returns the outcome as one row of the draft should be told it: a
// rejected row with its own problems, all of them, lest it be corrected as often
// as there are some; its innocent neighbours with the place of the culprit.
func (e Entry) forRow(row *envelope.Row) envelope.Outcome {
	problems := e.Draft.Problems
	out := e.Outcome
	if out.Status != envelope.Rejected || len(problems) == 0 {
		return out
	}
	var told []string
	for _, p := range problems {
		if p.Line != row.Line {
			continue
		}
		text := p.Message
		if p.Column != "" {
			text = fmt.Sprintf("column %q: %s", p.Column, text)
		}
		if len(told) == 0 {
			out.Code = string(p.Code)
		} else {
			text = string(p.Code) + ": " + text
		}
		told = append(told, text)
	}
	out.Message = strings.Join(told, "; ")
	if len(told) == 0 {
		out.Message = problems[0].Where() + ": " + problems[0].Message
	}
	return out
}

// Troubles lists what DocuSign refused or left in doubt, for a person to read.
func Troubles(entries []Entry) []envelope.Problem {
	var troubles []envelope.Problem
	for _, e := range entries {
		if out := e.Outcome; out.Message != "" && (out.Status == envelope.Failed || out.Status == envelope.Unknown) {
			troubles = append(troubles, envelope.Problem{
				Position: e.Draft.Position(), Code: envelope.Code(strings.ToUpper(string(out.Status))), Message: out.Message,
			})
		}
	}
	return troubles
}

// Trouble is what DocuSign said of envelopes that it refused, or that are in
// doubt.
type Trouble struct {
	Status    envelope.Status `json:"status"`
	Code      string          `json:"code,omitempty"`
	Envelopes int             `json:"envelopes"`
	Message   string          `json:"message"` // of the first
}

// ByCode counts the envelopes that failed or are unknown by DocuSign's code, the
// most frequent first.
func ByCode(entries []Entry) (all []Trouble) {
	type key struct {
		status envelope.Status
		code   string
	}
	index := map[key]int{}
	for _, e := range entries {
		out := e.Outcome
		if out.Status != envelope.Failed && out.Status != envelope.Unknown {
			continue
		}
		k := key{out.Status, out.Code}
		if _, ok := index[k]; !ok {
			index[k] = len(all)
			all = append(all, Trouble{Status: out.Status, Code: out.Code, Message: out.Message})
		}
		all[index[k]].Envelopes++
	}
	slices.SortStableFunc(all, func(a, b Trouble) int { return b.Envelopes - a.Envelopes })
	return all
}

// Counts are how many envelopes had each status.
type Counts map[envelope.Status]int

// Count counts entries by status.
func Count(entries []Entry) Counts {
	counts := Counts{}
	for _, e := range entries {
		counts[e.Outcome.Status]++
	}
	return counts
}

// Statuses lists the statuses in the order in which counts are told.
func Statuses() []envelope.Status {
	return []envelope.Status{
		envelope.Sent, envelope.AlreadySent, envelope.Valid, envelope.Rejected,
		envelope.Failed, envelope.Unknown, envelope.Pending,
	}
}

// Package report writes down what became of every row: a table for the
// terminal, a results file and a rejects file in CSV, a summary in JSON, all in
// the order of the input.
//
// It does not know how an outcome came about, nor which exit code it means.
package report

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"batchsend/envelope"
)

// Entry is rows of an envelope, which stand together, and what became of it.
type Entry struct {
	Draft         *envelope.Draft
	TransactionID envelope.TransactionID // zero if the envelope was rejected
	Outcome       envelope.Outcome
	Problems      []envelope.Problem // of all rows of a rejected envelope
}

// Entries are all rows of a run's files, in their order. An entry is valid until the
// next one.
type Entries = iter.Seq2[Entry, error]

// Located is what became of an envelope, and where its first row stands.
type Located struct {
	envelope.Position
	envelope.Outcome
}

// forRow returns the outcome as one row of the draft should be told it: a
// rejected row with its own problems, all of them, lest it be corrected as often
// as there are some; its innocent neighbours with the place of the culprit.
func (e Entry) forRow(row *envelope.Row) envelope.Outcome {
	problems := e.Problems
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
			text = fmt.Sprintf("column %q: %s", envelope.Short(p.Column), text)
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
func Troubles(outcomes iter.Seq2[Located, error]) iter.Seq2[envelope.Problem, error] {
	return func(yield func(envelope.Problem, error) bool) {
		for out, err := range outcomes {
			if out.Message == "" && err == nil {
				continue
			}
			if !yield(envelope.Problem{Position: out.Position, Code: envelope.Code(strings.ToUpper(string(out.Status))), Message: out.Message}, err) {
				return
			}
		}
	}
}

// Trouble is what DocuSign said of envelopes that it refused, or that are in
// doubt.
type Trouble struct {
	Status    envelope.Status `json:"status"`
	Code      string          `json:"code,omitempty"`
	Envelopes int             `json:"envelopes"`
	Message   string          `json:"message"` // of the first
}

// ByCode counts envelopes that failed or are unknown by DocuSign's code, the most
// frequent first.
func ByCode(outcomes iter.Seq2[Located, error]) (all []Trouble, err error) {
	type key struct {
		status envelope.Status
		code   string
	}
	index := map[key]int{}
	for out, err := range outcomes {
		if err != nil {
			return nil, err
		}
		k := key{out.Status, out.Code}
		if _, ok := index[k]; !ok {
			index[k] = len(all)
			all = append(all, Trouble{Status: out.Status, Code: out.Code, Message: out.Message})
		}
		all[index[k]].Envelopes++
	}
	slices.SortStableFunc(all, func(a, b Trouble) int { return b.Envelopes - a.Envelopes })
	return all, nil
}

// Counts are how many envelopes had each status.
type Counts map[envelope.Status]int

// Total is how many envelopes there are.
func (c Counts) Total() (n int) {
	for _, count := range c {
		n += count
	}
	return n
}

// Statuses lists the statuses in the order in which counts are told.
func Statuses() []envelope.Status {
	return []envelope.Status{
		envelope.Sent, envelope.AlreadySent, envelope.Valid, envelope.Rejected,
		envelope.Failed, envelope.Unknown, envelope.Sending, envelope.Pending,
	}
}

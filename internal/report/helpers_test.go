package report_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// readFile reads a CSV file, envelope by envelope as far as its rows are adjacent.
func readFile(name string, r io.Reader) (in *envelope.Input, drafts []*envelope.Draft, err error) {
	file, err := rows.Open(name, r, rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	in = envelope.NewInput(name, file.Format(), nil)
	for from := in.Read(file.Rows()); ; {
		d := new(envelope.Draft)
		if err := from.Next(d); errors.Is(err, io.EOF) {
			return in, drafts, nil
		} else if err != nil {
			return nil, nil, err
		}
		drafts = append(drafts, d)
	}
}

// malformed returns what is wrong with the form of rows.
func malformed(d *envelope.Draft) (problems []envelope.Problem) {
	for _, r := range d.Rows {
		if r.Malformed != "" {
			problems = append(problems, envelope.Problem{Position: r.Position, Code: envelope.CSVMalformed, Message: r.Malformed})
		}
	}
	return problems
}

// rejection is the outcome of an envelope with problems, which is told by the first.
func rejection(problems []envelope.Problem) envelope.Outcome {
	return envelope.Outcome{Status: envelope.Rejected, Code: string(problems[0].Code), Message: problems[0].Message}
}

// read reads a CSV file and pairs its envelopes with outcomes; those that cannot be
// read are rejected, the last outcome stands for all that follow. An envelope whose
// rows are not adjacent has several entries.
func read(t testing.TB, name, text string, outcomes ...envelope.Outcome) []report.Entry {
	t.Helper()
	_, drafts, err := readFile(name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return entriesOf(drafts, func(n int, first *envelope.Draft) []envelope.Problem {
		out := outcomes[min(n, len(outcomes)-1)]
		if out.Status != envelope.Rejected {
			return nil
		}
		return []envelope.Problem{{Position: first.Position(), Column: "email", Code: envelope.Code(out.Code), Message: out.Message}}
	}, outcomes...)
}

// entriesOf is read for drafts. problemsOf says what is wrong with an envelope that can
// be read.
func entriesOf(drafts []*envelope.Draft, problemsOf func(n int, first *envelope.Draft) []envelope.Problem, outcomes ...envelope.Outcome) (entries []report.Entry) {
	var envelopes [][]int // the indices of their entries
	labelled := map[string]int{}
	for i, d := range drafts {
		n, again := labelled[d.Label]
		if d.Label == "" || !again {
			n, envelopes = len(envelopes), append(envelopes, nil)
			labelled[d.Label] = n
		}
		envelopes[n] = append(envelopes[n], i)
		entries = append(entries, report.Entry{Draft: d})
	}
	for n, of := range envelopes {
		var problems []envelope.Problem
		for _, i := range of {
			problems = append(problems, malformed(drafts[i])...)
		}
		if len(problems) == 0 {
			problems = problemsOf(n, drafts[of[0]])
		}
		out := outcomes[min(n, len(outcomes)-1)]
		if len(problems) > 0 {
			out = rejection(problems)
		}
		for _, i := range of {
			entries[i].Problems, entries[i].Outcome = problems, out
		}
	}
	return entries
}

// all makes a sequence of entries of a list.
func all(entries []report.Entry) report.Entries {
	return func(yield func(report.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// count counts entries by status.
func count(entries []report.Entry) report.Counts {
	counts := report.Counts{}
	for _, e := range entries {
		counts[e.Outcome.Status]++
	}
	return counts
}

// several reports whether the entries are of several files.
func several(entries []report.Entry) bool {
	return slices.ContainsFunc(entries, func(e report.Entry) bool { return e.Draft.In != entries[0].Draft.In })
}

func guid(n int) envelope.ID { return envelope.ID(fmt.Sprintf("e0000000-0000-4000-8000-%012d", n)) }

func sent(n int) envelope.Outcome { return envelope.Outcome{Status: envelope.Sent, ID: guid(n)} }

var rejected = envelope.Outcome{Status: envelope.Rejected, Code: "EMAIL_INVALID", Message: `"ann" is no address`}

// same compares texts line by line.
func same(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("line %d:\n got %q\nwant %q", i+1, a, b)
		}
	}
}

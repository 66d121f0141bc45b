package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// readFile reads a CSV file.
func readFile(name string, r io.Reader) (*envelope.Input, error) {
	file, err := rows.Open(name, r, rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return envelope.Read(name, file.Rows())
}

// read reads a CSV file and pairs its drafts with outcomes; those that the
// reading rejected stay rejected, the last outcome stands for all that follow.
func read(t testing.TB, name, text string, outcomes ...envelope.Outcome) []report.Entry {
	t.Helper()
	in, err := readFile(name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var entries []report.Entry
	for i, d := range in.Drafts {
		out, rejected := report.Rejection(d)
		if !rejected {
			out = outcomes[min(i, len(outcomes)-1)]
		}
		if out.Status == envelope.Rejected && !rejected {
			d.Problems = append(d.Problems, envelope.Problem{Position: d.Position(), Column: "email", Code: envelope.Code(out.Code), Message: out.Message})
		}
		entries = append(entries, report.Entry{Draft: d, Outcome: out})
	}
	return entries
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

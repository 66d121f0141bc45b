package report_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// TestSummary writes one object in which every status and every list stands,
// so that a script need not ask whether they do.
func TestSummary(t *testing.T) {
	var b strings.Builder
	if err := new(report.Summary).Write(&b); err != nil {
		t.Fatal(err)
	}
	same(t, b.String(), `{
  "exitCode": 0,
  "dryRun": false,
  "files": [],
  "batches": [],
  "rows": 0,
  "envelopes": 0,
  "recipients": 0,
  "counts": {
    "already-sent": 0,
    "failed": 0,
    "pending": 0,
    "rejected": 0,
    "sending": 0,
    "sent": 0,
    "unknown": 0,
    "valid": 0
  },
  "problems": [],
  "warnings": [],
  "seconds": 0
}
`)
	entries := read(t, "may.csv", file(3), sent(1), rejected)
	s := report.Summary{
		ExitCode: 4, Files: []string{"<may>&.csv"}, Account: "a", Counts: count(entries), Stopped: "it had to",
		Problems: report.Problems(entries[1].Problems), Plan: &report.Plan{Engine: "single", CallsLeft: -1, Duration: time.Second},
		Results: "out.csv", Rejects: "bad.csv",
	}
	b.Reset()
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"<may>&.csv"`) {
		t.Error("names are escaped as for a web page")
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"account", "batches", "counts", "dryRun", "envelopes", "exitCode", "files", "plan", "problems", "recipients",
		"rejects", "results", "rows", "seconds", "stopped", "warnings",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	plan := got["plan"].(map[string]any)
	want = []string{"allowanceLeft", "calls", "callsLeft", "engine", "envelopes", "finish", "recipients", "seconds", "settings", "why"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(plan))); diff != "" || plan["settings"] == nil {
		t.Errorf("the plan's keys (-want +got):\n%s%v", diff, plan)
	}
	problem := map[string]any{"file": "may.csv", "line": 3., "column": "email", "code": "EMAIL_INVALID", "message": `"ann" is no address`}
	if diff := cmp.Diff([]any{problem, problem}[:1], got["problems"]); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if counts := got["counts"].(map[string]any); counts["sent"] != 1. || counts["rejected"] != 2. || len(counts) != len(report.Statuses()) {
		t.Errorf("counts %v", counts)
	}
	if err := s.Write(failing{}); err == nil {
		t.Error("nobody noticed that it cannot be written")
	}
}

// failing is a place where nothing can be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

// TestFailing tells when a place cannot be written, whatever is.
func TestFailing(t *testing.T) {
	entries := read(t, "may.csv", file(2000), rejected)
	for name, write := range map[string]func() error{
		"table":   func() error { return report.WriteTable(failing{}, entries, count(entries), false) },
		"results": func() error { return report.WriteResults(failing{}, all(entries)) },
		"rejects": func() error {
			out, err := rows.NewRejectWriter(failing{}, entries[0].Draft.In.Format)
			if err != nil {
				t.Fatal(err) // so early there is nothing to write out
			}
			return report.WriteRejects(out, all(entries))
		},
		"page":    func() error { return new(report.Page).Write(failing{}) },
		"columns": func() error { return report.Columns(failing{}, [][]string{{"a"}}) },
	} {
		if write() == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

// TestWriteJSON: what would steer a terminal is escaped, not lost.
func TestWriteJSON(t *testing.T) {
	const text = "a\x1b[2J\u009b\x7f\u202e\u2028\U000e0041 <zażółć> می\u200cخواهم"
	var b strings.Builder
	if err := report.WriteJSON(&b, []string{text}); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r != '\n' && r != '\u200c' && !unicode.IsPrint(r) {
			t.Errorf("%q holds %q", &b, r)
		}
	}
	var back []string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || len(back) != 1 || back[0] != text {
		t.Errorf("read again: %q, %v", back, err)
	}
}

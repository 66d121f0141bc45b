package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// wantShort fails if a run printed so many lines or more.
func wantShort(t *testing.T, what string, lines int, got outcome) {
	t.Helper()
	if n := countLines(got.stdout+got.stderr, ""); n >= lines {
		t.Errorf("%s: %d lines:\n%.6000s\n%.3000s", what, n, got.stderr, got.stdout)
	}
}

// TestLongLists has files of 2,000 rows with which everything is wrong in one way
// or another: a person can read what is said, and the files have all.
func TestLongLists(t *testing.T) {
	t.Parallel()
	large(t)
	n := sized(t, 2000, 200)
	dir := t.TempDir()
	all := manyOffers(n)
	file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
	text := readFile(t, file)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit, s.BurstLimit = 0, 0 })

		// DocuSign refuses every row, each with another trace.
		server.Refuse = creation(400, "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", "The recipient Id follows.")
		got := runAgain(t, dir, "send", "--sandbox", "--via", "single", "--max-errors", "0", "--results", results, file)
		wantShort(t, "refused", 80, got) // with the heading and two hours of waiting
		if got.code != exitFailed || !strings.Contains(got.stderr, "FAILED); "+results+" has them all") || len(readCSV(t, results)) != 2*n+1 {
			t.Errorf("refused: exit code %d\n%s", got.code, got.stderr)
		}
		server.Refuse = nil

		got = runAgain(t, dir, "send", "--sandbox", "--via", "single", file)
		wantShort(t, "sent", 40, got)
		if got.code != exitDone {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		time.Sleep(time.Hour)

		other := write("other.csv", text)
		for _, args := range [][]string{{"--dry-run"}, {}, {"--on-invalid", "skip"}} {
			got = runAgain(t, dir, append([]string{"send", "--sandbox", "--results", results, other}, args...)...)
			wantShort(t, "under another name", 40, got)
			said := fmt.Sprintf(`ALREADY_SENT: all %s envelopes were sent before, in batch "offers.csv" on 2000-01-01. DocuSign would send them again. There is nothing to do, or give --allow-repeat`, report.Number(n))
			if got.code != exitRejected || countLines(got.stderr, "ALREADY_SENT") != 1 || !strings.Contains(got.stderr, said) {
				t.Errorf("%q under another name: exit code %d\n%.3000s", args, got.code, got.stderr)
			}
			rows := readCSV(t, results)
			if last := rows[len(rows)-1]; len(rows) != 2*n+1 || last[9] != "ALREADY_SENT" || !strings.Contains(last[10], "as envelope ") {
				t.Errorf("%q under another name: the results end with %q", args, last)
			}
		}

		// One row is new.
		more := write("more.csv", text+"NEW,Employee,1,New One,new.one@example.test,1,2,3,,Sales\nNEW,Manager,2,New Two,new.two@example.test,,,,,\n")
		got = runAgain(t, dir, "send", "--sandbox", "--on-invalid", "skip", more)
		wantShort(t, "with a new row", 40, got)
		said := fmt.Sprintf("ALREADY_SENT: %s of %s envelopes were sent before", report.Number(n), report.Number(n+1))
		if got.code != exitRejected || !strings.Contains(got.stderr, said) || !strings.Contains(got.stdout, "1 sent") {
			t.Errorf("with a new row: exit code %d\n%.3000s%s", got.code, got.stderr, got.stdout)
		}

		// Every row is wrong, each in its own way.
		wrong := write("wrong.csv", strings.ReplaceAll(text, "@example.test", "@@example.test"))
		got = runAgain(t, dir, "send", "--sandbox", "--results", results, wrong)
		wantShort(t, "wrong", 60, got)
		if got.code != exitRejected || !strings.Contains(got.stderr, " EMAIL_INVALID); "+results+" has them all") {
			t.Errorf("wrong: exit code %d\n%.3000s", got.code, got.stderr)
		}
	})
}

package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

// acceptedHeader are the columns of the files that TestAcceptedIsSent draws.
var acceptedHeader = []string{
	"envelope", "roleName", "routingOrder", "name", "email", "tab:Salary", "tab:Office", "tab:FirstDay", "tab:CostCentre",
	"field:Region", "emailSubject", "reminderDelay", "note", "accessCode",
}

// slips are what may stand in a cell by mistake; most are wrong in some
// columns and right in others.
var slips = []string{
	"", " ", "Manager ", "manager", "Employee", "HR Records", "1", "2", "0", "31", "two", "A", "B", "Ann, \"Ek\"",
	"Two\nlines", "be\x07ll", "nobody", "x@example.test", "X@EXAMPLE.test ", "hr-records@example.test", "a@b@c.test", "Oslo", "Berlin", "North",
	"[[Manager_UserName]]", "[[Boss_UserName]]", "a&b", strings.Repeat("å", 21), strings.Repeat("7", 101), "\u200b", "=1+1",
	"#N/A", "####", "46357", "1.23457E+11", "RenÃ©", "{{Name}}", "NULL", "M?ller", "\u202eevoD",
}

// drawMistaken draws a file of up to eight envelopes with mistakes here and
// there, and rows that are lost, doubled or torn.
func drawMistaken(t *rapid.T) [][]string {
	slip := rapid.SampledFrom(slips)
	rows := [][]string{}
	for i := range rapid.IntRange(1, 8).Draw(t, "envelopes") {
		label := string(rune('A' + i))
		pair := [][]string{
			{label, "Employee", "1", "Employee " + label, "e" + label + "@example.test", "42000", "Berlin", "", "", "North", "", "2", "", ""},
			{label, "Manager", "", "Manager " + label, "m@example.test", "", "", "", "4711", "", "", "", "", ""},
		}
		for range rapid.SampledFrom([]int{0, 0, 1, 1, 2, 4}).Draw(t, "slips") {
			pair[rapid.IntRange(0, 1).Draw(t, "row")][rapid.IntRange(0, len(acceptedHeader)-1).Draw(t, "column")] = slip.Draw(t, "slip")
		}
		switch rapid.IntRange(0, 11).Draw(t, "trouble") {
		case 0:
			pair = pair[:1]
		case 1:
			pair = append(pair, slices.Clone(pair[1]))
		case 2:
			pair[0] = pair[0][:len(pair[0])-1]
		}
		rows = append(rows, pair...)
	}
	return rapid.Permutation(rows).Draw(t, "order")
}

// acceptedRows are the rows that a results file calls valid or sent, by their
// number in the file.
func acceptedRows(t *rapid.T, path, status string) []int {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(records[0], "status")
	var rows []int
	for i, record := range records[1:] {
		if record[column] == status {
			rows = append(rows, i)
		}
	}
	return rows
}

// asFiled writes what a row asks for, as the sandbox's record should show it.
func asFiled(row []string) string {
	cell := func(column string) string { return strings.TrimSpace(row[slices.Index(acceptedHeader, column)]) }
	order := map[string]int{"Employee": 1, "Manager": 2}[row[1]]
	return fmt.Sprintf("%d %s: %q <%s> note=%q code=%q Salary=%q Office=%q FirstDay=%q CostCentre=%q",
		order, row[1], cell("name"), cell("email"), cell("note"), cell("accessCode"),
		cell("tab:Salary"), cell("tab:Office"), strings.Repeat(cell("tab:FirstDay"), 2), cell("tab:CostCentre"))
}

// asSent writes a recipient of the record in the same way.
func asSent(r sandbox.Recipient) string {
	tabs := map[string]string{}
	for _, tab := range r.Tabs {
		tabs[tab.Label] += tab.Value
	}
	return fmt.Sprintf("%d %s: %q <%s> note=%q code=%q Salary=%q Office=%q FirstDay=%q CostCentre=%q%s",
		r.RoutingOrder, r.Role, r.Name, r.Email, r.Note, r.AccessCode, tabs["Salary"], tabs["Office"], tabs["FirstDay"], tabs["CostCentre"], r.Added)
}

// inOrder sorts the envelopes and the people of each.
func inOrder(envelopes [][]string) [][]string {
	for _, people := range envelopes {
		slices.Sort(people)
	}
	slices.SortFunc(envelopes, slices.Compare)
	return envelopes
}

// untimed is a test without a deadline, which in a bubble it must not ask for.
type untimed struct{ rapid.TB }

// TestAcceptedIsSent: of any file, a run sends exactly the envelopes that a dry
// run calls valid, to whom and with what the rows say, and the strictest
// sandbox refuses none of them.
func TestAcceptedIsSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(bubble *testing.T) {
		runs, valid, rejected, broken := 0, 0, 0, false
		rapid.Check(untimed{bubble}, func(t *rapid.T) {
			if runs++; runs > 16 && !broken {
				return // enough: each is two runs of the program
			}
			defer func() { broken = broken || t.Failed() }()
			here := filepath.Join(dir, fmt.Sprint(runs))
			if err := os.Mkdir(here, 0o700); err != nil {
				t.Fatal(err)
			}
			rows := drawMistaken(t)
			file, results := filepath.Join(here, "in.csv"), filepath.Join(here, "results.csv")
			var text strings.Builder
			w := csv.NewWriter(&text)
			w.WriteAll(append([][]string{acceptedHeader}, rows...))
			if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			var server *sandbox.Server
			run := func(args ...string) outcome {
				return runHere(bubble, dir, func(s *sandbox.Server) {
					server = s
					s.Store, s.CheckTabValues, s.UnknownTabs, s.EmptyRoles = "", true, sandbox.UnknownTabsReject, sandbox.EmptyRolesIncomplete
				}, append([]string{"send", "--sandbox", "--ledger", filepath.Join(here, "ledger.db"), "--results", results, file}, args...)...)
			}
			plan := run("--dry-run")
			accepted := acceptedRows(t, results, "valid")
			done := run("--on-invalid", "skip")
			if plan.code != done.code || done.code != exitDone && done.code != exitRejected {
				t.Fatalf("the dry run ends with %d, the run with %d\n%s%s\n%s", plan.code, done.code, done.stdout, done.stderr, text.String())
			}
			if diff := cmp.Diff(accepted, acceptedRows(t, results, "sent")); diff != "" {
				t.Fatalf("rows that are valid are not those that were sent (-valid +sent):\n%s\n%s", diff, text.String())
			}
			filed := map[string][]string{} // by the cell of the envelope column: without it nothing is valid
			for _, i := range accepted {
				label := strings.TrimSpace(rows[i][0])
				filed[label] = append(filed[label], asFiled(rows[i]))
			}
			var want, got [][]string
			for _, people := range filed {
				want = append(want, people)
			}
			for _, env := range server.Envelopes() {
				var people []string
				for _, r := range env.Recipients {
					if r.Role != "HR Records" {
						people = append(people, asSent(r))
					}
				}
				got = append(got, people)
			}
			if diff := cmp.Diff(inOrder(want), inOrder(got)); diff != "" {
				t.Fatalf("envelopes are not as filed (-valid +sent):\n%s\n%s", diff, text.String())
			}
			valid, rejected = valid+len(accepted), rejected+len(rows)-len(accepted)
		})
		if valid < 10 || rejected < 10 {
			bubble.Errorf("%d rows were valid and %d rejected: the draw proves little", valid, rejected)
		}
	})
}

package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
)

func table(t *testing.T, entries []report.Entry) string {
	t.Helper()
	var shown []report.Entry
	for _, n := range report.Notable(func(yield func(int, envelope.Status) bool) {
		for n, e := range entries {
			if !yield(n, e.Outcome.Status) {
				return
			}
		}
	}) {
		shown = append(shown, entries[n])
	}
	var b strings.Builder
	if err := report.WriteTable(&b, shown, count(entries), several(entries)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	entries := read(t, "may.csv", `envelope,roleName,name,email
A-1,Employee,Ann Ek,ann@example.test
A-1,Manager,Bo Lind,bo@example.test
B-2,Employee,王小明,wang@example.test
C-3,Employee,Jose`+"\u0301"+` Díaz,jose@example.test
D-4,Employee,Maximiliane von Hohenfels-Sonderstett,m@example.test
D-4,Manager,Bo Lind,bo@example.test
"E`+"\x1b"+`[2J",Employee,evil`+"\u202e"+`nhoj,e@example.test
2026-contract-for-the-new-office,Employee,,x@example.test
,Employee,Eva,eva@example.test
`,
		sent(1), sent(2), envelope.Outcome{Status: envelope.AlreadySent, ID: guid(3)},
		envelope.Outcome{Status: envelope.Failed, Code: "USER_\x07ODD", Message: "no"},
		envelope.Outcome{Status: envelope.Pending}, envelope.Outcome{Status: envelope.Unknown}, rejected)
	same(t, table(t, entries), `LINE  ENVELOPE          RECIPIENTS            STATUS                  ENVELOPE ID
2     A-1               Ann Ek +1             sent                    e0000000-0000-4000-8000-000000000001
4     B-2               王小明                sent                    e0000000-0000-4000-8000-000000000002
5     C-3               Jose`+"\u0301"+` Díaz             already-sent            e0000000-0000-4000-8000-000000000003
6     D-4               Maximiliane von … +1  failed USER_?ODD        -
8     E?[2J             evil?nhoj             pending                 -
9     2026-contract-f…  -                     unknown                 -
10    -                 Eva                   rejected EMAIL_INVALID  -
7 envelopes: 2 sent, 1 already sent, 1 rejected, 1 failed, 1 unknown, 1 pending
`)
}

// TestTableFits holds the usual table to a terminal's width.
func TestTableFits(t *testing.T) {
	entries := read(t, "may.csv", "envelope,roleName,name,email\nA-1001,Employee,Ann Ek,a@example.test\nA-1002,Employee,Carla Diaz,c@example.test\n", sent(1))
	for line := range strings.Lines(table(t, entries)) {
		if len(line) > 80 {
			t.Errorf("%d columns: %q", len(line)-1, line)
		}
	}
}

// file returns n rows.
func file(n int) string {
	var b strings.Builder
	b.WriteString("envelope,roleName,name,email\n")
	for i := range n {
		fmt.Fprintf(&b, "E-%d,Employee,Person %d,p%d@example.test\n", i+1, i+1, i+1)
	}
	return b.String()
}

// TestLongTable shows at most twenty of many: those that need a person, the most
// urgent first, and none of which all is well.
func TestLongTable(t *testing.T) {
	entries := read(t, "may.csv", file(1500), sent(1))
	for i := 100; i < 130; i++ {
		entries[i].Outcome = rejected
	}
	entries[1200].Outcome = envelope.Outcome{Status: envelope.Unknown}
	entries[1499].Outcome = envelope.Outcome{Status: envelope.Failed, Code: "X"}
	lines := strings.Split(table(t, entries), "\n")
	if len(lines) != 24 || !strings.HasPrefix(lines[1], "1202 ") || !strings.HasPrefix(lines[2], "1501 ") ||
		!strings.HasPrefix(lines[3], "102 ") || !strings.Contains(lines[20], "rejected") {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	same(t, strings.Join(lines[21:], "\n"), "... and 1,480 more; --results FILE writes them all\n1,500 envelopes: 1,468 sent, 30 rejected, 1 failed, 1 unknown\n")
	for i := range entries {
		entries[i].Outcome = sent(i)
	}
	same(t, table(t, entries), "--results FILE writes what became of each envelope\n1,500 envelopes: 1,500 sent\n")
	entries[700].Outcome = envelope.Outcome{Status: envelope.Pending}
	if lines = strings.Split(table(t, entries), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[1], "702 ") {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	same(t, table(t, nil), "no envelopes\n")
}

func TestTableOfFiles(t *testing.T) {
	entries := append(read(t, "may.csv", file(2), sent(1)), read(t, "june.csv", file(1), sent(3))...)
	same(t, table(t, entries), `LINE        ENVELOPE  RECIPIENTS  STATUS  ENVELOPE ID
may.csv:2   E-1       Person 1    sent    e0000000-0000-4000-8000-000000000001
may.csv:3   E-2       Person 2    sent    e0000000-0000-4000-8000-000000000001
june.csv:2  E-1       Person 1    sent    e0000000-0000-4000-8000-000000000003
3 envelopes: 3 sent
`)
}

func TestProblems(t *testing.T) {
	var problems []envelope.Problem
	add := func(line int, column string, code envelope.Code, message string) {
		problems = append(problems, envelope.Problem{Position: envelope.Position{File: "may.csv", Line: line}, Column: column, Code: code, Message: message})
	}
	add(2, "roleName", "ROLE_UNKNOWN", "no such role")
	add(3, "email", "EMAIL_INVALID", "\x1b[31m is no address")
	add(3, "roleName", "ROLE_UNKNOWN", "no such role")
	add(5, "", "CSV_MALFORMED", "torn")
	add(5, "", "CSV_MALFORMED", "torn")
	for line := range 1000 {
		add(line+10, "email", "TOO_LONG", "too long")
	}
	var b strings.Builder
	if err := report.WriteProblems(&b, "warning: ", report.AllOf(problems), "out.csv has them all"); err != nil {
		t.Fatal(err)
	}
	same(t, b.String(), `warning: may.csv:2: column "roleName": ROLE_UNKNOWN: no such role [also on line 3]
warning: may.csv:3: column "email": EMAIL_INVALID: ?[31m is no address
warning: may.csv:5: CSV_MALFORMED: torn
warning: may.csv:10: column "email": TOO_LONG: too long [also on lines 11, 12, 13, 14, 15, 16, 17, 18, ... (1,000 in all)]
`)
}

// TestLongProblems has lists that are too long to be read: some of each code are
// shown, and all are counted.
func TestLongProblems(t *testing.T) {
	problem := func(line int, code envelope.Code) envelope.Problem {
		return envelope.Problem{Position: envelope.Position{File: "may.csv", Line: line}, Code: code, Message: fmt.Sprint("it is ", line)}
	}
	list := func(problems []envelope.Problem) []string {
		var b strings.Builder
		if err := report.WriteProblems(&b, "", report.AllOf(problems), "out.csv has them all"); err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	}
	var problems []envelope.Problem
	for line := range 30 {
		problems = append(problems, problem(line, envelope.TooLong))
	}
	if got := list(problems); len(got) != 30 || strings.Contains(got[29], "more") {
		t.Errorf("30 problems: %d lines, the last is %q", len(got), got[len(got)-1])
	}
	for line := range 1970 {
		problems = append(problems, problem(line+30, envelope.TooLong))
	}
	if got := list(problems); len(got) != 21 || got[20] != "... and 1,980 more (1,980 TOO_LONG); out.csv has them all" {
		t.Errorf("2,000 problems: %d lines, the last is %q", len(got), got[len(got)-1])
	}
	problems = append(problems, problem(3000, envelope.NameMissing), problem(3001, envelope.EmailInvalid), problem(3002, envelope.EmailInvalid))
	got := list(problems)
	if len(got) != 21 || !strings.Contains(got[16], "TOO_LONG") || !strings.Contains(got[17], "NAME_MISSING") || !strings.Contains(got[19], "EMAIL_INVALID: it is 3002") || !strings.HasPrefix(got[20], "... and 1,983 more (1,983 TOO_LONG)") {
		t.Errorf("of several codes: %q", got)
	}
	var codes []envelope.Problem
	for i, e := range envelope.Explanations() {
		codes = append(codes, problem(2*i, e.Code), problem(2*i+1, e.Code))
	}
	if got := list(codes); len(got) != len(envelope.Explanations())+1 {
		t.Errorf("of every code two: %d lines:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if got := report.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 calls", 1: "1 call", 2000: "2,000 calls"} {
		if got := report.Plural(n, "call"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 1499 * time.Millisecond: "1s", 59600 * time.Millisecond: "1m 0s", 90 * time.Second: "1m 30s",
		2*time.Hour + 5*time.Minute + 59*time.Second: "2h 5m", 49 * time.Hour: "49h 0m",
	} {
		if got := report.Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestPlan(t *testing.T) {
	settings := []report.Setting{{Envelopes: 3, Applies: "a reminder", Source: "override"}}
	for i := range 7 {
		settings = append(settings, report.Setting{Envelopes: 1, Applies: fmt.Sprintf("expiry after %d days", 10+i), Source: "template"})
	}
	var b strings.Builder
	p := report.Plan{Envelopes: 1, Recipients: 2000, Calls: 1, Engine: "single", Why: "one call an envelope", CallsLeft: -1, AllowanceLeft: -1}
	p.Write(&b)
	p.Settings = settings
	p.CallsLeft, p.AllowanceLeft, p.Duration, p.Finish = 12, 1, time.Hour, time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)
	p.Write(&b)
	report.Plan{}.Write(&b) // nothing to send, nothing to say
	lines := strings.Split(b.String(), "\n")
	for i, want := range map[int]string{
		0: "plan: 1 envelope to 2,000 recipients; engine single (one call an envelope), 1 call",
		1: "plan: calls left this hour not known yet; no waiting for the limits",
		8: "plan: ... and 3 more settings of reminders and expiry",
		9: "plan: 12 calls left this hour, 1 envelope left in the account's plan; it takes about 1h 0m, until 2026-11-21 17:00:00",
	} {
		if i >= len(lines) || lines[i] != want {
			t.Errorf("line %d of\n%s\nwant %q", i+1, b.String(), want)
		}
	}
	if len(lines) != 11 {
		t.Errorf("%d lines\n%s", len(lines), b.String())
	}
}

package report_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

func results(t testing.TB, entries []report.Entry) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteResults(&b, all(entries)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const resultsHeader = "file,line,envelope,roleName,email,templateId,status,envelopeId,transactionId,code,message\n"

// TestResults has rows of one envelope apart, every status, and two files.
func TestResults(t *testing.T) {
	entries := read(t, "may.csv", `envelope;roleName;name;email
A;Employee;Ann;ann@example.test
B;Employee;Bo;bo@example.test
A;Manager;Mo;mo@example.test
C;Employee;Cy;cy
C;Manager;Mo;mo@example.test
D;Employee;Di;di@example.test
E;Employee;Ed;ed@example.test
F;Employee;Fi;fi@example.test
G;Employee;Gu;gu@example.test
H;Employee;too short
`,
		sent(1), envelope.Outcome{Status: envelope.AlreadySent, ID: guid(2)}, rejected,
		envelope.Outcome{Status: envelope.Failed, Code: "X", Message: `refused, "so"`}, envelope.Outcome{Status: envelope.Unknown},
		envelope.Outcome{Status: envelope.Pending}, envelope.Outcome{Status: envelope.Valid})
	for _, i := range []int{0, 2} {
		entries[i].Draft.TemplateID, entries[i].TransactionID = "t-1", envelope.TransactionID{6: 0x50, 8: 0x80, 15: 1}
	}
	entries = append(entries, read(t, "june.csv", "name,email\nJo,jo@example.test\n", sent(9))...)
	short := "the row has 3 columns but the header has 4: a delimiter or a quote is missing or one too many"
	same(t, results(t, entries), resultsHeader+`may.csv,2,A,Employee,ann@example.test,t-1,sent,e0000000-0000-4000-8000-000000000001,00000000-0000-5000-8000-000000000001,,
may.csv,3,B,Employee,bo@example.test,,already-sent,e0000000-0000-4000-8000-000000000002,,,
may.csv,4,A,Manager,mo@example.test,t-1,sent,e0000000-0000-4000-8000-000000000001,00000000-0000-5000-8000-000000000001,,
may.csv,5,C,Employee,cy,,rejected,,,EMAIL_INVALID,"column ""email"": ""ann"" is no address"
may.csv,6,C,Manager,mo@example.test,,rejected,,,EMAIL_INVALID,"may.csv:5: column ""email"": ""ann"" is no address"
may.csv,7,D,Employee,di@example.test,,failed,,,X,"refused, ""so"""
may.csv,8,E,Employee,ed@example.test,,unknown,,,,
may.csv,9,F,Employee,fi@example.test,,pending,,,,
may.csv,10,G,Employee,gu@example.test,,valid,,,,
may.csv,11,H,,,,rejected,,,CSV_MALFORMED,`+short+`
june.csv,2,,,jo@example.test,,sent,e0000000-0000-4000-8000-000000000009,,,
`)
}

// TestWideResults has one line a recipient, though the file has one an envelope.
func TestWideResults(t *testing.T) {
	entries := read(t, "wide.csv", "Employee::Name,Employee::Email,Manager::Name,Manager::Email\nAnn,ann@example.test,Mo,mo@example.test\nBo,bo@example.test,Mo,mo@example.test\n", sent(1), rejected)
	same(t, results(t, entries), resultsHeader+`wide.csv,2,,Employee,ann@example.test,,sent,e0000000-0000-4000-8000-000000000001,,,
wide.csv,2,,Manager,mo@example.test,,sent,e0000000-0000-4000-8000-000000000001,,,
wide.csv,3,,Employee,bo@example.test,,rejected,,,EMAIL_INVALID,"column ""email"": ""ann"" is no address"
wide.csv,3,,Manager,mo@example.test,,rejected,,,EMAIL_INVALID,"column ""email"": ""ann"" is no address"
`)
	same(t, rejects(t, entries), "Employee::Name,Employee::Email,Manager::Name,Manager::Email,rejectCode,rejectMessage\n"+
		`Bo,bo@example.test,Mo,mo@example.test,EMAIL_INVALID,"column ""email"": ""ann"" is no address"`+"\n")
}

// TestFormulas writes cells that a spreadsheet would run.
func TestFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+4670": "'+4670", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "＝1": "'＝1", "\t=1": "'\t=1",
		"a=1": "a=1", "'=1": "'=1", "": "", "é": "é",
	} {
		entries := read(t, "may.csv", "envelope,roleName,name,email\nA,Employee,Ann,a@example.test\n", envelope.Outcome{Status: envelope.Failed, Message: cell})
		rows, err := csv.NewReader(strings.NewReader(results(t, entries))).ReadAll()
		if err != nil || rows[1][10] != want {
			t.Errorf("%q is written as %q, want %q", cell, rows[1][10], want)
		}
	}
}

// writeRejects writes the rejects of an input.
func writeRejects(t interface{ Fatal(...any) }, w io.Writer, in *envelope.Input, entries []report.Entry) {
	out, err := rows.NewRejectWriter(w, in.Format)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.WriteRejects(out, all(entries)); err != nil {
		t.Fatal(err)
	}
}

func rejects(t testing.TB, entries []report.Entry) string {
	t.Helper()
	var b strings.Builder
	writeRejects(t, &b, entries[0].Draft.In, entries)
	return b.String()
}

func TestRejects(t *testing.T) {
	text := "envelope;roleName;name;email\nA;Employee;Ann;ann\nA;Manager;\"Mo; the \"\"boss\"\"\";mo@example.test\nB;Employee;Bo;bo@example.test\nC;Employee;short\nD;\"torn\"x;Di;di@example.test\n"
	entries := read(t, "may.csv", text, rejected, sent(1))
	want := "envelope;roleName;name;email;rejectCode;rejectMessage\n" +
		`A;Employee;Ann;ann;EMAIL_INVALID;"column ""email"": ""ann"" is no address"` + "\n" +
		`A;Manager;"Mo; the ""boss""";mo@example.test;EMAIL_INVALID;"may.csv:2: column ""email"": ""ann"" is no address"` + "\n" +
		`"C;Employee;short";;;;CSV_MALFORMED;the row has 3 columns but the header has 4: a delimiter or a quote is missing or one too many` + "\n" +
		`"D;""torn""x;Di;di@example.test";;;;CSV_MALFORMED;text follows a closing quote: a cell with quotes must start and end with one and double those inside` + "\n"
	same(t, rejects(t, entries), want)
	same(t, rejects(t, read(t, "may.csv", text, sent(1))[:2]), "envelope;roleName;name;email;rejectCode;rejectMessage\n")
}

// TestRejectsAgain gives a rejects file back uncorrected: what an earlier run
// has added makes room for what this one says, and nothing of it becomes data.
func TestRejectsAgain(t *testing.T) {
	const header = "envelope,roleName,email,name,rejectCode,rejectMessage\n"
	tests := []struct{ name, row, want string }{
		{"whole", "A,Employee,ann,Ann,EMAIL_INVALID,bad", "A,Employee,ann,Ann,"},
		{"a cell too few", "A,Employee,ann,EMAIL_INVALID,bad", `"A,Employee,ann",,,,`},
		{"two too few", "A,Employee,EMAIL_INVALID,bad", `"A,Employee",,,,`},
		{"a cell too many", "A,Employee,ann,Ann,more,EMAIL_INVALID,bad", `"A,Employee,ann,Ann,more",,,,`},
		{"torn", `A,Empl"oyee,ann,Ann,CSV_MALFORMED,"a quote, say"`, `"A,Empl""oyee,ann,Ann",,,,`},
		{"the two columns are gone", "A,Employee,ann,Ann", "A,Employee,ann,Ann,"},
	}
	for _, tt := range tests {
		entries := read(t, "bad.csv", header+tt.row+"\n", rejected)
		lines := strings.Split(rejects(t, entries), "\n")
		if lines[0] != strings.TrimSpace(header) || !strings.HasPrefix(lines[1], tt.want+entries[0].Outcome.Code+",") {
			t.Errorf("%s: %s is written as %s", tt.name, tt.row, lines[1])
		}
	}
}

// TestRejectsForSpreadsheets has files that a spreadsheet wrote: their rejects are
// encoded as they are.
func TestRejectsForSpreadsheets(t *testing.T) {
	const text = "envelope,roleName,name,email\nA,Employee,José Ångström,jose\n"
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	latin := strings.NewReplacer("é", "\xe9", "Å", "\xc5", "ö", "\xf6").Replace(text)
	plain := func(text string) string { return text }
	for _, tt := range []struct {
		input string
		read  func(string) string // the rejects file as UTF-8
		mark  string
	}{
		{text, plain, ""},
		{"\ufeff" + text, plain, "\ufeff"},
		{string(utf16le), fromUTF16, "\ufeff"},
		{latin, strings.NewReplacer("\xe9", "é", "\xc5", "Å", "\xf6", "ö").Replace, ""},
	} {
		got := rejects(t, read(t, "may.csv", tt.input, rejected))
		if !strings.HasPrefix(tt.read(got), tt.mark+"envelope,roleName,name,email,rejectCode,rejectMessage\nA,Employee,José Ångström,jose,EMAIL_INVALID,") {
			t.Errorf("%q gives %q", tt.input, got)
		}
		if again := rejects(t, read(t, "bad.csv", got, rejected)); again != strings.ReplaceAll(got, "may.csv", "bad.csv") {
			t.Errorf("given back it is %q, was %q", again, got)
		}
	}
}

// fromUTF16 returns little-endian UTF-16 as UTF-8.
func fromUTF16(text string) string {
	var units []uint16
	for i := 0; i+1 < len(text); i += 2 {
		units = append(units, uint16(text[i])|uint16(text[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

// Rejects hold the rejected rows as they were and nothing else; given back,
// they are those rows again, however often.
func TestRejectsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		comma := rapid.SampledFrom([]rune(",;\t|")).Draw(t, "comma")
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("aZ9 éß漢=+-'\"\\,;|\t\n@")), 0, 12, -1)
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma = comma
		table := [][]string{{"envelope", "roleName", "name", "email", "tab:Note"}}
		for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
			table = append(table, []string{
				fmt.Sprint("E", rapid.IntRange(1, 4).Draw(t, "envelope")), cell.Draw(t, "role"),
				cell.Draw(t, "name"), fmt.Sprint("p", i), cell.Draw(t, "note"),
			})
		}
		_ = w.WriteAll(table)
		_, drafts, err := readFile("may.csv", &text)
		if err != nil {
			t.Skip(err)
		}
		entries := entriesOf(drafts, func(_ int, first *envelope.Draft) []envelope.Problem {
			if !rapid.Bool().Draw(t, "rejected") {
				return nil
			}
			return []envelope.Problem{{Position: first.Position(), Code: "X", Message: cell.Draw(t, "why")}}
		}, sent(1))
		var want [][]string
		for _, e := range entries {
			if e.Outcome.Status != envelope.Rejected {
				continue
			}
			for _, r := range e.Draft.Rows {
				want = append(want, append([]string{fmt.Sprintf("%9d", r.Line)}, r.Cells...))
			}
		}
		slices.SortFunc(want, slices.Compare)
		for range 3 {
			if len(want) == 0 {
				return
			}
			var got bytes.Buffer
			writeRejects(t, &got, entries[0].Draft.In, entries)
			written := got.String()
			in, back, err := readFile("bad.csv", &got)
			if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			if diff := cmp.Diff([]string{"rejectCode", "rejectMessage"}, in.Header[len(in.Header)-2:]); diff != "" || len(in.Header) != 7 {
				t.Fatalf("header %q", in.Header)
			}
			entries = nil
			var again []envelope.Row
			for _, d := range back {
				problems := []envelope.Problem{{Position: d.Position(), Code: "EMAIL_INVALID", Message: "still"}}
				entries = append(entries, report.Entry{Draft: d, Outcome: rejected, Problems: problems})
				again = append(again, d.Rows...)
			}
			slices.SortFunc(again, func(a, b envelope.Row) int { return a.Line - b.Line })
			if len(again) != len(want) {
				t.Fatalf("%d rows came back, want %d\n%s", len(again), len(want), written)
			}
			for i, r := range again {
				if len(r.Cells) == 7 && !slices.Equal(r.Cells[:5], want[i][1:]) {
					t.Fatalf("row %q came back as %q", want[i][1:], r.Cells)
				}
			}
		}
	})
}

// TestManyProblems tells all that is wrong with a row at once, with the first
// code for those who count.
func TestManyProblems(t *testing.T) {
	entries := read(t, "may.csv", "envelope,roleName,name,email\nA,Employee,Ann,ann\nA,Manager,Mo,mo@example.test\n", rejected)
	entries[0].Problems = append(entries[0].Problems,
		envelope.Problem{Position: envelope.Position{File: "may.csv", Line: 2}, Code: "ROLE_UNKNOWN", Column: `the "role"`, Message: "no such role"},
		envelope.Problem{Position: envelope.Position{File: "may.csv", Line: 2}, Code: "ALREADY_SENT", Message: "it went out"})
	same(t, rejects(t, entries), "envelope,roleName,name,email,rejectCode,rejectMessage\n"+
		`A,Employee,Ann,ann,EMAIL_INVALID,"column ""email"": ""ann"" is no address; ROLE_UNKNOWN: column ""the \""role\"""": no such role; ALREADY_SENT: it went out"`+"\n"+
		`A,Manager,Mo,mo@example.test,EMAIL_INVALID,"may.csv:2: column ""email"": ""ann"" is no address"`+"\n")
}

func TestTroubles(t *testing.T) {
	entries := read(t, "may.csv", file(5), envelope.Outcome{Status: envelope.Failed, Message: "no"}, envelope.Outcome{Status: envelope.Unknown, Message: "?"},
		sent(1), envelope.Outcome{Status: envelope.Failed}, envelope.Outcome{Status: envelope.Pending, Message: "later"})
	want := []envelope.Problem{
		{Position: envelope.Position{File: "may.csv", Line: 2}, Code: "FAILED", Message: "no"},
		{Position: envelope.Position{File: "may.csv", Line: 3}, Code: "UNKNOWN", Message: "?"},
	}
	outcomes := func(yield func(report.Located, error) bool) {
		for _, e := range entries { // of those that failed or are unknown, as the function is given them
			switch e.Outcome.Status {
			case envelope.Failed, envelope.Unknown:
				if !yield(report.Located{Position: e.Draft.Position(), Outcome: e.Outcome}, nil) {
					return
				}
			}
		}
	}
	var got []envelope.Problem
	for p, err := range report.Troubles(outcomes) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(envelope.Position{}, "Offset")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnreadable: what keeps rows from being read again is told by everything that
// needs them.
func TestUnreadable(t *testing.T) {
	broken := errors.New("input/output error")
	whole := read(t, "may.csv", file(3), rejected)
	entries := func(yield func(report.Entry, error) bool) {
		_ = yield(whole[0], nil) && yield(report.Entry{}, broken)
	}
	outcomes := func(yield func(report.Located, error) bool) {
		_ = yield(report.Located{Position: whole[0].Draft.Position(), Outcome: whole[0].Outcome}, nil) && yield(report.Located{}, broken)
	}
	for name, write := range map[string]func() error{
		"results": func() error { return report.WriteResults(io.Discard, entries) },
		"rejects": func() error {
			out, err := rows.NewRejectWriter(io.Discard, whole[0].Draft.In.Format)
			if err != nil {
				t.Fatal(err)
			}
			return report.WriteRejects(out, entries)
		},
		"page": func() error {
			return (&report.Page{Counts: report.Counts{envelope.Rejected: 1}, Envelopes: listed(entries)}).Write(io.Discard)
		},
		"problems": func() error { return report.WriteProblems(io.Discard, "", report.Troubles(outcomes), "") },
		"summary":  func() error { _, err := report.Collect(report.Troubles(outcomes)); return err },
		"codes":    func() error { _, err := report.ByCode(outcomes); return err },
	} {
		if err := write(); !errors.Is(err, broken) {
			t.Errorf("%s: %v, want %v", name, err, broken)
		}
	}
}

package envelope_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"batchsend/envelope"
	"batchsend/template"
)

// sheetOf writes one envelope, with some cells changed, as a file.
func sheetOf(change map[string]string) string {
	header := []string{"envelope", "roleName", "name", "email", "phone", "note", "emailSubject", "emailBlurb", "tab:Salary", "tab:FirstDay", "tab:Bonus", "field:Department", "accessCode"}
	employee := []string{"A", "Employee", "Ann Ek", "ann.ek@example.test", "", "", "", "", "", "", "", "", ""}
	manager := []string{"A", "Manager", "Bo Lind", "bo.lind@example.test", "", "", "", "", "", "", "", "", ""}
	for column, value := range change {
		employee[slices.Index(header, column)] = value
		if column == "envelope" {
			manager[0] = value
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll([][]string{header, employee, manager}); err != nil {
		panic(err)
	}
	return b.String()
}

// oddities returns the warnings of the drafts' cells.
func oddities(drafts []*envelope.Draft) []envelope.Problem {
	var o envelope.Oddities
	for _, d := range drafts {
		o.Add(d)
	}
	return o.Warnings()
}

// TestCellValues: what spreadsheets, mail merges and wrong conversions leave in cells
// is told, and what people write is not.
func TestCellValues(t *testing.T) {
	const fine = ""
	for _, tt := range []struct {
		column, value string
		problem       string // its code and a part of the message, or ""
		warning       string // part of the message, or ""
	}{
		// The errors of spreadsheets.
		{"name", "#N/A", "TEXT_INVALID a look-up", ""},
		{"name", "#n/a", "TEXT_INVALID a look-up", ""},
		{"name", "#NV", "TEXT_INVALID a look-up", ""},
		{"name", "#BEZUG!", "TEXT_INVALID were deleted", ""},
		{"name", "#¿NOMBRE?", "TEXT_INVALID does not know", ""},
		{"name", "#SAKNAS!", "TEXT_INVALID a look-up", ""},
		{"name", "#VÄRDEFEL!", "TEXT_INVALID another kind", ""},
		{"name", "####", "TEXT_INVALID too narrow", ""},
		{"name", "Err:502", "TEXT_INVALID LibreOffice", ""},
		{"email", "#REF!", "EMAIL_INVALID were deleted", ""},
		{"phone", "#VALUE!", "PHONE_INVALID another kind", ""},
		{"note", "#NAME?", "TEXT_INVALID does not know", ""},
		{"emailSubject", "#SPILL!", "TEXT_INVALID no room", ""},
		{"emailBlurb", "#GETTING_DATA", "TEXT_INVALID had not arrived", ""},
		{"tab:Salary", "#DIV/0!", "TAB_VALUE by zero", ""},
		{"tab:FirstDay", "##########", "TAB_VALUE too narrow", ""},
		{"tab:Bonus", "#ZAHL!", "TAB_VALUE impossible", ""},
		{"field:Department", "#CALC!", "FIELD_VALUE worked out", ""},
		{"envelope", "#N/A", "TEXT_INVALID a look-up", ""},
		{"envelope", "Err:504", "TEXT_INVALID LibreOffice", ""},
		{"accessCode", "Err:504", "ACCESS_CODE_INVALID LibreOffice", ""},
		{"tab:Salary", "#1", fine, ""},
		{"emailSubject", "#1 of your offers", fine, ""},
		{"name", "Eriksen", fine, ""},

		// No names.
		{"name", "NULL", fine, "no name"},
		{"name", "None", fine, "no name"},
		{"name", "N/A", fine, "no name"},
		{"name", "undefined", fine, "no name"},
		{"name", "nan", fine, "no name"},
		{"name", "Nane", fine, ""},
		{"tab:Salary", "NULL", fine, ""},
		{"name", "{{Manager}}", "TEXT_INVALID {{Manager}}", ""},
		{"name", "Dear <<Name>>", "TEXT_INVALID <<Name>>", ""},
		{"name", "${name}", "TEXT_INVALID ${name}", ""},
		{"name", "[[Name]]", "TEXT_INVALID [[Name]]", ""},
		{"name", "%FIRST_NAME%", "TEXT_INVALID %FIRST_NAME%", ""},
		{"name", "«Name»", "TEXT_INVALID «Name»", ""},
		{"name", "<Name>", fine, "no name"},
		{"name", "100 % Ann & Co", fine, ""},
		{"tab:Salary", "{{Salary}}", fine, "{{Salary}}"},
		{"tab:Salary", "5% to 10% on top", fine, ""},
		{"note", "Hello %NAME%", fine, "%NAME%"},
		{"emailSubject", "For [[Employee_UserName]]", fine, ""},
		{"name", "M?ller", fine, "question mark"},
		{"name", "Fran??ois", fine, "question mark"},
		{"name", "Smith &amp; Sons", fine, "&amp;"},
		{"name", "O&#39;Hara", fine, "&#39;"},
		{"name", "Ren&eacute;", fine, `"é"`},
		{"name", "Bed & Breakfast; Hotel", fine, ""},

		// Numbers that were shortened.
		{"envelope", "1.23457E+11", "TEXT_INVALID shortened", ""},
		{"envelope", "1,23457E+11", "TEXT_INVALID shortened", ""},
		{"phone", "4.67018E+10", "PHONE_INVALID shortened", ""},
		{"tab:Salary", "1.23457E+11", fine, "shortened"},
		{"tab:Bonus", "1.23457E+11", "TAB_VALUE shortened", ""},
		{"field:Department", "1E+15", fine, "shortened"},
		{"envelope", "E+11", fine, ""},
		{"phone", "+46 70 123 45 67", fine, ""},

		// Days kept as numbers.
		{"tab:FirstDay", "46357", fine, "2026-12-01"},
		{"tab:FirstDay", "2026-12-01", fine, ""},
		{"tab:Salary", "46357", fine, ""},

		// Encodings.
		{"name", "RenÃ©", `TEXT_INVALID "René"`, ""},
		{"name", "MÃ¼ller", `TEXT_INVALID "Müller"`, ""},
		{"name", "Ã…strÃ¶m", `TEXT_INVALID "Åström"`, ""},
		{"name", "Oâ€™Hara", `TEXT_INVALID "O’Hara"`, ""},
		{"name", "CAFÃ‰", `TEXT_INVALID "CAFÉ"`, ""},
		{"name", "IonuÈ›", `TEXT_INVALID "Ionuț"`, ""},
		{"name", "Nguyá»…n", `TEXT_INVALID "Nguyễn"`, ""},
		{"name", "ÐŸÐµÑ‚Ñ€", `TEXT_INVALID "Петр"`, ""},
		{"tab:Salary", "10â‚¬", `TAB_VALUE "10€"`, ""},
		{"note", "SchÃ¶ne GrÃ¼ÃŸe", `TEXT_INVALID "Schöne Grüße"`, ""},
		{"name", "Mu\u00c3\u0089", "TEXT_INVALID", ""},
		{"name", "Ann\u0085Ek", "TEXT_INVALID control", ""},
		{"name", "Ann\ufffdEk", "TEXT_INVALID lost", ""},
		{"name", "M├╝ller", "TEXT_INVALID wrong encoding", ""},
		{"name", "Ann\ue000", "TEXT_INVALID wrong encoding", ""},
		{"name", "Åsa Öst", fine, ""},
		{"name", "RENÉ’S ÉÈ", fine, ""},
		{"name", "“Bo” Weiß”", fine, ""},
		{"emailSubject", "VI KOMMER NU PÅ…", fine, ""},
		{"name", "Þórður Ægisson", fine, ""},
		{"name", "Łukasz Żółć", fine, ""},
		{"name", "王小明", fine, ""},
		{"name", "Ngô Bảo Châu", fine, ""},

		// Signs that nobody sees.
		{"name", "\u202eevoD", "TEXT_INVALID U+202E) at position 1", ""},
		{"name", "Ann\u200fEk", "TEXT_INVALID U+200F) at position 4", ""},
		{"tab:Salary", "41\u202d000", "TAB_VALUE U+202D) at position 3", ""},
		{"note", "Hi\u2066there", "TEXT_INVALID U+2066) at position 3", ""},
		{"note", "שלום\u200f!", fine, ""},
		{"phone", "\u202a+46 70 123 45 67\u202c", "PHONE_INVALID U+202A) at position 1", ""},
		{"envelope", "A\u200b", "TEXT_INVALID U+200B) at position 2", ""},
		{"email", "ann.ek\u200b@example.test", "EMAIL_INVALID U+200B) at position 7", ""},
		{"name", "Hal\u00adIto", fine, "U+00AD) at position 4"},
		{"tab:Salary", "41\u200b000", fine, "U+200B) at position 3"},
		{"tab:Salary", "41\u00a0000", fine, ""},
		{"emailSubject", "One\r\nBcc: two", "TEXT_INVALID", ""},
		{"emailBlurb", "be\x07ll", "TEXT_INVALID control", ""},
	} {
		in := read(t, sheetOf(map[string]string{tt.column: tt.value}))
		check(offerChecker(), in.Drafts)
		var problems []envelope.Problem
		for _, d := range in.Drafts {
			problems = append(problems, d.Problems...)
		}
		warnings := oddities(in.Drafts)
		switch code, part, _ := strings.Cut(tt.problem, " "); {
		case code == "" && len(problems) > 0:
			t.Errorf("%s %q: %v", tt.column, tt.value, problems)
		case code != "" && (len(problems) != 1 || string(problems[0].Code) != code || problems[0].Column != tt.column || problems[0].Line != 2 || !strings.Contains(problems[0].Message, part)):
			t.Errorf("%s %q: %v, want %s about %q", tt.column, tt.value, problems, code, part)
		}
		switch {
		case tt.warning == "" && len(warnings) > 0:
			t.Errorf("%s %q: warnings %v", tt.column, tt.value, warnings)
		case tt.warning != "" && (len(warnings) != 1 || warnings[0].Column != tt.column || warnings[0].Line != 2 || !strings.Contains(warnings[0].Message, tt.warning)):
			t.Errorf("%s %q: warnings %v, want one about %q", tt.column, tt.value, warnings, tt.warning)
		}
	}
}

// TestNamesAsSent: names lose what nobody sees, keep what a script needs, and are the
// same envelope either way.
func TestNamesAsSent(t *testing.T) {
	for given, want := range map[string]string{
		"Frej\u00a0Alm":         "Frej Alm",
		"Gita Rao\u200b":        "Gita Rao",
		"Hal\u00adIto":          "HalIto",
		"\ufeffAnn Ek":          "Ann Ek",
		"An\u200dn":             "Ann",
		"علی\u200cرضا":          "علی\u200cرضا",
		"क\u094d\u200dष":        "क\u094d\u200dष",
		"“Bo” Lind":             "“Bo” Lind",
		"Ren\u00e9 O\u2019Hara": "René O’Hara",
	} {
		in, clean := read(t, sheetOf(map[string]string{"name": given})), read(t, sheetOf(map[string]string{"name": want}))
		check(offerChecker(), in.Drafts)
		check(offerChecker(), clean.Drafts)
		d := in.Drafts[0]
		if d.Envelope == nil {
			t.Errorf("%q: %v", given, d.Problems)
			continue
		}
		if got := d.Envelope.Recipients[0].Name; got != want {
			t.Errorf("%q is sent as %q, want %q", given, got, want)
		}
		if d.Identity != clean.Drafts[0].Identity {
			t.Errorf("%q and %q are two envelopes", given, want)
		}
	}
}

func TestSurnameFirst(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  bool
	}{
		{[]string{"Alm, Frej", "Rao, Gita", "Ito, Hal"}, true},
		{[]string{"Alm, Frej", "Rao, Gita", "Hal Ito", "Bo Lind"}, true},
		{[]string{"Alm, Frej", "Gita Rao", "Hal Ito"}, false},
		{[]string{"John Smith, Jr.", "Acme, Inc.", "Bo Lind, PhD"}, false},
	} {
		text := "name,email\n"
		for i, name := range tt.names {
			text += `"` + name + `",p` + string(rune('a'+i)) + "@example.test\n"
		}
		in := read(t, text)
		check(checker(one(nil)), in.Drafts)
		if got := len(oddities(in.Drafts)) == 1; got != tt.want {
			t.Errorf("%q: %v", tt.names, oddities(in.Drafts))
		}
	}
}

// TestOdditiesAreBounded: of a million odd cells few are kept, and all are counted.
func TestOdditiesAreBounded(t *testing.T) {
	in := read(t, "name,email\n"+strings.Repeat("NULL,ann.ek@example.test\n", 1000))
	check(checker(one(nil)), in.Drafts)
	warnings := oddities(in.Drafts)
	if len(warnings) != 100 || !strings.Contains(warnings[99].Message, "900 more warnings") {
		t.Errorf("%d warnings, the last %v", len(warnings), warnings[len(warnings)-1])
	}
}

// FuzzCell: any value of any cell is taken or told of, and what is told can be shown.
func FuzzCell(f *testing.F) {
	for _, seed := range []string{"#N/A", "Err:502", "RenÃ©", "ÃÃÃ", "â€", "%%A%%", "{{}}", "&&#;;", "a?b", "1.2E+11", "\u202e", "A\u200d", "«»", "Alm, Frej"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		in, err := readFile(sheetOf(map[string]string{"name": value, "tab:Salary": value, "note": value, "emailSubject": value, "phone": value, "envelope": value}))
		if err != nil {
			return
		}
		c := checker(offer(), one(func(t *template.Template) { t.ID = strings.Replace(offerID, "1", "2", 1) }))
		check(c, in.Drafts)
		for _, w := range oddities(in.Drafts) {
			if w.Message == "" || w.Line < 1 {
				t.Errorf("%+v says too little", w)
			}
		}
	})
}

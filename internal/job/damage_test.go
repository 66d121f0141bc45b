package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/internal/templatefile"
	"batchsend/reminders"
	"batchsend/template"
)

// silent is an operator who sees nothing.
type silent struct{}

func (silent) Say(string, ...any)                             {}
func (silent) Warn(string, ...any)                            {}
func (silent) Waiting(string, time.Time)                      {}
func (silent) ShowPlan(Planned)                               {}
func (silent) Confirm(context.Context, Planned) (bool, error) { return false, nil }
func (silent) Progress(report.Plan) Progress                  { return nil }
func (silent) Reading(func() int) func()                      { return func() {} }

// leaseFile is a template with a tab of every kind of which the value is checked.
func leaseFile() *templatefile.File {
	const visibleOnce = 10 // characters
	return &templatefile.File{
		Account: templatefile.Account{ID: "0ffe1e77-0000-4000-8000-000000000001"},
		Base:    reminders.Settings{Expire: 120},
		Template: &template.Template{
			ID: "0ffe1e77-0000-4000-8000-000000000002", Name: "Lease", Subject: "Sign",
			Roles: []template.Role{
				{Name: "Tenant", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{
					{Label: "Start", Type: template.Date},
					{Label: "Rent", Type: template.Number},
					{Label: "SSN", Type: template.SSN},
					{Label: "ZIP", Type: template.ZIP},
					{Label: "Floor", Type: template.List, Options: []string{"ground", "first"}},
					{Label: "Contact", Type: template.Email},
					{Label: "Pets", Type: template.Checkbox},
					{Label: "Flat", Type: template.Text, MaxLength: visibleOnce},
				}},
				{Name: "Landlord", Kind: template.Signer, RoutingOrder: 2},
				{Name: "Broker", Kind: template.Signer, RoutingOrder: 2, Person: template.Person{Name: "Bo Alm", Email: "broker@example.test"}},
				{Name: "Archive", Kind: template.CarbonCopy, RoutingOrder: 3, Person: template.Person{Name: "Archive", Email: "archive@example.test"}},
			},
			Fields: []template.Field{{Name: "Region", List: true, Options: []string{"North", "South"}}},
		},
	}
}

// leaseHeader are the columns of the file that is damaged.
var leaseHeader = strings.Split("envelope,roleName,routingOrder,name,email,phone,note,accessCode,templateId,emailSubject,emailBlurb,reminderDelay,reminderFrequency,expireAfter,expireWarn,tab:Start,tab:Rent,tab:SSN,tab:ZIP,tab:Floor,tab:Contact,tab:Pets,tab:Flat,field:Region", ",")

// lease are the two rows of a sound envelope.
func lease(label string) (tenant, landlord []string) {
	tenant, landlord = make([]string, len(leaseHeader)), make([]string, len(leaseHeader))
	copy(tenant, []string{label, "Tenant", "1", "Zoë Berg " + label, "zoe." + label + "@example.test"})
	copy(landlord, []string{label, "Landlord", "2", "Per Ek " + label, "per." + label + "@example.test"})
	tenant[10], tenant[15], tenant[16] = "Please sign", "2026-12-01", "1200"
	return tenant, landlord
}

const (
	ofTenant = iota
	ofLandlord
)

// damages are what may be wrong with one cell of an envelope's two rows.
var damages = []struct {
	name, column, value string
	row                 int // of the two
	code                envelope.Code
}{
	{name: "role with another spelling", column: "roleName", value: "tenant", row: ofTenant, code: envelope.RoleUnknown},
	{name: "role of another alphabet", column: "roleName", value: "Тenant", row: ofTenant, code: envelope.RoleUnknown},
	{name: "role unknown", column: "roleName", value: "Janitor", row: ofTenant, code: envelope.RoleUnknown},
	{name: "role empty", column: "roleName", value: "", row: ofTenant, code: envelope.RoleUnknown},
	{name: "role of the template's own recipient", column: "roleName", value: "Broker", row: ofLandlord, code: envelope.RoleFixed},
	{name: "routing order", column: "routingOrder", value: "3", row: ofTenant, code: envelope.RoutingMismatch},
	{name: "routing order is no number", column: "routingOrder", value: "first", row: ofTenant, code: envelope.RoutingMismatch},
	{name: "name empty", column: "name", value: "", row: ofLandlord, code: envelope.NameMissing},
	{name: "name failed look-up", column: "name", value: "#N/A", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name unmerged", column: "name", value: "{{Landlord}}", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name decoded twice", column: "name", value: "RenÃ© Ek", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name with a lost character", column: "name", value: "Ren\ufffd Ek", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name turned round", column: "name", value: "Per \u202eEk", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name with a control character", column: "name", value: "Per\u0085Ek", row: ofLandlord, code: envelope.TextInvalid},
	{name: "name too long", column: "name", value: strings.Repeat("n", 101), row: ofLandlord, code: envelope.TooLong},
	{name: "address empty", column: "email", value: "", row: ofLandlord, code: envelope.EmailInvalid},
	{name: "address without @", column: "email", value: "per.example.test", row: ofLandlord, code: envelope.EmailInvalid},
	{name: "two addresses", column: "email", value: "per@example.test; ann@example.test", row: ofLandlord, code: envelope.EmailInvalid},
	{name: "address with a blank", column: "email", value: "per ek@example.test", row: ofLandlord, code: envelope.EmailInvalid},
	{name: "address with an invisible sign", column: "email", value: "per\u200b@example.test", row: ofLandlord, code: envelope.EmailInvalid},
	{name: "address of the other one", column: "email", value: "zoe.20@example.test", row: ofLandlord, code: envelope.DuplicateRecipient},
	{name: "phone shortened", column: "phone", value: "4.67012E+10", row: ofLandlord, code: envelope.PhoneInvalid},
	{name: "phone with letters", column: "phone", value: "call me", row: ofLandlord, code: envelope.PhoneInvalid},
	{name: "access code too long", column: "accessCode", value: strings.Repeat("c", 51), row: ofLandlord, code: envelope.TooLong},
	{name: "note too long", column: "note", value: strings.Repeat("n", 1001), row: ofLandlord, code: envelope.TooLong},
	{name: "template that is none", column: "templateId", value: "lease", row: ofTenant, code: envelope.TemplateUnknown},
	{name: "subject with a line break", column: "emailSubject", value: "Sign\u2028Bcc: all@example.test", row: ofTenant, code: envelope.TextInvalid},
	{name: "subject too long", column: "emailSubject", value: strings.Repeat("s", 101), row: ofTenant, code: envelope.TooLong},
	{name: "reminder in words", column: "reminderDelay", value: "weekly", row: ofTenant, code: envelope.ReminderInvalid},
	{name: "reminder too late", column: "reminderFrequency", value: "1000", row: ofTenant, code: envelope.ReminderInvalid},
	{name: "expiration 0", column: "expireAfter", value: "0", row: ofTenant, code: envelope.ExpirationInvalid},
	{name: "serial date", column: "tab:Start", value: "46357", row: ofTenant, code: envelope.TabValue},
	{name: "day that does not exist", column: "tab:Start", value: "31.02.2026", row: ofTenant, code: envelope.TabValue},
	{name: "column too narrow", column: "tab:Start", value: "########", row: ofTenant, code: envelope.TabValue},
	{name: "number in words", column: "tab:Rent", value: "twelve", row: ofTenant, code: envelope.TabValue},
	{name: "number shortened", column: "tab:Rent", value: "1.23457E+11", row: ofTenant, code: envelope.TabValue},
	{name: "SSN", column: "tab:SSN", value: "123-45", row: ofTenant, code: envelope.TabValue},
	{name: "ZIP", column: "tab:ZIP", value: "1234", row: ofTenant, code: envelope.TabValue},
	{name: "no choice of the list", column: "tab:Floor", value: "attic", row: ofTenant, code: envelope.TabValue},
	{name: "address in a tab", column: "tab:Contact", value: "nobody", row: ofTenant, code: envelope.TabValue},
	{name: "box neither on nor off", column: "tab:Pets", value: "perhaps", row: ofTenant, code: envelope.TabValue},
	{name: "text longer than its tab", column: "tab:Flat", value: "third floor", row: ofTenant, code: envelope.TabValue},
	{name: "tab of nobody", column: "tab:Rent", value: "12", row: ofLandlord, code: envelope.TabUnknown},
	{name: "no choice of the field", column: "field:Region", value: "West", row: ofTenant, code: envelope.FieldValue},
	{name: "rows that disagree", column: "emailBlurb", value: "Please do not sign", row: ofLandlord, code: envelope.RowDisagrees},
}

// drawn is a text with records, and the line on which each stands.
type drawn struct {
	text  string
	lines []int
	flags func(*Files)
}

// draw writes records as texts, one line each, below some lines. It counts lines as an
// editor does: CR, LF and CR LF end one.
func draw(records [][]string, delimiter, ending, above string) (d drawn) {
	var b strings.Builder
	b.WriteString(above)
	for _, record := range records {
		text := b.String()
		d.lines = append(d.lines, 1+strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n"))
		for i, cell := range record {
			if i > 0 {
				b.WriteString(delimiter)
			}
			if strings.ContainsAny(cell, delimiter+"\"\r\n") {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			b.WriteString(cell)
		}
		b.WriteString(ending)
	}
	d.text = b.String()
	return d
}

// drawings are ways in which programs write a text of records.
var drawings = map[string]func(records [][]string) drawn{
	"plain":      func(r [][]string) drawn { return draw(r, ",", "\n", "") },
	"CR LF":      func(r [][]string) drawn { return draw(r, ",", "\r\n", "") },
	"bare CR":    func(r [][]string) drawn { return draw(r, ";", "\r", "") },
	"mark":       func(r [][]string) drawn { return draw(r, ",", "\n", "\ufeff") },
	"sep line":   func(r [][]string) drawn { return draw(r, ";", "\r\n", "\ufeffsep=;\r\n") },
	"tabs":       func(r [][]string) drawn { return draw(r, "\t", "\n", "") },
	"blank rows": func(r [][]string) drawn { return draw(r, ",", "\r\n\r\n,,\r\n", "\r\n\r\n") },
	"UTF-16": func(r [][]string) drawn {
		d := draw(r, "\t", "\r\n", "")
		d.text, _ = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(d.text)
		return d
	},
	"title": func(r [][]string) drawn {
		d := draw(r, ",", "\r\n", "Leases\r\n\"made\r\nby hand\"\r\n\r\n")
		d.flags = func(f *Files) { f.Reading.HeaderRow = 5 }
		return d
	},
	"lines in cells": func(r [][]string) drawn {
		for _, i := range []int{1, 2} {
			r[i][6] = "Dear tenant,\nplease sign.\n\nThank you"
		}
		return draw(r, ",", "\n", "")
	},
	"CR LF in cells": func(r [][]string) drawn {
		r[2][6] = "Dear tenant,\r\nplease sign."
		return draw(r, ",", "\r", "")
	},
	"header again": func(r [][]string) drawn {
		d := draw(slices.Insert(r, 3, r[0]), ",", "\n", "")
		d.lines = slices.Delete(d.lines, 3, 4)
		return d
	},
}

// sheets are ways in which records may stand in a workbook: on which row the first.
var sheets = map[string]struct {
	sheet, called string          // called is the sheet's name as formulas have it
	rows          func(i int) int // of record i, from 1
	flags         func(*Files)
}{
	"sheet":               {"Sheet1", "Sheet1", func(i int) int { return i + 1 }, nil},
	"blank rows in sheet": {"Sheet1", "Sheet1", func(i int) int { return 3 + 2*i }, nil},
	"sheet with title":    {"Mieter 2026", "'Mieter 2026'", func(i int) int { return i + 4 }, func(f *Files) { f.Reading.HeaderRow = 4 }},
}

// checkedAt returns the places and codes of all problems of a file in a dry run.
func checkedAt(t *testing.T, path string, flags func(*Files)) (found []string) {
	t.Helper()
	o := Options{Files: Files{Paths: []string{path}, Reading: rows.Options{}}}
	if flags != nil {
		flags(&o.Files)
	}
	done, err := Send(t.Context(), o, silent{}, func(context.Context, []string) (Site, error) {
		without, err := offline([]*templatefile.File{leaseFile()}, "")
		if err != nil {
			return Site{}, err
		}
		without.Operator, without.Log = silent{}, slog.New(slog.DiscardHandler)
		return without.Site, nil
	})
	defer func() { done.Close() }() // it has files with an error, too
	note := func(p envelope.Problem) {
		found = append(found, strings.TrimPrefix(p.Where(), path)+" "+string(p.Code)+": "+p.Message)
	}
	if header, ok := errors.AsType[*HeaderError](err); ok {
		for _, p := range header.Problems {
			note(p)
		}
		return found
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for p, err := range done.Problems() {
		if err != nil {
			t.Fatal(err)
		}
		note(p)
	}
	return found
}

// writeFile writes a file and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// workbook writes records into a sheet, each on its row.
func workbook(t *testing.T, sheet string, records [][]string, row func(i int) int) string {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for i, record := range records {
		cell, err := excelize.CoordinatesToCellName(1, row(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := book.SetSheetRow(sheet, cell, &record); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "f.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDamage damages one cell of each envelope of a file, in every way in which files
// are written. Each message names the cell that an editor or a spreadsheet shows, and
// nothing else is wrong.
func TestDamage(t *testing.T) {
	t.Parallel()
	damaged := func() [][]string {
		records := [][]string{slices.Clone(leaseHeader)}
		for i, d := range damages {
			tenant, landlord := lease(strconv.Itoa(i))
			records = append(records, tenant, landlord)
			records[1+2*i+d.row][slices.Index(leaseHeader, d.column)] = d.value
		}
		tenant, landlord := lease("sound")
		return append(records, tenant, landlord)
	}
	// expect compares what was found with where function at puts the damaged cells.
	expect := func(t *testing.T, got []string, at func(record, column int) string) {
		t.Helper()
		got = slices.DeleteFunc(got, func(text string) bool { return strings.Contains(text, string(envelope.RoleMissing)) }) // it follows from the cell
		for i, d := range damages {
			want := at(1+2*i+d.row, slices.Index(leaseHeader, d.column)) + " " + string(d.code) + ": "
			if i >= len(got) || !strings.HasPrefix(got[i], want) {
				t.Fatalf("%s: got %q, want %q", d.name, got[min(i, len(got)):], want)
			}
		}
		if more := got[len(damages):]; len(more) > 0 {
			t.Errorf("nothing else is wrong, but: %q", more)
		}
	}
	for name, draw := range drawings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := draw(damaged())
			expect(t, checkedAt(t, writeFile(t, "f.csv", file.text), file.flags), func(record, column int) string {
				return fmt.Sprintf(":%d: column %q", file.lines[record], leaseHeader[column])
			})
		})
	}
	for name, s := range sheets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := workbook(t, s.sheet, damaged(), s.rows)
			expect(t, checkedAt(t, path, s.flags), func(record, column int) string {
				return fmt.Sprintf(": %s!%s%d", s.called, envelope.Letter(column), s.rows(record))
			})
		})
	}
}

// TestDamagedForm damages what rows are made of. § stands before the damage: the message
// names the line of it, however the file is written.
func TestDamagedForm(t *testing.T) {
	t.Parallel()
	const header, sound = "envelope,roleName,name,email\n", "A,Tenant,Zoë Berg,zoe@example.test\nA,Landlord,Per Ek,per@example.test\n"
	const end = "C,Tenant,Ann Alm,ann@example.test\nC,Landlord,Per Ek,per@example.test\n"
	const landlord = "B,Landlord,Per Ek,per@example.test\n"
	for _, tt := range []struct{ name, text, want string }{
		{"quote never closed", header + sound + "§B,Tenant,\"Bo Ek,bo@example.test\n" + landlord + end, "CSV_MALFORMED: a quote opens a cell here and is never closed"},
		{"quote closed much later", header + sound + "§B,Tenant,\"Bo Ek,bo@example.test\n" + landlord + "C,Tenant,Ann\",ann@example.test\nC,Landlord,Per Ek,per@example.test\n", "CSV_MALFORMED: a quote opens a cell here and is not closed before"},
		{"text after a quote", header + sound + "§B,Tenant,\"Bo\" Ek,bo@example.test\n" + landlord + end, "CSV_MALFORMED: text follows a closing quote"},
		{"quote within a cell", header + sound + "§B,Tenant,Bo \"Bobo\" Ek,bo@example.test\n" + landlord + end, "CSV_MALFORMED: a quote stands inside a cell"},
		{"below a cell of several lines", header + "A,Tenant,\"Zoë\n\nBerg\",zoe@example.test\n" + "§A,Landlord,Per \"Ek,per@example.test\n" + end, "CSV_MALFORMED: a quote stands inside a cell"},
		{"a cell too many", header + sound + "§B,Tenant,Ek, Bo,bo@example.test\n" + landlord + end, "CSV_MALFORMED: the row has 5 columns but the header has 4"},
		{"a cell too few", header + sound + "§B,Tenant,bo@example.test\n" + landlord + end, "CSV_MALFORMED: the row has 3 columns but the header has 4"},
		{"a total", header + sound + end + "§Total,,4,\n", "CSV_MALFORMED: the row has no address and looks like a total"},
		{"a row in one cell", header + sound + "§\"B,Tenant,Bo Ek,bo@example.test\",,,\n" + end, "ROLE_UNKNOWN"},
		{"zero byte", header + sound + "§B,Tenant,Bo\x00Ek,bo@example.test\n" + landlord + end, "CSV_MALFORMED: the line holds a zero byte"},
		{"byte of a code page", header + sound + "B,Tenant,Zoë Berg,bo@example.test\n§B,Landlord,P\xe9r Ek,per@example.test\n" + end, "CSV_MALFORMED: the line holds a byte that is not UTF-8"},
		{"more columns than a spreadsheet has", header + sound + "§B,Tenant,Bo Ek,bo@example.test" + strings.Repeat(",", 20_000) + "\n" + landlord + end, "CSV_MALFORMED: the row has more than 16384 columns"},
		{"a cell without end", header + sound + "§B,Tenant,\"" + strings.Repeat("x", 3<<20) + "\",bo@example.test\n" + end, "CSV_MALFORMED: the row does not end within 1024 kilobytes"},
		{"value without a column's name", "envelope,roleName,name,email,\n" + sound + "§B,Tenant,Bo Ek,bo@example.test,call him\n" + landlord + end, "COLUMN_UNKNOWN"},
		{"column unknown", "§envelope,roleName,name,email,shoe size\n" + strings.ReplaceAll(sound+end, "\n", ",\n"), `: column "shoe size" COLUMN_UNKNOWN`},
		{"column twice", "§envelope,roleName,name,email,e-mail,Email\n" + strings.ReplaceAll(sound+end, "\n", ",,\n"), `: column "Email" COLUMN_REPEATED`},
		{"column missing", "§envelope,roleName,name\nA,Tenant,Zoë\nA,Landlord,Per\n", `COLUMN_MISSING: there is no column "email"`},
		{"header torn", "§envelope,roleName,\"name,email\n" + sound + end, "CSV_MALFORMED: the header cannot be read"},
		{"title above the header", "§Leases of 2026,,,\n" + header + sound + end, "CSV_MALFORMED: line "},
		{"role missing", header + sound + "§B,Tenant,Bo Ek,bo@example.test\n" + end, "ROLE_MISSING"},
		{"role twice", header + sound + "B,Tenant,Bo Ek,bo@example.test\n§B,Tenant,Bo Alm,alm@example.test\n" + landlord + end, `: column "roleName" ROLE_REPEATED`},
		{"envelope twice", header + sound + "§" + strings.ReplaceAll(sound, "A,", "B,"), "DUPLICATE_ENVELOPE"},
		{"rejects given back as they were", "envelope,roleName,name,email,rejectCode,rejectMessage\n" + "§\"B,Tenant,Bo \"\"Bobo\"\" Ek,bo@example.test\",,,,CSV_MALFORMED,a quote\n", "CSV_MALFORMED: the first cell holds the whole row"},
		{"cells that have moved", "envelope,roleName,name,email,rejectCode,rejectMessage\n" + "§B,Tenant,Bo,CSV_MALFORMED,,\n", "CSV_MALFORMED: \"CSV_MALFORMED\" stands in column 4"},
	} {
		for name, write := range map[string]func(text string) (string, int){
			"LF":         func(text string) (string, int) { return text, 0 },
			"CR LF":      func(text string) (string, int) { return strings.ReplaceAll(text, "\n", "\r\n"), 0 },
			"CR":         func(text string) (string, int) { return strings.ReplaceAll(text, "\n", "\r"), 0 },
			"mark":       func(text string) (string, int) { return "\ufeff" + text, 0 },
			"blank":      func(text string) (string, int) { return "\r\n\n  \r" + text, 3 },
			"sep":        func(text string) (string, int) { return "sep=,\r\n" + text, 1 },
			"header row": func(text string) (string, int) { return "Leases\n\"by\n me\"\n" + text, 3 },
		} {
			before, after, _ := strings.Cut(tt.text, "§")
			text, above := write(before + after)
			var flags func(*Files)
			if name == "header row" {
				flags = func(f *Files) { f.Reading.HeaderRow = 4 }
				if strings.HasPrefix(tt.name, "title") {
					continue
				}
			}
			want := fmt.Sprintf(":%d", above+1+strings.Count(before, "\n"))
			got := checkedAt(t, writeFile(t, "f.csv", text), flags)
			if len(got) == 0 || !slices.ContainsFunc(got, func(text string) bool {
				at, rest, _ := strings.Cut(text, " ")
				return strings.TrimSuffix(at, ":") == want && strings.Contains(": "+rest, tt.want)
			}) {
				t.Errorf("%s, %s: got %.300q, want %s and %q", tt.name, name, got, want, tt.want)
			}
		}
	}
}

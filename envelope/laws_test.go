package envelope_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"batchsend/envelope"
)

// sheet is a file in the making: the columns of lawHeader, two rows for each
// envelope.
type sheet [][]string

var lawHeader = []string{
	"envelope", "roleName", "routingOrder", "name", "email", "emailSubject", "reminderDelay",
	"tab:Salary", "tab:CostCentre", "field:Department", "note",
}

// drawSheet draws a sheet without mistakes, of up to most envelopes.
func drawSheet(t *rapid.T, most int) sheet {
	text := rapid.StringMatching(`[A-Za-zåÖé"',;|][ A-Za-zåÖé"',;|0-9]{0,8}[a-z]`)
	multi := rapid.OneOf(rapid.Just(""), text, rapid.Just("two\nlines"))
	var rows sheet
	for i := range rapid.IntRange(1, most).Draw(t, "envelopes") {
		label := fmt.Sprintf("E-%d", i)
		rows = append(
			rows,
			[]string{label, "Employee", "1", text.Draw(t, "name"), fmt.Sprintf("e%d@example.test", i), rapid.OneOf(rapid.Just(""), text).Draw(t, "subject"), rapid.SampledFrom([]string{"", "1", "29"}).Draw(t, "delay"), multi.Draw(t, "salary"), "", text.Draw(t, "department"), multi.Draw(t, "note")},
			[]string{label, "Manager", "", text.Draw(t, "name"), fmt.Sprintf("m%d@example.test", i), "", "", "", text.Draw(t, "cost centre"), "", ""},
		)
	}
	return rows
}

// write writes a header and rows as a CSV file.
func write(header []string, rows [][]string, comma rune) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = comma
	w.Write(header)
	w.WriteAll(rows)
	return b.String()
}

// identity is what must not change when a file is only written otherwise.
type identity struct {
	ID      envelope.TransactionID
	Content envelope.Content
}

// checked reads and checks text and returns its envelopes by their label.
func checked(t *rapid.T, text string) map[string]identity {
	in, err := readFile(text)
	if err != nil {
		t.Fatalf("Read: %v\n%s", err, text)
	}
	check(offerChecker(), in.Drafts)
	out := map[string]identity{}
	for _, d := range in.Drafts {
		if d.Envelope == nil {
			t.Fatalf("%v\n%s", d.Problems, text)
		}
		out[d.Label] = identity{d.Envelope.TransactionID, d.Envelope.Content}
	}
	return out
}

func same(t *rapid.T, what string, want, got map[string]identity) {
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s changes envelopes (-before +after):\n%s", what, diff)
	}
}

func TestOrderOfRowsDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 5)
		same(t, "another order of rows", checked(t, write(lawHeader, rows, ',')), checked(t, write(lawHeader, rapid.Permutation(rows).Draw(t, "order"), ',')))
	})
}

func TestOrderOfColumnsDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 3)
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).Draw(t, "order")
		pick := func(row []string) []string {
			var out []string
			for _, i := range order {
				out = append(out, row[i])
			}
			return out
		}
		var shuffled [][]string
		for _, row := range rows {
			shuffled = append(shuffled, pick(row))
		}
		same(t, "another order of columns", checked(t, write(lawHeader, rows, ',')), checked(t, write(pick(lawHeader), shuffled, ',')))
	})
}

func TestHowAnAddressIsWrittenDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 3)
		before := checked(t, write(lawHeader, rows, ','))
		for _, row := range rows {
			row[4] = rapid.SampledFrom([]func(string) string{
				strings.ToUpper, strings.ToLower, func(s string) string { return "  " + s + "\t " },
			}).Draw(t, "writing")(row[4])
		}
		same(t, "another case of addresses", before, checked(t, write(lawHeader, rows, ',')))
		twice := append(rows[:2:2], slices.Clone(rows[0]), slices.Clone(rows[1]))
		for _, row := range twice[2:] {
			row[0], row[4] = "again", strings.ToUpper(row[4])
		}
		problems, _ := problemsOf(t, offerChecker(), write(lawHeader, twice, ','))
		if got := short(problems); len(got) != 1 || !strings.HasSuffix(got[0], string(envelope.DuplicateEnvelope)) {
			t.Fatalf("an envelope written twice: %q", got)
		}
	})
}

func TestHowAFileIsSavedDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 3)
		before := checked(t, write(lawHeader, rows, ','))
		text := write(lawHeader, rows, rapid.SampledFrom([]rune(",;\t|")).Draw(t, "delimiter"))
		if rapid.Bool().Draw(t, "CRLF") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		saved, err := rapid.SampledFrom([]func(string) (string, error){
			func(s string) (string, error) { return s, nil },
			func(s string) (string, error) { return "\ufeff" + s, nil },
			unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String,
			unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String,
			charmap.Windows1252.NewEncoder().String,
		}).Draw(t, "encoding")(text)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "another way to save", before, checked(t, saved))
	})
}

func TestLongAndWideAreTheSame(t *testing.T) {
	header := []string{
		"envelope", "Employee::Name", "Employee::Email", "emailSubject", "reminderDelay", "Employee::Salary", "field:Department", "Employee::Note",
		"Manager::Name", "Manager::Email", "Manager::CostCentre",
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 4)
		var wide [][]string
		for i := 0; i < len(rows); i += 2 {
			e, m := rows[i], rows[i+1]
			wide = append(wide, []string{e[0], e[3], e[4], e[5], e[6], e[7], e[9], e[10], m[3], m[4], m[8]})
		}
		same(t, "the wide form", checked(t, write(lawHeader, rows, ',')), checked(t, write(header, wide, ',')))
	})
}

// TestEveryValueCounts: whatever a cell says more or else makes another
// content, and cells that change places do, too.
func TestEveryValueCounts(t *testing.T) {
	changes := map[string]func(e, m []string){
		"name":       func(e, _ []string) { e[3] += "x" },
		"address":    func(e, _ []string) { e[4] = "x" + e[4] },
		"subject":    func(e, _ []string) { e[5] += "x" },
		"delay":      func(e, _ []string) { e[6] = "7" },
		"salary":     func(e, _ []string) { e[7] += "x" },
		"cost":       func(_, m []string) { m[8] += "x" },
		"department": func(e, _ []string) { e[9] += "x" },
		"note":       func(e, _ []string) { e[10] += "x" },
		"note moved": func(e, m []string) { e[10], m[10] = "", e[10]+"y" },
		"swap":       func(e, m []string) { e[3], m[3] = m[3]+"1", e[3]+"2" },
	}
	names := slices.Sorted(maps.Keys(changes))
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 1)
		contents := map[envelope.Content]string{checked(t, write(lawHeader, rows, ','))["E-0"].Content: "none"}
		for _, name := range names {
			changed := sheet{slices.Clone(rows[0]), slices.Clone(rows[1])}
			changes[name](changed[0], changed[1])
			got := checked(t, write(lawHeader, changed, ','))["E-0"]
			if other, ok := contents[got.Content]; ok {
				t.Fatalf("change of %s has the content of change of %s", name, other)
			}
			contents[got.Content] = name
		}
	})
}

// TestInjectedErrorsAreFoundExactly: each mistake is told once, on its line and
// with its code, and nothing else is.
func TestInjectedErrorsAreFoundExactly(t *testing.T) {
	type mistake struct {
		code   envelope.Code
		row    int // 0 the employee's, 1 the manager's
		inject func(row []string) []string
	}
	set := func(column int, value string) func([]string) []string {
		return func(row []string) []string { row[column] = value; return row }
	}
	mistakes := []mistake{
		{envelope.RoleUnknown, 1, set(1, "Manager ")},
		{envelope.RoleUnknown, 0, set(1, "Boss")},
		{envelope.RoleRepeated, 1, set(1, "Employee")},
		{envelope.RoutingMismatch, 0, set(2, "9")},
		{envelope.NameMissing, 1, set(3, " ")},
		{envelope.EmailInvalid, 0, set(4, "nobody@nowhere")},
		{envelope.TooLong, 0, set(5, strings.Repeat("s", 101))},
		{envelope.ReminderInvalid, 0, set(6, "30")},
		{envelope.TabValue, 0, set(7, strings.Repeat("7", 21))},
		{envelope.TabUnknown, 1, set(7, "1")},
		{envelope.RowDisagrees, 1, set(9, "quite another")},
		{envelope.CSVMalformed, 1, func(row []string) []string { return row[:len(row)-1] }},
		{envelope.CSVMalformed, 0, func(row []string) []string { return append(row, "1") }},
		{envelope.CSVMalformed, 1, set(8, "\x00")}, // stands for a quote that is never closed
		{envelope.CSVMalformed, 0, set(3, "\x01")}, // stands for one inside a cell
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawSheet(t, 8)
		var want []string
		for i := 0; i < len(rows); i += 2 {
			rows[i+1][8], rows[i][10] = strings.TrimSpace(rows[i+1][8]), "" // one line a row
			rows[i][7] = "1"
			// A comma in quotes would keep the row after an open quote from being
			// taken for one: then one mistake hides the next.
			rows[i][3], rows[i+1][3] = strings.ReplaceAll(rows[i][3], ",", "."), strings.ReplaceAll(rows[i+1][3], ",", ".")
			if !rapid.Bool().Draw(t, "mistaken") {
				continue
			}
			m := rapid.SampledFrom(mistakes).Draw(t, "mistake")
			rows[i+m.row] = m.inject(rows[i+m.row])
			want = append(want, fmt.Sprintf("%d %s", i+m.row+2, m.code))
		}
		text := write(lawHeader, rows, ',')
		text = strings.NewReplacer("\x00", `"4711`, "\x01", `Ann "A" Ek`).Replace(text)
		problems, _ := problemsOf(t, offerChecker(), text)
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d %s", p.Line, p.Code))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("found %q, want %q, in\n%s\n%v", got, want, text, problems)
		}
	})
}

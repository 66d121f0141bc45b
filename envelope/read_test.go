package envelope_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"batchsend/envelope"
)

// rowsOf writes what a file's rows hold: line and cells.
func rowsOf(in *envelope.Input) []string {
	var out []string
	for _, d := range in.Drafts {
		for _, r := range d.Rows {
			out = append(out, fmt.Sprintf("%d %s", r.Line, strings.Join(r.Fields, "|")))
		}
	}
	slices.Sort(out)
	return out
}

// TestWaysToWriteAFile: one table, as many programs save it.
func TestWaysToWriteAFile(t *testing.T) {
	const text = "roleName,name,email,tab:City\nReader,Åsa Ek,asa.ek@example.test,\"Malmö, Skåne\"\n"
	want := []string{"2 Reader|Åsa Ek|asa.ek@example.test|Malmö, Skåne"}
	with := func(e encoding.Encoding, s string) string {
		out, err := e.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, tt := range []struct{ name, file, describe string }{
		{"UTF-8", text, "UTF-8, comma-separated, one row per recipient"},
		{"with byte-order mark", "\ufeff" + text, "UTF-8 with byte-order mark, comma-separated, one row per recipient"},
		{"UTF-16 little", with(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), text), "UTF-16, comma-separated, one row per recipient"},
		{"UTF-16 big", with(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), text), "UTF-16, comma-separated, one row per recipient"},
		{"Windows-1252", with(charmap.Windows1252, text), "Windows-1252, comma-separated, one row per recipient"},
		{"CRLF", strings.ReplaceAll(text, "\n", "\r\n"), "UTF-8, comma-separated, one row per recipient"},
		{"CR", strings.ReplaceAll(text, "\n", "\r"), "UTF-8, comma-separated, one row per recipient"},
		{"no line end at the end", strings.TrimSuffix(text, "\n"), "UTF-8, comma-separated, one row per recipient"},
		{"semicolon", "roleName;name;email;tab:City\nReader;Åsa Ek;asa.ek@example.test;Malmö, Skåne\n", "UTF-8, semicolon-separated, one row per recipient"},
		{"tab", "roleName\tname\temail\ttab:City\nReader\tÅsa Ek\tasa.ek@example.test\tMalmö, Skåne\n", "UTF-8, tab-separated, one row per recipient"},
		{"pipe", "roleName|name|email|tab:City\nReader|Åsa Ek|asa.ek@example.test|Malmö, Skåne\n", "UTF-8, pipe-separated, one row per recipient"},
		{"header written otherwise", "ROLE_NAME, Name ,\"E mail\",Tab : City\nReader,Åsa Ek,asa.ek@example.test,\"Malmö, Skåne\"\n", "UTF-8, comma-separated, one row per recipient"},
		{"all quoted", "\"roleName\",\"name\",\"email\",\"tab:City\"\n\"Reader\",\"Åsa Ek\",\"asa.ek@example.test\",\"Malmö, Skåne\"\n", "UTF-8, comma-separated, one row per recipient"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := read(t, tt.file)
			if diff := cmp.Diff(want, rowsOf(in)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if got := in.Describe(); got != tt.describe {
				t.Errorf("Describe() = %q, want %q", got, tt.describe)
			}
			checker(one(nil)).Check(in.Drafts)
			if p := in.Drafts[0].Problems; len(p) > 0 {
				t.Error(p)
			}
		})
	}
}

// TestLines: every row knows its line, whatever stands before it.
func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"blank lines", "\n\r\nname,email\n\nAnn,a@x.test\n   \n,\n , \nBo,b@x.test\n", []string{"5 Ann|a@x.test", "9 Bo|b@x.test"}},
		{"cells of several lines", "name,email,note\nAnn,a@x.test,\"one\r\ntwo\"\r\nBo,b@x.test,\"say \"\"hi\"\"\"\r\n", []string{"2 Ann|a@x.test|one\ntwo", "4 Bo|b@x.test|say \"hi\""}},
		{"a named delimiter", "sep=;\r\nname;email\r\nAnn, Jr;a@x.test\r\n", []string{"3 Ann, Jr|a@x.test"}},
		{"a line that Excel cut short", "name,email,note\nAnn,a@x.test\nBo,b@x.test,\n", []string{"2 Ann|a@x.test", "3 Bo|b@x.test|"}},
	} {
		if diff := cmp.Diff(tt.want, rowsOf(read(t, tt.file))); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestMalformedRows: what stands around a bad row is neither lost nor misread.
func TestMalformedRows(t *testing.T) {
	const head = "name,email,note\n"
	for _, tt := range []struct {
		name, file string
		rows       []string // all of them
		bad        []int    // lines that are malformed
	}{
		{
			name: "a quote is never closed, and no other follows",
			file: head + "\"Ann,a@x.test,\nBo,b@x.test,\nCy,c@x.test,\n",
			rows: []string{"2 \"Ann,a@x.test,", "3 Bo|b@x.test|", "4 Cy|c@x.test|"}, bad: []int{2},
		},
		{
			name: "a quote is not closed before another opens",
			file: head + "\"Ann,a@x.test,\nBo,b@x.test,\n\"Cy, Jr\",c@x.test,\nDov,d@x.test,\n",
			rows: []string{"2 \"Ann,a@x.test,", "3 Bo|b@x.test|", "4 Cy, Jr|c@x.test|", "5 Dov|d@x.test|"}, bad: []int{2},
		},
		{
			name: "a quote is not closed in a file where all cells have them",
			file: head + "\"Ann\",\"a@x.test,\"\"\n\"Bo\",\"b@x.test\",\"\"\n",
			rows: []string{"2 \"Ann\",\"a@x.test,\"\"", "3 Bo|b@x.test|"}, bad: []int{2},
		},
		{
			name: "two quotes far apart make one cell of several rows",
			file: head + "Ann,a@x.test,\"hello\nBo,b@x.test,\nCy,c@x.test,bye\"\nDov,d@x.test,\n",
			rows: []string{"2 Ann,a@x.test,\"hello", "3 Bo|b@x.test|", "4 Cy,c@x.test,bye\"", "5 Dov|d@x.test|"}, bad: []int{2, 4},
		},
		{
			name: "quotes inside a cell of several lines",
			file: head + "Ann,a@x.test,\"Dear Ann,\nas \"agreed\" we\nsend this\"\nBo,b@x.test,\n",
			rows: []string{"2 Ann,a@x.test,\"Dear Ann,\nas \"agreed\" we\nsend this\"", "5 Bo|b@x.test|"}, bad: []int{2},
		},
		{
			name: "rows within a cell of several lines with a bad quote",
			file: head + "Ann,a@x.test,\"Dear \"Ann\",\nEve,e@x.test,\nbye\"\nBo,b@x.test,\n",
			rows: []string{"2 Ann,a@x.test,\"Dear \"Ann\",\nEve,e@x.test,\nbye\"", "5 Bo|b@x.test|"}, bad: []int{2},
		},
		{
			name: "a file cut off within a cell",
			file: head + "Ann,a@x.test,\nBo,b@x.test,\"Dear Bo,\nplease sign\n\nand se",
			rows: []string{"2 Ann|a@x.test|", "3 Bo,b@x.test,\"Dear Bo,\nplease sign\n\nand se"}, bad: []int{3},
		},
		{
			name: "quotes inside cells, row after row",
			file: head + "Ann \"A\" Ek,a@x.test,\nBo \"B\" Ek,b@x.test,\nCy,c@x.test,\n",
			rows: []string{"2 Ann \"A\" Ek,a@x.test,", "3 Bo \"B\" Ek,b@x.test,", "4 Cy|c@x.test|"}, bad: []int{2, 3},
		},
		{
			name: "too few and too many columns",
			file: head + "Ann,a@x.test\nBo,b@x.test,,,\nCy,c@x.test,\n",
			rows: []string{"2 Ann|a@x.test", "3 Bo|b@x.test|||", "4 Cy|c@x.test|"}, bad: []int{2, 3},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := read(t, tt.file)
			if diff := cmp.Diff(tt.rows, rowsOf(in)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			var bad []int
			for _, d := range in.Drafts {
				for _, p := range d.Problems {
					if p.Code != envelope.CSVMalformed {
						t.Error(p)
					}
					bad = append(bad, p.Line)
				}
			}
			if !slices.Equal(bad, tt.bad) {
				t.Errorf("malformed lines %v, want %v", bad, tt.bad)
			}
		})
	}
}

// TestMalformedRowHoldsItsEnvelope: an envelope is not sent without a row that
// cannot be read, and nothing else is said of it.
func TestMalformedRowHoldsItsEnvelope(t *testing.T) {
	for _, bad := range []string{"A,Manager,2,Bo Lind", `A,Manager,2,Bo "B" Lind,bo.lind@example.test`, `A,Manager,2,"Bo Lind,bo.lind@example.test`} {
		for _, lines := range [][]string{{ann, bad, bo}, {bad, bo, ann}, {ann, bad}} {
			problems, _ := problemsOf(t, offerChecker(), long("", lines...))
			want := fmt.Sprint(slices.Index(lines, bad)+2, " CSV_MALFORMED")
			if got := short(problems); len(got) != 1 || got[0] != want {
				t.Errorf("%q: problems %q, want %q", lines, got, want)
			}
		}
	}
}

// TestFilesThatCannotBeRead: one message, with the line and the cure.
func TestFilesThatCannotBeRead(t *testing.T) {
	var messages strings.Builder
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"empty", "", []string{"1 CSV_MALFORMED"}},
		{"blank", " \r\n\r\n", []string{"1 CSV_MALFORMED"}},
		{"only a delimiter", "sep=;\n", []string{"2 CSV_MALFORMED"}},
		{"only delimiters", ",,,\n", []string{"1 CSV_MALFORMED"}},
		{"a workbook", "PK\x03\x04....", []string{"1 CSV_MALFORMED"}},
		{"a web page", "<!DOCTYPE HTML><html>", []string{"1 CSV_MALFORMED"}},
		{"UTF-16 without byte-order mark", "n\x00a\x00m\x00e\x00", []string{"1 CSV_MALFORMED"}},
		{"zero byte", "name,email\nAnn,a@x.test\nB\x00,b@x.test\n", []string{"3 CSV_MALFORMED"}},
		{"two encodings", "name,email\nÅsa,a@x.test\n\xc5ke,b@x.test\n", []string{"3 CSV_MALFORMED"}},
		{"two encodings under a byte-order mark", "\ufeffname,email\n\xc5ke,b@x.test\n", []string{"2 CSV_MALFORMED"}},
		{"header with a lost quote", "name,\"email\nAnn,a@x.test\n", []string{"1 CSV_MALFORMED"}},
		{"repeated columns", "\nroleName,name,email,E_Mail,tab:City,tab:City\n", []string{"2 COLUMN_REPEATED E_Mail", "2 COLUMN_REPEATED tab:City"}},
		{"repeated wide columns", "Reader::Name,Reader::Email,reader:: e mail,Reader::City,Reader::tab:City\n", []string{"1 COLUMN_REPEATED reader:: e mail", "1 COLUMN_REPEATED Reader::tab:City"}},
		{"a column nearly right", "roleName,name,e-mail,emailSubjct,tab:City\n", []string{"1 COLUMN_UNKNOWN e-mail", "1 COLUMN_UNKNOWN emailSubjct"}},
		{"a column of somebody's own", "roleName,name,email,Shoe size\n", []string{"1 COLUMN_UNKNOWN Shoe size"}},
		{"a column without a name", "roleName,name,email,,\n", []string{"1 COLUMN_UNKNOWN"}},
		{"a tab without a label", "roleName,name,email,tab:\n", []string{"1 COLUMN_UNKNOWN tab:"}},
		{"a long file's column in a wide one", "Reader::Name,Reader::Email,note,tab:City\n", []string{"1 COLUMN_UNKNOWN note", "1 COLUMN_UNKNOWN tab:City"}},
		{"a wide file without addresses", "Reader::Name,Reader::City\n", []string{"1 COLUMN_MISSING"}},
		{"a role without an attribute", "Reader::Name,Reader::Email,Reader::\n", []string{"1 COLUMN_UNKNOWN Reader::"}},
		{"a long file without roles", "envelope,routingOrder,name,email\n", []string{"1 COLUMN_MISSING"}},
		{"a bare file with a slip", "Name,Emial\n", []string{"1 COLUMN_MISSING"}},
		{"no header", "Ann Ek,ann.ek@example.test\n", []string{"1 COLUMN_MISSING"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := envelope.Read("in.csv", "batch", strings.NewReader(tt.file))
			problems, ok := errors.AsType[envelope.Problems](err)
			if !ok {
				t.Fatalf("Read: %v, want Problems", err)
			}
			if diff := cmp.Diff(tt.want, short(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s\nof %v", diff, err)
			}
			fmt.Fprintf(&messages, "# %s\n%v\n", tt.name, err)
		})
	}
	golden(t, "files.golden", messages.String())
}

// TestRejectsComeBack: the columns of a rejects file do not count.
func TestRejectsComeBack(t *testing.T) {
	problems, _ := problemsOf(t, offerChecker(), long("rejectCode,Reject Message", ann+",ROLE_UNKNOWN,\"said, before\"", bo+",,"))
	if len(problems) > 0 {
		t.Error(problems)
	}
	for _, name := range []string{"rejectCode", " Reject_Message "} {
		if !envelope.IsRejectColumn(name) {
			t.Errorf("IsRejectColumn(%q) = false", name)
		}
	}
}

// TestReadError: what the disk says is passed on.
func TestReadError(t *testing.T) {
	broken := errors.New("input/output error")
	if _, err := envelope.Read("in.csv", "batch", errorReader{broken}); !errors.Is(err, broken) {
		t.Errorf("Read: %v, want %v", err, broken)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

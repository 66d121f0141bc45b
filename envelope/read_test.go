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
	"batchsend/internal/golden"
)

// rowsOf writes what a file's rows hold: line and cells.
func rowsOf(in *wholeFile) []string {
	var out []string
	for _, d := range in.Drafts {
		for _, r := range d.Rows {
			out = append(out, fmt.Sprintf("%d %s", r.Line, strings.Join(r.Cells, "|")))
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
			check(checker(one(nil)), in.Drafts)
			if p := in.Drafts[0].Problems; len(p) > 0 {
				t.Error(p)
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

// TestHeadersThatCannotBeRead: all that is wrong with one, with the cure.
func TestHeadersThatCannotBeRead(t *testing.T) {
	var messages strings.Builder
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"repeated columns", "\nroleName,name,email,E_Mail,tab:City,tab:City\n", []string{"2 COLUMN_REPEATED E_Mail", "2 COLUMN_REPEATED tab:City"}},
		{"repeated wide columns", "Reader::Name,Reader::Email,reader:: e mail,Reader::City,Reader::tab:City\n", []string{"1 COLUMN_REPEATED reader:: e mail", "1 COLUMN_REPEATED Reader::tab:City"}},
		{"a column nearly right", "roleName,name,e-mail,emailSubjct,tab:City\n", []string{"1 COLUMN_UNKNOWN e-mail", "1 COLUMN_UNKNOWN emailSubjct"}},
		{"a column of somebody's own", "roleName,name,email,Shoe size\n", []string{"1 COLUMN_UNKNOWN Shoe size"}},
		{"a tab without a label", "roleName,name,email,tab:\n", []string{"1 COLUMN_UNKNOWN tab:"}},
		{"a long file's column in a wide one", "Reader::Name,Reader::Email,note,tab:City\n", []string{"1 COLUMN_UNKNOWN note", "1 COLUMN_UNKNOWN tab:City"}},
		{"a wide file without addresses", "Reader::Name,Reader::City\n", []string{"1 COLUMN_MISSING"}},
		{"a role without an attribute", "Reader::Name,Reader::Email,Reader::\n", []string{"1 COLUMN_UNKNOWN Reader::"}},
		{"a long file without roles", "envelope,routingOrder,name,email\n", []string{"1 COLUMN_MISSING"}},
		{"a bare file with a slip", "Name,Emial\n", []string{"1 COLUMN_MISSING"}},
		{"no header", "Ann Ek,ann.ek@example.test\n", []string{"1 COLUMN_MISSING"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readFile(tt.file)
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
	golden.Compare(t, "headers.golden", messages.String())
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
	in := envelope.NewInput("batch", brokenRows{broken}.Format(), nil)
	_, err := readAll(in, func() envelope.RowReader { return brokenRows{broken} })
	if !errors.Is(err, broken) || err.Error() != "in.csv: input/output error" {
		t.Errorf("Read: %v, want %v", err, broken)
	}
}

// brokenRows fail below the header.
type brokenRows struct{ err error }

func (brokenRows) Format() envelope.Format {
	return envelope.Format{
		Encoding: "UTF-8", Delimiter: ',', Header: []string{"name", "email"}, HeaderAt: envelope.Position{File: "in.csv", Line: 1},
	}
}

func (brokenRows) ExpectAddresses([]int) {}

func (brokenRows) Seek(envelope.Position) {}

func (r brokenRows) Next() (envelope.Row, error) { return envelope.Row{}, r.err }

// TestFormOfMarkedLabels: a label that holds the mark of a role makes no wide file.
func TestFormOfMarkedLabels(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		want   envelope.Form
	}{
		{"roleName,name,email,tab:Home::Town", envelope.Long},
		{"roleName,name,email,field:Cost::Centre", envelope.Long},
		{"name,email,tab:Home::Town", envelope.Bare},
		{"name,email,field:Cost::Centre", envelope.Bare},
		{"envelope,Tenant::Name,Tenant::Email,field:Cost::Centre", envelope.Wide},
		{"envelope,tab:Tenant::Name,tab:Tenant::Email", envelope.Wide}, // a role of such a name
		{"roleName,name,email,Tenant::Rent", envelope.Wide},
	} {
		header := strings.Split(tt.header, ",")
		if got := envelope.NewInput("b", envelope.Format{Header: header}, nil).Form; got != tt.want {
			t.Errorf("%s is read as %v, want %v", tt.header, got, tt.want)
		}
	}
}

package rows_test

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/rows"
)

// reject writes all rows of a file back.
func reject(t failer, file *rows.File, code string) string {
	t.Helper()
	var b strings.Builder
	out, err := rows.NewRejectWriter(&b, file.Format())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range read(t, file.Rows()) {
		if err := out.Write(&row, code, "why, and \"how\" to mend it"); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRejectsGivenBack: what is written back is read as the same cells, however
// often, and what was said of a row before gives way to what is said now.
func TestRejectsGivenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("aZ9 éß漢=+-'\"\\,;|\t\n@")), 0, 12, -1)
		var text strings.Builder
		w := csv.NewWriter(&text)
		w.Comma = rapid.SampledFrom([]rune(",;\t|")).Draw(t, "delimiter")
		w.Write([]string{"name", "email", "note"})
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			w.Write([]string{"a" + cell.Draw(t, "name"), cell.Draw(t, "email"), cell.Draw(t, "note")})
		}
		w.Flush()
		mark := rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "mark")
		open := func(text string) *rows.File {
			file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
			if err != nil {
				t.Fatalf("Open: %v\n%s", err, text)
			}
			return file
		}
		var want [][]string
		first := open(mark + text.String())
		for _, row := range read(t, first.Rows()) {
			want = append(want, row.Cells)
		}
		written := reject(t, first, "NAME_MISSING")
		if !strings.HasPrefix(written, mark+"name") {
			t.Fatalf("the byte-order mark is not as in the input: %q", written)
		}
		back := open(written)
		if diff := cmp.Diff([]string{"name", "email", "note", "rejectCode", "rejectMessage"}, back.Format().Header); diff != "" {
			t.Fatalf("header (-want +got):\n%s", diff)
		}
		var got [][]string
		for _, row := range read(t, back.Rows()) {
			got = append(got, row.Cells[:3])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("rows that came back (-want +got):\n%s\n%s", diff, written)
		}
		again := reject(t, back, "EMAIL_INVALID")
		if want := strings.ReplaceAll(written, "NAME_MISSING", "EMAIL_INVALID"); again != want {
			t.Fatalf("written again (-want +got):\n%s", cmp.Diff(want, again))
		}
	})
}

// TestRejectsFail: a place that cannot be written is told.
func TestRejectsFail(t *testing.T) {
	full := errors.New("full")
	format := envelope.Format{Encoding: "UTF-16", Delimiter: ',', Header: []string{"name", "email"}}
	if _, err := rows.NewRejectWriter(failingWriter{full}, format); !errors.Is(err, full) {
		t.Errorf("NewRejectWriter: %v, want %v", err, full)
	}
	format.Encoding = "UTF-8"
	for _, cells := range [][]string{{"Ann", "ann"}, {`"Ann`}} {
		out, err := rows.NewRejectWriter(failingWriter{full}, format)
		if err == nil {
			err = out.Write(&envelope.Row{Cells: cells}, "CSV_MALFORMED", "")
		}
		if err == nil {
			err = out.Flush()
		}
		if !errors.Is(err, full) {
			t.Errorf("%q: %v, want %v", cells, err, full)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestRejectsAreWellFormed: whatever is wrong with a file, its rejects have the
// header's number of cells in every record, and given back they say the same,
// rejected again.
func TestRejectsAreWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ9é\",;\t|\n\r@")), 0, 60, -1).Draw(t, "text")
		file, err := rows.Open("in.csv", strings.NewReader("name,email,note\n"+text), rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			t.Skip(err)
		}
		written := reject(t, file, "CSV_MALFORMED")
		in := csv.NewReader(strings.NewReader(written))
		in.Comma = file.Format().Delimiter
		records, err := in.ReadAll() // every record as long as the first
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		back, err := rows.Open("rejects.csv", strings.NewReader(written), rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			t.Fatalf("Open: %v\n%s", err, written)
		}
		before, after := read(t, file.Rows()), read(t, back.Rows())
		if len(before) != len(after) || len(records) != 1+len(before) {
			t.Fatalf("%d rows were written as %d records and come back as %d:\n%s", len(before), len(records)-1, len(after), written)
		}
		for i := range before {
			if before[i].Malformed != "" && after[i].Malformed == "" {
				t.Fatalf("row %q comes back as %q and is good:\n%s", before[i].Cells, after[i].Cells, written)
			}
		}
		lines := strings.NewReplacer("\r\n", "\n", "\r", "\n") // line ends within cells are made alike
		if again := reject(t, back, "CSV_MALFORMED"); again != lines.Replace(written) {
			t.Fatalf("written again (-want +got):\n%s", cmp.Diff(written, again))
		}
	})
}

// TestRejectsKeepTheForm: rejects are encoded and their lines end as the input's, and
// come back as they were; what a code page cannot hold is written in UTF-8.
func TestRejectsKeepTheForm(t *testing.T) {
	const text = "name;email\r\nJiří Dvořák;jiri\r\n\"Żak; Łukasz\";lukasz\r\n"
	for _, tt := range []struct {
		name, message string
		encoding      encoding.Encoding
		named         string
		want          string // the beginning
		utf8          bool
	}{
		{"UTF-16", "why", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "", "\xff\xfen\x00a\x00", false},
		{"UTF-16 without mark", "why", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "", "\xff\xfen\x00a\x00", false},
		{"code page", "why", charmap.Windows1250, "windows-1250", "name;email;rejectCode;rejectMessage\r\nJi\xf8\xed", false},
		{"code page of DOS", "why", charmap.CodePage852, "cp852", "name;email;rejectCode;rejectMessage\r\nJi\xfd\xa1", false},
		{"code page without a character", "why Ж", charmap.Windows1250, "windows-1250", "\ufeffname;email;rejectCode;rejectMessage\r\nJiří", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := tt.encoding.NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			options := rows.Options{KnownColumn: envelope.KnownColumn, Encoding: tt.named}
			file, err := rows.Open("in.csv", strings.NewReader(raw), options)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			out, err := rows.NewRejectWriter(&b, file.Format())
			if err != nil {
				t.Fatal(err)
			}
			all := read(t, file.Rows())
			for _, row := range all {
				if err := out.Write(&row, "EMAIL_INVALID", tt.message); err != nil {
					t.Fatal(err)
				}
			}
			if err := out.Flush(); err != nil {
				t.Fatal(err)
			}
			written := b.String()
			if !strings.HasPrefix(written, tt.want) || (out.Note() != "") != tt.utf8 {
				t.Errorf("%q, in UTF-8: %v, want %q, %v", written, out.Note() != "", tt.want, tt.utf8)
			}
			if tt.utf8 {
				options.Encoding = ""
			}
			back, err := rows.Open("rejects.csv", strings.NewReader(written), options)
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, back.Rows())
			for i := range all {
				if !slices.Equal(got[i].Cells[:2], all[i].Cells) || !slices.Equal(got[i].Cells[2:], []string{"EMAIL_INVALID", tt.message}) {
					t.Errorf("row %q comes back as %q", all[i].Cells, got[i].Cells)
				}
			}
		})
	}
}

package rows_test

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
	"batchsend/internal/rows"
)

// open opens text as a file called in.csv.
func open(t testing.TB, text string) *rows.File {
	t.Helper()
	file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		t.Fatalf("Open: %v\n%s", err, text)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// readAll reads a file's rows below the header.
func readAll(t testing.TB, file *rows.File) []envelope.Row {
	t.Helper()
	r := file.Rows()
	r.ExpectAddresses(mailColumns(file.Format().Header))
	return read(t, r)
}

// lines writes what rows hold: line and cells.
func lines(all []envelope.Row) []string {
	var out []string
	for _, row := range all {
		out = append(out, fmt.Sprintf("%d %s", row.Line, strings.Join(row.Cells, "|")))
	}
	return out
}

// TestWaysToWriteAFile: one table, as many programs save it.
func TestWaysToWriteAFile(t *testing.T) {
	const text = "roleName,name,email,tab:City\nReader,Åsa Ek,asa.ek@example.test,\"Malmö, Skåne\"\nReader,Bo Lind,bo.lind@example.test,Ystad\n"
	with := func(e encoding.Encoding, s string) string {
		out, err := e.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, tt := range []struct {
		name, file, encoding string
		delimiter            rune
		unended              bool
	}{
		{"UTF-8", text, "UTF-8", ',', false},
		{"with byte-order mark", "\ufeff" + text, "UTF-8 with byte-order mark", ',', false},
		{"UTF-16 little", with(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), text), "UTF-16", ',', false},
		{"UTF-16 big", with(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), text), "UTF-16", ',', false},
		{"UTF-16 little without byte-order mark", with(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), text), "UTF-16 without byte-order mark", ',', false},
		{"UTF-16 big without byte-order mark", with(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), text), "UTF-16 without byte-order mark", ',', false},
		{"Windows-1252", with(charmap.Windows1252, text), "Windows-1252", ',', false},
		{"CRLF", strings.ReplaceAll(text, "\n", "\r\n"), "UTF-8", ',', false},
		{"CR", strings.ReplaceAll(text, "\n", "\r"), "UTF-8", ',', false},
		{"CR, the last line with LF", strings.Replace(text, "\n", "\r", 2), "UTF-8", ',', false},
		{"CR, the last line with CRLF", strings.ReplaceAll(text, "\n", "\r") + "\n", "UTF-8", ',', false},
		{"CRLF, then CR", strings.Replace(strings.ReplaceAll(text, "\n", "\r"), "\r", "\r\n", 1), "UTF-8", ',', false},
		{"LF, then CRLF", strings.Replace(strings.ReplaceAll(text, "\n", "\r\n"), "\r", "", 1), "UTF-8", ',', false},
		{"no line end at the end", strings.TrimSuffix(text, "\n"), "UTF-8", ',', true},
		{"no line end after an empty last line", text + " ,,,", "UTF-8", ',', false},
		{"semicolon", "roleName;name;email;tab:City\nReader;Åsa Ek;asa.ek@example.test;Malmö, Skåne\nReader;Bo Lind;bo.lind@example.test;Ystad\n", "UTF-8", ';', false},
		{"tab", "roleName\tname\temail\ttab:City\nReader\tÅsa Ek\tasa.ek@example.test\tMalmö, Skåne\nReader\tBo Lind\tbo.lind@example.test\tYstad\n", "UTF-8", '\t', false},
		{"pipe", "roleName|name|email|tab:City\nReader|Åsa Ek|asa.ek@example.test|Malmö, Skåne\nReader|Bo Lind|bo.lind@example.test|Ystad\n", "UTF-8", '|', false},
		{"all quoted", "\"roleName\",\"name\",\"email\",\"tab:City\"\n\"Reader\",\"Åsa Ek\",\"asa.ek@example.test\",\"Malmö, Skåne\"\n\"Reader\",\"Bo Lind\",\"bo.lind@example.test\",\"Ystad\"\n", "UTF-8", ',', false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := open(t, tt.file)
			want := []string{"2 Reader|Åsa Ek|asa.ek@example.test|Malmö, Skåne", "3 Reader|Bo Lind|bo.lind@example.test|Ystad"}
			if diff := cmp.Diff(want, lines(readAll(t, file))); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			format := file.Format()
			if diff := cmp.Diff([]string{"roleName", "name", "email", "tab:City"}, format.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if format.Encoding != tt.encoding || format.Delimiter != tt.delimiter || format.Unended != tt.unended {
				t.Errorf("%s, separated by %q, unended: %v; want %s, %q, %v", format.Encoding, format.Delimiter, format.Unended, tt.encoding, tt.delimiter, tt.unended)
			}
		})
	}
}

// TestDelimiter: known names tell more than their number.
func TestDelimiter(t *testing.T) {
	for text, want := range map[string]rune{
		"name;email;Born, where\n":         ';',
		"name,email,A;B;C;D\n":             ',',
		"\n \nname\temail\n":               '\t',
		"what;ever;else,one\n":             ';',
		"email\n":                          ',',
		"sep=|\nname,email\n":              '|',
		"\"SEP=;\"\r\nname,email\r\n":      ';',
		"sep=\nwhat;ever\n":                ',',
		strings.Repeat("x;", 1e5) + "y\n":  ';',
		strings.Repeat("\n", 1e5) + "a;b":  ';',
		"name|email" + "\r" + "a;b;c;d;e,": '|',
	} {
		file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			if !strings.Contains(err.Error(), "more than 16384 columns") {
				t.Errorf("%.20q: %v", text, err)
			}
			continue
		}
		if got := file.Format().Delimiter; got != want {
			t.Errorf("%.20q is separated by %q, want %q", text, got, want)
		}
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
		{"line ends of all kinds", "name,email,note\r\r\nAnn,a@x.test,\"one\rtwo\nthree\r\nfour\"\rBo,b@x.test,\"\"\n\n\r\n\rCy,c@x.test,\n", []string{"3 Ann|a@x.test|one\ntwo\nthree\nfour", "7 Bo|b@x.test|", "11 Cy|c@x.test|"}},
		{"a named delimiter", "sep=;\r\nname;email\r\nAnn, Jr;a@x.test\r\n", []string{"3 Ann, Jr|a@x.test"}},
		{"a line that Excel cut short", "name,email,note\nAnn,a@x.test\nBo,b@x.test,\n", []string{"2 Ann|a@x.test", "3 Bo|b@x.test|"}},
	} {
		if diff := cmp.Diff(tt.want, lines(readAll(t, open(t, tt.file)))); diff != "" {
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
			name: "a quote is lost in one row and found in the next",
			file: head + "Ann,\"a@x.test\nBo,b@x.test\",\nCy,c@x.test,\n",
			rows: []string{"2 Ann,\"a@x.test", "3 Bo,b@x.test\",", "4 Cy|c@x.test|"}, bad: []int{2, 3},
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
			name: "a quote opens a cell after text that is no row",
			file: head + "\"Ann,a@x.test,\nsome text\nmore text\n\"Cy, Jr\",c@x.test,\n",
			rows: []string{"2 \"Ann,a@x.test,", "3 some text", "4 more text", "5 Cy, Jr|c@x.test|"}, bad: []int{2, 3, 4},
		},
		{
			name: "quotes inside cells, row after row",
			file: head + "Ann \"A\" Ek,a@x.test,\nBo \"B\" Ek,b@x.test,\nCy,c@x.test,\n",
			rows: []string{"2 Ann \"A\" Ek,a@x.test,", "3 Bo \"B\" Ek,b@x.test,", "4 Cy|c@x.test|"}, bad: []int{2, 3},
		},
		{
			name: "too few and too many columns",
			file: head + "Ann,a@x.test\nBo,b@x.test,,x,\nCy,c@x.test,\n",
			rows: []string{"2 Ann|a@x.test", "3 Bo|b@x.test||x|", "4 Cy|c@x.test|"}, bad: []int{2, 3},
		},
		{
			name: "lines end in CR",
			file: strings.ReplaceAll(head+"\"Ann,a@x.test,\nBo,b@x.test,\nCy \"C\",c@x.test,\nDov,d@x.test,\n", "\n", "\r"),
			rows: []string{"2 \"Ann,a@x.test,", "3 Bo|b@x.test|", "4 Cy \"C\",c@x.test,", "5 Dov|d@x.test|"}, bad: []int{2, 4},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := readAll(t, open(t, tt.file))
			if diff := cmp.Diff(tt.rows, lines(all)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			var bad []int
			for _, row := range all {
				if row.Malformed != "" {
					bad = append(bad, row.Line)
				}
			}
			if !slices.Equal(bad, tt.bad) {
				t.Errorf("malformed lines %v, want %v", bad, tt.bad)
			}
		})
	}
}

// TestFilesThatCannotBeRead: one message, with the line and the cure.
func TestFilesThatCannotBeRead(t *testing.T) {
	var messages strings.Builder
	for _, tt := range []struct {
		name, file string
		line       int
	}{
		{"empty", "", 1},
		{"blank", " \r\n\r\n", 1},
		{"only a delimiter", "sep=;\n", 2},
		{"only delimiters", ",,,\n", 1},
		{"a workbook", "PK\x03\x04....", 1},
		{"a web page", "<!DOCTYPE HTML><html>", 1},
		{"zero byte", "name,email\nAnn,a@x.test\nB\x00,b@x.test\n", 3},
		{"zero byte in UTF-16", "\xff\xfen\x00\n\x00\n\x00\x00\x00", 3},
		{"zero byte in Windows-1252", "name,email\r\xc5sa,a@x.test\rB\x00,b@x.test\r", 3},
		{"two encodings", "name,email\nÅsa,a@x.test\n\xc5ke,b@x.test\n", 3},
		{"two encodings, the odd one first", "name,email\n\xc5ke,b@x.test\nÅsa,a@x.test\n", 2},
		{"two encodings far apart", "name,email\n" + strings.Repeat("Ann,a@x.test\n", 20_000) + "Åsa,a@x.test\n\xc5ke,b@x.test\n", 20_003},
		{"two encodings under a byte-order mark", "\ufeffname,email\n\xc5ke,b@x.test\n", 2},
		{"UTF-8 cut off within a character", "name,email\nÅsa,a@x.test\nZo\xc3", 3},
		{"header with a lost quote", "name,\"email\nAnn,a@x.test\n", 1},
		{"header with too many columns", "\n" + strings.Repeat("x,", rows.MaxColumns), 2},
		{"header without end", strings.Repeat("x", rows.MaxRecord+1), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rows.Open("in.csv", strings.NewReader(tt.file), rows.Options{})
			problems, ok := errors.AsType[envelope.Problems](err)
			if !ok || len(problems) != 1 {
				t.Fatalf("Open: %v, want one problem", err)
			}
			if p := problems[0]; p.File != "in.csv" || p.Line != tt.line || p.Code != envelope.CSVMalformed {
				t.Errorf("Open: %v, want it on line %d", err, tt.line)
			}
			fmt.Fprintf(&messages, "# %s\n%v\n", tt.name, err)
		})
	}
	golden.Compare(t, "files.golden", messages.String())
}

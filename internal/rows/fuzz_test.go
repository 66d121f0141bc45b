package rows_test

import (
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/rows"
)

// seeds are files of all shapes: what programs save, damaged in all ways.
var seeds = []string{
	"",
	"\ufeffname,email\r\nAnn,ann@example.test\r\n",
	"name;email\n\"Ann;ann@example.test\nBo;bo@example.test\n",
	"\xff\xfen\x00a\x00m\x00e\x00,\x00e\x00m\x00a\x00i\x00l\x00\n\x00",
	"name,email\n\xc5sa,a@x.test\n",
	"sep=|\nname|email|note\nAnn|a@x.test|\"one\ntwo \"\"q\"\"\"\n",
	"name,email\n\"\"\"\n\"\"y\n\"x\n",
	"name,email\nAnn,a@x.test,\"\nBo,b@x.test\n,\"\n",
	"Reader::Name,Reader::Email,Reader::City\nAnn,a@x.test,Oslo\n",
	"name,email\rAnn,a@x.test\r",
	"name,email\rAnn,a@x.test\r\"Bo\",b@x.test\r\n\"Cy\r\nC\rC\",c@x.test\nDov,d@x.test\n\r",
	"name,email,note\nAnn,a@x.test,\"a\nBo,b@x.test,b\nCy,c@x.test,c\"\n",
	"name,email,note\n\"Ann,a@x.test,\nBo,b@x.test,\n\"Cy, Jr\",c@x.test,\nDov,d@x.test,\n",
	"name,email,note\nAnn,a@x.test,\"hello\nBo,b@x.test,\nCy,c@x.test,bye\"\nDov,d@x.test,\n",
	"name,email,note\nAnn,a@x.test,\"Dear \"Ann\",\nEve,e@x.test,\nbye\"\nBo,b@x.test,\n",
	"name,email,note\nAnn,a@x.test,\nBo,b@x.test,\"Dear Bo,\nplease sign\n\nand se",
	"name,email,note\nAnn \"A\" Ek,a@x.test,\nBo \"B\" Ek,b@x.test,\nCy,c@x.test,\n",
	"name,email,note\nAnn,a@x.test\nBo,b@x.test,,,\nCy,c@x.test,\n\n,,\n \"\",\"\",\n",
	// From ../../shared/cases and samples.
	"Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email\rFrej Alm,frej.alm@example.test,41000,Bo Lind,bo.lind@example.test\rHal Ito,hal.ito@example.test,48500,Dov Mann,dov.mann@example.test\n",
	"Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email,,\nFrej Alm,frej.alm@example.test,41000,Bo Lind,bo.lind@example.test,,\n",
	"\"Employee::Name\",\"Employee::Email\"\n\"Frej Alm\",\"frej.alm@example.test\"\n\n\n\"Offers to send - November\"\n\"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.\"\n\"Example AB\"\n",
	"Offers 2026 (draft),,,,,\n,,,,,\nEmployee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email,\nFrej Alm,frej.alm@example.test,41000,Bo Lind,bo.lind@example.test,\n",
	"Employee::Name,Employee::Email\r\n\xa3ukasz \xafak,frej.alm@example.test\r\n",
	"envelope,roleName,routingOrder,name,email,emailSubject\nA-1001,Employee,1,Ann Ek,ann.ek@example.test,\nA-1001,\"Manager \",2,Bo Lind,bo.lind@example.test,\"Your offer, at last\"\n",
}

// read reads what is left of a reader, with cells that stay.
func read(t failer, r *rows.Reader) []envelope.Row {
	t.Helper()
	var all []envelope.Row
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Cells = slices.Clone(row.Cells)
		all = append(all, row)
	}
}

// mailColumns finds the columns of addresses by their names.
func mailColumns(header []string) []int {
	var columns []int
	for i, name := range header {
		if strings.Contains(strings.ToLower(name), "mail") {
			columns = append(columns, i)
		}
	}
	return columns
}

// FuzzReader holds the stream to what [checkFile] asks.
func FuzzReader(f *testing.F) {
	for i, seed := range seeds {
		f.Add([]byte(seed), uint8(i), uint8(13*i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, block, limit uint8) {
		checkFile(t, string(raw), int(block), int(limit))
	})
}

// TestDamagedFiles does the same with files that consist of little but what
// matters to a reader.
func TestDamagedFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{`"`, `"`, `""`, ",", ",", "\n", "\n", "\r", "\r\n", "a", "a@x", " ", "é", "B,b@x,", "\"B\",b@x,\"\"\n", "name,email,note\n", "Total,,5\n"})
		body := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "body"), "")
		head := rapid.SampledFrom([]string{"", "name,email,note\n", "name,email,note\r", "email\r\n"}).Draw(t, "header")
		checkFile(t, head+body, rapid.IntRange(0, 40).Draw(t, "block"), rapid.IntRange(0, 60).Draw(t, "limit"))
	})
}

// checkFile: whatever the file and however little is read at once, the stream
// gives the rows that reading the whole text gives, and every line that holds
// anything is part of a row.
func checkFile(t failer, raw string, block, limit int) {
	file, err := rows.Open("in.csv", strings.NewReader(raw), rows.Options{})
	if err != nil {
		if problems, ok := errors.AsType[envelope.Problems](err); !ok || len(problems) != 1 || problems[0].Line < 1 {
			t.Fatalf("Open: %v", err)
		}
		return
	}
	defer file.Close()
	addresses := mailColumns(file.Format().Header)
	open := func(block, limit int) *rows.Reader {
		r := file.Rows()
		r.SetSizes(block, limit)
		r.ExpectAddresses(addresses)
		return r
	}
	all := read(t, open(rows.UsualBlock, rows.MaxRecord))
	likeReference(t, file, addresses, all)
	covers(t, file, all, open(rows.UsualBlock, rows.MaxRecord))
	findAgain(t, all, open(1+block, rows.MaxRecord))
	for _, n := range []int{1, 2 + block} {
		if diff := cmp.Diff(all, read(t, open(n, rows.MaxRecord))); diff != "" {
			t.Fatalf("reading %d bytes at once changes the rows of %q (-before +after):\n%s", n, raw, diff)
		}
	}
	// Rows that are too long come in pieces, always the same.
	few := 16 + limit
	short := read(t, open(1, few))
	if diff := cmp.Diff(short, read(t, open(2+block, few))); diff != "" {
		t.Fatalf("with rows of %d bytes at most, what is read at once changes the rows of %q (-before +after):\n%s", few, raw, diff)
	}
	covers(t, file, short, open(1+block, few))
	findAgain(t, short, open(1+block, few))
}

// findAgain checks that every row that can be split is found by its position,
// whatever was read before.
func findAgain(t failer, all []envelope.Row, r *rows.Reader) {
	for _, row := range slices.Backward(all) {
		if row.Malformed != "" {
			continue
		}
		r.Seek(row.Position)
		got, err := r.Next()
		if diff := cmp.Diff(row, got); err != nil || diff != "" {
			t.Fatalf("read again at %+v: %v\n%s", row.Position, err, diff)
		}
		if _, err := r.Next(); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
}

// failer is a [testing.T], or a property's.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// likeReference holds rows against the simple reader.
func likeReference(t failer, file *rows.File, addresses []int, all []envelope.Row) {
	t.Helper()
	format := file.Format()
	text := file.Text()
	begin := format.HeaderAt.Line - strings.Count(lineFeeds(text[:format.HeaderAt.Offset]), "\n")
	ref := &reference{text: lineFeeds(text), delimiter: string(format.Delimiter), line: begin}
	header, ok := ref.next()
	if want := (found{format.HeaderAt.Line, format.Header, ""}); !ok || !reflect.DeepEqual(header, want) {
		t.Fatalf("header %v, by the reference %v", want, header)
	}
	ref.width, ref.addresses, ref.header = len(header.Cells), addresses, header.Cells
	for _, i := range file.Ignored() {
		if strings.Contains(i.What, "footer") {
			ref.footer = i.Line
		}
	}
	var want, got []found
	for {
		row, ok := ref.next()
		if !ok {
			break
		}
		want = append(want, row)
	}
	for _, row := range all {
		cells := slices.Clone(row.Cells)
		if row.Malformed != "" && len(cells) == 1 {
			cells[0] = lineFeeds(cells[0])
		}
		got = append(got, found{row.Line, cells, row.Malformed})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q is read otherwise than by the reference (-reference +stream):\n%s", text, diff)
	}
}

// covers checks that rows follow each other in the file, that nothing but
// space, quotes and delimiters lies between them, and that they know their
// lines.
func covers(t failer, file *rows.File, all []envelope.Row, r *rows.Reader) {
	t.Helper()
	format := file.Format()
	text := file.Text()
	nothing := func(c rune) bool { return unicode.IsSpace(c) || c == format.Delimiter || c == '"' }
	end := r.Start().Offset
	for _, row := range all {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if row.Offset < end || strings.TrimFunc(text[end:row.Offset], nothing) != "" && len(file.Ignored()) == 0 {
			t.Fatalf("between rows, from %d to %d, %q is lost of\n%q", end, row.Offset, text[end:max(end, row.Offset)], text)
		}
		raw := strings.TrimRight(text[row.Offset:r.At()], "\r\n")
		split := row.Malformed == "" || strings.Contains(row.Malformed, "but the header has") || strings.Contains(row.Malformed, "looks like a total")
		if raw == "" || !split && (len(row.Cells) != 1 || row.Cells[0] != raw) {
			t.Fatalf("the row at %+v is %q, its text is %q", row.Position, row.Cells, raw)
		}
		if want := format.HeaderAt.Line + strings.Count(lineFeeds(text[format.HeaderAt.Offset:row.Offset]), "\n"); row.Line != want {
			t.Errorf("the row at %d is on line %d, not %d", row.Offset, want, row.Line)
		}
		end = r.At()
	}
	if strings.TrimFunc(text[end:], nothing) != "" && len(file.Ignored()) == 0 {
		t.Fatalf("after the last row, %q is lost of\n%q", text[end:], text)
	}
}

// FuzzLikeEncodingCSV: what encoding/csv reads without an error is read alike,
// but for rows that hide others and rows that hold nothing.
func FuzzLikeEncodingCSV(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		text := "name,email,note\n" + body
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return
		}
		r := csv.NewReader(strings.NewReader(lineFeeds(text))) // it knows no bare carriage return
		r.FieldsPerRecord = -1
		all, err := r.ReadAll()
		if err != nil {
			return
		}
		file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if file.Format().Delimiter != ',' {
			return
		}
		reader := file.Rows()
		reader.ExpectAddresses([]int{1})
		header := all[0]
		var got, want [][]string
		for _, row := range read(t, reader) {
			if strings.Contains(row.Malformed, "other rows") {
				return
			}
			got = append(got, row.Cells)
		}
		for _, row := range all[1:] {
			if strings.TrimSpace(strings.Join(row, "")) == "" || slices.Equal(row, header) {
				continue
			}
			if n := len(header); len(row) > n && strings.TrimSpace(strings.Join(row[n:], "")) == "" {
				row = row[:n]
			}
			want = append(want, row)
		}
		if slices.ContainsFunc(file.Ignored(), func(i rows.Ignored) bool { return strings.Contains(i.What, "footer") }) {
			want = want[:min(len(want), len(got))]
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("read %q\nas   %q\nwant %q", text, got, want)
		}
	})
}

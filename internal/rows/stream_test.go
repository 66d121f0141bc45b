package rows_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"batchsend/envelope"
	"batchsend/internal/rows"
	"batchsend/internal/rows/rowstest"
)

// generated returns a file of that many envelopes.
func generated(t testing.TB, envelopes int) string {
	var b strings.Builder
	if err := rowstest.Write(&b, 7, envelopes); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestReadAgain: a file gives the same rows however often it is read, also by
// several readers at once, and each row again by its position.
func TestReadAgain(t *testing.T) {
	file := open(t, generated(t, 3000))
	all := readAll(t, file)
	if len(all) != 6000 || all[5999].Line != 6001 {
		t.Fatalf("%d rows, the last on line %d", len(all), all[len(all)-1].Line)
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			r := file.Rows()
			for j := range all {
				want := all[(j*(1+2*i))%len(all)] // one after the other; every third; every fifth
				r.Seek(want.Position)
				got, err := r.Next()
				if err != nil || strings.Join(got.Cells, "|") != strings.Join(want.Cells, "|") || got.Position != want.Position {
					t.Errorf("read %v at %+v: %v, want %v", got, want.Position, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestCellsStay: cells outlive the reader's next steps.
func TestCellsStay(t *testing.T) {
	text := generated(t, 2000)
	r := open(t, text).Rows()
	r.SetSizes(100, rows.MaxRecord)
	var names, want []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names, want = append(names, row.Cells[4]), append(want, strings.Clone(row.Cells[4]))
	}
	if got, want := strings.Join(names, "\n"), strings.Join(want, "\n"); got != want || !strings.Contains(text, names[4]) {
		t.Error("cells have changed after they were read")
	}
}

// TestPipe: what can be read only once is read again from a file without a
// name, which only its owner may read.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	text := generated(t, 20_000)
	latin, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		r     io.Reader
		files int
	}{
		"pipe":            {io.MultiReader(strings.NewReader(text)), 1},
		"small pipe":      {io.MultiReader(strings.NewReader(text[:100_000])), 0},
		"Windows-1252":    {strings.NewReader(latin), 1},
		"pipe, converted": {io.MultiReader(strings.NewReader(latin)), 2},
		"file":            {strings.NewReader(text), 0},
	} {
		file, err := rows.Open("stdin", tt.r, rows.Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		spooled := file.Spooled()
		if len(spooled) != tt.files {
			t.Errorf("%s: %d temporary files, want %d", name, len(spooled), tt.files)
		}
		for _, f := range spooled {
			info, err := f.Stat()
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%s: temporary files have names: %v, %v", name, entries, err)
		}
		first, second := readAll(t, file), readAll(t, file)
		for i := range first {
			if strings.Join(first[i].Cells, ",") != strings.Join(second[i].Cells, ",") {
				t.Fatalf("%s: row %d is %q, then %q", name, i, first[i].Cells, second[i].Cells)
			}
		}
		if want := strings.Count(text, "\n") - 1; len(first) != want && name != "small pipe" {
			t.Errorf("%s: %d rows, want %d", name, len(first), want)
		}
		if err := file.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		for _, f := range spooled {
			if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: Close leaves a file open: %v", name, err)
			}
		}
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "missing"))
	if _, err := rows.Open("stdin", io.MultiReader(strings.NewReader(text)), rows.Options{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(fmt.Sprint(err), "TMPDIR") {
		t.Errorf("without a place for temporary files: %v", err)
	}
}

// TestWhatIsLeft: reading begins where whoever opened the file has stopped.
func TestWhatIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(path, []byte("a title\nname,email\nAnn,a@x.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(int64(len("a title\n")), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	file, err := rows.Open(path, f, rows.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := lines(readAll(t, file)); len(got) != 1 || got[0] != "2 Ann|a@x.test" {
		t.Errorf("rows %q", got)
	}
}

// failing returns err from an offset on.
type failing struct {
	*strings.Reader
	from int64
	err  error
}

func (f failing) ReadAt(p []byte, offset int64) (int, error) {
	if left := f.from - offset; int64(len(p)) > left {
		n, _ := f.Reader.ReadAt(p[:max(0, left)], offset)
		return n, f.err
	}
	return f.Reader.ReadAt(p, offset)
}

// TestReadErrors: what the disk says is passed on, and a file that becomes
// shorter is not taken for one that ends.
func TestReadErrors(t *testing.T) {
	broken := errors.New("input/output error")
	text := generated(t, 5000)
	if _, err := rows.Open("in.csv", failing{strings.NewReader(text), 300_000, broken}, rows.Options{}); !errors.Is(err, broken) {
		t.Errorf("Open: %v, want %v", err, broken)
	}
	if _, err := rows.Open("in.csv", io.MultiReader(strings.NewReader("name"), failingReader{broken}), rows.Options{}); !errors.Is(err, broken) {
		t.Errorf("Open of a pipe: %v, want %v", err, broken)
	}
	for _, tt := range []struct {
		err  error
		want string
	}{{broken, broken.Error()}, {io.EOF, "the file has become shorter since it was opened"}} {
		source := &failing{strings.NewReader(text), 1 << 40, tt.err}
		file, err := rows.Open("in.csv", source, rows.Options{})
		if err != nil {
			t.Fatal(err)
		}
		source.from = 300_000
		r := file.Rows()
		for n := 0; err == nil; n++ {
			_, err = r.Next()
		}
		if err.Error() != tt.want {
			t.Errorf("Next: %v, want %s", err, tt.want)
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// TestLongRows: a row that is too long for an envelope is told so, its text is
// not lost, and rows after it are read.
func TestLongRows(t *testing.T) {
	const head, good = "name,email,note\nAnn,a@x.test,\n", "Bo,b@x.test,\n"
	many := 3*rows.MaxRecord + 1000
	for _, tt := range []struct {
		name, row string
		pieces    int
		why       string
		lines     int
	}{
		{"a long line", strings.Repeat("x", many) + "\n", 4, "the row does not end within 1024 kilobytes", 1},
		{"a long line of letters with accents", strings.Repeat("é", many/2) + "\n", 4, "the row does not end within 1024 kilobytes", 1},
		{"a long cell", `Al,al@x.test,"` + strings.Repeat("x", many) + "\"\n", 4, "the row does not end within 1024 kilobytes", 1},
		{"a long cell of many lines", `Al,al@x.test,"` + strings.Repeat("all work and no play\n", many/21) + "\"\n", 4, "the row does not end within 1024 kilobytes", many / 21},
		{"many columns", strings.Repeat(",x", rows.MaxColumns) + "\n", 1, "more than 16384 columns", 1},
		{"many columns with quotes", strings.Repeat(`,"x"`, rows.MaxColumns) + "\n", 1, "more than 16384 columns", 1},
		{"a quote that is never closed", "\"Al,al@x.test,\n" + strings.Repeat(good, 200_000), 1, "the row does not end within 1024 kilobytes", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := open(t, head+tt.row+good)
			r := file.Rows()
			r.ExpectAddresses([]int{1})
			var pieces []string
			var last envelope.Row
			n, held := 0, 0
			for {
				row, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				held = max(held, r.Held())
				if n++; row.Malformed != "" {
					want := tt.why
					if len(pieces) > 0 {
						want = "the text belongs to the row on line 3, which cannot be read"
					}
					if !strings.Contains(row.Malformed, want) || len(row.Cells) != 1 {
						t.Errorf("line %d: %d cells, %s; want %s", row.Line, len(row.Cells), row.Malformed, want)
					}
					pieces = append(pieces, row.Cells[0])
				}
				last = row
			}
			if len(pieces) != tt.pieces {
				t.Errorf("%d pieces, want %d", len(pieces), tt.pieces)
			}
			whole := strings.ReplaceAll(strings.Join(pieces, ""), "\n", "")
			if want := strings.ReplaceAll(strings.TrimSuffix(tt.row, strings.Repeat(good, 200_000)), "\n", ""); whole != want {
				t.Errorf("%d bytes of %d came back", len(whole), len(want))
			}
			if want := 2 + strings.Count(tt.row, "\n") + 1; last.Line != want || last.Malformed != "" || last.Cells[0] != "Bo" {
				t.Errorf("the last row is %+v, want it on line %d", last, want)
			}
			if limit := 5 * rows.MaxRecord; held > limit {
				t.Errorf("the reader held %d bytes at once, more than %d", held, limit)
			}
		})
	}
}

// TestPieces: wherever a row that is too long is cut, no character and no line
// end is torn, and lines are counted right.
func TestPieces(t *testing.T) {
	const text = "name,email\r\n\"Ann,a@x.test\r\nnåt ont\r\n\r\nännu mer åäö ont\rB\"o,b@x.test\r\nåäöåäöåäöåäöåäöåäöåäöåäö\r\nCy,c@x.test\r\n"
	for limit := range 70 {
		checkFile(t, text, limit%7, limit)
		checkFile(t, strings.ReplaceAll(text, "\r\n", "\r"), limit%5, limit)
	}
	r := open(t, text).Rows()
	for limit := 16; limit < 80; limit++ {
		r.SetSizes(10, limit)
		r.Seek(r.Start())
		for _, row := range read(t, r) {
			if !utf8.ValidString(row.Cells[0]) {
				t.Errorf("with rows of %d bytes at most, line %d has %q", limit, row.Line, row.Cells[0])
			}
		}
	}
}

// TestSeekFromWithin: a row is the same for a reader that was in the middle of
// a row that is too long.
func TestSeekFromWithin(t *testing.T) {
	r := open(t, "name,email\nAnn,a@x.test\nno\nrow\nat all\n\""+strings.Repeat("x", 100)).Rows()
	r.SetSizes(10, 32)
	first, err := r.Next()
	if err != nil || first.Malformed != "" {
		t.Fatal(first, err)
	}
	first.Cells = slices.Clone(first.Cells)
	for range 4 { // three malformed rows, and the beginning of the long one
		if row, err := r.Next(); err != nil || row.Malformed == "" {
			t.Fatal(row, err)
		}
	}
	r.Seek(first.Position)
	if again, err := r.Next(); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("read again: %v, %v; want %v", again, err, first)
	}
}

// TestHeldMemory: a file of good rows takes a block, whatever its size.
func TestHeldMemory(t *testing.T) {
	r := open(t, generated(t, 50_000)).Rows()
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if held := r.Held(); held > 2*rows.UsualBlock {
			t.Fatalf("the reader holds %d bytes", held)
		}
	}
}

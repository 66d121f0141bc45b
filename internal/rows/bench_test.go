package rows_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/jszwec/csvutil"

	"batchsend/envelope"
	"batchsend/internal/rows"
	"batchsend/internal/rows/rowstest"
)

// benchEnvelopes have two rows each: the benchmarks read a million rows.
const benchEnvelopes = 500_000

// benchFile generates the file that the benchmarks read.
func benchFile(b *testing.B) *os.File {
	path := filepath.Join(b.TempDir(), "offers.csv")
	var text bytes.Buffer
	if err := rowstest.Write(&text, 1, benchEnvelopes); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return file
}

// forDecoder lets csvutil read what we split.
type forDecoder struct{ *rows.Reader }

func (r forDecoder) Read() ([]string, error) {
	row, err := r.Next()
	return row.Cells, err
}

// BenchmarkMillionRows reads one file in several ways, from "bytes", which only
// reads it, to csvutil.
func BenchmarkMillionRows(b *testing.B) {
	file := benchFile(b)
	open := func(b *testing.B) *rows.File {
		f, err := rows.Open("offers.csv", file, rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	each := func(b *testing.B, next func() error) {
		n := 0
		err := next()
		for ; err == nil; err = next() {
			n++
		}
		if !errors.Is(err, io.EOF) || n != 2*benchEnvelopes {
			b.Fatal(n, err)
		}
	}
	decode := func(b *testing.B, r csvutil.Reader, header ...string) {
		dec, err := csvutil.NewDecoder(r, header...)
		if err != nil {
			b.Fatal(err)
		}
		var row rowstest.Row
		each(b, func() error { return dec.Decode(&row) })
	}
	for _, way := range []struct {
		name string
		read func(b *testing.B)
	}{
		{"bytes", func(b *testing.B) {
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{file}, make([]byte, 64<<10)); err != nil {
				b.Fatal(err)
			}
		}},
		{"open", func(b *testing.B) { open(b) }},
		{"rows", func(b *testing.B) {
			r := open(b).Rows()
			each(b, func() error { _, err := r.Next(); return err })
		}},
		{"encoding/csv", func(b *testing.B) {
			r := csv.NewReader(file)
			r.ReuseRecord = true
			r.Read()
			each(b, func() error { _, err := r.Read(); return err })
		}},
		{"csvutil on rows", func(b *testing.B) {
			file := open(b)
			decode(b, forDecoder{file.Rows()}, file.Format().Header...)
		}},
		{"csvutil on encoding/csv", func(b *testing.B) { decode(b, csv.NewReader(file)) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			info, err := file.Stat()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := file.Seek(0, io.SeekStart); err != nil {
					b.Fatal(err)
				}
				way.read(b)
			}
		})
	}
}

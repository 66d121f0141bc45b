package envelope_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/jszwec/csvutil"

	"batchsend/envelope"
	"batchsend/internal/rows"
	"batchsend/internal/rows/rowstest"
)

// benchRows is the size of the file that the benchmarks read.
const benchRows = 100_000

// benchFile returns rows of envelopes with two roles in 13 columns.
var benchFile = sync.OnceValue(func() string {
	var b strings.Builder
	if err := rowstest.Write(&b, 1, benchRows/2); err != nil {
		panic(err)
	}
	return b.String()
})

// BenchmarkValidate100k reads and checks the file on one goroutine.
func BenchmarkValidate100k(b *testing.B) {
	text := benchFile()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			b.Fatal(err)
		}
		in := envelope.NewInput("batch", file.Format(), nil)
		checker := offerChecker()
		checker.Prepare([]envelope.Use{{In: in, Templates: []string{offerID}}})
		var (
			reader = in.Read(file.Rows())
			d      envelope.Draft
			s      envelope.Scratch
			n      int
		)
		for ; ; n++ {
			if err := reader.Next(&d); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			if checker.Check(&d, &s); d.Envelope == nil {
				b.Fatal(d.Problems)
			}
		}
		if n != benchRows/2 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCSVUtilDecode100k is the yardstick of [BenchmarkValidate100k]: the
// same bytes, only decoded.
func BenchmarkCSVUtilDecode100k(b *testing.B) {
	text := benchFile()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dec, err := csvutil.NewDecoder(csv.NewReader(strings.NewReader(text)))
		if err != nil {
			b.Fatal(err)
		}
		for {
			var row rowstest.Row
			if err := dec.Decode(&row); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

package envelope_test

import (
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jszwec/csvutil"

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

func BenchmarkValidate100k(b *testing.B) {
	b.Run("1 worker", func(b *testing.B) { benchmarkValidate(b, nil) })
	b.Run("2 workers", func(b *testing.B) { benchmarkValidate(b, twoWorkers) })
}

// twoWorkers is an Each for a checker.
func twoWorkers(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func benchmarkValidate(b *testing.B, each func(n int, do func(i int))) {
	text := benchFile()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		in, err := readFile(text)
		if err != nil {
			b.Fatal(err)
		}
		checker := offerChecker()
		checker.Each = each
		if warnings := checker.Check(in.Drafts); len(warnings) > 0 || len(in.Drafts) != benchRows/2 || in.Drafts[0].Envelope == nil {
			b.Fatal(len(in.Drafts), warnings, in.Drafts[0].Problems)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkKeptMemory reports what a checked file of 100,000 rows holds on to.
func BenchmarkKeptMemory(b *testing.B) {
	text := benchFile()
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		in, err := readFile(text)
		if err != nil {
			b.Fatal(err)
		}
		checker := offerChecker()
		checker.Check(in.Drafts)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(in)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchRows, "B/row")
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

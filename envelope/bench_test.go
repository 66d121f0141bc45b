package envelope_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jszwec/csvutil"
)

// benchRows is the size of the file that the benchmarks read.
const benchRows = 100_000

var benchHeader = []string{
	"envelope", "roleName", "routingOrder", "name", "email", "emailSubject", "reminderDelay", "reminderFrequency",
	"expireAfter", "tab:Salary", "tab:Office", "tab:CostCentre", "field:Department",
}

// benchFile returns rows of envelopes with two roles in 13 columns.
var benchFile = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(benchHeader)
	for i := range benchRows / 2 {
		label := fmt.Sprintf("E-%06d", i)
		w.Write([]string{label, "Employee", "1", fmt.Sprintf("Person %d, Jr.", i), fmt.Sprintf("person.%d@example.test", i), "Your offer", "2", "3", "30", fmt.Sprint(30000 + i), "Berlin", "", "Finance"})
		w.Write([]string{label, "Manager", "2", fmt.Sprintf("Manager %d", i%500), fmt.Sprintf("manager.%d@example.test", i%500), "", "", "", "", "", "", fmt.Sprint(i % 90), ""})
	}
	w.Flush()
	return b.Bytes()
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
	text := string(benchFile())
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
	text := string(benchFile())
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

// yardstick is what the columns of the benchmark's file decode into.
type yardstick struct {
	Envelope   string `csv:"envelope"`
	RoleName   string `csv:"roleName"`
	Order      string `csv:"routingOrder"`
	Name       string `csv:"name"`
	Email      string `csv:"email"`
	Subject    string `csv:"emailSubject"`
	Delay      string `csv:"reminderDelay"`
	Frequency  string `csv:"reminderFrequency"`
	Expire     string `csv:"expireAfter"`
	Salary     string `csv:"tab:Salary"`
	Office     string `csv:"tab:Office"`
	CostCentre string `csv:"tab:CostCentre"`
	Department string `csv:"field:Department"`
}

// BenchmarkCSVUtilDecode100k is the yardstick of [BenchmarkValidate100k]: the
// same bytes, only decoded.
func BenchmarkCSVUtilDecode100k(b *testing.B) {
	text := benchFile()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dec, err := csvutil.NewDecoder(csv.NewReader(bytes.NewReader(text)))
		if err != nil {
			b.Fatal(err)
		}
		for {
			var row yardstick
			if err := dec.Decode(&row); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

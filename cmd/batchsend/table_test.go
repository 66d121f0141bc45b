package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"batchsend/internal/sandbox"
	"batchsend/throttle/throttletest"
)

// tableSizes are how many envelopes [TestTable] sends: those that the variable
// names, or few.
func tableSizes(t *testing.T) (sizes []int) {
	for _, text := range strings.Fields(os.Getenv("BATCHSEND_TABLE")) {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, n)
	}
	if sizes == nil {
		sizes = []int{200}
	}
	return sizes
}

// TestTable sends with each engine under each limit, in virtual time, and
// prints what that took beside the least that the limits, and DocuSign's own
// work on lists, allow. `make table` prints it for up to 100,000 envelopes.
func TestTable(t *testing.T) {
	t.Parallel()
	large(t)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "envelopes\tengine\tcalls/h\tcalls\trefused\ttook\tleast\tratio\t")
	for _, n := range tableSizes(t) {
		dir := t.TempDir()
		all := manyOffers(n)
		file := writeOffers(t, dir, all)
		for _, via := range []string{"single", "two-step", "bulk"} {
			for _, hourly := range []int{1000, 3000} {
				synctest.Test(t, func(t *testing.T) {
					const rate = 20 // copies a second
					server := shareSandbox(t, dir, func(s *sandbox.Server) {
						s.HourlyLimit, s.BurstLimit, s.BulkRate = hourly, 500, rate
						s.Faults.Latency, s.Faults.Everywhere = 20*time.Millisecond, true
					})
					ledger := fmt.Sprintf("%s/%d-%s-%d.db", dir, n, via, hourly)
					start := time.Now()
					got := runAgain(t, dir, "send", "--sandbox", "--ledger", ledger, "--via", via, file)
					took := time.Since(start)
					if got.code != exitDone {
						t.Fatalf("exit code %d\n%.2000s%s", got.code, got.stdout, got.stderr)
					}
					wantEachOnce(t, all, server.Envelopes())
					calls := restCalls(server.Log())
					least := throttletest.Minimum(calls, hourly, hourly, time.Hour, 500)
					if via == "bulk" {
						least = max(least, time.Duration(n)*time.Second/rate)
					}
					ratio := float64(took) / float64(least)
					fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%d\t%v\t%v\t%.4f\t\n", n, via, hourly, calls, server.Refused(),
						took.Round(time.Second), least.Round(time.Second), ratio)
					if server.Refused() > 0 {
						t.Errorf("%d envelopes, %s, %d an hour: %d calls were refused", n, via, hourly, server.Refused())
					}
					if via == "single" && n >= 1000 && ratio > 1.01 { // of fewer the last answers alone are more
						t.Errorf("%d envelopes, %d an hour: took %v, %.4f times the minimum", n, hourly, took, ratio)
					}
				})
			}
		}
	}
	w.Flush()
	t.Logf("in virtual time:\n%s", &table)
}

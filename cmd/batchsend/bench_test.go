package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// bench is a file of n envelopes of two recipients and a sandbox that answers
// over loopback HTTP. It answers in the same process, so its work is in the
// figures too.
type bench struct {
	b      *testing.B
	n      int
	dir    string
	file   string
	env    map[string]string
	server *sandbox.Server
	rounds int
}

func newBench(b *testing.B, n int) *bench {
	x := &bench{b: b, n: n, dir: b.TempDir()}
	kit, err := sandbox.Prepare(x.dir)
	if err != nil {
		b.Fatal(err)
	}
	x.server = &sandbox.Server{Key: &kit.Key.PublicKey, HourlyLimit: 1 << 30, BurstLimit: 1 << 30, BulkRate: 1 << 20}
	listening := httptest.NewServer(x.server.Handler())
	b.Cleanup(listening.Close)
	var file strings.Builder
	file.WriteString("envelope,roleName,name,email,tab:Salary\n")
	for i := range n {
		fmt.Fprintf(&file, "%d,Employee,Employee %d,employee.%d@example.test,%d\n%d,Manager,Manager,manager@example.test,\n", i, i, i, 30000+i, i)
	}
	x.file = filepath.Join(x.dir, "offers.csv")
	if err := os.WriteFile(x.file, []byte(file.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	x.env = map[string]string{
		"HOME": x.dir, "DOCUSIGN_AUTH_SERVER": listening.URL, "DOCUSIGN_PRIVATE_KEY": kit.KeyFile,
		"DOCUSIGN_INTEGRATION_KEY": sandbox.DefaultIntegrationKey, "DOCUSIGN_USER_ID": sandbox.DefaultUserID,
		"BATCHSEND_TEMPLATE": sandbox.DefaultTemplate,
	}
	return x
}

// send runs the program with a ledger of its own each time, from the file to
// the table.
func (x *bench) send(args ...string) {
	x.rounds++
	args = append([]string{"send", "--ledger", filepath.Join(x.dir, fmt.Sprintf("%d.db", x.rounds))}, append(args, x.file)...)
	if got := runIn(x.b.Context(), x.env, "", args...); got.code != exitDone {
		x.b.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// BenchmarkSend1000 sends 1,000 envelopes one by one, with the durable ledger.
func BenchmarkSend1000(b *testing.B) {
	for _, concurrency := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("concurrency=%d", concurrency), func(b *testing.B) {
			x := newBench(b, 1000)
			for b.Loop() {
				x.send("--via", "single", "--concurrency", fmt.Sprint(concurrency))
			}
			b.ReportMetric(float64(x.n*b.N)/b.Elapsed().Seconds(), "envelopes/s")
		})
	}
}

// BenchmarkBulk2000 sends 2,000 envelopes in two lists. Nearly all of the time
// is waiting: DocuSign is not asked how far it is at once.
func BenchmarkBulk2000(b *testing.B) {
	x := newBench(b, 2000)
	for b.Loop() {
		x.send("--via", "bulk")
	}
	b.ReportMetric(float64(restCalls(x.server.Log()))/float64(b.N), "calls/op")
}

// BenchmarkDryRun100k reads, checks and plans 100,000 envelopes.
func BenchmarkDryRun100k(b *testing.B) {
	x := newBench(b, 100_000)
	for b.Loop() {
		x.send("--dry-run")
	}
}

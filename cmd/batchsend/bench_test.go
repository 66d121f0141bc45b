package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// BenchmarkSend1000 sends 1,000 envelopes of two recipients over loopback
// HTTP, with the durable ledger, from the file to the table. The sandbox
// answers in the same process, so its work is in the figures too.
func BenchmarkSend1000(b *testing.B) {
	for _, concurrency := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("concurrency=%d", concurrency), func(b *testing.B) {
			dir := b.TempDir()
			kit, err := sandbox.Prepare(dir)
			if err != nil {
				b.Fatal(err)
			}
			server := httptest.NewServer((&sandbox.Server{Key: &kit.Key.PublicKey, HourlyLimit: 1 << 30, BurstLimit: 1 << 30}).Handler())
			defer server.Close()
			var file strings.Builder
			file.WriteString("envelope,roleName,name,email,tab:Salary\n")
			for i := range 1000 {
				fmt.Fprintf(&file, "%d,Employee,Employee %d,employee.%d@example.test,%d\n%d,Manager,Manager,manager@example.test,\n", i, i, i, 30000+i, i)
			}
			path := filepath.Join(dir, "offers.csv")
			if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
				b.Fatal(err)
			}
			env := map[string]string{
				"HOME": dir, "DOCUSIGN_AUTH_SERVER": server.URL, "DOCUSIGN_PRIVATE_KEY": kit.KeyFile,
				"DOCUSIGN_INTEGRATION_KEY": sandbox.DefaultIntegrationKey, "DOCUSIGN_USER_ID": sandbox.DefaultUserID,
				"BATCHSEND_TEMPLATE": sandbox.DefaultTemplate,
			}
			run1000 := func(round int) {
				var stdout, stderr bytes.Buffer
				args := []string{"send", "--concurrency", fmt.Sprint(concurrency), "--ledger", filepath.Join(dir, fmt.Sprintf("%d.db", round)), path}
				code := run(b.Context(), args, func(name string) string { return env[name] }, strings.NewReader(""), &stdout, &stderr)
				if code != exitDone || !strings.Contains(stdout.String(), "1,000 sent") {
					b.Fatalf("exit code %d\n%s%s", code, stdout.String(), stderr.String())
				}
			}
			round := 0
			for b.Loop() {
				run1000(round)
				round++
			}
			b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "envelopes/s")
		})
	}
}

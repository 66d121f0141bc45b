package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name, file, stdout, stderr string
		code                       int
	}{
		{"clean", "requests 600 answers 600 faults 0 skipped 0 docusign\nrequests 17 answers 17 faults 0 skipped 0 batchsend\n", "OpenAPI: 1,234 messages checked, 0 faults\n", "", 0},
		{"faults", "fault POST /a: request: null\nrequests 1 answers 0 faults 1 skipped 0 docusign\n", "OpenAPI: 1 messages checked, 1 faults\n", "fault: POST /a: request: null\n", 1},
		{"nothing judged", "requests 0 answers 0 faults 0 skipped 0 docusign\n", "OpenAPI: 0 messages checked, 0 faults\n", "", 1},
		{"no tally", "hello\n", "", "tally: ", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "tally")
			if err := os.WriteFile(file, []byte(test.file), 0o644); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr strings.Builder
			if got := run([]string{file}, &stdout, &stderr); got != test.code {
				t.Errorf("run = %d, want %d", got, test.code)
			}
			if stdout.String() != test.stdout {
				t.Errorf("stdout = %q, want %q", stdout.String(), test.stdout)
			}
			if !strings.HasPrefix(stderr.String(), test.stderr) || (test.stderr == "") != (stderr.String() == "") {
				t.Errorf("stderr = %q, want %q", stderr.String(), test.stderr)
			}
		})
	}
}

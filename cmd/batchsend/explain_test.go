package main

import (
	"strings"
	"testing"
)

// TestExplainUnknown: a code that nobody knows gets an answer that helps all the
// same.
func TestExplainUnknown(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"ENVELOPE_ALLOWANCE_EXCEDED": "did you mean ENVELOPE_ALLOWANCE_EXCEEDED?",
		"SOMETHING_QUITE_NEW":        "hint: if DocuSign answered with it, the message beside it in the results is DocuSign's own",
	} {
		got := runAgain(t, t.TempDir(), "explain", code)
		if got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("explain %s: exit code %d\n%s%s; want %q", code, got.code, got.stdout, got.stderr, want)
		}
	}
}

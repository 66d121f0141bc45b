package main

import (
	"slices"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// TestCompletion asks for values as a shell does on TAB.
func TestCompletion(t *testing.T) {
	p := newPlace(t)
	if got := p.run(t, nil, "send", "--sandbox", "--on-invalid", "skip", "--batch", "spring", "in.csv"); got.code != exitDone && got.code != exitRejected {
		t.Fatalf("%+v", got)
	}
	p.write(t, "config/batchsend/config.toml", "[profile.night]\n[profile.day]\n")
	for _, tt := range []struct{ line, want string }{
		{"send --via ", "two-step"},
		{"send --encoding win", "windows-1250"},
		{"send --encoding ib", "ibm850"},
		{"send --on-invalid ", "skip"},
		{"send --profile ", "night"},
		{"doctor --auth-server ", "production"},
		{"status --sandbox --batch ", "spring"},
		{"reconcile --sandbox --batch s", "spring"},
		{"send --sandbox --template ", sandbox.DefaultTemplate},
		{"template show --sandbox ", sandbox.DefaultTemplate},
		{"explain ROLE", "ROLE_UNKNOWN"},
		{"help fi", "files"},
	} {
		words := strings.Split(tt.line, " ")
		got := p.run(t, nil, append([]string{"__complete"}, words...)...)
		offered := strings.Split(got.stdout, "\n")
		named := slices.ContainsFunc(offered, func(line string) bool {
			word, _, _ := strings.Cut(line, "\t")
			return word == tt.want
		})
		if got.code != exitDone || !named || !slices.Contains(offered, ":4") {
			t.Errorf("%s<TAB>: exit code %d, want %s offered, and no files:\n%s%s", tt.line, got.code, tt.want, got.stdout, got.stderr)
		}
	}
	got := p.run(t, nil, "__complete", "status", "--ledger", "missing.db", "--batch", "")
	if got.stdout != ":4\n" {
		t.Errorf("without a ledger: %q", got.stdout)
	}
}

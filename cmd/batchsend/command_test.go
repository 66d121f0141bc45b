package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// shellArgs returns the arguments that a shell makes of a command line.
func shellArgs(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", "printf '%s\\0' "+line).Output()
	if err != nil {
		t.Fatalf("sh does not take %s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// TestCommand: a command in a hint repeats what was typed and decides where
// things go, as far as the command in the hint has it.
func TestCommand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		typed []string
		verb  string
		more  []string
		want  []string
	}{
		{"nothing typed", nil, "status", nil, []string{"status"}},
		{
			"where things go",
			[]string{"--sandbox", "--ledger", "my ledger.db", "--profile", "prod's", "--template", "$(id)"},
			"status",
			[]string{"--batch", "a b"},
			[]string{"status", "--ledger", "my ledger.db", "--profile", "prod's", "--sandbox", "--template", "$(id)", "--batch", "a b"},
		},
		{
			"what this run writes and shows",
			[]string{"--results", "r.csv", "--rejects", "j.csv", "--json", "--quiet", "--yes", "--limit", "3", "--batch", "old"},
			"send",
			[]string{"--batch", "new", "j.csv"},
			[]string{"send", "--batch", "new", "j.csv"},
		},
		{
			"what is sent",
			[]string{"--reminder-delay", "3", "--allow-same-person", "--dry-run"},
			"send",
			[]string{"j.csv"},
			[]string{"send", "--allow-same-person", "--dry-run", "--reminder-delay", "3", "j.csv"},
		},
		{"flags of send are not status's", []string{"--reminder-delay", "3", "--account", "4711"}, "status", nil, []string{"status", "--account", "4711"}},
		{"a flag that was switched off", []string{"--sandbox=false"}, "doctor", nil, []string{"doctor", "--sandbox=false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &app{env: map[string]string{"BATCHSEND_USER_ID": "u", "DOCUSIGN_USER_ID": "11111111-2222-4333-8444-555555555555"}}
			root := a.rootCommand()
			cmd, rest, err := root.Find(append([]string{"send"}, tt.typed...))
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Fatal(err)
			}
			if err := a.resolve(cmd.Flags()); err != nil {
				t.Fatal(err)
			}
			got := a.command(tt.verb, tt.more...)
			if diff := cmp.Diff(append([]string{"batchsend"}, tt.want...), shellArgs(t, got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", got, diff)
			}
		})
	}
}

// TestPasteable: rooms that know no flags name commands that can be pasted all
// the same.
func TestPasteable(t *testing.T) {
	t.Parallel()
	a := &app{}
	root := a.rootCommand()
	cmd, rest, _ := root.Find([]string{"status", "--ledger", "our ledger.db"})
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	if err := a.resolve(cmd.Flags()); err != nil {
		t.Fatal(err)
	}
	got := a.composer().Complete("`batchsend reconcile --settle 1h` mends it; see `ls -l` and `batchsend nonsense`")
	if want := "`batchsend reconcile --ledger 'our ledger.db' --settle 1h` mends it; see `ls -l` and `batchsend nonsense`"; got != want {
		t.Errorf("pasteable: %s, want %s", got, want)
	}
}

// TestHintsCanBePasted gives commands that end in a hint and runs what the hint
// says, as a shell would.
func TestHintsCanBePasted(t *testing.T) {
	const rows = "envelope,roleName,name,email\n1,Employee,Ann Ek,ann.ek@example.test\n1,Manager,Bo Lind,bo.lind@example.test\n"
	bad := strings.Replace(rows, "Manager", "Manger", 1)
	files := map[string]string{"it's $(ours).csv": bad, "-rows.csv": rows}
	for _, tt := range []struct {
		name string
		args []string
		code int
		hint string // a pattern; its group is the command
		then string // on the standard output of that command
	}{
		{"rejects of a dry run", []string{"send", "--sandbox", "--dry-run", "--ledger", "our ledger.db", "--rejects", "-to mend.csv", "it's $(ours).csv"}, exitRejected, `(batchsend send .*'\./-to mend\.csv')`, "1 envelope: 1 rejected"},
		{"no such batch", []string{"status", "--sandbox", "--ledger", "our ledger.db", "--batch", "nobody"}, exitCannotRun, `(batchsend status.*) lists`, "./-rows.csv"},
		{"no such batch to look up", []string{"reconcile", "--sandbox", "--ledger", "our ledger.db", "--batch", "nobody"}, exitCannotRun, `(batchsend status.*) lists`, "./-rows.csv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(t.TempDir())
			for name, text := range files {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tune := func(s *sandbox.Server) { s.Store = "" }
			if got := runHere(t, dir, tune, "send", "--sandbox", "--ledger", "our ledger.db", "./-rows.csv"); got.code != exitDone {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			got := runHere(t, dir, tune, tt.args...)
			m := regexp.MustCompile(tt.hint).FindStringSubmatch(got.stderr)
			if got.code != tt.code || m == nil {
				t.Fatalf("exit code %d, want %d and %s\n%s%s", got.code, tt.code, tt.hint, got.stdout, got.stderr)
			}
			args := shellArgs(t, m[1])
			again := runHere(t, dir, tune, args[1:]...)
			if !strings.Contains(again.stdout, tt.then) {
				t.Errorf("%s: exit code %d, want %q\n%s%s", m[1], again.code, tt.then, again.stdout, again.stderr)
			}
			if _, err := os.Stat(filepath.Join(dir, "batchsend", "ledger.db")); err == nil {
				t.Error("a command went to another ledger than the one that was typed")
			}
		})
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/manpages"
)

// TestManPages writes the pages as make release does: one for each command, at every
// depth, which names every flag of it.
func TestManPages(t *testing.T) {
	t.Parallel()
	root, dir := new(app).rootCommand(), t.TempDir()
	if err := manpages.Write(root, dir, "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	pages := 0
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd != root && !cmd.IsAvailableCommand() {
			return
		}
		pages++
		page, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
		}
		if !bytes.Contains(page, []byte("batchsend v1.2.3")) {
			t.Errorf("the page of %s does not name the version", cmd.CommandPath())
		}
		for _, name := range flagsOf(cmd) {
			if !bytes.Contains(page, []byte(`\fB--`+name+`\fP`)) {
				t.Errorf("the page of %s does not tell of --%s", cmd.CommandPath(), name)
			}
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(root)
	if files, err := os.ReadDir(dir); err != nil || len(files) != pages {
		t.Errorf("%d pages of %d commands: %v", len(files), pages, err)
	}
}

// flagsOf lists the flags that a command shows.
func flagsOf(cmd *cobra.Command) (names []string) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// TestCompletions has every shell's script, which asks the program, and every command
// offered when a script asks.
func TestCompletions(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := runIn(t.Context(), nil, "", "completion", shell); got.code != exitDone || !strings.Contains(got.stdout, cobra.ShellCompRequestCmd) {
			t.Errorf("completion %s: exit code %d, %q", shell, got.code, got.stderr)
		}
	}
	offered := runIn(t.Context(), nil, "", cobra.ShellCompNoDescRequestCmd, "").stdout
	for name, cmd := range everyCommand() {
		if cmd.IsAvailableCommand() && !strings.Contains("\n"+offered, "\n"+name+"\n") {
			t.Errorf("the command %s is not offered", name)
		}
	}
}

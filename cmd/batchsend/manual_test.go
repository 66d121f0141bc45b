package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"batchsend/internal/manual"
)

// texts returns the README and the topics of the manual by name.
func texts(t *testing.T) map[string]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"README": string(readme)}
	for _, topic := range manual.Topics() {
		all[topic.Name] = topic.Markdown
	}
	return all
}

// TestManualCommands runs the commands of the README and of each topic that are marked
// as such, one after the other, on the sandbox.
func TestManualCommands(t *testing.T) {
	samples, err := filepath.Abs("../../samples")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for name, text := range texts(t) {
		commands := manual.Commands(text)
		if len(commands) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			if err := os.CopyFS(filepath.Join(p.dir, "samples"), os.DirFS(samples)); err != nil {
				t.Fatal(err)
			}
			for _, line := range commands {
				command, comment, _ := strings.Cut(line, " # exit code ")
				want, _ := strconv.Atoi(comment)
				args := strings.Fields(strings.Replace(command, "go run ./cmd/batchsend", "batchsend", 1))
				if args[0] != "batchsend" {
					t.Fatalf("%s: not ours to run", line)
				}
				if got := p.run(t, nil, args[1:]...); got.code != want {
					t.Errorf("%s: exit code %d, want %d\n%s%s", line, got.code, want, got.stdout, got.stderr)
				}
				ran++
			}
		})
	}
	if ran < 10 {
		t.Errorf("only %d commands were found", ran)
	}
}

// TestManualFlags holds that every flag is described in one place, its help: it
// belongs to one group there, whose topic exists, and no text repeats it. What the
// texts say of flags is about flags that there are.
func TestManualFlags(t *testing.T) {
	t.Parallel()
	root := (&app{}).rootCommand()
	topics := texts(t)
	grouped := map[string]int{}
	for _, g := range manual.Groups() {
		if topics[g.Topic] == "" {
			t.Errorf("%s: there is no topic %q", g.Title, g.Topic)
		}
		for _, name := range g.Flags {
			grouped[name]++
		}
	}
	known := []string{"help"}
	check := func(where string, mustBeGrouped bool) func(*pflag.Flag) {
		return func(f *pflag.Flag) {
			known = append(known, f.Name)
			_, usage := pflag.UnquoteUsage(f)
			if len(usage) < 10 && usage != "print JSON" {
				t.Errorf("%s --%s is not described: %q", where, f.Name, usage)
			}
			if mustBeGrouped && grouped[f.Name] != 1 {
				t.Errorf("%s --%s is in %d groups of the help, want 1", where, f.Name, grouped[f.Name])
			}
			for name, text := range topics {
				if len(usage) > 30 && strings.Contains(strings.Join(strings.Fields(text), " "), usage) {
					t.Errorf("%s repeats what the help says of --%s", name, f.Name)
				}
			}
		}
	}
	root.PersistentFlags().VisitAll(check("batchsend", true))
	for name, cmd := range everyCommand() {
		if name == "completion" {
			continue // the library's
		}
		cmd.LocalNonPersistentFlags().VisitAll(check(name, name == "send"))
		for _, sub := range cmd.Commands() {
			sub.LocalNonPersistentFlags().VisitAll(check(name+" "+sub.Name(), false))
		}
	}
	for name := range grouped {
		if !slices.Contains(known, name) {
			t.Errorf("the help groups --%s, which no command has", name)
		}
	}
	for name, text := range topics {
		for _, used := range regexp.MustCompile("(?:^|[\\s`(])--([a-z][a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, used[1]) {
				t.Errorf("%s tells of --%s, which no command has", name, used[1])
			}
		}
	}
	flags := manual.Flags(root, schema.Variable)
	for _, name := range known[1:] {
		if !strings.Contains(flags.Text(), "--"+name+" ") {
			t.Errorf("the topic flags does not have --%s", name)
		}
	}
	for name := range schema.Variables {
		if !strings.Contains(flags.Text(), schema.Variable(name)) {
			t.Errorf("the topic flags does not have %s", schema.Variable(name))
		}
	}
}

// TestHelp holds the help of every command to 80 columns, with examples and exit codes.
func TestHelp(t *testing.T) {
	t.Parallel()
	for name, cmd := range everyCommand() {
		if name == "completion" {
			continue // the library's
		}
		help := manual.Help(cmd)
		for line := range strings.Lines(help) {
			if len([]rune(line)) > 81 {
				t.Errorf("%s --help has a line of %d columns: %s", name, len([]rune(line)), line)
			}
		}
		for _, part := range []string{"\nUSAGE\n", "\nEXAMPLES\n", "\nEXIT STATUS\n"} {
			if !strings.Contains(help, part) {
				t.Errorf("%s --help has no %s", name, strings.TrimSpace(part))
			}
		}
		signsIn := !slices.Contains([]string{"version", "explain", "help", "sandbox", "report"}, name)
		if strings.Contains(help, "SIGN-IN") != signsIn {
			t.Errorf("%s --help shows the sign-in flags: %t, want %t", name, !signsIn, signsIn)
		}
	}
}

package cmdline

import (
	"testing"
	"time"

	"github.com/spf13/cobra"

	"batchsend/internal/censor"
)

// program returns the commands of a program.
func program() *cobra.Command {
	root := &cobra.Command{Use: "prog"}
	root.PersistentFlags().String("ledger", "", "")
	root.PersistentFlags().Bool("quiet", false, "")
	nothing := func(*cobra.Command, []string) error { return nil }
	send := &cobra.Command{Use: "send", RunE: nothing}
	send.Flags().Int("limit", 0, "keep to `N`")
	status := &cobra.Command{Use: "status", RunE: nothing}
	status.Flags().String("batch", "", "")
	show := &cobra.Command{Use: "config", RunE: nothing, Annotations: map[string]string{ShowsOnly: "send's"}}
	show.Flags().Int("limit", 0, "")
	root.AddCommand(send, status, show)
	return root
}

// TestFlagError: a flag that a command does not take is told with the one that was
// meant, or the command that has it.
func TestFlagError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		command string
		typed   string
		want    string
	}{
		{"send", "--limt=3", "unknown flag: --limt: did you mean --limit?"},
		{"send", "-ledger", "unknown flag: -ledger: did you mean --ledger, with two hyphens?"},
		{"send", "-x", "unknown flag: -x"},
		{"send", "--frobnicate", "unknown flag: --frobnicate"},
		{"status", "--limit=3", "unknown flag: --limit is a flag of send, not of status"},
		{"send", "--limit=some", `--limit is "some": it must be a whole number, such as 10`},
		{"send", "--limit", "--limit needs a value: --limit N"},
	} {
		cmd, _, err := program().Find([]string{tt.command})
		if err != nil {
			t.Fatal(err)
		}
		if err := FlagError(cmd, cmd.ParseFlags([]string{tt.typed})); err.Error() != tt.want {
			t.Errorf("%s %s: %v, want %s", tt.command, tt.typed, err, tt.want)
		}
	}
}

// TestCheckSecrets: an argument that holds a secret is refused without showing it.
func TestCheckSecrets(t *testing.T) {
	t.Parallel()
	const secret = "postgres://batch:Gr8-Secret@127.0.0.1/sends"
	const says = " is an address with a password, which others can read in the list of processes and in the shell's history: nothing was done with it"
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"send", "--ledger", "our.db"}, ""},
		{[]string{"send", "--ledger", secret}, "--ledger" + says},
		{[]string{"send", "--ledger=" + secret}, "--ledger" + says},
		{[]string{"send", secret}, "argument 2" + says},
	} {
		err := CheckSecrets(tt.args, map[censor.Secret]string{censor.Password: "use the environment"})
		if got := text(err); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, got, tt.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestComplete: a command in a message gets the flags that were typed, as far as it
// has them and they are to be repeated.
func TestComplete(t *testing.T) {
	t.Parallel()
	root := program()
	send, _, _ := root.Find([]string{"send"})
	if err := send.ParseFlags([]string{"--ledger=our ledger.db", "--limit=3", "--quiet"}); err != nil {
		t.Fatal(err)
	}
	c := Composer{Root: root, NotRepeated: []string{"quiet"}}
	for _, name := range []string{"ledger", "limit", "quiet"} {
		c.Typed = append(c.Typed, send.Flags().Lookup(name))
	}
	for message, want := range map[string]string{
		"`prog status` lists them":            "`prog status --ledger 'our ledger.db'` lists them",
		"`prog send --limit=5 in.csv`":        "`prog send --ledger 'our ledger.db' --limit=5 in.csv`",
		"`prog send --limit=0 in.csv`":        "`prog send --ledger 'our ledger.db' in.csv`",
		"`prog send --dry-run=false in.csv`":  "`prog send --ledger 'our ledger.db' --limit 3 --dry-run=false in.csv`",
		"`ls -l`, `prog help`, `prog nobody`": "`ls -l`, `prog help`, `prog nobody`",
	} {
		if got := c.Complete(message); got != want {
			t.Errorf("%s becomes %s, want %s", message, got, want)
		}
	}
	if got, want := fileArgument("-in.csv")+fileArgument("-")+fileArgument("in.csv"), "./-in.csv-in.csv"; got != want {
		t.Errorf("fileArgument: %s, want %s", got, want)
	}
}

func TestParseDay(t *testing.T) {
	for _, test := range []struct {
		text string
		days int
		want string
	}{
		{"2026-11-21", 0, "2026-11-21T00:00:00Z"},
		{"2026-11-30", 1, "2026-12-01T00:00:00Z"},
		{"2026-11-21T17:30", 1, "2026-11-21T17:30:00Z"},
		{"2026-11-21T17:30:00+02:00", 0, "2026-11-21T15:30:00Z"},
		{"", 1, "0001-01-01T00:00:00Z"},
		{"soon", 0, "error"},
	} {
		got, err := ParseDay(test.text, time.UTC, test.days)
		if err != nil && test.want == "error" {
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339) != test.want {
			t.Errorf("ParseDay(%q, %d) = %v, %v, want %s", test.text, test.days, got, err, test.want)
		}
	}
}

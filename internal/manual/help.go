package manual

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
)

const (
	flagsTopic = "flags"
	flagsTitle = "all flags, with their defaults and environment variables"
)

// index lists the topics, the one about flags last.
func index() []Topic { return append(Topics(), Topic{Name: flagsTopic, Title: flagsTitle}) }

// Install gives a program its command help, and every command its help. variable
// returns the environment variable of a flag.
func Install(root *cobra.Command, variable func(flag string) string) {
	root.SetHelpCommand(helpCommand(variable))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { io.WriteString(cmd.OutOrStdout(), Help(cmd)) })
}

// helpCommand returns the command help, which shows a command or a topic. Where both
// have one name it shows the topic, and says how the command is shown.
func helpCommand(variable func(flag string) string) *cobra.Command {
	var names []string
	for _, t := range index() {
		names = append(names, t.Name)
	}
	return &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Show the help of a command, or a topic of the manual",
		Long: `help shows the help of a command, or a topic of the manual. The topics are:

` + Contents(index()),
		Example:     "  batchsend help files\n  batchsend help send",
		Annotations: map[string]string{cmdline.Topics: strings.Join(names, " "), cmdline.HidesFlags: "all"},
		// Help must come also when a setting cannot be read.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return completions(cmd.Root(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if t, ok := find(cmd.Root(), args[0], variable); ok {
					return show(cmd.OutOrStdout(), cmd.Root(), t)
				}
			}
			asked, _, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			return asked.Help()
		},
	}
}

// find returns the topic of a name.
func find(root *cobra.Command, name string, variable func(string) string) (Topic, bool) {
	if name == flagsTopic {
		return Flags(root, variable), true
	}
	topics := Topics()
	i := slices.IndexFunc(topics, func(t Topic) bool { return t.Name == name })
	if i < 0 {
		return Topic{}, false
	}
	return topics[i], true
}

// show writes a topic, and where more is told.
func show(w io.Writer, root *cobra.Command, t Topic) error {
	text := t.Text()
	if cmd, _, err := root.Find([]string{t.Name}); err == nil && cmd != root {
		text += fmt.Sprintf("\nThe command of this name: %s --help\n", cmd.CommandPath())
	}
	_, err := io.WriteString(w, text)
	return err
}

// completions lists what help can be asked for: commands and topics, or the commands
// of a command.
func completions(root *cobra.Command, args []string) (words []string) {
	cmd, _, err := root.Find(args)
	if err != nil {
		return nil
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			words = append(words, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	if cmd == root {
		for _, t := range index() {
			words = append(words, cobra.CompletionWithDesc(t.Name, t.Title))
		}
	}
	return words
}

// Help returns the help of a command, for a terminal of 80 columns.
func Help(cmd *cobra.Command) string {
	cmd.InitDefaultHelpFlag() // so that it is listed
	var b strings.Builder
	section := func(title, text string) {
		if text = strings.Trim(text, "\n"); text != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, text)
		}
	}
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	b.WriteString(strings.TrimSpace(long) + "\n")
	usage := ""
	if cmd.Runnable() && cmd.HasParent() {
		usage = "  " + cmd.UseLine() + "\n"
	}
	if cmd.HasAvailableSubCommands() {
		usage += "  " + cmd.CommandPath() + " COMMAND [flags]\n"
	}
	section("USAGE", usage)
	section("EXAMPLES", cmd.Example)
	if cmd.HasParent() {
		section("COMMANDS", commandList(cmd, others(cmd, nil)))
	} else {
		var rest []string
		for _, g := range commandGroups {
			section(g.title, commandList(cmd, g.names))
			rest = append(rest, g.names...)
		}
		section("OTHER COMMANDS", commandList(cmd, others(cmd, rest)))
		section("TOPICS (batchsend help TOPIC)", Contents(index()))
	}
	b.WriteString(flagGroups(cmd))
	section("EXIT STATUS", exitStatus(cmd))
	return b.String()
}

// commandGroups are the groups of commands in the help of the program.
var commandGroups = []struct {
	title string
	names []string
}{
	{"SEND", []string{"send", "template", "sandbox"}},
	{"SEE WHAT HAPPENED", []string{"status", "report", "reconcile", "limits", "explain"}},
	{"SET UP", []string{"doctor", "login", "logout", "config"}},
}

// others lists the commands that are in no group.
func others(cmd *cobra.Command, grouped []string) (names []string) {
	for _, sub := range cmd.Commands() {
		if !slices.Contains(grouped, sub.Name()) {
			names = append(names, sub.Name())
		}
	}
	return names
}

// commandList lists the commands below cmd that have one of the names, in their
// order.
func commandList(cmd *cobra.Command, names []string) string {
	var b strings.Builder
	for _, name := range names {
		for _, sub := range cmd.Commands() {
			if sub.Name() == name && (sub.IsAvailableCommand() || name == "help") {
				fmt.Fprintf(&b, "  %-11s %s\n", name, sub.Short)
			}
		}
	}
	return b.String()
}

// exitCodes are the exit codes in a few words. The topic exit-codes has more.
var exitCodes = map[string]string{
	"0": "done",
	"1": "could not run, or not go on before a person has acted",
	"2": "the command line or a setting is wrong",
	"3": "rows were rejected by validation",
	"4": "envelopes failed at DocuSign, or are unknown and need a person",
	"5": "stopped before the end, and the next run goes on by itself",
}

// exitStatus lists the exit codes that a command may have: its annotation
// [cmdline.ExitCodes], or else 0, 1 and 2. The program's help has them all.
func exitStatus(cmd *cobra.Command) string {
	codes := cmd.Annotations[cmdline.ExitCodes]
	switch {
	case !cmd.HasParent():
		codes = "0 1 2 3 4 5"
	case codes == "":
		codes = "0 1 2"
	}
	var b strings.Builder
	for _, code := range strings.Fields(codes) {
		fmt.Fprintf(&b, "  %s  %s\n", code, exitCodes[code])
	}
	return b.String() + "batchsend help exit-codes tells more.\n"
}

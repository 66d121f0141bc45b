package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/cmdline"
	"batchsend/internal/settings"
)

// Group is a group of flags in the help of a command.
type Group struct {
	Title string
	Topic string // that tells more; "" if none does
	Flags []string
}

// signIn is the title of the flags that mean nothing to some commands: see
// [cmdline.HidesFlags].
const signIn = "SIGN-IN"

// Groups are the groups of the flags of send and of those that all commands have, in
// the order of the help. Flags of other commands that are in none stand before them.
func Groups() []Group {
	return []Group{
		{"SAFETY", "recovery", []string{"dry-run", "limit", "on-invalid", "max-errors", "settle", "allow-same-person", "allow-repeat", "allow-changed-template", "yes", "sandbox", "faults"}},
		{"FILES", "files", []string{"batch", "template", "template-file", "sheet", "map", "encoding", "delimiter", "header-row", "min-age", "if-missing", "archive", "rejected"}},
		{"LIMITS", "limits", []string{"via", "concurrency", "hourly-limit", "burst-limit", "reserve", "until", "max-duration"}},
		{"REMINDERS", "reminders", []string{"reminder-delay", "reminder-frequency", "expire-after", "expire-warn"}},
		{"OUTPUT", "results", []string{"results", "rejects", "report", "json", "output", "quiet", "verbose", "log-format", "metrics-file", "notify-command", "ping-url"}},
		{"SETTINGS", "environment", []string{"config", "profile", "ledger"}},
		{signIn, "setup", []string{"auth-server", "integration-key", "user-id", "private-key", "redirect-uri", "account"}},
	}
}

// SettingGroups are the groups as a configuration file has them: it begins with signing in.
func SettingGroups() (all []settings.Group) {
	for _, g := range Groups() {
		group := settings.Group{Title: g.Title, Names: g.Flags}
		if g.Title == signIn {
			all = slices.Insert(all, 0, group)
		} else {
			all = append(all, group)
		}
	}
	return all
}

// flagGroups writes the flags of a command by groups, without those that mean nothing
// to it.
func flagGroups(cmd *cobra.Command) string {
	hides := cmd.Annotations[cmdline.HidesFlags]
	if cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
		hides = "all" // the library's commands
	}
	flags := newSet()
	flags.AddFlagSet(cmd.LocalFlags())
	if hides != "all" {
		flags.AddFlagSet(cmd.InheritedFlags())
	}
	if hides == "sign-in" {
		shown := newSet()
		flags.VisitAll(func(f *pflag.Flag) {
			if !slices.Contains(groupOf(signIn).Flags, f.Name) {
				shown.AddFlag(f)
			}
		})
		flags = shown
	}
	return byGroup(flags, "\n%s\n%s")
}

// groupOf returns the group of a title.
func groupOf(title string) Group {
	groups := Groups()
	return groups[slices.IndexFunc(groups, func(g Group) bool { return g.Title == title })]
}

// byGroup writes flags by groups, those that are in no group first. format has the
// title and the flags of a group.
func byGroup(flags *pflag.FlagSet, format string) string {
	var b strings.Builder
	groups := Groups()
	grouped := func(f *pflag.Flag) bool {
		return slices.ContainsFunc(groups, func(g Group) bool { return slices.Contains(g.Flags, f.Name) })
	}
	write := func(title, topic string, set *pflag.FlagSet) {
		if !set.HasAvailableFlags() {
			return
		}
		if topic != "" {
			title += fmt.Sprintf(" (batchsend help %s)", topic)
		}
		fmt.Fprintf(&b, format, title, set.FlagUsagesWrapped(columns))
	}
	own := newSet()
	flags.VisitAll(func(f *pflag.Flag) {
		if !grouped(f) {
			own.AddFlag(f)
		}
	})
	write("FLAGS", "", own)
	for _, g := range groups {
		set := newSet()
		for _, name := range g.Flags {
			if f := flags.Lookup(name); f != nil {
				set.AddFlag(f)
			}
		}
		write(g.Title, g.Topic, set)
	}
	return b.String()
}

// newSet returns a set that keeps the order in which flags are added.
func newSet() *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SortFlags = false
	return set
}

// columns is how many columns help takes.
const columns = 80

// Flags returns the topic about all flags, made of what the commands say of them.
// variable returns the environment variable of a flag.
func Flags(root *cobra.Command, variable func(flag string) string) Topic {
	var b strings.Builder
	fmt.Fprintf(&b, "# Flags: %s\n\nEvery flag has an environment variable: `%s` for `--%s`.\nThose of the DocuSign app are\n\n", flagsTitle, variable("on-invalid"), "on-invalid")
	plain := strings.TrimSuffix(variable("quiet"), "QUIET")
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if name := variable(f.Name); !strings.HasPrefix(name, plain) {
			fmt.Fprintf(&b, "- `%s` for `--%s`\n", name, f.Name)
		}
	})
	section := func(title string, flags *pflag.FlagSet) {
		if flags.HasAvailableFlags() {
			fmt.Fprintf(&b, "\n## %s\n%s", title, byGroup(flags, "\n### %s\n\n```text\n%s```\n"))
		}
	}
	section("all commands", root.PersistentFlags())
	each(root, func(cmd *cobra.Command) {
		own := newSet()
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				own.AddFlag(f)
			}
		})
		if cmd != root && cmd.Annotations[cmdline.ShowsOnly] == "" {
			section(cmd.CommandPath(), own)
		}
	})
	return Topic{Name: flagsTopic, Title: flagsTitle, Markdown: b.String()}
}

// each calls do with a command and all below it that are the program's own.
func each(cmd *cobra.Command, do func(*cobra.Command)) {
	if cmd.Name() == "help" || cmd.Name() == "completion" || cmd.Hidden {
		return
	}
	do(cmd)
	for _, sub := range cmd.Commands() {
		each(sub, do)
	}
}

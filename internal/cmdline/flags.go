package cmdline

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// FlagNames lists the names of the flags of all commands of a program.
func FlagNames(root *cobra.Command) (names []string) {
	for _, f := range Flags(root) {
		names = append(names, f.Name)
	}
	return names
}

// Flags lists the flags of all commands of a program, each name once. Of commands below
// other commands it lists none: what they take is for one run.
func Flags(root *cobra.Command) (flags []*pflag.Flag) {
	add := func(f *pflag.Flag) {
		if f.Name != "help" && !slices.ContainsFunc(flags, func(g *pflag.Flag) bool { return g.Name == f.Name }) {
			flags = append(flags, f)
		}
	}
	root.PersistentFlags().VisitAll(add)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(add)
	}
	return flags
}

// flagNames lists the flags that a command takes.
func flagNames(cmd *cobra.Command) (names []string) {
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return names
}

// commandsWith lists the commands that have a flag of their own.
func commandsWith(root *cobra.Command, flag string) (names []string) {
	for _, cmd := range root.Commands() {
		if cmd.Annotations[ShowsOnly] == "" && cmd.LocalFlags().Lookup(flag) != nil {
			names = append(names, cmd.Name())
		}
	}
	return names
}

// commandNamed returns the command of a name, nil if the program has none. The
// library's own commands, help and completion, are none of the program's.
func commandNamed(root *cobra.Command, name string) *cobra.Command {
	if name == "help" || name == "completion" {
		return nil
	}
	for _, cmd := range root.Commands() {
		if cmd.Name() == name {
			return cmd
		}
	}
	return nil
}

// takes reports whether a command has a flag, of its own or of the program.
func takes(cmd *cobra.Command, flag string) bool {
	return cmd.Flags().Lookup(flag) != nil || cmd.InheritedFlags().Lookup(flag) != nil
}

// The annotations of commands that say how their help is written.
const (
	// Topics, of the command help, has the topics that it knows, between blanks.
	Topics = "topics"
	// HidesFlags is "sign-in" if a command never signs in, and "all" if no flag that all
	// commands have means anything to it.
	HidesFlags = "hides-flags"
	// ExitCodes has the exit codes of a command, between blanks; "" is 0, 1 and 2.
	ExitCodes = "exit-codes"
)

// Given reports whether a flag that is true or false is given to a command, also if its
// command line could not be read to the end.
func Given(cmd *cobra.Command, args []string, flag string) bool {
	if f := cmd.Flags().Lookup(flag); f != nil && f.Value.String() == "true" {
		return true
	}
	return slices.Contains(args, "--"+flag)
}

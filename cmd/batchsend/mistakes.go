package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/template"
)

// mistakes is all that is wrong with the settings, one after the other.
type mistakes []error

func (m mistakes) Error() string {
	texts := make([]string, len(m))
	for i, err := range m {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "\n")
}

func (m mistakes) Unwrap() []error { return m }

// place names where the value of a setting came from, so that the operator
// knows what to change.
func (a *app) place(flag string) string { return placeOf(flag, a.origins[flag]) }

func placeOf(flag, origin string) string {
	switch origin {
	case fromFlag, fromDefault, "":
		return "--" + flag
	}
	if name, ok := strings.CutPrefix(origin, fromEnvironment); ok {
		return "environment variable " + name
	}
	return origin + ": " + flag
}

// wrong is the mistake of a setting whose value cannot be used, wherever the
// value came from: flag --limit is -1, and why not.
func (a *app) wrong(flag, why string, args ...any) error {
	value := ""
	if f := a.flags.Lookup(flag); f != nil {
		value = quotedValue(f, f.Value.String())
	}
	return usageError("%s is %s: %s", a.place(flag), value, fmt.Sprintf(why, args...))
}

// quotedValue is a value of a flag as a message shows it: numbers as they are.
func quotedValue(f *pflag.Flag, value string) string {
	if f.Value.Type() != "string" && value == f.Value.String() {
		return value
	}
	return strconv.Quote(censor.Value(value))
}

// badValue says in an operator's words that a value cannot be read.
func badValue(place string, f *pflag.Flag, value string, err error) error {
	return usageError("%s is %s: %s", place, strconv.Quote(censor.Value(value)), wants(f, err))
}

// wants says what a flag's value must be.
func wants(f *pflag.Flag, err error) string {
	switch f.Value.Type() {
	case "int":
		if errors.Is(err, strconv.ErrRange) {
			return "the number is too large"
		}
		return "it must be a whole number, such as 10"
	case "float64":
		return "it must be a number, such as 20 or 0.5"
	case "duration":
		return "it must be a length of time, such as 90s, 10m or 2h30m"
	case "bool":
		return "it must be true or false"
	}
	return err.Error()
}

// flagMistake puts what the library says of a flag into an operator's words. cmd
// is the command that does not take it.
func (a *app) flagMistake(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return badValue("--"+e.GetFlag().Name, e.GetFlag(), e.GetValue(), e)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		name, _ := pflag.UnquoteUsage(e.GetFlag())
		return usageError("--%s needs a value: --%s %s", e.GetFlag().Name, e.GetFlag().Name, name)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return a.unknownFlag(cmd, e)
	}
	return &exitError{exitUsage, err}
}

func (a *app) unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name, known := e.GetSpecifiedName(), flagNames(cmd)
	if short := e.GetSpecifiedShortnames(); short != "" { // -sandbox, read as -s -a ...
		if word, _, _ := strings.Cut(short, "="); slices.Contains(known, word) {
			return usageError("unknown flag: -%s: did you mean --%s, with two hyphens?", word, word)
		}
		return usageError("unknown flag: -%s", short)
	}
	others := a.commandsWith(name)
	switch i := template.Nearest(name, known); {
	case len(others) > 0 && cmd.HasParent():
		return usageError("unknown flag: --%s is a flag of %s, not of %s", name, strings.Join(others, " and "), cmd.Name())
	case len(others) > 0:
		return usageError("unknown flag: --%s is a flag of %s: did you forget the command?", name, strings.Join(others, " and "))
	case i >= 0:
		return usageError("unknown flag: --%s: did you mean --%s?", name, known[i])
	}
	return usageError("unknown flag: --%s", name)
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

// commandsWith lists the commands that have a flag.
func (a *app) commandsWith(flag string) (names []string) {
	other := &app{env: a.env}
	for _, cmd := range other.rootCommand().Commands() {
		if cmd.Name() != "config" && cmd.LocalFlags().Lookup(flag) != nil { // which only shows those of the others
			names = append(names, cmd.Name())
		}
	}
	return names
}

// checkCommand fails if the arguments name no command of ours. The library
// would take the word for an argument, or for a topic of which it has no help.
func (a *app) checkCommand(root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	cmd, rest, err := root.Find(args)
	if err == nil && cmd.Name() == "help" {
		if cmd, rest, err = root.Find(rest); err == nil && cmd.HasParent() && !cmd.HasSubCommands() {
			return nil
		}
	}
	if err != nil || !cmd.HasSubCommands() {
		return nil // what is wrong with it, it says itself
	}
	word, given := firstArgument(cmd, rest)
	if !given {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	switch i := template.Nearest(word, names); {
	case i >= 0:
		return usageError("there is no command %q: did you mean %s?", word, names[i])
	case !cmd.HasParent() && isFile(word):
		return &exitError{exitUsage, &adviceError{
			text: fmt.Sprintf("there is no command %q", word),
			hint: "to send the file of that name: " + shellescape.QuoteCommand(append([]string{"batchsend", "send"}, args...)),
		}}
	}
	return usageError("there is no command %q; there are %s", word, strings.Join(names, ", "))
}

// firstArgument returns the first argument that is neither a flag nor a flag's
// value.
func firstArgument(cmd *cobra.Command, args []string) (string, bool) {
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		switch {
		case !strings.HasPrefix(args[i], "-") || args[i] == "-":
			return args[i], true
		case args[i] == "--":
			return "", false
		case !isFlag || strings.Contains(name, "="):
			continue
		}
		f := cmd.Flags().Lookup(name)
		if f == nil {
			f = cmd.PersistentFlags().Lookup(name)
		}
		if f != nil && f.NoOptDefVal == "" {
			i++ // its value
		}
	}
	return "", false
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// atMost lets a command take n arguments, which it calls what.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) <= n:
			return nil
		case n == 0:
			return usageError("%s takes no arguments: what is %q?", cmd.Name(), args[0])
		}
		return usageError("%s takes one %s: what is %q?", cmd.Name(), what, args[n])
	}
}

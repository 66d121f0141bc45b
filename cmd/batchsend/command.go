package main

import (
	"regexp"
	"slices"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/spf13/pflag"
)

// notRepeated are the flags that a command in a hint leaves out though they were
// typed: they say what this run writes, shows or stops at, not where things go.
var notRepeated = []string{
	"batch", "results", "rejects", "report", "json", "refresh", "limit", "until", "max-duration", "min-age", "max-errors",
	"yes", "faults", "quiet", "verbose", "log-format", "help",
}

// command returns a command line of ours that can be pasted into a shell. It
// repeats the flags that were typed for this run, as far as verb has them and
// they decide where things go or what is sent; what came from the environment or
// the configuration file applies again by itself. Flags in more replace those
// that were typed, and stand behind them with the arguments.
func (a *app) command(verb string, more ...string) string {
	words := []string{"batchsend", verb}
	theirs := a.flagsOf(verb)
	if a.flags != nil && theirs != nil {
		a.flags.VisitAll(func(f *pflag.Flag) {
			given := slices.ContainsFunc(more, func(word string) bool {
				name, _, _ := strings.Cut(word, "=")
				return name == "--"+f.Name
			}) || f.Name == verb // it asks for what the command tells
			if a.origins[f.Name] == fromFlag && theirs.Lookup(f.Name) != nil && !given && !slices.Contains(notRepeated, f.Name) {
				words = append(words, flagWords(f)...)
			}
		})
	}
	return shellescape.QuoteCommand(append(words, more...))
}

// named is a command of ours that stands in a message, in back quotes.
var named = regexp.MustCompile("`batchsend ([a-z]+)([^`]*)`")

// pasteable returns a message of another room, which knows no flags, with its
// commands completed by [app.command].
func (a *app) pasteable(message string) string {
	return named.ReplaceAllStringFunc(message, func(quoted string) string {
		m := named.FindStringSubmatch(quoted)
		if a.flagsOf(m[1]) == nil {
			return quoted
		}
		return "`" + a.command(m[1], strings.Fields(m[2])...) + "`"
	})
}

// flagWords is a flag as it is typed.
func flagWords(f *pflag.Flag) (words []string) {
	values := []string{f.Value.String()}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values = list.GetSlice()
	}
	for _, value := range values {
		switch {
		case f.Value.Type() != "bool":
			words = append(words, "--"+f.Name, value)
		case value == "true":
			words = append(words, "--"+f.Name)
		default:
			words = append(words, "--"+f.Name+"="+value)
		}
	}
	return words
}

// fileWord is a file's name as an argument that cannot be taken for a flag.
func fileWord(name string) string {
	if strings.HasPrefix(name, "-") && name != "-" {
		return "./" + name
	}
	return name
}

// flagsOf returns the flags that a command has, nil if there is no such command.
func (a *app) flagsOf(verb string) *pflag.FlagSet {
	other := &app{env: a.env}
	for _, cmd := range other.rootCommand().Commands() {
		if cmd.Name() == verb {
			cmd.Flags().AddFlagSet(cmd.InheritedFlags())
			return cmd.Flags()
		}
	}
	return nil
}

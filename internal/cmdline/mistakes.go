// Package cmdline finds mistakes on the command line of a program and says what was
// probably meant. It also writes command lines for a person to paste.
//
// It knows how commands and flags are written, not what they do. What a flag's
// value must be is the business of package settings and of the command.
package cmdline

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/settings"
	"batchsend/internal/usage"
	"batchsend/template"
)

// ShowsOnly is the annotation of a command that has the flags of others only to show
// their values.
const ShowsOnly = "shows-only"

// flagWord is the name of a flag as it is typed.
var flagWord = regexp.MustCompile(`^--[a-z][a-z-]*$`)

// CheckSecrets fails if an argument holds a secret. It must be asked before anything
// reads the arguments, or complains of them. cures say what to do with each secret.
func CheckSecrets(args []string, cures map[censor.Secret]string) error {
	for i, arg := range args {
		secret := censor.Find(arg)
		if secret == censor.None {
			continue
		}
		name, _, given := strings.Cut(arg, "=")
		if isFlag := flagWord.MatchString(name); (!isFlag || !given) && i > 0 {
			name = args[i-1]
		}
		if !flagWord.MatchString(name) {
			name = fmt.Sprintf("argument %d", i+1)
		}
		return &usage.Error{
			Text: fmt.Sprintf("%s is %s, which others can read in the list of processes and in the shell's history: nothing was done with it", name, secret),
			Cure: cures[secret],
		}
	}
	return nil
}

// CheckCommand fails if the arguments name no command of root. The library would
// take the word for an argument, or for a topic of which it has no help. takesFiles
// is the command that is meant if the word is a file.
func CheckCommand(root *cobra.Command, args []string, takesFiles string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	cmd, rest, err := root.Find(args)
	var topics []string
	if err == nil && cmd.Name() == "help" {
		topics = strings.Fields(cmd.Annotations[Topics])
		if len(rest) == 1 && slices.Contains(topics, rest[0]) {
			return nil
		}
		if cmd, rest, err = root.Find(rest); err == nil && cmd.HasParent() && !cmd.HasSubCommands() {
			return nil
		}
	}
	if err != nil || !cmd.HasSubCommands() || cmd.HasParent() && cmd.Runnable() {
		return nil // what is wrong with it, it says itself
	}
	word, given := firstArgument(cmd, rest)
	if !given {
		return nil
	}
	names := topics
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	switch i := template.Nearest(word, names); {
	case i >= 0:
		return usage.Errorf("there is no command %q: did you mean %s?", word, names[i])
	case !cmd.HasParent() && isFile(word):
		return &usage.Error{
			Text: fmt.Sprintf("there is no command %q", word),
			Cure: "to send the file of that name: " + shellescape.QuoteCommand(append([]string{root.Name(), takesFiles}, args...)),
		}
	}
	return usage.Errorf("there is no command %q; there are %s", word, strings.Join(names, ", "))
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

// FlagError puts what the library says of a flag into plain words. cmd is the
// command that does not take it.
func FlagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return settings.BadValue("--"+e.GetFlag().Name, e.GetFlag(), e.GetValue(), e)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		name, _ := pflag.UnquoteUsage(e.GetFlag())
		return usage.Errorf("--%s needs a value: --%s %s", e.GetFlag().Name, e.GetFlag().Name, name)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, e)
	}
	return usage.Errorf("%v", err)
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name, known := e.GetSpecifiedName(), flagNames(cmd)
	if short := e.GetSpecifiedShortnames(); short != "" { // -sandbox, read as -s -a ...
		if word, _, _ := strings.Cut(short, "="); slices.Contains(known, word) {
			return usage.Errorf("unknown flag: -%s: did you mean --%s, with two hyphens?", word, word)
		}
		return usage.Errorf("unknown flag: -%s", short)
	}
	others := commandsWith(cmd.Root(), name)
	switch i := template.Nearest(name, known); {
	case len(others) > 0 && cmd.HasParent():
		return usage.Errorf("unknown flag: --%s is a flag of %s, not of %s", name, strings.Join(others, " and "), cmd.Name())
	case len(others) > 0:
		return usage.Errorf("unknown flag: --%s is a flag of %s: did you forget the command?", name, strings.Join(others, " and "))
	case i >= 0:
		return usage.Errorf("unknown flag: --%s: did you mean --%s?", name, known[i])
	}
	return usage.Errorf("unknown flag: --%s", name)
}

// AtMost lets a command take n arguments, which it calls what.
func AtMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) <= n:
			return nil
		case n == 0:
			return usage.Errorf("%s takes no arguments: what is %q?", cmd.Name(), args[0])
		}
		return usage.Errorf("%s takes one %s: what is %q?", cmd.Name(), what, args[n])
	}
}

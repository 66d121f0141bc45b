package cmdline

import (
	"regexp"
	"slices"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Composer writes command lines of the program that can be pasted into a shell.
type Composer struct {
	Root  *cobra.Command
	Typed []*pflag.Flag // for this run, with their values
	// NotRepeated are the flags that a command leaves out though they were typed.
	NotRepeated []string
}

// Command returns a command line. It repeats the flags that were typed for this
// run, as far as the command has them and they are to be repeated; what came from
// the environment or the configuration file applies again by itself. Flags in more
// replace those that were typed, and stand behind them with the arguments; but --NAME=VALUE
// is left out if it undoes a typed flag by giving its default value.
func (c Composer) Command(name string, more ...string) string {
	words := []string{c.Root.Name(), name}
	if cmd := commandNamed(c.Root, name); cmd != nil {
		for _, f := range c.Typed {
			replaced := slices.ContainsFunc(more, func(word string) bool {
				flag, _, _ := strings.Cut(word, "=")
				return flag == "--"+f.Name
			}) || f.Name == name // it asks for what the command tells
			if takes(cmd, f.Name) && !replaced && !slices.Contains(c.NotRepeated, f.Name) {
				words = append(words, flagWords(f)...)
			}
		}
		more = slices.DeleteFunc(slices.Clone(more), func(word string) bool {
			return slices.ContainsFunc(c.Typed, func(f *pflag.Flag) bool { return word == "--"+f.Name+"="+f.DefValue })
		})
	}
	return shellescape.QuoteCommand(append(words, more...))
}

// CommandOn returns a command line on files: see [Composer.Command].
func (c Composer) CommandOn(files []string, name string, flags ...string) string {
	words := slices.Clone(flags)
	for _, file := range files {
		words = append(words, fileArgument(file))
	}
	return c.Command(name, words...)
}

// Help says where the command of a name is described, or all commands if it is "".
func (c Composer) Help(name string) string {
	if program := c.Root.Name(); name != "" && name != program {
		return program + " " + name + " --help shows the flags"
	}
	return c.Root.Name() + " help shows the commands"
}

// quoted is a command that stands in a message, in back quotes.
var quoted = regexp.MustCompile("`([a-z]+) ([a-z]+)([^`]*)`")

// Complete returns a message of somebody who knows no flags, with its commands in
// back quotes completed by [Composer.Command].
func (c Composer) Complete(message string) string {
	return quoted.ReplaceAllStringFunc(message, func(text string) string {
		m := quoted.FindStringSubmatch(text)
		if m[1] != c.Root.Name() || commandNamed(c.Root, m[2]) == nil {
			return text
		}
		return "`" + c.Command(m[2], strings.Fields(m[3])...) + "`"
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

// fileArgument returns the name of a file as an argument that cannot be taken for a
// flag.
func fileArgument(name string) string {
	if strings.HasPrefix(name, "-") && name != "-" {
		return "./" + name
	}
	return name
}

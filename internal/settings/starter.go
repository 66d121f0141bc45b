package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"batchsend/internal/usage"
)

// Group is settings that belong together.
type Group struct {
	Title string
	Names []string
}

// starterHead begins the file that [Sources.Starter] returns.
const starterHead = `# The configuration of %[1]s.
#
# What is typed on the command line counts first, then the environment, the section
# of the chosen profile, the settings of this file, and the default.
# "%[1]s config" prints every setting with its value and where it came from.
#
# Each setting stands here with its default, behind a #. Take the # away to set it.
# Settings must stand above the first [section].

# The profile to take if neither --%[2]s nor %[3]s names one
#%[4]s = "demo"
`

// Starter returns a configuration file to begin with: every setting of flags with its
// default, commented out, in groups, and then tail. Settings that are in no group come
// last.
func (s Sources) Starter(flags []*pflag.Flag, groups []Group, tail string) string {
	var b strings.Builder
	fmt.Fprintf(&b, starterHead, s.Program, profileFlag, s.Variable(profileFlag), defaultProfile)
	all := make(map[string]*pflag.Flag)
	var rest []string
	for _, f := range flags {
		if slices.Contains([]string{fileFlag, profileFlag, helpFlag}, f.Name) || slices.Contains(s.TypedOnly, f.Name) {
			continue
		}
		all[f.Name] = f
		if !slices.ContainsFunc(groups, func(g Group) bool { return slices.Contains(g.Names, f.Name) }) {
			rest = append(rest, f.Name)
		}
	}
	for _, g := range append(slices.Clone(groups), Group{"Other commands", rest}) {
		fmt.Fprintf(&b, "\n# ---- %s ----\n", g.Title)
		for _, name := range g.Names {
			if f := all[name]; f != nil {
				s.writeSetting(&b, f)
			}
		}
	}
	b.WriteString("\n" + tail)
	return b.String()
}

// starterWidth is how wide comments are.
const starterWidth = 80

// writeSetting writes a setting as a comment: what it means, and its default.
func (s Sources) writeSetting(b *strings.Builder, f *pflag.Flag) {
	_, help := pflag.UnquoteUsage(f)
	b.WriteByte('\n')
	line := "#"
	for _, word := range strings.Fields(fmt.Sprintf("%s [%s]", help, s.Variable(f.Name))) {
		if len(line)+1+len(word) > starterWidth && line != "#" {
			fmt.Fprintln(b, line)
			line = "#"
		}
		line += " " + word
	}
	fmt.Fprintln(b, line)
	value := strconv.Quote(f.DefValue)
	switch _, several := f.Value.(pflag.SliceValue); {
	case several:
		value = `""` // it takes one
	case f.Value.Type() != "string" && f.Value.Type() != "duration":
		value = f.DefValue
	}
	fmt.Fprintf(b, "#%s = %s\n", f.Name, value)
}

// WriteNew writes a file that only its owner can read, with the directories above it.
// It replaces none.
func WriteNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &usage.Error{Text: path + " is there already: nothing was written", Cure: "give another --output, or - to see what would be written"}
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // whole or not at all
	}
	return nil
}

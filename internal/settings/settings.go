// Package settings gives the flags of a command their values: what was typed, else
// what the environment says, else the chosen profile of the configuration file,
// else the file, else the default. It remembers where each value came from, so that
// a person can be told what to change.
//
// Which flags there are and what they mean is the command's business.
package settings

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/usage"
)

// The flags that this package asks for itself.
const (
	fileFlag    = "config"  // the path of the configuration file
	profileFlag = "profile" // the name of one of its sections
	helpFlag    = "help"    // has a value on the command line only
)

// Schema is what holds for settings whatever their values are.
type Schema struct {
	// Program names the directories, and begins the environment variables.
	Program string
	// Variables are the environment variables that are called otherwise, by flag.
	Variables map[string]string
	// TypedOnly are the flags that are taken from the command line alone: each is a
	// decision about one run.
	TypedOnly []string
	// MayHold says which flags may hold a secret, and which. It comes from the
	// environment or the configuration file, never from the command line, which
	// others can read.
	MayHold map[string]censor.Secret
	// Addresses are the flags whose URLs are secrets though nobody can see that they
	// are: of a URL only scheme and host are shown.
	Addresses []string
	// Cures say what to do with a secret that is in the wrong place.
	Cures map[censor.Secret]string
	// Bound is the setting to which a profile that has it is bound.
	Bound Bond
}

// Variable returns the name of the environment variable that sets a flag.
func (s *Schema) Variable(flag string) string {
	if name, ok := s.Variables[flag]; ok {
		return name
	}
	return strings.ToUpper(s.Program + "_" + strings.ReplaceAll(flag, "-", "_"))
}

// Sources are where values come from besides the command line.
type Sources struct {
	*Schema
	Env map[string]string // by names
	// Known are the names of all settings, whichever command has them.
	Known []string
}

// Environment returns environment variables, each "NAME=value", by names.
func Environment(pairs []string) map[string]string {
	env := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// The origins of values. Those from the environment name the variable, all others
// are a place in the configuration file.
const (
	fromDefault     = "default"
	fromFlag        = "flag"
	fromEnvironment = "environment "
)

// Values are the flags of the command that runs, with their values.
type Values struct {
	sources Sources
	flags   *pflag.FlagSet
	origins map[string]string // by flag
	columns map[string]string // what files call columns, and what they are called here
	// profiles are those of the configuration file, whichever is chosen.
	profiles map[string]table
	trimmed  []string // where values had something around them
}

// Trimmed lists where values came from that had blanks, line ends or quotes around them,
// which were taken off: "environment variable DOCUSIGN_USER_ID (a carriage return, as
// files from Windows have)".
func (v *Values) Trimmed() []string { return v.trimmed }

// trim returns a value without what stands around it, and remembers the place if there
// was something. The line end behind a text of several lines belongs to it.
func (v *Values) trim(value, place string) string {
	bare := trimmed(value)
	if bare == value || bare == "" || strings.Contains(bare, "\n") {
		return bare
	}
	what := "blanks or a line end"
	switch around := strings.Replace(value, bare, "", 1); {
	case strings.Contains(around, "\r"):
		what = "a carriage return, as files from Windows have"
	case strings.ContainsAny(around, `"'`):
		what = "quotes"
	}
	v.trimmed = append(v.trimmed, place+" ("+what+")")
	return bare
}

// Columns goes through the table [columns] of the configuration file and its profile,
// by name: what columns of files are called here, "" if they are ignored.
func (v *Values) Columns() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, column := range slices.Sorted(maps.Keys(v.columns)) {
			if !yield(column, v.columns[column]) {
				return
			}
		}
	}
}

// Resolve gives every flag that was not typed its value. What cannot be used is
// returned as [Mistakes]; the other values can be asked for all the same.
func (s Sources) Resolve(flags *pflag.FlagSet) (*Values, error) {
	v := &Values{sources: s, flags: flags, origins: map[string]string{}, columns: map[string]string{}}
	v.trimTyped()
	wrong := v.fromEnvironment()
	err := v.fromFile()
	wrong = append(wrong, v.negative()...)
	if bad, ok := errors.AsType[Mistakes](err); ok {
		wrong = append(wrong, bad...)
	} else if err != nil {
		return v, err
	}
	if len(wrong) > 0 {
		return v, wrong
	}
	return v, nil
}

// Default reports whether a flag has its default value because nothing sets it.
func (v *Values) Default(flag string) bool { return v.origins[flag] == fromDefault }

// Typed reports whether the value of a flag was typed for this run.
func (v *Values) Typed(flag string) bool { return v.origins[flag] == fromFlag }

// Missing lists those of the flags that have no value, as a person would set them:
// "--user-id (or DOCUSIGN_USER_ID)".
func (v *Values) Missing(flags ...string) (missing []string) {
	for _, flag := range flags {
		if v.flags.Lookup(flag).Value.String() == "" {
			missing = append(missing, fmt.Sprintf("--%s (or %s)", flag, v.sources.Variable(flag)))
		}
	}
	return missing
}

// Setting is a flag with its value.
type Setting struct {
	Name, Value string // a Value without secrets
	From        string // where it came from
}

// All goes through the settings of the command, by name.
func (v *Values) All() iter.Seq[Setting] {
	return func(yield func(Setting) bool) {
		more := true
		v.flags.VisitAll(func(f *pflag.Flag) {
			if more && f.Name != helpFlag {
				value := f.Value.String()
				if list, ok := f.Value.(pflag.SliceValue); ok {
					value = strings.Join(list.GetSlice(), ", ")
				}
				if slices.Contains(v.sources.Addresses, f.Name) {
					value = censor.Address(value)
				}
				more = yield(Setting{f.Name, censor.Value(value), v.origins[f.Name]})
			}
		})
	}
}

// trimTyped trims what was typed.
func (v *Values) trimTyped() {
	v.flags.VisitAll(func(f *pflag.Flag) {
		v.origins[f.Name] = fromDefault
		if !f.Changed {
			return
		}
		v.origins[f.Name] = fromFlag
		if f.Value.Type() == "string" {
			_ = f.Value.Set(v.trim(f.Value.String(), "--"+f.Name)) // a string takes all
		}
	})
}

func (v *Values) fromEnvironment() (wrong Mistakes) {
	v.flags.VisitAll(func(f *pflag.Flag) {
		name := v.sources.Variable(f.Name)
		if value := v.trim(v.sources.Env[name], "environment variable "+name); value != "" && f.Name != helpFlag {
			wrong = append(wrong, v.set(f, value, fromEnvironment+name)...)
		}
	})
	return wrong
}

// negative finds the negative numbers and times: no setting takes one.
func (v *Values) negative() (wrong Mistakes) {
	v.flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "string" && strings.HasPrefix(f.Value.String(), "-") {
			wrong = append(wrong, v.Wrong(f.Name, "it cannot be negative"))
		}
	})
	return wrong
}

// trimmed is a value without what editors, shells and secret stores leave around
// it: blanks, line ends, quotes.
func trimmed(value string) string {
	value = strings.TrimSpace(value)
	if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		value = strings.TrimSpace(value[1 : n-1])
	}
	return value
}

// set gives a flag a value from outside the command line, unless it has one of
// higher rank.
func (v *Values) set(f *pflag.Flag, value, origin string) Mistakes {
	place := placeOf(f.Name, origin)
	if err := v.sources.refuseSecret(f.Name, place, value); err != nil {
		return Mistakes{err}
	}
	if slices.Contains(v.sources.TypedOnly, f.Name) {
		return Mistakes{usage.Errorf("%s has no effect there: --%s is taken from the command line only, for one run at a time", place, f.Name)}
	}
	if !v.Default(f.Name) {
		return nil
	}
	values := []string{value}
	if _, several := f.Value.(pflag.SliceValue); several { // a line each
		values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
	}
	for _, value := range values {
		if err := f.Value.Set(value); err != nil {
			return Mistakes{BadValue(place, f, value, err)}
		}
	}
	v.origins[f.Name] = origin
	return nil
}

// TypedFlags returns the flags that were typed for this run, by name. Of nil Values
// there are none.
func (v *Values) TypedFlags() (typed []*pflag.Flag) {
	if v == nil {
		return nil
	}
	v.flags.VisitAll(func(f *pflag.Flag) {
		if v.Typed(f.Name) {
			typed = append(typed, f)
		}
	})
	return typed
}

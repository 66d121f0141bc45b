package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/usage"
	"batchsend/template"
)

// Mistakes is all that is wrong with the settings.
type Mistakes []error

func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i, err := range m {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the mistakes.
func (m Mistakes) Unwrap() []error { return m }

// Hint says what to do about the first mistake that knows a cure, "" if none does.
func (m Mistakes) Hint() string {
	for _, err := range m {
		var hinter interface{ Hint() string }
		if errors.As(err, &hinter) && hinter.Hint() != "" {
			return hinter.Hint()
		}
	}
	return ""
}

// Place names where the value of a flag came from, so that a person knows what to
// change.
func (v *Values) Place(flag string) string { return placeOf(flag, v.origins[flag]) }

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

// Wrong is the error about a flag whose value cannot be used, wherever the value
// came from: "--limit is -1", and why not.
func (v *Values) Wrong(flag, why string, args ...any) error {
	value := ""
	if f := v.flags.Lookup(flag); f != nil {
		value = f.Value.String()
		if slices.Contains(v.sources.Addresses, flag) {
			return usage.Errorf("%s cannot be used (it is not shown, for it may be a secret): %s", v.Place(flag), fmt.Sprintf(why, args...))
		}
		if f.Value.Type() == "string" {
			value = strconv.Quote(censor.Value(value))
		}
	}
	return usage.Errorf("%s is %s: %s", v.Place(flag), value, fmt.Sprintf(why, args...))
}

// Check is the error about a flag whose value err says cannot be used; nil if err is nil.
func (v *Values) Check(flag string, err error) error {
	if err == nil {
		return nil
	}
	return v.Wrong(flag, "%v", err)
}

// BadValue is the error about a value that a flag cannot read, in plain words. place
// is where the value was given, err what the flag says.
func BadValue(place string, f *pflag.Flag, value string, err error) error {
	return usage.Errorf("%s is %s: %s", place, strconv.Quote(censor.Value(value)), wants(f, err))
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

// WarnOfMisspelt warns of environment variables that are nearly settings. Only what
// follows their common prefix can be misspelt. others are variables of the program
// that are no settings.
func (s Sources) WarnOfMisspelt(warn func(format string, args ...any), others ...string) {
	rests := map[string][]string{} // of the names of settings, by prefix
	for _, flag := range s.Known {
		name := s.Variable(flag)
		prefix, rest, _ := strings.Cut(name, "_")
		others, rests[prefix] = append(others, name), append(rests[prefix], rest)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		prefix, rest, _ := strings.Cut(name, "_")
		if slices.Contains(others, name) || s.Env[name] == "" {
			continue
		}
		if i := template.Nearest(rest, rests[prefix]); i >= 0 {
			warn("the environment variable %s is not a setting and has no effect: did you mean %s_%s?", name, prefix, rests[prefix][i])
		}
	}
}

package settings

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"batchsend/internal/censor"
	"batchsend/internal/usage"
)

// Bond is a setting that a profile's other settings belong to: keys, users and
// accounts of one environment mean nothing in another.
type Bond struct {
	Setting string // "" binds nothing
	// Same reports whether two values of it mean the same.
	Same func(a, b string) bool
	// Why says what would go wrong with another value.
	Why string
}

// CheckBound fails if the chosen profile is bound to another value of a setting than
// the one that would be used because it has a higher rank.
func (v *Values) CheckBound() error {
	bond, name := v.sources.Bound, v.flags.Lookup(profileFlag).Value.String()
	bound, ok := v.profiles[name].values[bond.Setting]
	if !ok {
		return nil
	}
	text, _ := plainValue(bound)
	used := v.flags.Lookup(bond.Setting).Value.String()
	if bond.Same(trimmed(text), used) {
		return nil
	}
	return &usage.Error{
		Text: fmt.Sprintf("profile %q is for %s %q, and %s says %q: %s", name, bond.Setting, censor.Value(trimmed(text)), v.Place(bond.Setting), censor.Value(used), bond.Why),
		Cure: fmt.Sprintf("leave %s out, or take the profile for %s", v.Place(bond.Setting), censor.Value(used)),
	}
}

// Profile returns the name of the profile that is in use, "" if none is.
func (v *Values) Profile() string { return v.flags.Lookup(profileFlag).Value.String() }

// Profiles goes through the profiles of the configuration file by name. of returns a
// setting of the profile, without secrets; "" if it has none of its own.
func (v *Values) Profiles() iter.Seq2[string, func(setting string) string] {
	return func(yield func(string, func(string) string) bool) {
		for _, name := range slices.Sorted(maps.Keys(v.profiles)) {
			of := func(setting string) string {
				value, given := v.profiles[name].values[setting]
				if !given {
					return ""
				}
				text, _ := plainValue(value)
				return censor.Value(trimmed(text))
			}
			if !yield(name, of) {
				return
			}
		}
	}
}

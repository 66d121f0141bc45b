package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"batchsend/internal/usage"
	"batchsend/template"
)

// Keys of the configuration file that are no settings.
const (
	profileTable   = "profile"         // has a table for each profile
	columnsTable   = "columns"         // says what columns of files are called
	defaultProfile = "default-profile" // names the profile if nothing else does
)

// fromFile reads the configuration file: its keys are the names of flags, and a
// table [profile.NAME] overrides them if that profile is chosen.
func (v *Values) fromFile() error {
	path, asked, err := v.File()
	if err != nil {
		return nil // without a home there is no file
	}
	profile := v.flags.Lookup(profileFlag).Value
	file, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked:
		if name := profile.String(); name != "" {
			return fmt.Errorf("profile %q: there is no configuration file %s", name, path)
		}
		return nil
	case err != nil:
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	v.profiles = file.profiles
	if name := trimmed(file.defaultProfile); name != "" && profile.String() == "" {
		if err := v.sources.refuseSecret(profileFlag, path+": "+defaultProfile, name); err != nil {
			return Mistakes{err}
		}
		_ = profile.Set(name) // a string takes all
	}
	var wrong Mistakes
	if name := profile.String(); name != "" {
		section, ok := file.profiles[name]
		if !ok {
			return unknownProfile(path, name, slices.Sorted(maps.Keys(file.profiles)))
		}
		wrong = v.fromTable(section)
	}
	wrong = append(wrong, v.fromTable(file.top)...)
	for _, name := range slices.Sorted(maps.Keys(file.profiles)) {
		if name != profile.String() {
			wrong = append(wrong, v.checkTable(file.profiles[name])...)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// unknownProfile is the error about a profile that the file does not have.
func unknownProfile(path, name string, has []string) error {
	err := fmt.Errorf("configuration file %s has no section [profile.%s]; it has %s", path, name, orNone(has))
	if i := template.Nearest(name, has); i >= 0 {
		return fmt.Errorf("%w: did you mean %s?", err, has[i])
	}
	return err
}

// ProfileNames returns the names of the profiles that the configuration file has, none
// if it cannot be read. [Values.Profiles] is for settings that were resolved.
func (v *Values) ProfileNames() []string {
	path, _, err := v.File()
	if err != nil {
		return nil
	}
	file, err := readFile(path)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(file.profiles))
}

// File returns the path of the configuration file, and whether the person has
// chosen it.
func (v *Values) File() (path string, chosen bool, err error) {
	if path := v.flags.Lookup(fileFlag).Value.String(); path != "" {
		return path, true, nil
	}
	path, err = v.sources.defaultFile()
	return path, false, err
}

// Used returns the path of the configuration file and the profile that is chosen from it,
// "" if there is none.
func (v *Values) Used() (path, profile string) {
	path, chosen, err := v.File()
	if err != nil {
		return "", ""
	}
	if _, absent := os.Stat(path); absent != nil && !chosen {
		return "", ""
	}
	return path, v.flags.Lookup(profileFlag).Value.String()
}

// fromTable applies a table of the configuration file to the flags that nothing of
// higher rank has set.
func (v *Values) fromTable(t table) (wrong Mistakes) {
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if columns, ok := t.values[key].(map[string]any); ok && key == columnsTable {
			wrong = append(wrong, v.fromColumns(columns, t.origin)...)
			continue
		}
		if err := v.checkKey(t, key); err != nil {
			wrong = append(wrong, err)
			continue
		}
		f := v.flags.Lookup(key)
		if f == nil {
			continue // another command's
		}
		value, ok := plainValue(t.values[key])
		if !ok {
			wrong = append(wrong, usage.Errorf("%s: %s is a list or a table: it must be one value", t.origin, key))
			continue
		}
		wrong = append(wrong, v.set(f, v.trim(value, t.origin+": "+key), t.origin)...)
	}
	return wrong
}

// checkTable finds what is wrong with a table that is not used this time, and that
// would be wrong whatever the command is.
func (v *Values) checkTable(t table) (wrong Mistakes) {
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if _, ok := t.values[key].(map[string]any); ok && key == columnsTable {
			continue
		}
		if err := v.checkKey(t, key); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

// checkKey fails if a key of the configuration file is no setting, or if it holds a
// secret that others may read.
func (v *Values) checkKey(t table, key string) error {
	if !slices.Contains(v.sources.Known, key) {
		return v.sources.unknownKey(key, t)
	}
	value, _ := plainValue(t.values[key])
	return v.checkPrivate(value, t.origin+": "+key)
}

// fromColumns reads what columns of files are called. Of a column that is named in the
// profile, too, the profile counts.
func (v *Values) fromColumns(table map[string]any, origin string) (wrong Mistakes) {
	for _, column := range slices.Sorted(maps.Keys(table)) {
		name, ok := table[column].(string)
		if !ok {
			wrong = append(wrong, usage.Errorf("%s [%s]: %q must be the name of a column in quotes; \"\" ignores the column", origin, columnsTable, column))
			continue
		}
		if _, given := v.columns[column]; !given {
			v.columns[column] = strings.TrimSpace(name)
		}
	}
	return wrong
}

// unknownKey is the error about a key that is no setting.
func (s Sources) unknownKey(key string, t table) error {
	known := append(slices.Clone(s.Known), columnsTable)
	if len(t.at) == 0 {
		known = append(known, profileTable, defaultProfile)
	}
	if i := template.Nearest(key, known); i >= 0 {
		return fmt.Errorf("%s: there is no setting %q: did you mean %q? (line %d)", t.origin, key, known[i], t.line(key))
	}
	return fmt.Errorf("%s: there is no setting %q (line %d)", t.origin, key, t.line(key))
}

// plainValue is a value of the configuration file as it would be typed.
func plainValue(value any) (string, bool) {
	switch v := value.(type) {
	case map[string]any, []any, []map[string]any:
		return "", false
	case time.Time:
		switch v.Location().String() { // so the library calls what has no offset
		case "time-local":
			return v.Format("15:04"), true
		case "datetime-local":
			return v.Format("2006-01-02T15:04"), true
		}
		return v.Format(time.RFC3339), true
	}
	return fmt.Sprint(value), true
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"batchsend/internal/usage"
	"batchsend/template"
)

// defaultProfile is the key that chooses a profile if nothing else does.
const defaultProfile = "default-profile"

// columnsTable is the table that says what columns of files are called.
const columnsTable = "columns"

// fromFile reads the configuration file: its keys are the names of flags, and a
// table [profile.NAME] overrides them if that profile is chosen.
func (v *Values) fromFile() error {
	path, asked, err := v.File()
	if err != nil {
		return nil // without a home there is no file
	}
	profile := v.flags.Lookup(profileFlag).Value
	var file map[string]any
	_, err = toml.DecodeFile(path, &file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked:
		if name := profile.String(); name != "" {
			return fmt.Errorf("profile %q: there is no configuration file %s", name, path)
		}
		return nil
	case err != nil:
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	profiles, _ := file["profile"].(map[string]any)
	delete(file, "profile")
	if name, ok := file[defaultProfile].(string); ok && profile.String() == "" {
		name = trimmed(name)
		if err := v.sources.refuseSecret(profileFlag, path+": "+defaultProfile, name); err != nil {
			return Mistakes{err}
		}
		_ = profile.Set(name) // a string takes all
	}
	delete(file, defaultProfile)
	var wrong Mistakes
	if name := profile.String(); name != "" {
		section, ok := profiles[name].(map[string]any)
		if !ok {
			return fmt.Errorf("configuration file %s has no section [profile.%s]; it has %s", path, name, orNone(slices.Sorted(maps.Keys(profiles))))
		}
		wrong = v.fromTable(section, fmt.Sprintf("%s [profile.%s]", path, name))
	}
	if wrong = append(wrong, v.fromTable(file, path)...); len(wrong) > 0 {
		return wrong
	}
	return nil
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

// fromTable applies a table of the configuration file to the flags that nothing of
// higher rank has set.
func (v *Values) fromTable(table map[string]any, origin string) (wrong Mistakes) {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if columns, ok := table[key].(map[string]any); ok && key == columnsTable {
			wrong = append(wrong, v.fromColumns(columns, origin)...)
			continue
		}
		if !slices.Contains(v.sources.Known, key) {
			wrong = append(wrong, v.sources.unknownKey(key, origin))
			continue
		}
		f := v.flags.Lookup(key)
		if f == nil {
			continue // another command's
		}
		value, ok := plainValue(table[key])
		if !ok {
			wrong = append(wrong, usage.Errorf("%s: %s is a list or a table: it must be one value", origin, key))
			continue
		}
		if err := v.checkPrivate(value, origin+": "+key); err != nil {
			wrong = append(wrong, err)
			continue
		}
		wrong = append(wrong, v.set(f, trimmed(value), origin)...)
	}
	return wrong
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

func (s Sources) unknownKey(key, origin string) error {
	if i := template.Nearest(key, s.Known); i >= 0 {
		return fmt.Errorf("%s: there is no setting %q: did you mean %q?", origin, key, s.Known[i])
	}
	return fmt.Errorf("%s: there is no setting %q", origin, key)
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

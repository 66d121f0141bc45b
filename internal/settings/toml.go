package settings

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/BurntSushi/toml"
)

// file is what a configuration file holds.
type file struct {
	top            table // without what is below
	profiles       map[string]table
	defaultProfile string
}

// table is settings of a configuration file, by the names of flags.
type table struct {
	origin string // as messages name it: "PATH [profile.NAME]"
	values map[string]any
	at     toml.Key // in the file; empty: the file itself
	lines  *lines
}

// line returns the line on which a key of the table stands.
func (t table) line(key string) int {
	return t.lines.of(append(slices.Clone(t.at), key)...)
}

// readFile reads a configuration file. What is wrong with the values of settings is
// found later.
func readFile(path string) (*file, error) {
	text, err := os.ReadFile(path) // once: from a pipe it cannot be read again
	if err != nil {
		return nil, err
	}
	l := &lines{}
	if l.meta, err = toml.Decode(string(text), &l.top); err != nil {
		return nil, err
	}
	var values map[string]any
	if _, err := toml.Decode(string(text), &values); err != nil {
		return nil, err
	}
	f := &file{top: table{path, values, nil, l}, profiles: map[string]table{}}
	if profiles, given := values[profileTable]; given {
		all, ok := profiles.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("line %d: %s must be the beginning of a section [%s.NAME]; %s names the profile to take", l.of(profileTable), profileTable, profileTable, defaultProfile)
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			section, ok := all[name].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("line %d: %q stands in the section [%s], which no profile has: name the section [%s.NAME]", l.of(profileTable, name), name, profileTable, profileTable)
			}
			f.profiles[name] = table{fmt.Sprintf("%s [%s.%s]", path, profileTable, name), section, toml.Key{profileTable, name}, l}
		}
	}
	if name, given := values[defaultProfile]; given {
		var ok bool
		if f.defaultProfile, ok = name.(string); !ok {
			return nil, fmt.Errorf("line %d: %s must be the name of a profile in quotes", l.of(defaultProfile), defaultProfile)
		}
	}
	delete(values, profileTable)
	delete(values, defaultProfile)
	return f, nil
}

// lines finds the lines of keys. The library tells them only in errors.
type lines struct {
	meta toml.MetaData
	top  map[string]toml.Primitive
}

// of returns the line of the key at a path, 0 if it is not known.
func (l *lines) of(path ...string) int {
	within := l.top
	for _, key := range path[:len(path)-1] {
		var inner map[string]toml.Primitive
		if err := l.meta.PrimitiveDecode(within[key], &inner); err != nil {
			return 0
		}
		within = inner
	}
	err := l.meta.PrimitiveDecode(within[path[len(path)-1]], &nothing{})
	if at, ok := errors.AsType[toml.ParseError](err); ok {
		return at.Position.Line
	}
	return 0
}

// nothing is a value that cannot be read.
type nothing struct{}

// UnmarshalTOML implements [toml.Unmarshaler].
func (*nothing) UnmarshalTOML(any) error { return errors.New("it is not to be read") }

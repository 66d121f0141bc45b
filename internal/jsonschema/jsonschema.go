// Package jsonschema has a JSON Schema (draft 2020-12) for what every command prints with
// --json, so that whoever reads it in a script knows what to expect. Each is complete in
// itself. A field that is there stays; a new release may add others, which its schema
// names.
//
// The tests of the commands hold what is printed against them.
package jsonschema

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed schemas/*.json
var files embed.FS

const folder = "schemas"

// Commands lists the commands that have a schema, such as "template list", sorted.
func Commands() (names []string) {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(fmt.Sprintf("the embedded schemas cannot be listed: %v", err))
	}
	for _, e := range entries {
		names = append(names, strings.ReplaceAll(strings.TrimSuffix(e.Name(), ".json"), "-", " "))
	}
	slices.Sort(names)
	return names
}

// Of returns the schema of a command; ok is false if it has none.
func Of(command string) (text []byte, ok bool) {
	if !slices.Contains(Commands(), command) {
		return nil, false
	}
	text, err := files.ReadFile(path.Join(folder, strings.ReplaceAll(command, " ", "-")+".json"))
	return text, err == nil
}

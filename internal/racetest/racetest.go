// Package racetest tells tests whether the race detector watches them. It makes a
// program ten times slower; a test that is too slow for that leaves out under it
// what races nothing more than the rest does. make test runs such a test once more
// without the race detector: again.txt names them.
package racetest

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

//go:embed again.txt
var again string

// On reports whether the race detector is on. A test that asks is one that does
// less then: On fails it unless again.txt names it.
func On(t testing.TB) bool {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	if !slices.Contains(strings.Fields(again), name) {
		t.Errorf("internal/racetest/again.txt must name %s, or make test never runs all of it", name)
	}
	return Enabled
}

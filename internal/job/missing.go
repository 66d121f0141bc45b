package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ExpandPatterns replaces patterns, such as inbox/*.csv, by the files that match, in
// the order of their names. Shells do that too, but systemd, Kubernetes and Windows do
// not. A path that exists is no pattern, whatever characters it has, and a pattern
// without a match stays as it is, as in a shell. Like there, * and ? at the beginning of
// a name match no dot.
func ExpandPatterns(paths []string) (expanded []string) {
	for _, path := range paths {
		expanded = append(expanded, expand(path)...)
	}
	return expanded
}

func expand(path string) []string {
	if !strings.ContainsAny(path, "*?[") || exists(path) {
		return []string{path}
	}
	matches, err := filepath.Glob(path)
	if err != nil { // it is no pattern either
		return []string{path}
	}
	if !strings.HasPrefix(filepath.Base(path), ".") {
		matches = slices.DeleteFunc(matches, func(match string) bool { return strings.HasPrefix(filepath.Base(match), ".") })
	}
	if len(matches) == 0 {
		return []string{path}
	}
	return matches
}

// directoryOf fails if the directory of a file that does not exist is missing, too: a
// disk may not be mounted, and then nobody would ever learn that files wait there.
func directoryOf(path string) error {
	dir := filepath.Dir(path)
	_, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s: --if-missing ok lets files be absent, not the directory that they stand in", dir)
	}
	return err
}

// Absent reports whether none of the files exists, which is allowed: the run has nothing
// to do, and nothing to write.
func (in *Input) Absent() bool {
	return len(in.Missing) > 0 && len(in.files) == 0 && len(in.TooFresh) == 0
}

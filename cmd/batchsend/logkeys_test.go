package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logKeys are the keys that lines of the log may have besides time, level and msg.
// Programs that read --log-format json rely on them: one that goes, or changes its
// meaning, breaks them.
var logKeys = []string{"batch", "envelope_id", "envelopes", "error", "line", "lot", "lots", "more", "transaction_id", "wait", "what", "why"}

// TestLogKeys holds every log line in the sources to the fixed keys.
func TestLogKeys(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "internal/sandbox") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || !logs(call) {
				return true
			}
			for i := 1; i < len(call.Args); i += 2 {
				if key, ok := call.Args[i].(*ast.BasicLit); ok {
					name, err := strconv.Unquote(key.Value)
					if err != nil {
						t.Errorf("%s: %v", path, err)
					}
					found[name] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(logKeys, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("keys of the log (-want +got):\n%s", diff)
	}
}

// logs reports whether a call writes a line of the log.
func logs(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, method.Sel.Name) {
		return false
	}
	switch on := method.X.(type) {
	case *ast.Ident:
		return on.Name == "log"
	case *ast.SelectorExpr:
		return strings.EqualFold(on.Sel.Name, "log")
	}
	return false
}

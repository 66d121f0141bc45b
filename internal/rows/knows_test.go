package rows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKnowsNoRoles: of package envelope this one uses what a row and a file
// are, and nothing that says what they mean.
func TestKnowsNoRoles(t *testing.T) {
	may := []string{"CSVMalformed", "Code", "ColRejectCode", "ColRejectMessage", "Explain", "Format", "IsRejectColumn", "Position", "Problem", "Problems", "Row", "RowReader", "Sheet", "Short"}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "envelope" && !slices.Contains(may, s.Sel.Name) {
					t.Errorf("%s uses envelope.%s", name, s.Sel.Name)
				}
			}
			return true
		})
	}
}

package explain_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"batchsend/internal/docusign"
	"batchsend/internal/explain"
	"batchsend/internal/report"
)

// shouted is what a code looks like.
var shouted = regexp.MustCompile(`^[A-Z]{2,}(_[A-Za-z]+)+$`)

// variables look like codes and are none.
var variables = regexp.MustCompile(`^(BATCHSEND|DOCUSIGN|CREDENTIALS|XDG|HTTPS?|NO|SSL|LC|DBUS)_|^(REQUEST_METHOD|SOURCE_DATE_EPOCH|WAYLAND_DISPLAY|WT_SESSION)$`)

// codesInSources are the string constants of the program that look like codes:
// ours, DocuSign's and the sandbox's.
func codesInSources(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && shouted.MatchString(text) && !variables.MatchString(text) && text != "NOT_FOUND" { // the end of codes
					found[text] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found))
}

// TestExplainKnowsEveryCode: whatever code may appear anywhere, explain knows it.
func TestExplainKnowsEveryCode(t *testing.T) {
	t.Parallel()
	codes := codesInSources(t)
	if len(codes) < 100 || !slices.Contains(codes, "ROLE_UNKNOWN") || !slices.Contains(codes, "PARTNER_AUTHENTICATION_FAILED") {
		t.Fatalf("found %d codes in the sources: %q", len(codes), codes)
	}
	documented, err := os.ReadFile("testdata/docusign-codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(documented)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			codes = append(codes, line)
		}
	}
	codes = append(codes, reasons()...)
	for _, status := range report.Statuses() {
		codes = append(codes, string(status))
	}
	// Spellings that DocuSign's own texts use, and answers without a code.
	codes = append(codes, "ONESIGN_ALLSIGN_NOTSATISFIED", "Account_Suspended", "444", "HTTP_503", "HTTP_201", "302", "hourly_apiinvocation_limit_exceeded")
	for _, code := range codes {
		var stdout bytes.Buffer
		e, ok := explain.Find(code)
		if !ok {
			t.Errorf("there is no explanation of %s", code)
			continue
		}
		if err := e.Write(&stdout); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stdout.String(), "What it means: ") || !strings.Contains(stdout.String(), "What to do: ") {
			t.Errorf("explain %s says too little:\n%s", code, stdout.String())
		}
	}
}

// reasons are all for which nobody can be signed in.
func reasons() []string {
	var all []string
	for _, r := range []docusign.Reason{
		docusign.ConsentRequired, docusign.UserNotFound, docusign.InvalidSubject, docusign.IssuerNotFound, docusign.NoValidKey,
		docusign.ExpiredGrant, docusign.UnsupportedGrantType, docusign.UnauthorizedClient, docusign.InternalServerError,
		docusign.InvalidGrant, docusign.Unreachable, docusign.Unavailable, docusign.Unreadable, docusign.Unsigned,
		docusign.TokenRefused, docusign.NoAccount, docusign.AccountUnknown, docusign.BadBaseURI,
	} {
		all = append(all, string(r))
	}
	return all
}

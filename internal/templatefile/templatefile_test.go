package templatefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/templatefile"
)

// TestOpenRefuses: a file that is no template file is refused, and nothing of a secret
// in it is shown.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const key = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", " \n", "the file is empty"},
		{"key", "-----BEGIN RSA PRIVATE KEY-----\n" + key + "\n-----END RSA PRIVATE KEY-----\n", "it is no template file but holds the text of a private key"},
		{"CSV", "name,email\nAnn,a@example.test\n", "which is JSON"},
		{"unknown part", `{"Format":"batchsend template","Version":1,"Extra":1}`, "has parts that no template file of this version has"},
		{"nothing in it", `{"Format":"batchsend template","Version":1}`, "it lacks the template"},
		{"too large", strings.Repeat(" ", 16<<20+1), "larger than 16 MiB"},
	} {
		path := filepath.Join(t.TempDir(), "t.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := templatefile.Open(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), key[:20]) {
			t.Errorf("%s: Open fails with %v, want %q", tt.name, err, tt.want)
		}
	}
}

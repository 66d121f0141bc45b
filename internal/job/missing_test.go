package job_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/job"
)

// TestExpandPatterns: a pattern becomes the files that match, as in a shell; whatever
// else there is stays as it is.
func TestExpandPatterns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"may.csv", "june.csv", ".upload.csv", "odd[1].csv", "odd1.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		paths, want []string
	}{
		{[]string{"*y.csv", "june.csv"}, []string{"may.csv", "june.csv"}},
		{[]string{"*.csv"}, []string{"june.csv", "may.csv", "odd1.csv", "odd[1].csv"}},
		{[]string{".*.csv"}, []string{".upload.csv"}},
		{[]string{"odd[1].csv"}, []string{"odd[1].csv"}}, // it exists
		{[]string{"*.xlsx", "absent.csv"}, []string{"*.xlsx", "absent.csv"}},
		{[]string{"[.csv"}, []string{"[.csv"}},
	} {
		under := func(names []string) (paths []string) {
			for _, name := range names {
				paths = append(paths, filepath.Join(dir, name))
			}
			return paths
		}
		if diff := cmp.Diff(under(tt.want), job.ExpandPatterns(under(tt.paths))); diff != "" {
			t.Errorf("ExpandPatterns(%q) (-want +got):\n%s", tt.paths, diff)
		}
	}
	if got := job.ExpandPatterns([]string{"-"}); len(got) != 1 || got[0] != "-" {
		t.Errorf("ExpandPatterns(-) = %q", got)
	}
}

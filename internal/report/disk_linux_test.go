package report_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"batchsend/internal/report"
)

// TestDiskFull fills a small disk: the old file stays, and no half of a new one.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil { // takes root
		t.Skipf("SKIPPED: a small disk cannot be mounted here (%v)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "results.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := report.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if _, err := fmt.Fprint(f, strings.Repeat("x", 1024)); err != nil && strings.Contains(err.Error(), ".tmp") {
			t.Fatalf("the error names a file that nobody has asked for: %v", err)
		}
	}
	err = f.Commit()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path+" could not be written: no space left on device") {
		t.Errorf("Commit: %v", err)
	}
	wantContent(t, path, "old")
	if got := files(t, dir); got != "results.csv" {
		t.Errorf("left over: %s", got)
	}
}

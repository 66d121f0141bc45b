package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/report"
)

// files lists what stands in a directory.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "results.csv")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := report.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, strings.Repeat("new ", 10_000))
	wantContent(t, path, "old") // until all is there
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Discard() // does nothing now
	wantContent(t, path, strings.Repeat("new ", 10_000))
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if got := files(t, dir); got != "results.csv" {
		t.Errorf("left over: %s", got)
	}
}

func TestFileDiscarded(t *testing.T) {
	dir := t.TempDir()
	f, err := report.Create(filepath.Join(dir, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "half")
	f.Discard()
	f.Discard()
	if got := files(t, dir); got != "" {
		t.Errorf("left over: %s", got)
	}
	(*report.File)(nil).Discard()
}

// TestFileNowhere names places that cannot be written, before anything is sent.
func TestFileNowhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                          "is no regular file",
		"no/such/dir.csv":           "cannot be written: no such file or directory; nothing was sent",
		"file/results.csv":          "cannot be written: not a directory; nothing was sent",
		strings.Repeat("long", 100): "cannot be written: file name too long; nothing was sent",
	} {
		path = filepath.Join(dir, path)
		if f, err := report.Create(path); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("Create = %v, %v; want %q", f, err, want)
		}
	}
	if got := files(t, dir); got != "file" {
		t.Errorf("left over: %s", got)
	}
}

// TestFileTaken has something else in the file's place when it is done.
func TestFileTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "results.csv")
	f, err := report.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = f.Commit()
	if err == nil || !strings.HasPrefix(err.Error(), path+" could not be written: ") || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("Commit: %v", err)
	}
	if got := files(t, dir); got != "results.csv" {
		t.Errorf("left over: %s", got)
	}
}

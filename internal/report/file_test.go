package report_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	for from, to := range map[string]string{"round": "and round", "and round": "round", "astray": "no/such.csv", "to a directory": "."} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	before := files(t, dir)
	for path, want := range map[string]struct{ text, cure string }{
		"":                          {"cannot be written: it is a directory; nothing was sent", "name a file in it"},
		"to a directory":            {"cannot be written: it is a directory", "name a file in it"},
		"no/such dir/x.csv":         {"cannot be written: no such file or directory: " + dir + "/no/such dir is missing, the nearest directory is " + dir + "; nothing was sent", "mkdir -p '" + dir + "/no/such dir'"},
		"astray":                    {"cannot be written: no such file or directory: " + dir + "/no is missing, the nearest directory is " + dir, "mkdir -p " + dir + "/no"},
		"file/results.csv":          {"cannot be written: not a directory: " + dir + "/file is a file; nothing was sent", "name another place"},
		"round":                     {"cannot be written: its symbolic links lead in a circle", "remove the links"},
		strings.Repeat("long", 100): {"cannot be written: file name too long; nothing was sent", "a shorter name"},
	} {
		path = filepath.Join(dir, path)
		f, err := report.Create(path)
		bad, ok := errors.AsType[*report.FileError](err)
		if !ok || !strings.HasPrefix(err.Error(), path+" "+want.text) || !strings.Contains(bad.Hint(), want.cure) {
			t.Errorf("Create = %v, %v; want %q and %q", f, err, want.text, want.cure)
		}
		f.Discard()
	}
	if got := files(t, dir); got != before {
		t.Errorf("left over: %s", got)
	}
}

// TestFileThroughLinks: what links lead to is replaced, the links stay.
func TestFileThroughLinks(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/b", "elsewhere/deep"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range [][2]string{
		{"results.csv", "a/link"},
		{"a/link", "b/next"},
		{"a/b/next", "../../archive.csv"}, // a chain
		{"dangling", "not yet.csv"},
		{"down", "elsewhere/deep"},
		{"elsewhere/deep/up", "../up.csv"}, // .. leads out of where the link is
		{"absolute", filepath.Join(dir, "absolute.csv")},
	} {
		if err := os.Symlink(link[1], filepath.Join(dir, link[0])); err != nil {
			t.Fatal(err)
		}
	}
	for link, behind := range map[string]string{
		"results.csv": "archive.csv", "dangling": "not yet.csv", "down/up": "elsewhere/up.csv", "absolute": "absolute.csv",
	} {
		for _, content := range []string{"first", "second"} {
			path := filepath.Join(dir, link)
			target, err := os.Readlink(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := report.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(f, content)
			if err := f.Commit(); err != nil {
				t.Fatal(err)
			}
			if now, err := os.Readlink(path); now != target {
				t.Errorf("%s leads to %q now, not to %q: %v", link, now, target, err)
			}
			info, err := os.Lstat(filepath.Join(dir, behind))
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %v, %v", behind, info, err)
			}
			wantContent(t, filepath.Join(dir, behind), content)
			if report.Real(path) != report.Real(filepath.Join(dir, behind)) {
				t.Errorf("Real(%s) = %s", link, report.Real(path))
			}
		}
	}
}

// TestFileSpecial writes to what is no file on a disk.
func TestFileSpecial(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are none")
	}
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if out, err := exec.Command("mkfifo", fifo).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v %s", err, out)
	}
	write := func(path string) error {
		f, err := report.Create(path)
		if err != nil {
			return err
		}
		fmt.Fprint(f, "all of it")
		return f.Commit()
	}
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(fifo)
		read <- string(text)
	}()
	if err := write(fifo); err != nil {
		t.Error(err)
	}
	if got := <-read; got != "all of it" {
		t.Errorf("through the pipe came %q", got)
	}
	if err := write("/dev/null"); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "linux" {
		err := write("/dev/full")
		if bad, ok := errors.AsType[*report.FileError](err); !ok || err.Error() != "/dev/full could not be written: no space left on device" || !strings.Contains(bad.Hint(), "what was sent is in the ledger") {
			t.Errorf("/dev/full: %v", err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := write(fmt.Sprintf("/dev/fd/%d", w.Fd())); err != nil {
			t.Error(err)
		}
		w.Close()
		text, err := io.ReadAll(r)
		if err != nil || string(text) != "all of it" {
			t.Errorf("through a descriptor came %q, %v", text, err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/stdout", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"-": 1, "/dev/stdout": 1, link: 1, "/dev/stderr": 2, "/dev/null": -1, filepath.Join(dir, "x"): -1} {
		if got := report.Standard(path); got != want {
			t.Errorf("Standard(%s) = %d, want %d", path, got, want)
		}
	}
	if got := files(t, dir); got != "fifo link" {
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

package secretfile_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"batchsend/internal/secretfile"
)

// TestOthersMayRead: a file is private if nobody but its owner may read it, or if it is
// where a platform hands out secrets.
func TestOthersMayRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing here")
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		mode   os.FileMode
		mounts []string
		want   bool
	}{
		{0o600, nil, false},
		{0o400, nil, false},
		{0o644, nil, true},
		{0o620, nil, true},
		{0o644, []string{filepath.Join(dir, "elsewhere")}, true},
		{0o644, []string{dir}, false},
	} {
		path := filepath.Join(dir, "secret")
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if got := secretfile.OthersMayRead(f, info, tt.mounts); got != tt.want {
			t.Errorf("mode %04o, mounts %q: %t, want %t", tt.mode, tt.mounts, got, tt.want)
		}
		f.Close()
		os.Remove(path)
	}
}

// TestMounts: systemd names its directory in the environment.
func TestMounts(t *testing.T) {
	t.Parallel()
	if slices.Contains(secretfile.Mounts(nil), "") || !slices.Contains(secretfile.Mounts(map[string]string{"CREDENTIALS_DIRECTORY": "/run/credentials/x"}), "/run/credentials/x") {
		t.Errorf("Mounts: %q", secretfile.Mounts(nil))
	}
}

// TestWrite: a secret is written whole, for its owner alone, and nothing is left beside it.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	for _, text := range []string{"first", "second"} {
		if err := secretfile.Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, err2 := os.Stat(path)
		if err != nil || err2 != nil || string(got) != text || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v, %v", got, err, info.Mode())
		}
	}
	if err := secretfile.Write(filepath.Join(dir, "none", "secret"), nil); err == nil {
		t.Error("written into a directory that is not there")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

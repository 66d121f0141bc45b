package docusign

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLoadKeyFromPlatforms: files that a platform guards otherwise are taken with
// their own modes.
func TestLoadKeyFromPlatforms(t *testing.T) {
	dir := t.TempDir()
	mount := filepath.Join(dir, "credentials")
	for _, sub := range []string{"credentials/data", "beside"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(pkcs1()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(to, name string) string { // as Kubernetes lays its secrets out
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	root := os.Geteuid() == 0
	for _, c := range []struct {
		path   string
		mounts []string
		ok     bool
	}{
		{file("credentials/key", 0o444), []string{mount}, true},
		{file("credentials/data/key", 0o644), []string{mount}, true},
		{link("data/key", "credentials/link"), []string{mount}, true},
		{file("beside/key", 0o444), []string{mount}, false},
		{link("../beside/key", "credentials/out"), []string{mount}, false},
		{file("credentials-of-others", 0o444), []string{mount}, false},
		{file("credentials/none", 0o444), nil, false},
		{file("roots", 0o440), nil, root},
		{file("roots, to write", 0o460), nil, false},
		{file("roots, for all", 0o444), nil, false},
	} {
		if _, err := LoadKey(c.path, c.mounts...); (err == nil) != c.ok {
			t.Errorf("%s under %q: %v, want ok %t", c.path, c.mounts, err, c.ok)
		}
	}
	still := filepath.Join(dir, "still")
	if err := os.Mkdir(still, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(filepath.Join(dir, "beside"), still, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("SKIPPED: nothing can be mounted here (%v)", err)
	}
	defer syscall.Unmount(still, 0)
	if err := syscall.Mount("", still, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIPPED: nothing can be mounted here (%v)", err)
	}
	if _, err := LoadKey(filepath.Join(still, "key")); err != nil {
		t.Errorf("on a disk for reading only: %v", err)
	}
}

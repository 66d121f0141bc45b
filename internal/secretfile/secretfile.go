// Package secretfile tells whether a file that holds a secret is private.
package secretfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Mounts returns the directories in which systemd and containers hand out secrets,
// with modes of their own. env is the environment, by names.
func Mounts(env map[string]string) []string {
	mounts := []string{"/run/secrets", "/var/run/secrets"}
	if dir := env["CREDENTIALS_DIRECTORY"]; dir != "" {
		mounts = append(mounts, dir)
	}
	return mounts
}

// Unchecked says of a file with a secret that nobody can tell here who else may read it,
// and how to find out; "" where [OthersMayRead] tells.
func Unchecked(path string) string {
	if runtime.GOOS != "windows" {
		return ""
	}
	return fmt.Sprintf("who else may read it is not checked on Windows: icacls %q shows that", path)
}

// OthersMayRead reports whether somebody else than its owner may read an open
// file with a secret. Pipes and the like nobody else can read. Platforms hand
// secrets out with wider modes and guard them otherwise: files under mounts, on a
// disk that is mounted for reading only, and those of root that a group may read
// and nobody may write count as private. On Windows it reports false: see [Unchecked].
func OthersMayRead(f *os.File, info fs.FileInfo, mounts []string) bool {
	mode := info.Mode()
	switch {
	case runtime.GOOS == "windows", !mode.IsRegular(), mode.Perm()&0o077 == 0:
		return false
	case mode.Perm()&0o277 == 0o040 && ownedByRoot(info), readOnly(f):
		return false
	}
	real, err := filepath.EvalSymlinks(f.Name())
	for _, mount := range mounts {
		if dir, e := filepath.EvalSymlinks(mount); err == nil && e == nil && strings.HasPrefix(real, dir+string(filepath.Separator)) {
			return false
		}
	}
	return true
}

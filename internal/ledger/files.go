package ledger

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Files returns where the parts of the ledger at path stand that are there as long as it
// is, or while it is open.
func Files(path string) []string {
	return []string{path, path + "-wal", path + "-shm", lockPath(path)}
}

// lockPath names the file beside the ledger in which each batch has a byte that a
// run locks. It is not empty once the ledger has been created: see [markCreated].
func lockPath(path string) string { return path + ".lock" }

// locate returns the absolute path of the ledger's real file, symbolic links
// followed: by whatever name runs are given the ledger, all must use the same locks
// and the same log. It refuses what is not the path of a file.
func locate(path string) (string, error) {
	scheme, _, isURL := strings.Cut(path, "://")
	switch {
	case path == "":
		return "", &Error{Kind: Unusable, Cause: "no path", Cure: "name a file with --ledger or BATCHSEND_LEDGER"}
	case isURL && strings.HasPrefix(scheme, "postgres"):
		return "", &Error{
			Kind: Unusable, Path: scheme + "://...", // the rest may hold a password
			Cause: "this version of batchsend keeps no ledger in PostgreSQL",
			Cure:  "give --ledger the path of a file on this machine",
		}
	case isURL:
		return "", &Error{
			Kind: Unusable, Path: scheme + "://...", Cause: "not a path",
			Cure: "give --ledger the path of a file on this machine",
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", systemError(path, err)
	}
	abs, err = resolve(abs)
	if err != nil {
		return "", systemError(path, err)
	}
	switch info, err := os.Stat(abs); {
	case err == nil && info.IsDir():
		return "", &Error{
			Kind: Unusable, Path: path, Cause: "it is a directory",
			Cure: "give --ledger the path of a file in it: " + filepath.Join(path, "ledger.db"),
		}
	case err == nil && !info.Mode().IsRegular():
		return "", &Error{Kind: Unusable, Path: path, Cause: "it is not a file", Cure: "give --ledger the path of a file"}
	case err == nil && links(info) > 1:
		return "", &Error{
			Kind: Unusable, Path: path, Cause: fmt.Sprintf("the file has %d names (hard links), and runs that know it by different names do not see each other", links(info)),
			Cure: "delete all of its names but one, and give --ledger that one; `find DIRECTORY -samefile " + path + "` lists them. A symbolic link to it does no harm",
		}
	}
	return abs, nil
}

// resolve follows symbolic links, also to a file that does not exist yet.
func resolve(path string) (string, error) {
	for range 40 { // as many as Linux follows
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			path = filepath.Join(dir, filepath.Base(path))
		}
		target, err := os.Readlink(path)
		switch {
		case err != nil: // it is no link, or does not exist
			return path, nil
		case !filepath.IsAbs(target):
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", &fs.PathError{Op: "resolve", Path: path, Err: syscall.ELOOP}
}

// prepareFiles creates the ledger's directory and its lock file, which fails early
// where this user may not write. It returns the path anew: nothing could be resolved
// in a directory that did not exist.
func prepareFiles(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", systemError(path, err)
	}
	path, err := locate(path)
	if err != nil {
		return "", err
	}
	locks, err := openLocks(path)
	if err != nil {
		return "", systemError(path, err)
	}
	return path, locks.close()
}

// markCreated writes into the lock file that the ledger has been created, so that a
// ledger that somebody has truncated later is not taken for a new one.
func markCreated(path string) error {
	if wasCreated(path) {
		return nil
	}
	if err := os.WriteFile(lockPath(path), []byte("batchsend ledger\n"), 0o600); err != nil {
		return systemError(path, err)
	}
	return nil
}

// wasCreated reports whether the ledger at path has ever been created.
func wasCreated(path string) bool {
	info, err := os.Stat(lockPath(path))
	return err == nil && info.Size() > 0
}

// emptied is the error of a ledger that has been truncated.
func emptied(path string) error {
	return &Error{Kind: Damaged, Path: path, Cause: "the file is empty, but it was a ledger", Cure: cureDamaged}
}

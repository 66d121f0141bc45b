package ledger

import (
	"os"
	"path/filepath"
	"strings"
)

// lockPath names the file beside the ledger whose bytes stand for batches. Once
// the ledger has been made it is not empty, see [mark].
func lockPath(path string) string { return path + ".lock" }

// locate makes path absolute and refuses what is not a file's path.
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
	switch info, err := os.Stat(abs); {
	case err == nil && info.IsDir():
		return "", &Error{
			Kind: Unusable, Path: path, Cause: "it is a directory",
			Cure: "give --ledger the path of a file in it: " + filepath.Join(path, "ledger.db"),
		}
	case err == nil && !info.Mode().IsRegular():
		return "", &Error{Kind: Unusable, Path: path, Cause: "it is not a file", Cure: "give --ledger the path of a file"}
	}
	return abs, nil
}

// prepareFiles makes the ledger's directory and the file of its locks, which
// tells early whether one may write there at all.
func prepareFiles(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return systemError(path, err)
	}
	locks, err := openLocks(path)
	if err != nil {
		return systemError(path, err)
	}
	return locks.close()
}

// mark notes beside the ledger that it has been made, so that one that was cut
// to nothing later is not taken for a new one.
func mark(path string) error {
	if marked(path) {
		return nil
	}
	if err := os.WriteFile(lockPath(path), []byte("batchsend ledger\n"), 0o600); err != nil {
		return systemError(path, err)
	}
	return nil
}

func marked(path string) bool {
	info, err := os.Stat(lockPath(path))
	return err == nil && info.Size() > 0
}

func vanished(path string) error {
	return &Error{Kind: Damaged, Path: path, Cause: "the file is empty, but it was a ledger", Cure: cureDamaged}
}

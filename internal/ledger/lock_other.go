//go:build !linux && !windows

package ledger

import "os"

// locks does nothing: this system has no locks that the kernel drops when a process
// dies, so heartbeats alone tell a dead run from a live one. The lock file is created
// all the same, because SQLite takes the ledger's mode from it.
type locks struct{ file int64 }

func openLocks(path string) (*locks, error) {
	f, err := os.OpenFile(lockPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &locks{}, f.Close()
}

func (*locks) take(int64) (locked, supported bool) { return false, false }

func (*locks) drop(int64) {}

func (*locks) close() error { return nil }

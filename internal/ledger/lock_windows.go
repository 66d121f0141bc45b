package ledger

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// locks is the open lock file beside the ledger, in which a session locks a byte for
// each of its batches. Windows drops the locks when the process dies, in whatever way,
// so a lock that can be taken proves that its former owner is dead.
//
// The locks belong to the open file, so that two sessions of one process exclude each
// other as well. A lease names the file that its owner has locked: see lock_linux.go.
type locks struct {
	f    *os.File
	file int64 // its index on its disk, which no other file has while it is open
}

// lockedFrom is where in the file the locked bytes begin. Unlike those of Unix, locks of
// Windows also keep others from reading and writing what is locked, so the bytes are
// beyond all that is ever written.
const lockedFrom = 1 << 40

func openLocks(path string) (*locks, error) {
	f, err := os.OpenFile(lockPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &locks{f: f}
	var info windows.ByHandleFileInformation
	if windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info) == nil {
		l.file = int64(info.FileIndexHigh)<<32 | int64(info.FileIndexLow)
	}
	return l, nil
}

// at returns where the byte of a batch is.
func at(batch int64) *windows.Overlapped {
	offset := lockedFrom + batch
	return &windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32)}
}

// take tries to lock a byte of the file. supported is false if the file system has no
// such locks.
func (l *locks) take(batch int64) (locked, supported bool) {
	err := windows.LockFileEx(windows.Handle(l.f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at(batch))
	if err == nil {
		return true, true
	}
	return false, errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING)
}

// drop releases a lock.
func (l *locks) drop(batch int64) {
	// An error does no harm: closing the file releases the lock as well.
	_ = windows.UnlockFileEx(windows.Handle(l.f.Fd()), 0, 1, 0, at(batch))
}

// close drops all locks.
func (l *locks) close() error { return l.f.Close() }

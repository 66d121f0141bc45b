package ledger

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// locks is the open lock file beside the ledger, in which a session locks a byte for
// each of its batches. The kernel drops the locks when the process dies, in whatever
// way, so a lock that can be taken proves that its former owner is dead.
//
// The locks belong to the open file (OFD locks), not to the process, so that two
// sessions of one process exclude each other as well. If somebody deletes the file, the
// next process creates another one, on which nobody has a lock: so a lease names the
// file that its owner has locked.
type locks struct {
	f    *os.File
	file int64 // its inode number, which no other file has while it is open
}

func openLocks(path string) (*locks, error) {
	f, err := os.OpenFile(lockPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	l := &locks{f: f}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		l.file = int64(stat.Ino)
	}
	return l, nil
}

// take tries to lock a byte of the file. supported is false if the file system has no
// such locks.
func (l *locks) take(batch int64) (locked, supported bool) {
	err := unix.FcntlFlock(l.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{
		Type: unix.F_WRLCK, Whence: io.SeekStart, Start: batch, Len: 1,
	})
	if err == nil {
		return true, true
	}
	return false, errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES)
}

// drop releases a lock.
func (l *locks) drop(batch int64) {
	// An error does no harm: closing the file releases the lock as well.
	_ = unix.FcntlFlock(l.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{
		Type: unix.F_UNLCK, Whence: io.SeekStart, Start: batch, Len: 1,
	})
}

// close drops all locks. Closing the file alone would leave them to a child process
// that was forked at this moment and has the file open until it runs its program.
func (l *locks) close() error {
	_ = unix.FcntlFlock(l.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK, Whence: io.SeekStart})
	return l.f.Close()
}

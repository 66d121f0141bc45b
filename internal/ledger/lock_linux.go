package ledger

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// locks is an open file beside the ledger in which a session locks a byte for
// each of its batches. The kernel drops the locks when the process dies, in
// whatever way, so a lock that can be taken proves its former holder dead.
//
// They belong to the open file (OFD locks), not to the process: two sessions of
// one process exclude each other as well. Somebody may delete the file while it
// is open, and the next process makes another, on which nobody has a lock.
type locks struct {
	f    *os.File
	file int64 // its number in the file system; nobody else's as long as it is open
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

// take locks the byte of batch. It reports whether it got it, and whether the
// file system has such locks at all.
func (l *locks) take(batch int64) (got, able bool) {
	err := unix.FcntlFlock(l.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{
		Type: unix.F_WRLCK, Whence: io.SeekStart, Start: batch, Len: 1,
	})
	if err == nil {
		return true, true
	}
	return false, errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES)
}

// drop gives a lock back.
func (l *locks) drop(batch int64) {
	// It was got, so it can be given back; closing the file does so at last.
	_ = unix.FcntlFlock(l.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{
		Type: unix.F_UNLCK, Whence: io.SeekStart, Start: batch, Len: 1,
	})
}

// close drops all locks.
func (l *locks) close() error { return l.f.Close() }

//go:build unix

package console

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// controllingTerminal opens the terminal that the process was started from. It fails if
// there is none, or if the process runs in its background.
func controllingTerminal() (io.ReadWriteCloser, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err == nil && !inForeground(tty) {
		tty.Close()
		return nil, os.ErrPermission
	}
	return tty, err
}

// inForeground reports whether the process may read from a terminal. The system stops
// one that reads in the background.
func inForeground(tty *os.File) bool {
	raw, err := tty.SyscallConn()
	if err != nil {
		return false
	}
	group := -1
	err = raw.Control(func(fd uintptr) { group, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) })
	return err == nil && group == unix.Getpgrp()
}

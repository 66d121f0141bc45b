//go:build unix

package report

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// descriptor returns the number of the open file of this process that a path
// such as /dev/stdout or /dev/fd/63 stands for.
func descriptor(path string) (fd int, ok bool) {
	switch path = filepath.Clean(path); path {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	dir, name := filepath.Split(path)
	if dir != "/dev/fd/" && dir != "/proc/self/fd/" {
		return 0, false
	}
	fd, err := strconv.Atoi(name)
	return fd, err == nil
}

// inUse reports whether a file cannot be replaced because a program has it open, which
// is no hindrance here.
func inUse(error) bool { return false }

// openSpecial opens a device or a pipe, or what is open already.
func openSpecial(path string) (*os.File, error) {
	fd, ok := descriptor(path)
	if !ok {
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	again, err := syscall.Dup(fd)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(again), path), nil
}

//go:build !windows

package job

import (
	"errors"
	"os"
	"syscall"
)

// openShared opens a file for reading that may be moved while it is open.
func openShared(path string) (*os.File, error) { return os.Open(path) }

// cannotLink reports whether the file cannot have another name at this place, but may
// be copied there.
func cannotLink(err error) bool {
	return errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)
}

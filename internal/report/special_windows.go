package report

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func descriptor(string) (fd int, ok bool) { return 0, false }

// inUse reports whether a file cannot be replaced because a program may have it open.
// Windows calls that a denied access, too.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

func openSpecial(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

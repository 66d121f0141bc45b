//go:build !unix && !windows

package report

import "os"

func descriptor(string) (fd int, ok bool) { return 0, false }

func inUse(error) bool { return false }

func openSpecial(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

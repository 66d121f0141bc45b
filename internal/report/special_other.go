//go:build !unix

package report

import "os"

func descriptor(string) (fd int, ok bool) { return 0, false }

func openSpecial(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

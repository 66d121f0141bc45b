//go:build !linux

package secretfile

import (
	"io/fs"
	"os"
)

func ownedByRoot(fs.FileInfo) bool { return false }

func readOnly(*os.File) bool { return false }

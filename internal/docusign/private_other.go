//go:build !linux

package docusign

import (
	"io/fs"
	"os"
)

func ownedByRoot(fs.FileInfo) bool { return false }

func readOnly(*os.File) bool { return false }

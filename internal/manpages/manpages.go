// Package manpages writes the man pages of a program from its commands.
package manpages

import (
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Write writes a page for root and for each command below it into dir, which must
// exist: batchsend.1, batchsend-send.1. Hidden commands have none. The pages name the
// version, and are dated by $SOURCE_DATE_EPOCH, or today if that is not set.
func Write(root *cobra.Command, dir, version string) error {
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1",
		Source:  root.Name() + " " + version,
		Manual:  "User Commands",
	}, dir)
}

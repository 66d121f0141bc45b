//go:build man

package main

import (
	"github.com/spf13/cobra"

	"batchsend/internal/manpages"
)

// The command man writes the man pages into a directory. Only make release builds
// the program with it: what writes the pages is 600 KB, and nobody else needs it.
func init() {
	buildCommands = append(buildCommands, func() *cobra.Command {
		return &cobra.Command{
			Use:    "man DIR",
			Short:  "Write the man pages into a directory",
			Hidden: true,
			Args:   cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return manpages.Write(cmd.Root(), args[0], version())
			},
		}
	})
}

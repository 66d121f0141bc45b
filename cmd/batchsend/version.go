package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/report"
)

// release is set by the linker in a released binary.
var release string

// version returns the release, or the commit that was built.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel-" + s.Value[:min(len(s.Value), 12)]
		}
	}
	return "devel"
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:         "version",
		Short:       "Print the version",
		Example:     "  batchsend version",
		Annotations: map[string]string{cmdline.HidesFlags: "all"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(*cobra.Command, []string) error {
			v := report.Version{Version: version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
			return report.Show(a.Stdout, v, asJSON, func(w io.Writer, v report.Version) error {
				_, err := fmt.Fprintf(w, "batchsend %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

package main

import (
	"io"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/explain"
	"batchsend/internal/report"
)

func (a *app) explainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Tell what a code such as ROLE_UNKNOWN means and what to do",
		Long: `explain tells what a code means, what DocuSign and batchsend do about it, and
what to do. It knows batchsend's own codes, those that DocuSign answers with,
the reasons for which nobody can be signed in, and the words of the column
status. Without a code it lists them all.`,
		Example:     "  batchsend explain\n  batchsend explain ROLE_UNKNOWN",
		Annotations: map[string]string{cmdline.HidesFlags: "all"},
		Args:        cmdline.AtMost(1, "code"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return report.Show(a.Stdout, explain.All(), asJSON, listCodes)
			}
			e, ok := explain.Find(args[0])
			if !ok {
				return explain.Unknown(args[0])
			}
			return report.Show(a.Stdout, e, asJSON, func(w io.Writer, e explain.Explanation) error { return e.Write(w) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func listCodes(w io.Writer, all []explain.Explanation) error {
	rows := [][]string{{"CODE", "MEANING"}}
	for _, e := range all {
		rows = append(rows, []string{e.Code, e.Meaning})
	}
	return report.Columns(w, rows)
}

package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

func (a *app) reportCommand() *cobra.Command {
	var batch, from, to, output string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report --batch NAME | --from D --to D",
		Short: "Make a page of what the ledger knows of a batch, or of some days",
		Long: `report reads the ledger and asks nobody. It makes one HTML page, to be read,
mailed or printed: what was sent, failed, unknown and pending, with causes and
cures, and when. batchsend status --refresh before it lets it tell what was
signed, too.

A day is written as 2026-11-21 and ends at midnight. --from and --to pick the
envelopes that came to their state in that time.`,
		Example: `  batchsend report --batch offers.csv --output offers.html
  batchsend report --from 2026-11-01 --to 2026-11-30 --output november.html
  batchsend report --batch offers.csv --json`,
		Annotations: map[string]string{cmdline.HidesFlags: "sign-in"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			since, until, err := cmdline.ParseDays(a.settings, from, to)
			switch {
			case err != nil:
				return err
			case batch == "" && from == "" && to == "":
				return usageError("report needs --batch NAME, or --from D and --to D")
			case output == "" && !asJSON && a.Watched:
				return usageError("the page would be shown as text: give --output FILE.html")
			}
			r := job.LedgerReport{Batch: batch, Account: a.cfg.account, Since: since, Until: until, Command: a.command}
			return a.report(cmd.Context(), r, output, asJSON)
		},
	}
	cmd.Flags().StringVar(&batch, "batch", "", "report on the batch `NAME`")
	cmd.Flags().StringVar(&from, "from", "", "report on what changed on the day `D` or later")
	cmd.Flags().StringVar(&to, "to", "", "report on what changed on the day `D` or earlier")
	cmd.Flags().StringVar(&output, "output", "", "write the page to `FILE` (default: standard output)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with every envelope")
	return cmd
}

// report writes a report of the ledger.
func (a *app) report(ctx context.Context, r job.LedgerReport, output string, asJSON bool) error {
	if report.Standard(output) == 1 {
		output = ""
	}
	return a.readLedger(ctx, func(db *ledger.DB) error {
		r.From = db
		return a.writeTo(output, func(w io.Writer) error { return a.orListing(r.Write(ctx, w, a.environment(), asJSON)) })
	})
}

// environment names where envelopes are sent.
func (a *app) environment() string {
	if a.cfg.sandbox {
		return "sandbox"
	}
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	switch {
	case err == nil && server.Local():
		return "local server"
	case err == nil && server == docusign.Production:
		return "production"
	case err == nil && server == docusign.Demo:
		return "demo"
	}
	return a.cfg.authServer
}

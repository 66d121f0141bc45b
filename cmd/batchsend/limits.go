package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/report"
)

func (a *app) limitsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Show the calls left in both windows, who shares them, and the allowance",
		Long: `limits shows how many calls are left in this hour and in 30 seconds, until
when, which runs share them through the ledger, and how many envelopes the
account's plan still allows.

It takes a call or two. If the calls are known to be used up, or DocuSign
cannot be asked, it shows what runs have remembered, and from when that is.`,
		Example:     "  batchsend limits\n  batchsend limits --json",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.asking(cmd.Context(), func(ctx context.Context, l limits) error { return a.showLimits(ctx, l, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// showLimits shows what is left, also if DocuSign could not be asked.
func (a *app) showLimits(ctx context.Context, l limits, asJSON bool) error {
	conn, err := a.connect(ctx, l)
	if err != nil {
		return err
	}
	defer conn.close()
	if err := conn.ReadLedger(ctx, conn.ledger); err != nil {
		return err
	}
	left, failed := job.Limits{
		Account: conn.Login.AccountID, Name: conn.Login.AccountName, DocuSign: conn.Client, Retry: conn.Retry, State: conn.Limiter.State, Ledger: conn.Ledger,
	}.Ask(ctx)
	if left == nil {
		return failed
	}
	return errors.Join(report.Show(a.Stdout, left, asJSON, report.WriteLimits), failed)
}

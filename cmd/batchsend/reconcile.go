package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sendflags"
)

func (a *app) reconcileCommand() *cobra.Command {
	var name string
	var settle time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Look up envelopes whose answer was lost, and send nothing",
		Long: `reconcile asks DocuSign what became of envelopes that were in flight when a
run died, or whose answer was lost, and writes it into the ledger. It sends
nothing; every run of send does the same before it sends.`,
		Example:     "  batchsend reconcile\n  batchsend reconcile --batch offers.csv",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 4 5"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := sendflags.CheckSettle(a.settings, settle, a.cfg.authServer, a.cfg.sandbox); err != nil {
				return err
			}
			conn, err := a.connect(cmd.Context(), limits{concurrency: 1})
			if err != nil {
				return err
			}
			defer conn.close()
			return a.reconcile(cmd.Context(), conn, name, settle, asJSON)
		},
	}
	cmd.Flags().StringVar(&name, "batch", "", "only the batch `NAME`")
	cmd.Flags().DurationVar(&settle, "settle", job.DefaultSettle, "how long DocuSign must not know an envelope before it is taken for never sent (`DURATION`)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) reconcile(ctx context.Context, conn *connection, name string, settle time.Duration, asJSON bool) error {
	if err := a.share(ctx, conn); err != nil {
		return err
	}
	names, err := job.BatchesWith(ctx, conn.Ledger, conn.Login.AccountID, name, job.Unresolved)
	if err != nil {
		return a.orListing(err)
	}
	if len(names) == 0 {
		return report.Show(a.Stdout, report.Reconciled{Batches: []string{}}, asJSON, func(w io.Writer, _ report.Reconciled) error {
			_, err := fmt.Fprintln(w, "nothing is in doubt")
			return err
		})
	}
	session, err := a.begin(ctx, conn, ledger.Run{Batches: names})
	if err != nil {
		return err
	}
	result, err := job.Reconciliation{
		DocuSign: conn.Client, Session: session, Retry: conn.Retry, Settle: settle, Teller: a, Log: a.log,
	}.Run(ctx)
	if err != nil {
		return err
	}
	if err := report.Show(a.Stdout, job.JSONOfReconciled(names, result), asJSON, func(w io.Writer, _ report.Reconciled) error {
		_, err := fmt.Fprintln(w, job.DescribeReconciled(result))
		return err
	}); err != nil {
		return err
	}
	return job.CheckResolved(result, a.command("status", "--batch", job.OneOf(names)))
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/waits"
)

func (a *app) statusCommand() *cobra.Command {
	var batch string
	var asJSON, refresh bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the ledger knows: the batches, or the envelopes of one",
		Long: `status reads the ledger and asks nobody. Without flags it lists the batches;
with --batch the envelopes of one. AT DOCUSIGN is what became of sent envelopes
as of when DocuSign was asked.

--refresh asks DocuSign now, about many envelopes in a call, and remembers the
answers. It leaves out those that will not change any more (completed, declined,
voided) and those asked about less than 15 minutes ago, as DocuSign wants it.`,
		Args: cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var late *waits.Error // what the ledger knows is shown all the same
			if refresh {
				err := a.asking(cmd.Context(), func(ctx context.Context, l limits) error { return a.refresh(ctx, l, batch) })
				if err != nil && (!errors.As(err, &late) || !late.Passes()) {
					return err
				}
			}
			path, err := a.ledgerPath()
			if err != nil {
				return err
			}
			db, err := ledger.OpenReadOnly(cmd.Context(), path)
			if err != nil {
				return err
			}
			defer db.Close()
			show := a.statusOfAll
			if batch != "" {
				show = func(ctx context.Context, db *ledger.DB, asJSON bool) error {
					return a.statusOfBatch(ctx, db, batch, asJSON)
				}
			}
			if err := show(cmd.Context(), db, asJSON); err != nil || late == nil {
				return err
			}
			return late
		},
	}
	cmd.Flags().StringVar(&batch, "batch", "", "list the envelopes of the batch `NAME`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&refresh, "refresh", false, "ask DocuSign first what became of the envelopes that were sent")
	return cmd
}

func (a *app) statusOfAll(ctx context.Context, db *ledger.DB, asJSON bool) error {
	all, err := job.BatchStatuses(ctx, db)
	switch {
	case err != nil:
		return err
	case asJSON:
		return report.WriteJSON(a.Stdout, all)
	}
	return report.WriteBatches(a.Stdout, all)
}

func (a *app) statusOfBatch(ctx context.Context, db *ledger.DB, name string, asJSON bool) error {
	all, found, err := job.EnvelopeStatuses(ctx, db, name)
	switch {
	case err != nil:
		return err
	case !found:
		return &adviceError{text: fmt.Sprintf("the ledger has no batch %q", name), hint: a.command("status") + " lists the batches"}
	case asJSON:
		return report.WriteJSON(a.Stdout, all)
	}
	return report.WriteEnvelopes(a.Stdout, all)
}

// refresh asks DocuSign what became of the sent envelopes of a batch, or of all
// the account's batches if name is "", and writes it into the ledger.
func (a *app) refresh(ctx context.Context, l limits, name string) error {
	conn, err := a.connect(ctx, l)
	if err != nil {
		return err
	}
	defer conn.close()
	if err := a.share(ctx, conn); err != nil {
		return err
	}
	names, err := a.batchesWith(ctx, conn, name, job.HasSent)
	if err != nil {
		return err
	}
	got, err := job.Refresh{DocuSign: conn.Client, Ledger: conn.Ledger, Account: conn.Login.AccountID, Retry: conn.Retry, Teller: a}.Run(ctx, names)
	if got.Unknown > 0 {
		a.Warn("DocuSign does not know %s that it said it had sent: deleted there, or another account's (%s says %q of them)",
			report.Plural(got.Unknown, "envelope"), a.command("status", "--batch", oneOf(names)), report.NotFound)
	}
	if err != nil && ctx.Err() != nil && got.Due > 0 {
		return &exitError{exitStopped, fmt.Errorf("interrupted: %s of %s were asked about. Run the same command again to go on",
			report.Number(got.Asked), report.Plural(got.Due, "envelope"))}
	}
	return err
}

package main

import (
	"context"
	"errors"

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
with --batch the envelopes of one. AT DOCUSIGN is what became of sent
envelopes as of when DocuSign was asked.

--refresh asks DocuSign now, about many envelopes in a call, and remembers the
answers. It leaves out those that will not change any more (completed,
declined, voided) and those asked about less than 15 minutes ago, as DocuSign
wants it.`,
		Example:     "  batchsend status --sandbox\n  batchsend status --refresh --batch offers.csv",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var late *waits.Error // what the ledger knows is shown all the same
			if refresh {
				err := a.asking(cmd.Context(), func(ctx context.Context, l limits) error { return a.refresh(ctx, l, batch) })
				if err != nil && (!errors.As(err, &late) || !late.Passes()) {
					return err
				}
			}
			if err := a.showStatus(cmd.Context(), batch, asJSON); err != nil || late == nil {
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

// showStatus shows what the ledger knows of a batch, or of all batches if the name is
// "".
func (a *app) showStatus(ctx context.Context, batch string, asJSON bool) error {
	return a.readLedger(ctx, func(db *ledger.DB) error {
		if batch == "" {
			all, err := job.BatchStatuses(ctx, db)
			if err != nil {
				return err
			}
			return report.Show(a.Stdout, all, asJSON, report.WriteBatches)
		}
		all, err := job.EnvelopeStatuses(ctx, db, batch)
		if err != nil {
			return a.orListing(err)
		}
		return report.Show(a.Stdout, all, asJSON, report.WriteEnvelopes)
	})
}

// readLedger opens the ledger to read it, and does something with it.
func (a *app) readLedger(ctx context.Context, do func(*ledger.DB) error) error {
	path, err := a.ledgerPath()
	if err != nil {
		return err
	}
	db, err := ledger.OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

// orListing adds to an error about a batch that is not there how to see those that
// are.
func (a *app) orListing(err error) error {
	if none, ok := errors.AsType[*job.NoBatchError](err); ok {
		return &adviceError{none.Error(), a.command("status") + " lists the batches"}
	}
	return err
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
	names, err := job.BatchesWith(ctx, conn.Ledger, conn.Login.AccountID, name, job.HasSent)
	if err != nil {
		return a.orListing(err)
	}
	_, err = job.Refresh{
		DocuSign: conn.Client, Ledger: conn.Ledger, Account: conn.Login.AccountID, Retry: conn.Retry, Teller: a, Command: a.command,
	}.Run(ctx, names)
	return err
}

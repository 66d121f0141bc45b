package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
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
		Args: atMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var late *waitError // what the ledger knows is shown all the same
			if refresh {
				err := a.asking(cmd.Context(), func(ctx context.Context, l limits) error { return a.refresh(ctx, l, batch) })
				if err != nil && (!errors.As(err, &late) || !late.passes()) {
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

// batchStatus is one batch in JSON.
type batchStatus struct {
	Account string   `json:"account"`
	Batch   string   `json:"batch"`
	Files   []string `json:"files"`
	Planned int      `json:"planned"` // envelopes in all
	Sent    int      `json:"sent"`
	Failed  int      `json:"failed"`
	Unknown int      `json:"unknown"` // may have been sent: a run looks them up
	Pending int      `json:"pending"` // not tried yet
	// AtDocuSign counts the sent envelopes by DocuSign's status, "not-found" if
	// it does not know them, as of when it was asked; others were never asked about.
	AtDocuSign map[string]int `json:"atDocuSign,omitempty"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last,omitzero"`
}

func statusOf(b ledger.BatchSummary) batchStatus {
	return batchStatus{
		Account: b.Account, Batch: b.Name, Files: b.Files,
		Planned: b.Planned + b.Sending + b.Sent + b.Failed + b.Unknown,
		Sent:    b.Sent, Failed: b.Failed, Unknown: b.Unknown + b.Sending, Pending: b.Planned,
		AtDocuSign: fateWords(b.Fates), First: b.First, Last: b.Last,
	}
}

func (a *app) statusOfAll(ctx context.Context, db *ledger.DB, asJSON bool) error {
	batches, err := db.Batches(ctx)
	if err != nil {
		return err
	}
	all := []batchStatus{}
	rows := [][]string{{"BATCH", "PLANNED", "SENT", "FAILED", "UNKNOWN", "PENDING", "AT DOCUSIGN", "LAST CHANGE", "FILES"}}
	for _, b := range batches {
		s := statusOf(b)
		if s.Planned == 0 {
			continue // begun, and given up before anything was planned
		}
		all = append(all, s)
		rows = append(rows, []string{
			s.Batch, report.Number(s.Planned), report.Number(s.Sent), report.Number(s.Failed),
			report.Number(s.Unknown), report.Number(s.Pending), report.Dash(fateText(s.AtDocuSign)),
			report.Local(s.Last), strings.Join(s.Files, ", "),
		})
	}
	if asJSON {
		return report.WriteJSON(a.stdout, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no batches yet")
		return err
	}
	return report.Columns(a.stdout, rows)
}

// envelopeStatus is one envelope in JSON.
type envelopeStatus struct {
	File            string                 `json:"file"`
	Line            int                    `json:"line"`
	Envelope        string                 `json:"envelope,omitempty"`
	State           string                 `json:"state"`
	EnvelopeID      envelope.ID            `json:"envelopeId,omitempty"`
	TransactionID   envelope.TransactionID `json:"transactionId"`
	Attempts        int                    `json:"attempts"`
	Changed         time.Time              `json:"changed"`
	Code            string                 `json:"code,omitempty"`
	Message         string                 `json:"message,omitempty"`
	AtDocuSign      string                 `json:"atDocuSign,omitempty"`     // DocuSign's status, or "not-found"; absent: never asked for
	AtDocuSignSince time.Time              `json:"atDocuSignSince,omitzero"` // when it came to that status
	Asked           time.Time              `json:"asked,omitzero"`           // when DocuSign was asked
}

func (a *app) statusOfBatch(ctx context.Context, db *ledger.DB, name string, asJSON bool) error {
	batches, err := db.Batches(ctx)
	if err != nil {
		return err
	}
	var all []envelopeStatus
	rows := [][]string{{"LINE", "ENVELOPE", "STATE", "ENVELOPE ID", "CHANGED", "AT DOCUSIGN", "SINCE", "MESSAGE"}}
	found := false
	for _, b := range batches {
		if b.Name != name {
			continue
		}
		found = true
		for e, err := range db.BatchEnvelopes(ctx, b.Account, name) {
			if err != nil {
				return err
			}
			s := envelopeStatus{
				File: e.File, Line: e.Line, Envelope: e.Label, State: e.State.String(), EnvelopeID: e.ID,
				TransactionID: e.TransactionID, Attempts: e.Attempts, Changed: e.At, Code: e.Code, Message: e.Message,
				AtDocuSign: fateWord(e.Status, e.Asked), AtDocuSignSince: e.StatusChanged, Asked: e.Asked,
			}
			all = append(all, s)
			rows = append(rows, []string{
				fmt.Sprint(s.Line), report.Dash(s.Envelope), s.State, report.Dash(string(s.EnvelopeID)),
				report.Local(s.Changed), report.Dash(s.AtDocuSign), report.Local(s.AtDocuSignSince), strings.TrimSpace(s.Code + " " + s.Message),
			})
		}
	}
	switch {
	case !found:
		return &adviceError{text: fmt.Sprintf("the ledger has no batch %q", name), hint: a.command("status") + " lists the batches"}
	case asJSON:
		return report.WriteJSON(a.stdout, all)
	}
	return report.Columns(a.stdout, rows)
}

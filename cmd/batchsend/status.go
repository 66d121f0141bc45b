package main

import (
	"context"
	"encoding/json"
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
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the ledger knows: the batches, or the envelopes of one",
		Long: `status reads the ledger and asks nobody. Without flags it lists the batches;
with --batch the envelopes of one.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := a.ledgerPath()
			if err != nil {
				return err
			}
			db, err := ledger.OpenReadOnly(cmd.Context(), path)
			if err != nil {
				return err
			}
			defer db.Close()
			if batch != "" {
				return a.statusOfBatch(cmd.Context(), db, batch, asJSON)
			}
			return a.statusOfAll(cmd.Context(), db, asJSON)
		},
	}
	cmd.Flags().StringVar(&batch, "batch", "", "list the envelopes of the batch `NAME`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// batchStatus is one batch in JSON.
type batchStatus struct {
	Account string    `json:"account"`
	Batch   string    `json:"batch"`
	Files   []string  `json:"files"`
	Planned int       `json:"planned"` // envelopes in all
	Sent    int       `json:"sent"`
	Failed  int       `json:"failed"`
	Unknown int       `json:"unknown"` // may have been sent: a run looks them up
	Pending int       `json:"pending"` // not tried yet
	First   time.Time `json:"first"`
	Last    time.Time `json:"last,omitzero"`
}

func statusOf(b ledger.BatchSummary) batchStatus {
	return batchStatus{
		Account: b.Account, Batch: b.Name, Files: b.Files,
		Planned: b.Planned + b.Sending + b.Sent + b.Failed + b.Unknown,
		Sent:    b.Sent, Failed: b.Failed, Unknown: b.Unknown + b.Sending, Pending: b.Planned,
		First: b.First, Last: b.Last,
	}
}

func (a *app) statusOfAll(ctx context.Context, db *ledger.DB, asJSON bool) error {
	batches, err := db.Batches(ctx)
	if err != nil {
		return err
	}
	all := []batchStatus{}
	rows := [][]string{{"BATCH", "PLANNED", "SENT", "FAILED", "UNKNOWN", "PENDING", "LAST CHANGE", "FILES"}}
	for _, b := range batches {
		s := statusOf(b)
		if s.Planned == 0 {
			continue // begun, and given up before anything was planned
		}
		all = append(all, s)
		rows = append(rows, []string{
			s.Batch, report.Number(s.Planned), report.Number(s.Sent), report.Number(s.Failed),
			report.Number(s.Unknown), report.Number(s.Pending), local(s.Last), strings.Join(s.Files, ", "),
		})
	}
	if asJSON {
		return a.printJSON(all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no batches yet")
		return err
	}
	return report.Columns(a.stdout, rows)
}

// envelopeStatus is one envelope in JSON.
type envelopeStatus struct {
	File          string                 `json:"file"`
	Line          int                    `json:"line"`
	Envelope      string                 `json:"envelope,omitempty"`
	State         string                 `json:"state"`
	EnvelopeID    envelope.ID            `json:"envelopeId,omitempty"`
	TransactionID envelope.TransactionID `json:"transactionId"`
	Attempts      int                    `json:"attempts"`
	Changed       time.Time              `json:"changed"`
	Code          string                 `json:"code,omitempty"`
	Message       string                 `json:"message,omitempty"`
}

func (a *app) statusOfBatch(ctx context.Context, db *ledger.DB, name string, asJSON bool) error {
	batches, err := db.Batches(ctx)
	if err != nil {
		return err
	}
	var all []envelopeStatus
	rows := [][]string{{"LINE", "ENVELOPE", "STATE", "ENVELOPE ID", "CHANGED", "MESSAGE"}}
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
			}
			all = append(all, s)
			rows = append(rows, []string{
				fmt.Sprint(s.Line), report.Dash(s.Envelope), s.State, report.Dash(string(s.EnvelopeID)),
				local(s.Changed), strings.TrimSpace(s.Code + " " + s.Message),
			})
		}
	}
	switch {
	case !found:
		return &adviceError{text: fmt.Sprintf("the ledger has no batch %q", name), hint: "batchsend status lists the batches"}
	case asJSON:
		return a.printJSON(all)
	}
	return report.Columns(a.stdout, rows)
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// local writes a time as the operator's clock shows it.
func local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

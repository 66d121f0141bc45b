package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// BatchStatus is what the ledger knows of a batch.
type BatchStatus struct {
	Account string   `json:"account"`
	Batch   string   `json:"batch"`
	Files   []string `json:"files"`
	Planned int      `json:"planned"` // envelopes in all
	Sent    int      `json:"sent"`
	Failed  int      `json:"failed"`
	Unknown int      `json:"unknown"` // may have been sent: a run looks them up
	Pending int      `json:"pending"` // not tried yet
	// AtDocuSign counts the sent envelopes by their [RemoteStatus] as of when DocuSign
	// was asked; others were never asked about.
	AtDocuSign map[string]int `json:"atDocuSign,omitempty"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last,omitzero"`
}

// EnvelopeStatus is what the ledger knows of an envelope.
type EnvelopeStatus struct {
	Batch           string                 `json:"batch,omitempty"` // "" if all are of one
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
	AtDocuSign      string                 `json:"atDocuSign,omitempty"`     // its [RemoteStatus]; absent: never asked for
	AtDocuSignSince time.Time              `json:"atDocuSignSince,omitzero"` // when it came to that status
	Asked           time.Time              `json:"asked,omitzero"`           // when DocuSign was asked
}

// NotFound stands for the status of an envelope that DocuSign does not know.
const NotFound = "not-found"

// RemoteStatus is DocuSign's status of an envelope, as it is shown.
func RemoteStatus(status string) string { return cmp.Or(status, NotFound) }

// Show prints something for a person as a table, or for a program as JSON.
func Show[T any](w io.Writer, v T, asJSON bool, table func(io.Writer, T) error) error {
	if asJSON {
		return WriteJSON(w, v)
	}
	return table(w, v)
}

// WriteBatches lists batches for a person.
func WriteBatches(w io.Writer, all []BatchStatus) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no batches yet")
		return err
	}
	rows := [][]string{{"BATCH", "PLANNED", "SENT", "FAILED", "UNKNOWN", "PENDING", "AT DOCUSIGN", "LAST CHANGE", "FILES"}}
	for _, s := range all {
		rows = append(rows, []string{
			s.Batch, Number(s.Planned), Number(s.Sent), Number(s.Failed), Number(s.Unknown), Number(s.Pending),
			Dash(RemoteCounts(s.AtDocuSign)), Local(s.Last), strings.Join(s.Files, ", "),
		})
	}
	return Columns(w, rows)
}

// WriteEnvelopes lists the envelopes of a batch for a person.
func WriteEnvelopes(w io.Writer, all []EnvelopeStatus) error {
	rows := [][]string{{"LINE", "ENVELOPE", "STATE", "ENVELOPE ID", "CHANGED", "AT DOCUSIGN", "SINCE", "MESSAGE"}}
	for _, s := range all {
		rows = append(rows, []string{
			fmt.Sprint(s.Line), Dash(s.Envelope), s.State, Dash(string(s.EnvelopeID)), Local(s.Changed),
			Dash(s.AtDocuSign), Local(s.AtDocuSignSince), strings.TrimSpace(s.Code + " " + s.Message),
		})
	}
	return Columns(w, rows)
}

// remoteOrder is how DocuSign's statuses are listed: first those that stay.
var remoteOrder = []string{"completed", "declined", "voided", "delivered", "sent"}

// RemoteCounts writes how many envelopes have each of DocuSign's statuses: "completed 3, sent 2".
func RemoteCounts(counts map[string]int) string {
	rank := func(word string) int {
		if i := slices.Index(remoteOrder, word); i >= 0 {
			return i
		}
		return len(remoteOrder)
	}
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	for i, word := range words {
		words[i] = word + " " + Number(counts[word])
	}
	return strings.Join(words, ", ")
}

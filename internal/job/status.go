package job

import (
	"context"
	"iter"

	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// BatchStatuses returns what the ledger knows of its batches. Those that were given
// up before anything was planned are left out.
func BatchStatuses(ctx context.Context, from BatchList) ([]report.BatchStatus, error) {
	batches, err := from.Batches(ctx)
	if err != nil {
		return nil, err
	}
	all := []report.BatchStatus{}
	for _, b := range batches {
		s := report.BatchStatus{
			Account: b.Account, Batch: b.Name, Files: b.Files,
			Planned: b.Planned + b.Sending + b.Sent + b.Failed + b.Unknown,
			Sent:    b.Sent, Failed: b.Failed, Unknown: b.Unknown + b.Sending, Pending: b.Planned,
			First: b.First, Last: b.Last,
		}
		if b.RemoteStatuses != nil {
			s.AtDocuSign = make(map[string]int, len(b.RemoteStatuses))
		}
		for status, n := range b.RemoteStatuses {
			s.AtDocuSign[report.RemoteStatus(status)] += n
		}
		if s.Planned > 0 {
			all = append(all, s)
		}
	}
	return all, nil
}

// EnvelopeList lists the envelopes of batches.
type EnvelopeList interface {
	BatchList
	BatchEnvelopes(ctx context.Context, account, batch string) iter.Seq2[ledger.Entry, error]
}

// EnvelopeStatuses returns what the ledger knows of the envelopes of a batch, in all
// accounts that have one of that name. The error is a [*NoBatchError] if none has.
func EnvelopeStatuses(ctx context.Context, from EnvelopeList, batch string) (all []report.EnvelopeStatus, err error) {
	batches, err := from.Batches(ctx)
	if err != nil {
		return nil, err
	}
	found := false
	for _, b := range batches {
		if b.Name != batch {
			continue
		}
		found = true
		for e, err := range from.BatchEnvelopes(ctx, b.Account, batch) {
			if err != nil {
				return nil, err
			}
			all = append(all, envelopeStatus(&e))
		}
	}
	if !found {
		return nil, &NoBatchError{Batch: batch}
	}
	return all, nil
}

func envelopeStatus(e *ledger.Entry) report.EnvelopeStatus {
	s := report.EnvelopeStatus{
		File: e.File, Line: e.Line, Envelope: e.Label, State: e.State.String(), EnvelopeID: e.ID,
		TransactionID: e.TransactionID, Attempts: e.Attempts, Changed: e.At, Code: e.Code, Message: e.Message,
		AtDocuSignSince: e.StatusChanged, Asked: e.Asked,
	}
	if !e.Asked.IsZero() {
		s.AtDocuSign = report.RemoteStatus(e.Status)
	}
	return s
}

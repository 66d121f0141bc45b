package job

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
)

// Recorder writes down what other ledgers have sent.
type Recorder interface {
	Adopt(ctx context.Context, batch string, sent []ledger.Adopted, surplus []ledger.Surplus) error
	// Looked writes down that the ledger knows now all that DocuSign has of a batch.
	Looked(ctx context.Context, batch string) error
}

// Cleaner removes what lots have left behind at DocuSign.
type Cleaner interface {
	Remains(ctx context.Context, lots []*remote.Lot) (lists []string, drafts []envelope.ID, err error)
	DeleteList(ctx context.Context, list string) error
	DeleteDrafts(ctx context.Context, ids ...envelope.ID) error
}

// record writes down what was found of a batch, and removes the lots with which
// DocuSign is through.
func (u *Unrecorded) record(ctx context.Context, to Recorder, ds Cleaner, log *slog.Logger) error {
	if err := to.Adopt(ctx, u.Batch, u.Sent, u.Surplus); err != nil {
		return err
	}
	cleanUp(ctx, ds, u.Done, log)
	if u.Making > 0 || u.Known.Looked {
		return nil
	}
	return to.Looked(ctx, u.Batch)
}

// cleanUp removes what lots of other ledgers have left at DocuSign: names and
// addresses. What cannot be removed now is found by the next run.
func cleanUp(ctx context.Context, ds Cleaner, lots []*remote.Lot, log *slog.Logger) {
	if len(lots) == 0 {
		return
	}
	lists, drafts, err := ds.Remains(ctx, lots)
	for _, list := range lists {
		err = cmp.Or(err, ds.DeleteList(ctx, list))
	}
	if err == nil && len(drafts) > 0 {
		err = ds.DeleteDrafts(ctx, drafts...)
	}
	if err != nil {
		log.InfoContext(ctx, "lists of another ledger are still at DocuSign", "lots", len(lots), "error", err)
	}
}

// refused reports whether DocuSign has read a call and said no.
func refused(err error) bool {
	e, ok := errors.AsType[*docusign.Error](err)
	return ok && e.Kind == docusign.Refused
}

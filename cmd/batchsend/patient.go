package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
)

// patient repeats the calls of mailings as others are repeated.
type patient struct{ c *connection }

// patiently makes a call that asks.
func patiently[T any](ctx context.Context, p patient, ask func(context.Context) (T, error)) (got T, err error) {
	err = p.c.retry.Do(ctx, func(ctx context.Context) (err error) {
		got, err = ask(ctx)
		return err
	})
	return got, err
}

func (p patient) CountMailed(ctx context.Context, batchID string) (int, error) {
	return patiently(ctx, p, func(ctx context.Context) (int, error) { return p.c.client.CountMailed(ctx, batchID) })
}

func (p patient) Mailed(ctx context.Context, batchID string, known func(envelope.ID) bool) ([]envelope.Mailed, error) {
	return patiently(ctx, p, func(ctx context.Context) ([]envelope.Mailed, error) { return p.c.client.Mailed(ctx, batchID, known) })
}

func (p patient) Recipients(ctx context.Context, ids []envelope.ID) ([]envelope.Mailed, error) {
	return patiently(ctx, p, func(ctx context.Context) ([]envelope.Mailed, error) { return p.c.client.Recipients(ctx, ids) })
}

func (p patient) Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error) {
	return patiently(ctx, p, func(ctx context.Context) (map[envelope.TransactionID]envelope.Found, error) {
		return p.c.client.Find(ctx, ids)
	})
}

func (p patient) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (f envelope.Found, ok bool, err error) {
	f, err = patiently(ctx, p, func(ctx context.Context) (f envelope.Found, err error) {
		f, ok, err = p.c.client.FindByField(ctx, id, since)
		return f, err
	})
	return f, ok, err
}

// otherLots finds the lots of other ledgers. Whoever may not send in bulk may not
// see lists, and has none.
func (p patient) otherLots(ctx context.Context, batchIDs []string, known func(lotID string) bool) ([]envelope.OtherLot, error) {
	lots, err := patiently(ctx, p, func(ctx context.Context) ([]envelope.OtherLot, error) {
		return p.c.client.OtherLots(ctx, batchIDs, known)
	})
	if e, ok := errors.AsType[*docusign.Error](err); ok && e.Kind == docusign.Refused {
		return nil, nil
	}
	return lots, err
}

// tidy removes what lots of other ledgers have left at DocuSign: names and
// addresses. What cannot be removed now is found by the next run.
func (p patient) tidy(ctx context.Context, lots []*envelope.Lot) {
	if len(lots) == 0 {
		return
	}
	lists, drafts, err := p.c.client.Remains(ctx, lots)
	for _, list := range lists {
		err = cmp.Or(err, p.c.client.DeleteList(ctx, list))
	}
	if err == nil && len(drafts) > 0 {
		err = p.c.client.DeleteDrafts(ctx, drafts...)
	}
	if err != nil {
		p.c.client.Log.InfoContext(ctx, "lists of another ledger are still at DocuSign", "lots", len(lots), "error", err)
	}
}

var _ mailings = patient{}

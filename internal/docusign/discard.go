package docusign

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// Remains finds the lists and drafts that were made of lots and are still there,
// those whose answers were lost among them: lists by their name in one call,
// drafts by their transaction ID in one for each hundred lots.
func (c *Client) Remains(ctx context.Context, lots []*remote.Lot) (lists []string, drafts []envelope.ID, err error) {
	all, err := c.lotLists(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]envelope.TransactionID, len(lots))
	for i, lot := range lots {
		lists = append(lists, all[lot.ID]...)
		ids[i] = lot.TransactionID()
	}
	for chunk := range slices.Chunk(ids, idsPerCall) {
		err := c.eachEnvelope(ctx, byIDs("transaction_ids", wireIDs{Transactions: chunk}), func(w *wireStatus) {
			// DocuSign may list an envelope twice: by its transaction, and by itself.
			if id := w.id(); id != "" && w.status() == statusDraft && !slices.Contains(drafts, id) {
				drafts = append(drafts, id)
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return lists, drafts, nil
}

// DeleteList deletes a bulk send list, with the names and addresses in it. A
// batch that was sent from it goes on. A list that does not exist is no error.
func (c *Client) DeleteList(ctx context.Context, listID string) error {
	err := c.do(ctx, call{
		op: "delete bulk send list", method: http.MethodDelete, path: listPath(listID),
		body: struct{}{}, // as DocuSign's own SDKs send it
	}, nil)
	if e, ok := errors.AsType[*Error](err); ok && e.Gone() {
		return nil
	}
	return err
}

// DeleteDrafts moves drafts to the recycle bin, which DocuSign empties by
// itself, in two calls for each hundred of them. It looks first: DocuSign voids
// an envelope that is under way when it is put there. Whatever is no draft, or
// not known any more, is left as it is.
func (c *Client) DeleteDrafts(ctx context.Context, ids ...envelope.ID) error {
	for chunk := range slices.Chunk(ids, idsPerCall) {
		statuses, err := c.Statuses(ctx, chunk)
		if err != nil {
			return err
		}
		var drafts []envelope.ID
		for _, status := range statuses {
			if status.Status == statusDraft {
				drafts = append(drafts, status.ID)
			}
		}
		if len(drafts) == 0 {
			continue
		}
		if err := c.recycle(ctx, drafts); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) recycle(ctx context.Context, ids []envelope.ID) error {
	recycle := call{
		op: "delete drafts", method: http.MethodPut, path: "/folders/recyclebin",
		body: wireIDs{Envelopes: ids},
	}
	var got wireStatuses
	if err := c.do(ctx, recycle, &got); err != nil {
		return err
	}
	for _, w := range got.Envelopes {
		if !w.Error.failed() {
			continue
		}
		if e := itemError(recycle, http.StatusOK, string(w.Error.Code), string(w.Error.Message)); !e.Gone() {
			return e
		}
	}
	return nil
}

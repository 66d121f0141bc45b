package docusign

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"batchsend/internal/remote"
)

// lotAge is how long DocuSign may take over a lot, with a day to spare.
const lotAge = 48 * time.Hour

// OtherLots finds the lots of some batches that were handed over to DocuSign and
// whose lists are still there, as they are until the run that made them knows of
// every copy. Those that known names, by their ID, are left out. batchIDs are
// made by [envelope.BatchID].
//
// It takes one call, and for each list of a lot that known does not name one
// more, or three if the list is of one of the batches.
func (c *Client) OtherLots(ctx context.Context, batchIDs []string, known func(lotID string) bool) ([]remote.OtherLot, error) {
	all, err := c.lotLists(ctx)
	if err != nil {
		return nil, err
	}
	var others []remote.OtherLot
	for id, lists := range all {
		if known(id) {
			continue
		}
		for _, list := range lists {
			other := remote.OtherLot{Lot: remote.Lot{ID: id, List: list}}
			found, err := c.readOther(ctx, batchIDs, &other)
			if err != nil {
				return nil, err
			}
			if found {
				others = append(others, other)
			}
		}
	}
	return others, nil
}

// readOther reads what a list holds and how far DocuSign has come with it. It
// reports whether the list is of one of the batches and was handed over.
func (c *Client) readOther(ctx context.Context, batchIDs []string, other *remote.OtherLot) (bool, error) {
	var list wireList
	err := c.do(ctx, call{op: "read bulk send list", method: http.MethodGet, path: listPath(other.List)}, &list)
	if e, ok := errors.AsType[*Error](err); ok && e.Gone() {
		return false, nil
	}
	if err != nil || len(list.Copies) == 0 {
		return false, err
	}
	other.BatchID = list.Copies[0].field(BatchField).guid() // all are of one
	if !slices.Contains(batchIDs, other.BatchID) {
		return false, nil
	}
	for i := range list.Copies {
		other.Envelopes = append(other.Envelopes, list.Copies[i].field(IdentityField).transactionID())
	}
	var found bool
	if other.BulkBatch, found, err = c.FindBatch(ctx, &other.Lot, time.Now().Add(-lotAge)); err != nil || !found {
		return false, err
	}
	other.Status, err = c.LotStatus(ctx, other.BulkBatch)
	return true, err
}

// field is the value of a copy's custom field, "" if it has none.
func (w *wireCopy) field(name string) text {
	for _, f := range w.CustomFields {
		if string(f.Name) == name {
			return f.Value
		}
	}
	return ""
}

// lotLists returns the lists that were made of lots and are still there, by the
// lots' IDs, in one call. A lost answer may have left several of one lot.
func (c *Client) lotLists(ctx context.Context) (map[string][]string, error) {
	var got struct {
		Lists []struct {
			ID   text `json:"bulkSendListId"`
			Name text `json:"name"`
		} `json:"bulkListSummaries"`
	}
	if err := c.do(ctx, call{op: "look up bulk send lists", method: http.MethodGet, path: listsPath}, &got); err != nil {
		return nil, err
	}
	lists := make(map[string][]string)
	for _, l := range got.Lists {
		if id, ok := remote.LotNamed(string(l.Name)); ok && l.ID != "" {
			lists[id] = append(lists[id], l.ID.guid())
		}
	}
	return lists, nil
}

package docusign

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// idsPerCall keeps look-ups small: how many IDs DocuSign takes in one call is
// not documented, nor how many envelopes it then lists.
const idsPerCall = 100

// Find looks envelopes up by the transaction IDs of the last seven days. Those
// that DocuSign does not know, or not yet, are absent from the result.
func (c *Client) Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error) {
	seen := make(sightings)
	asked := make(map[string]envelope.TransactionID, len(ids))
	for chunk := range slices.Chunk(ids, idsPerCall) {
		for _, id := range chunk {
			asked[strings.ToLower(string(id))] = id
		}
		look := byIDs("transaction_ids", wireIDs{Transactions: chunk})
		err := c.eachEnvelope(ctx, look, func(w *wireStatus) { seen.add(w.TransactionID, w) })
		if err != nil {
			return nil, err
		}
	}
	found := make(map[envelope.TransactionID]envelope.Found)
	for key, envelopes := range seen {
		if id, ok := asked[key]; ok {
			found[id] = envelopes.found()
		}
	}
	return found, nil
}

// FindByField looks one envelope up by the custom field that carries its
// transaction ID, among those created at or after since by DocuSign's clock. It
// works for as long as DocuSign keeps the envelope.
func (c *Client) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (envelope.Found, bool, error) {
	look := byField("look up envelope by custom field", IdentityField, string(id), since)
	seen := make(sightings)
	err := c.eachEnvelope(ctx, look, func(w *wireStatus) {
		if w.holds(IdentityField, string(id)) {
			seen.add(text(id), w)
		}
	})
	if err != nil {
		return envelope.Found{}, false, err
	}
	envelopes, ok := seen[strings.ToLower(string(id))]
	return envelopes.found(), ok, nil
}

// sightings are the envelopes seen under each transaction ID in lower case.
type sightings map[string]sighting

// sighting is the set of envelopes under one transaction ID; true are drafts.
type sighting map[envelope.ID]bool

func (s sightings) add(transaction text, w *wireStatus) {
	id := w.id()
	if id == "" || transaction == "" {
		return
	}
	key := transaction.guid()
	if s[key] == nil {
		s[key] = make(sighting)
	}
	s[key][id] = w.status() == statusDraft
}

// found names one of the envelopes, a sent one if there is one, and the others
// that were sent: drafts are mailed to nobody.
func (s sighting) found() envelope.Found {
	ids := slices.SortedFunc(maps.Keys(s), func(a, b envelope.ID) int {
		switch {
		case s[a] != s[b] && s[b]:
			return -1
		case s[a] != s[b]:
			return 1
		}
		return cmp.Compare(a, b)
	})
	if len(ids) == 0 {
		return envelope.Found{}
	}
	f := envelope.Found{ID: ids[0], Draft: s[ids[0]]}
	for _, id := range ids[1:] {
		if !s[id] {
			f.More = append(f.More, id)
		}
	}
	return f
}

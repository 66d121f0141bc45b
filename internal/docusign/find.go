package docusign

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// idsPerCall keeps look-ups small: how many IDs DocuSign takes in one call is
// not documented, nor how many envelopes it then lists.
const idsPerCall = 100

// Find looks envelopes up by transaction ID, which DocuSign can do for seven days. The
// result has no entry for those that DocuSign does not know, or not yet. It takes one
// call for each hundred, and one more for those of which the first answer does not say
// whether they were sent.
func (c *Client) Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error) {
	var seen lookup
	for chunk := range slices.Chunk(ids, idsPerCall) {
		look := byIDs("transaction_ids", wireIDs{Transactions: chunk})
		look.asks = true
		// The answer may name an envelope twice: under its transaction, and in a list.
		err := c.eachEnvelope(ctx, look, func(w *wireStatus) { seen.add(w.TransactionID.transactionID(), w) })
		if err != nil && !(errors.Is(err, errRepeatedPage) && seen.all(chunk)) {
			return nil, err
		}
	}
	if err := c.clarify(ctx, &seen); err != nil {
		return nil, err
	}
	found := make(map[envelope.TransactionID]remote.Found)
	for _, id := range ids {
		if f, ok := seen.found(id); ok {
			found[id] = f
		}
	}
	return found, nil
}

// clarify reads those envelopes of which it is unclear whether they were sent: the list
// of envelopes says more about each than the list of their statuses.
func (c *Client) clarify(ctx context.Context, seen *lookup) error {
	for chunk := range slices.Chunk(seen.unclear(), idsPerCall) {
		ids := make([]string, len(chunk))
		for i, id := range chunk {
			ids[i] = string(id)
		}
		look := call{
			op: "look up envelopes", method: http.MethodGet, path: "/envelopes",
			query: url.Values{"envelope_ids": {strings.Join(ids, ",")}, "count": {strconv.Itoa(perPage)}},
		}
		if err := c.eachEnvelope(ctx, look, func(w *wireStatus) { seen.mailing[w.id()] = w.mailing() }); err != nil {
			return err
		}
	}
	return nil
}

// FindByField looks one envelope up by the custom field that carries its
// transaction ID, among those created at or after since by DocuSign's clock. It
// works for as long as DocuSign keeps the envelope.
func (c *Client) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (remote.Found, bool, error) {
	look := byField("look up envelope by custom field", IdentityField, id.String(), since)
	var seen lookup
	err := c.eachEnvelope(ctx, look, func(w *wireStatus) {
		if w.holds(IdentityField, id.String()) {
			seen.add(id, w)
		}
	})
	if err != nil {
		return remote.Found{}, false, err
	}
	found, ok := seen.found(id)
	return found, ok, nil
}

// lookup gathers what the answers say about envelopes.
type lookup struct {
	ids     map[envelope.TransactionID][]envelope.ID
	mailing map[envelope.ID]mailing // of each
}

// add adds an entry of an answer, under a transaction ID if it has one.
func (s *lookup) add(transaction envelope.TransactionID, w *wireStatus) {
	if s.ids == nil {
		s.ids, s.mailing = make(map[envelope.TransactionID][]envelope.ID), make(map[envelope.ID]mailing)
	}
	id, m := w.id(), w.mailing()
	switch {
	case w.Error.failed(), id == "" && w.status() == "":
		return
	case id == "":
		m = unclear // DocuSign is making it, and it has no ID yet
	}
	s.mailing[id] = max(s.mailing[id], m)
	if !transaction.IsZero() && !slices.Contains(s.ids[transaction], id) {
		s.ids[transaction] = append(s.ids[transaction], id)
	}
}

// all reports whether there is an envelope under each of ids.
func (s *lookup) all(ids []envelope.TransactionID) bool {
	return !slices.ContainsFunc(ids, func(id envelope.TransactionID) bool { return len(s.ids[id]) == 0 })
}

// unclear returns the envelopes of which it is not known whether they were sent.
func (s *lookup) unclear() (ids []envelope.ID) {
	for _, under := range s.ids {
		for _, id := range under {
			if id != "" && s.mailing[id] == unclear {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// found returns one of the envelopes under a transaction ID, a sent one if there is one,
// and in More the others that were sent. Other drafts do not matter: nobody gets them.
func (s *lookup) found(transaction envelope.TransactionID) (f remote.Found, ok bool) {
	ids := slices.SortedFunc(slices.Values(s.ids[transaction]), func(a, b envelope.ID) int {
		return cmp.Or(cmp.Compare(s.mailing[b], s.mailing[a]), cmp.Compare(a, b))
	})
	if len(ids) == 0 {
		return f, false
	}
	m := s.mailing[ids[0]]
	f = remote.Found{ID: ids[0], Draft: m == unmailed, Unclear: m == unclear}
	for _, id := range ids[1:] {
		if s.mailing[id] == mailed {
			f.More = append(f.More, id)
		}
	}
	return f, true
}

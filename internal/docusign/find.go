package docusign

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/envelope"
)

const (
	// idsPerCall keeps look-ups small: how many IDs DocuSign takes in one call
	// is not documented, nor how many envelopes it then lists.
	idsPerCall = 100
	// perPage is the most envelopes or templates that one page may hold.
	perPage = 1000
)

// Find looks envelopes up by the transaction IDs of the last seven days. Those
// that DocuSign does not know, or not yet, are absent from the result.
func (c *Client) Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error) {
	seen := make(sightings)
	asked := make(map[string]envelope.TransactionID, len(ids))
	for chunk := range slices.Chunk(ids, idsPerCall) {
		for _, id := range chunk {
			asked[strings.ToLower(string(id))] = id
		}
		if err := c.findChunk(ctx, chunk, seen); err != nil {
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

func (c *Client) findChunk(ctx context.Context, ids []envelope.TransactionID, seen sightings) error {
	look := call{
		op: "look up envelopes", method: http.MethodPut, path: "/envelopes/status",
		query: url.Values{"transaction_ids": {"request_body"}},
		body: struct {
			IDs []envelope.TransactionID `json:"transactionIds"`
		}{ids},
	}
	for start := 0; ; {
		var got struct {
			Statuses  []wireStatus `json:"envelopeTransactionStatuses"`
			Envelopes []wireStatus `json:"envelopes"`
			page
		}
		if err := c.do(ctx, look, &got); err != nil {
			return err
		}
		for _, w := range slices.Concat(got.Statuses, got.Envelopes) {
			seen.add(w.TransactionID, w)
		}
		next, more := got.next(start, max(len(got.Statuses), len(got.Envelopes)))
		if !more {
			return nil
		}
		start = next
		look.query.Set("start_position", strconv.Itoa(start))
	}
}

// FindByField looks one envelope up by the custom field that carries its
// transaction ID, among those created at or after since by DocuSign's clock. It
// works for as long as DocuSign keeps the envelope.
func (c *Client) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (envelope.Found, bool, error) {
	look := call{
		op: "look up envelope by custom field", method: http.MethodGet, path: "/envelopes",
		query: url.Values{
			"from_date":    {since.UTC().Format(time.RFC3339)},
			"custom_field": {IdentityField + "=" + string(id)},
			"include":      {"custom_fields"},
			"count":        {strconv.Itoa(perPage)},
		},
	}
	seen := make(sightings)
	for start := 0; ; {
		var got struct {
			Envelopes []wireStatus `json:"envelopes"`
			page
		}
		if err := c.do(ctx, look, &got); err != nil {
			return envelope.Found{}, false, err
		}
		for _, w := range got.Envelopes {
			for _, f := range w.CustomFields.Text {
				// The filter is DocuSign's; that it did as asked is for us to see.
				if f.Name == IdentityField && strings.EqualFold(string(f.Value), string(id)) {
					seen.add(text(id), w)
				}
			}
		}
		next, more := got.next(start, len(got.Envelopes))
		if !more {
			break
		}
		start = next
		look.query.Set("start_position", strconv.Itoa(start))
	}
	envelopes, ok := seen[strings.ToLower(string(id))]
	return envelopes.found(), ok, nil
}

// wireStatus is an envelope in a list.
type wireStatus struct {
	TransactionID text             `json:"transactionId"`
	EnvelopeID    text             `json:"envelopeId"`
	Status        text             `json:"status"`
	Error         errorDetails     `json:"errorDetails"`
	CustomFields  wireCustomFields `json:"customFields"`
}

// sightings are the envelopes seen under each transaction ID in lower case.
type sightings map[string]sighting

// sighting is the set of envelopes under one transaction ID; true are drafts.
type sighting map[envelope.ID]bool

func (s sightings) add(transaction text, w wireStatus) {
	if w.EnvelopeID == "" || transaction == "" || w.Error.failed() {
		return
	}
	key := transaction.guid()
	if s[key] == nil {
		s[key] = make(sighting)
	}
	s[key][envelope.ID(w.EnvelopeID.guid())] = strings.EqualFold(string(w.Status), statusDraft)
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

// page is where in a longer list an answer stands.
type page struct {
	End   text `json:"endPosition"`
	Total text `json:"totalSetSize"`
}

// next is where the page after this one begins, and whether there is one; this
// one begins at start and has n items.
func (p page) next(start, n int) (int, bool) {
	if n == 0 {
		return 0, false
	}
	next := start + n
	if p.End != "" {
		next = max(next, p.End.int()+1)
	}
	return next, next < p.Total.int()
}

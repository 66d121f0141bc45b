package docusign

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// mailedPerPage keeps a page readable whose envelopes have a hundred recipients
// each: see maxBody.
const mailedPerPage = 200

// yearsBack is how far back lists of envelopes go. Source: "eSignature API rules
// and resource limits".
const yearsBack = 2

// ofBatch is the call that lists the envelopes of a batch that were sent, whoever
// sent them. Source: the table of status qualifiers of "Envelopes: listStatusChanges".
func ofBatch(batchID string) call {
	return call{
		op: "look up envelopes of batch", method: http.MethodGet, path: "/envelopes",
		query: url.Values{
			// A day less: DocuSign's clock decides where two years begin.
			"from_date":      {from(time.Now().AddDate(-yearsBack, 0, 1))},
			"from_to_status": {statusSent},
			"custom_field":   {BatchField + "=" + batchID},
		},
	}
}

// CountMailed tells how many envelopes of a batch DocuSign has mailed in the
// last two years, in one call. batchID is an [envelope.BatchID]. What was sent
// within the last minutes may not count yet; envelopes that [Client.Mailed]
// leaves out may.
func (c *Client) CountMailed(ctx context.Context, batchID string) (int, error) {
	count := ofBatch(batchID)
	count.op = "count envelopes of batch"
	count.query.Set("count", "1")
	return c.total(ctx, count)
}

// CountAll tells how many envelopes the user has sent in the last two years,
// whatever sent them, in one call.
func (c *Client) CountAll(ctx context.Context) (int, error) {
	count := ofBatch("")
	count.op = "count envelopes"
	count.query.Del("custom_field")
	count.query.Set("count", "1")
	return c.total(ctx, count)
}

// total makes a call that lists envelopes and returns how many there are on all
// pages.
func (c *Client) total(ctx context.Context, list call) (int, error) {
	var got wireStatuses
	if err := c.do(ctx, list, &got); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(got.Total))
	if err != nil || n < len(got.Envelopes) { // taken for none, others' envelopes would be sent again
		return 0, &Error{Kind: Down, Op: list.op, Status: http.StatusOK, Message: "the answer does not say how many envelopes there are"}
	}
	return n, nil
}

// Mailed lists the envelopes of a batch that DocuSign has mailed in the last two
// years, one call a page, in DocuSign's order. Drafts are none of them, nor is
// what was deleted before it was sent, nor those that known names. Two of one
// transaction ID are both there.
func (c *Client) Mailed(ctx context.Context, batchID string, known func(envelope.ID) bool) ([]remote.Mailed, error) {
	list := ofBatch(batchID)
	list.query.Set("include", "custom_fields,recipients")
	list.query.Set("count", strconv.Itoa(mailedPerPage))
	var all []remote.Mailed
	seen := make(map[envelope.ID]bool)
	err := each(ctx, c, list, func(got *wireStatuses) (page, int) {
		for i := range got.Envelopes {
			w := &got.Envelopes[i]
			id := w.id()
			if id == "" || seen[id] {
				continue
			}
			seen[id] = true
			if known(id) || w.Sent.time().IsZero() || !w.holds(BatchField, batchID) {
				continue
			}
			all = append(all, w.mailed())
		}
		return got.page, len(got.Envelopes)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// mailed is an envelope of a list that includes custom fields and recipients.
func (w *wireStatus) mailed() remote.Mailed {
	return remote.Mailed{
		ID: w.id(), TransactionID: w.field(IdentityField).transactionID(),
		Status: w.status(), Sent: w.Sent.time(), Recipients: w.Recipients,
	}
}

// wireAddressees are the recipients of an envelope: a list for each kind, and
// some numbers beside them.
type wireAddressees []remote.Addressee

// UnmarshalJSON reads the lists, whatever kinds there are.
func (a *wireAddressees) UnmarshalJSON(data []byte) error {
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(data, &kinds); err != nil {
		return err
	}
	for _, kind := range lists[string](kinds, nil) {
		var people []struct {
			Role      text `json:"roleName"`
			Name      text `json:"name"`
			Email     text `json:"email"`
			HostEmail text `json:"hostEmail"`
		}
		if err := json.Unmarshal(kinds[kind], &people); err != nil {
			return err
		}
		for _, p := range people {
			*a = append(*a, remote.Addressee{Role: string(p.Role), Name: string(p.Name), Email: string(p.Email.or(p.HostEmail))})
		}
	}
	return nil
}

// idsPerList keeps the addresses of calls short.
const idsPerList = 50

// Recipients lists those of envelopes that were mailed, with whom they were
// mailed to: one call for each 50 of them. Those it does not know are absent.
func (c *Client) Recipients(ctx context.Context, ids []envelope.ID) ([]remote.Mailed, error) {
	var all []remote.Mailed
	for chunk := range slices.Chunk(ids, idsPerList) {
		asked := make(map[envelope.ID]bool, len(chunk))
		names := make([]string, len(chunk))
		for i, id := range chunk {
			asked[id], names[i] = true, string(id)
		}
		list := call{
			op: "read recipients of envelopes", method: http.MethodGet, path: "/envelopes",
			query: url.Values{"envelope_ids": {strings.Join(names, ",")}, "include": {"custom_fields,recipients"}},
		}
		err := c.eachEnvelope(ctx, list, func(w *wireStatus) {
			if id := w.id(); asked[id] && !w.Sent.time().IsZero() {
				asked[id] = false
				all = append(all, w.mailed())
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

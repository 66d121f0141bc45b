package docusign

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// FindBatch looks for the batch that a [Client.SendList] of lot started, among
// those of since and later by DocuSign's clock, by its name: one call a page. If
// there are several, it finds the one that DocuSign lists first. That there is
// none moments after a lost answer proves nothing.
func (c *Client) FindBatch(ctx context.Context, lot *remote.Lot, since time.Time) (batchID string, found bool, err error) {
	look := call{
		op: "look up bulk send batch", method: http.MethodGet, path: "/bulk_send_batch",
		query: url.Values{"from_date": {from(since)}, "count": {strconv.Itoa(batchesPerPage)}},
	}
	err = each(ctx, c, look, func(got *wireBatches) (page, int) {
		for _, b := range got.Batches {
			if string(b.Name) == lot.Name() {
				batchID, found = b.ID.guid(), true
				return got.page, 0
			}
		}
		return got.page, len(got.Batches)
	})
	switch {
	case err != nil:
		return "", false, err
	case found && batchID == "": // to say that there is none would send it twice
		return "", false, &Error{Kind: Down, Op: look.op, Status: http.StatusOK, Message: "the answer names the batch without its ID"}
	}
	return batchID, found, nil
}

// wireBatches is the schema "bulkSendBatchSummaries".
type wireBatches struct {
	Batches []struct {
		ID   text `json:"batchId"`
		Name text `json:"batchName"`
	} `json:"bulkBatchSummaries"`
	page
}

func (w *wireBatches) keys() (keys []string) {
	for _, b := range w.Batches {
		keys = append(keys, string(b.ID+" "+b.Name))
	}
	return keys
}

// LotStatus reads how far DocuSign has come with a batch.
func (c *Client) LotStatus(ctx context.Context, batchID string) (remote.LotStatus, error) {
	look := call{op: "read bulk send batch", method: http.MethodGet, path: "/bulk_send_batch/" + url.PathEscape(batchID)}
	var got struct {
		Size   text `json:"batchSize"`
		Queued text `json:"queued"`
		Sent   text `json:"sent"`
		Failed text `json:"failed"`
		Errors []struct {
			Message text   `json:"errorMessage"`
			Emails  []text `json:"recipientEmails"`
			ID      text   `json:"envelopeId"`
		} `json:"bulkErrors"`
	}
	if err := c.do(ctx, look, &got); err != nil {
		return remote.LotStatus{}, err
	}
	s := remote.LotStatus{Size: got.Size.int(), Queued: got.Queued.int(), Sent: got.Sent.int(), Failed: got.Failed.int()}
	if s.Size <= 0 || s.Queued < 0 || s.Sent < 0 || s.Failed < 0 {
		// No batch is empty: taken at its word, the lot would seem to be done.
		return remote.LotStatus{}, &Error{Kind: Down, Op: look.op, Status: http.StatusOK, Message: "the answer does not say how far the batch is"}
	}
	for _, e := range got.Errors {
		failed := remote.CopyError{Message: short(string(e.Message)), ID: envelope.ID(e.ID.guid()), Halt: halt(string(e.Message)), Alike: alike(string(e.Message))}
		for _, address := range e.Emails {
			failed.Emails = append(failed.Emails, string(address))
		}
		s.Errors = append(s.Errors, failed)
	}
	return s, nil
}

// halt is the error that a sentence is about if it names a code after which all
// is refused. Which form such a sentence has is not documented.
func halt(sentence string) error {
	for _, word := range words(sentence) {
		if halting[normal(word)] || suspended(normal(word)) {
			return itemError(call{op: "bulk sending"}, 0, word, strings.TrimLeft(strings.TrimPrefix(sentence, word), ": "))
		}
	}
	return nil
}

// alike reports whether a sentence names a code that others will meet too.
func alike(sentence string) bool {
	return slices.ContainsFunc(words(sentence), func(word string) bool { return strings.Contains(word, "_") && Alike(word) })
}

// words splits a sentence into what may be codes.
func words(sentence string) []string {
	return strings.FieldsFunc(sentence, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) })
}

// Copies lists the envelopes that DocuSign has made of lot, among those of since
// and later by its clock: one call a page. What was not mailed, or not yet, is
// none of them. Two envelopes with one transaction ID are both there, and one that
// has lost it is there without; the order is DocuSign's.
func (c *Client) Copies(ctx context.Context, lot *remote.Lot, since time.Time) ([]remote.Copy, error) {
	var copies []remote.Copy
	seen := make(map[envelope.ID]bool) // what is sent meanwhile can push an envelope onto the next page
	err := c.eachEnvelope(ctx, byField("look up envelopes of lot", LotField, lot.ID, since), func(w *wireStatus) {
		id := w.id()
		if id == "" || seen[id] || !w.holds(LotField, lot.ID) {
			return
		}
		if w.mailing() != mailed {
			return
		}
		seen[id] = true
		copies = append(copies, remote.Copy{
			TransactionID: w.field(IdentityField).transactionID(), ID: id,
			Sent: w.Sent.time(),
		})
	})
	if err != nil {
		return nil, err
	}
	return copies, nil
}

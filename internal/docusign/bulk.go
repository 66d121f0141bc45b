package docusign

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// A lot is sent in four calls, which create a draft to copy, create a list of what
// differs from it in each copy, test the list against the draft, and order DocuSign to
// send, which it does by itself. Source: REST v2.1 "BulkEnvelopes", how-to "How to bulk
// send envelopes".

// LotDraft creates the draft of which a lot's envelopes become copies: from like's
// template, with what like has in common with its group, and with placeholders in its
// roles. id is the draft's own transaction ID. Nobody receives the draft; it must never
// be sent as it is.
func (c *Client) LotDraft(ctx context.Context, like *envelope.Envelope, id envelope.TransactionID) (envelope.ID, error) {
	return c.create(ctx, "create draft of lot", lotDefinition(like, id), nil)
}

// CreateList creates the list of a lot: one copy for each of envs, which must
// be of one [envelope.Group] and able to go in a lot. A second call makes a
// second list, which does no harm as long as it is not sent.
func (c *Client) CreateList(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (listID string, err error) {
	call := call{op: "create bulk send list", method: http.MethodPost, path: listsPath, body: listOf(lot, envs)}
	var got struct {
		ID text `json:"listId"`
	}
	if err := c.do(ctx, call, &got); err != nil {
		return "", err
	}
	if got.ID == "" {
		return "", &Error{Kind: Unknown, Op: call.op, Status: http.StatusCreated, Message: "the answer names no list"}
	}
	return got.ID.guid(), nil
}

// TestList has DocuSign compare a list with the draft it is for. It returns nil
// if the list can be sent, and changes nothing, so that it may be repeated. The
// error's Code is the first of DocuSign's reasons, its Message tells them all.
func (c *Client) TestList(ctx context.Context, list string, draft envelope.ID) error {
	test := call{
		op: "test bulk send list", method: http.MethodPost, path: listPath(list) + "/test",
		body: wireLot{Draft: draft}, asks: true,
	}
	var got struct {
		CanBeSent text   `json:"canBeSent"`
		Errors    []text `json:"validationErrors"`
		Details   []text `json:"validationErrorDetails"`
	}
	if err := c.do(ctx, test, &got); err != nil || got.CanBeSent.true() {
		return err
	}
	e := listError(test, http.StatusOK, got.Errors, got.Details)
	if e.Code == "" && e.Message == "" {
		e.Message = "DocuSign does not say why the list cannot be sent"
	}
	return e
}

// SendList orders DocuSign to send lot.List as copies of lot.Draft. It queues
// all of them or none. leaving is asked just before the call leaves. After an
// error whose effect is EffectUnknown the batch may exist: [Client.FindBatch] tells.
func (c *Client) SendList(ctx context.Context, lot *remote.Lot, leaving Leaving) (batchID string, err error) {
	send := call{
		op: "send bulk send list", method: http.MethodPost, path: listPath(lot.List) + "/send",
		body: wireLot{lot.Draft, text(lot.Name())}, leaving: leaving,
	}
	var got struct {
		ID      text   `json:"batchId"`
		Errors  []text `json:"errors"`
		Details []text `json:"errorDetails"`
	}
	if err := c.do(ctx, send, &got); err != nil {
		return "", err
	}
	switch {
	case got.ID != "": // whatever else it says: there is a batch
		return got.ID.guid(), nil
	case len(got.Errors) > 0:
		return "", listError(send, http.StatusCreated, got.Errors, got.Details)
	}
	return "", &Error{Kind: Unknown, Op: send.op, Status: http.StatusCreated, Message: "the answer names no batch"}
}

// listsPath is the path of bulk send lists.
const listsPath = "/bulk_send_lists"

func listPath(id string) string { return listsPath + "/" + url.PathEscape(id) }

// listError is the error of a good answer that has a list of codes and one of sentences,
// which may be the same for many copies.
func listError(c call, status int, codes, details []text) *Error {
	var code string
	if len(codes) > 0 {
		code = string(codes[0])
	}
	if len(details) == 0 && len(codes) > 1 {
		details = codes[1:]
	}
	var sentences []string
	for _, d := range details {
		if s := strings.TrimSuffix(strings.TrimSpace(string(d)), "."); s != "" && !slices.Contains(sentences, s) {
			sentences = append(sentences, s)
		}
	}
	e := itemError(c, status, code, strings.Join(sentences, "; "))
	if e.Code == "" { // it was DocuSign that answered
		e.Kind = Refused
	}
	return e
}

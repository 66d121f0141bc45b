package docusign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"batchsend/envelope"
)

// Words of the property "status". DocuSign does not mind their case.
const (
	statusDraft   = "created"
	statusSent    = "sent"
	statusDeleted = "deleted"
)

// Send creates and sends env and returns DocuSign's envelope ID. Its errors are
// [*Error].
func (c *Client) Send(ctx context.Context, env *envelope.Envelope) (envelope.ID, error) {
	id, err := c.create(ctx, "send envelope", definition(env, statusSent))
	return id, ownFault(env, err)
}

// Draft creates env without sending it: nobody receives it before
// [Client.SendDraft].
func (c *Client) Draft(ctx context.Context, env *envelope.Envelope) (envelope.ID, error) {
	id, err := c.create(ctx, "create draft", definition(env, statusDraft))
	return id, ownFault(env, err)
}

// errTexts is what an account that lacks a right may lack it for.
var errTexts = errors.New("perhaps because of the text message (phone), which the account may not allow")

// ownFault makes of an error that would stop every envelope one that stops env
// alone, if it may be about what only some envelopes ask for: a right to tell
// recipients by text message.
func ownFault(env *envelope.Envelope, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Halt || normal(e.Code) != lacksRight || !env.Texts() {
		return err
	}
	own := *e
	own.Kind, own.Cause = Refused, errTexts
	return &own
}

func (c *Client) create(ctx context.Context, op string, d *wireDefinition) (envelope.ID, error) {
	call := call{op: op, method: http.MethodPost, path: "/envelopes", body: d}
	var got struct {
		ID     text         `json:"envelopeId"`
		Status text         `json:"status"`
		Error  errorDetails `json:"errorDetails"`
	}
	if err := c.do(ctx, call, &got); err != nil {
		return "", err
	}
	e := &Error{Op: call.op, Status: http.StatusCreated}
	switch {
	case got.ID == "" && got.Error.failed():
		return "", within(call, e.Status, string(got.Error.Code), string(got.Error.Message))
	case got.ID == "":
		e.Kind, e.Message = Unknown, "the answer names no envelope"
		return "", e
	case d.Status == statusSent && strings.EqualFold(string(got.Status), statusDraft):
		e.Kind, e.Message = Refused, "DocuSign kept the envelope as a draft instead of sending it"
		return "", e
	}
	return envelope.ID(got.ID.guid()), nil
}

// SendDraft sends a draft. It may be repeated: an envelope that has been sent
// already is no error.
func (c *Client) SendDraft(ctx context.Context, id envelope.ID) error {
	path := "/envelopes/" + url.PathEscape(string(id))
	err := c.do(ctx, call{
		op: "send draft", method: http.MethodPut, path: path,
		body: struct {
			Status text `json:"status"`
		}{statusSent},
	}, nil)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Refused || !strings.Contains(normal(e.Code), "INVALIDSTAT") { // ..._STATUS, ..._STATE
		return err
	}
	var got struct {
		Status text `json:"status"`
	}
	if look := c.do(ctx, call{op: "read envelope", method: http.MethodGet, path: path}, &got); look != nil {
		return look
	}
	switch strings.ToLower(string(got.Status)) {
	case "", statusDraft, "template", statusDeleted:
		return err
	}
	return nil
}

// errorDetails stand within an item of a good answer if that item failed.
type errorDetails struct {
	Code    text `json:"errorCode"`
	Message text `json:"message"`
}

// failed reports whether they tell of a failure: some answers say SUCCESS.
func (d errorDetails) failed() bool {
	return d.Code != "" && !strings.EqualFold(string(d.Code), "SUCCESS")
}

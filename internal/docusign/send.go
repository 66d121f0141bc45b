package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"batchsend/envelope"
)

// Words of the property "status". DocuSign does not mind their case.
const (
	statusDraft    = "created"
	statusSent     = "sent"
	statusDeleted  = "deleted"
	statusTemplate = "template"
)

// Send creates and sends env and returns DocuSign's envelope ID. leaving is asked
// just before the call leaves. Its errors are [*Error], or leaving's.
func (c *Client) Send(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error) {
	id, err := c.create(ctx, "send envelope", definition(env, statusSent), leaving)
	return id, ownFault(env, err)
}

// Draft creates env without sending it: nobody receives it before
// [Client.SendDraft]. leaving is asked just before the call leaves.
func (c *Client) Draft(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error) {
	id, err := c.create(ctx, "create draft", definition(env, statusDraft), leaving)
	return id, ownFault(env, err)
}

// errTexts is the cause if an account lacks a right that only text messages need.
var errTexts = errors.New("perhaps because of the text message (phone), which the account may not allow")

// ownFault turns an error that would stop all envelopes into one that stops env alone,
// if env needs a right that others do not: to tell recipients by text message.
func ownFault(env *envelope.Envelope, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Halt || normal(e.Code) != lacksRight || !env.Texts() {
		return err
	}
	own := *e
	own.Kind, own.Cause = Refused, errTexts
	return &own
}

func (c *Client) create(ctx context.Context, op string, d *wireDefinition, leaving Leaving) (envelope.ID, error) {
	call := call{op: op, method: http.MethodPost, path: "/envelopes", body: d, leaving: leaving}
	var got struct {
		ID     envelopeID   `json:"envelopeId"`
		Status text         `json:"status"`
		Error  errorDetails `json:"errorDetails"`
	}
	if err := c.do(ctx, call, &got); err != nil {
		return "", err
	}
	e := &Error{Op: call.op, Status: http.StatusCreated}
	switch {
	case got.ID == "" && got.Error.failed():
		return "", itemError(call, e.Status, string(got.Error.Code), string(got.Error.Message))
	case got.ID == "":
		e.Kind, e.Message = Unknown, "the answer names no envelope"
		return "", e
	case d.Status == statusSent && strings.EqualFold(string(got.Status), statusDraft):
		// Only a look-up can confirm it: the answer may come from a proxy, and somebody
		// may have sent the draft since.
		e.Kind, e.Message = Unknown, fmt.Sprintf("DocuSign says that it kept the envelope as a draft instead of sending it (envelope %s)", got.ID)
		return "", e
	}
	return envelope.ID(got.ID), nil
}

// SendDraft sends a draft; leaving is asked just before the call leaves. It may be
// repeated: it is no error if the envelope has been sent already. An error that is Gone
// means that somebody has deleted the draft: it was not sent and cannot be.
func (c *Client) SendDraft(ctx context.Context, id envelope.ID, leaving Leaving) error {
	path := "/envelopes/" + url.PathEscape(string(id))
	send := call{
		op: "send draft", method: http.MethodPut, path: path,
		body: struct {
			Status text `json:"status"`
		}{statusSent},
		leaving: leaving,
	}
	var got struct {
		ID    envelopeID   `json:"envelopeId"`
		Error errorDetails `json:"errorDetails"`
	}
	err := c.do(ctx, send, &got)
	e, ok := errors.AsType[*Error](err)
	switch {
	case err == nil && got.Error.failed():
		e = itemError(send, http.StatusOK, string(got.Error.Code), string(got.Error.Message))
	case err == nil && got.ID != "" && envelope.ID(got.ID) != id:
		return &Error{
			Kind: Down, Op: send.op, Status: http.StatusOK,
			Message: fmt.Sprintf("the answer is about another envelope, %s", got.ID),
		}
	case err == nil || !ok:
		return err
	}
	if e.Kind == Refused && strings.Contains(normal(e.Code), "INVALIDSTAT") { // ..._STATUS, ..._STATE
		return c.wasSent(ctx, path, e)
	}
	return e
}

// wasSent reads an envelope that cannot be sent because of its status. It returns nil
// if it was sent before, refused if it was not, and another error if that is unclear.
func (c *Client) wasSent(ctx context.Context, path string, refused *Error) error {
	look := call{op: "read envelope", method: http.MethodGet, path: path}
	var got wireStatus
	if err := c.do(ctx, look, &got); err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == Refused && !e.Gone() {
			e.Kind = Unknown // it may have been sent, although this user may not read it
		}
		return err
	}
	switch got.mailing() {
	case mailed:
		return nil
	case unmailed:
		refused.deleted = got.status() == statusDeleted
		return refused
	}
	return &Error{
		Kind: Unknown, Op: look.op, Status: http.StatusOK,
		Message: fmt.Sprintf("the envelope's status is %q, and it does not say when it was sent", short(got.status())),
	}
}

// errorDetails are part of an item of a good answer if that item failed.
type errorDetails struct {
	Code    text `json:"errorCode"`
	Message text `json:"message"`
}

// failed reports whether the item failed: the code may also be SUCCESS.
func (d errorDetails) failed() bool {
	return d.Code != "" && !strings.EqualFold(string(d.Code), "SUCCESS")
}

package docusign

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"batchsend/internal/censor"
)

// LoggedCalls is how many calls DocuSign's request log holds; when it is full logging
// stops.
const LoggedCalls = 50

// RequestLogging is the state of DocuSign's log of the calls that the user who is signed in
// has made, by whatever program. DocuSign: diagnosticsSettingsInformation.
type RequestLogging struct {
	On   bool
	Left int // calls that are still logged
}

// LoggedCall is an entry of the request log. DocuSign: apiRequestLog.
type LoggedCall struct {
	ID          string    `json:"id"`
	At          time.Time `json:"at"`
	Description string    `json:"description"` // method and address
	Text        string    `json:"text"`        // request and answer, without tokens and personal data
}

const diagnostics = "/diagnostics"

type wireLogging struct {
	On   text `json:"apiRequestLogging"`
	Most text `json:"apiRequestLogMaxEntries,omitempty"`
	Left text `json:"apiRequestLogRemainingEntries,omitempty"`
}

// RequestLogging reads the state of the request log.
func (c *Client) RequestLogging(ctx context.Context) (RequestLogging, error) {
	var got wireLogging
	err := c.do(ctx, call{op: "read request logging", method: http.MethodGet, path: diagnostics + "/settings", global: true}, &got)
	return RequestLogging{On: got.On.true(), Left: got.Left.int()}, err
}

// LogRequests turns request logging on.
func (c *Client) LogRequests(ctx context.Context) error {
	body := wireLogging{On: boolean(true), Most: number(LoggedCalls)}
	return c.do(ctx, call{op: "turn request logging on", method: http.MethodPut, path: diagnostics + "/settings", global: true, body: body}, nil)
}

// LoggedCalls lists the entries of the request log, without their texts.
func (c *Client) LoggedCalls(ctx context.Context) ([]LoggedCall, error) {
	var got struct {
		Logs []struct {
			ID          text `json:"requestLogId"`
			Created     text `json:"createdDateTime"`
			Description text `json:"description"`
		} `json:"apiRequestLogs"`
	}
	if err := c.do(ctx, call{op: "list logged requests", method: http.MethodGet, path: diagnostics + "/request_logs", global: true}, &got); err != nil {
		return nil, err
	}
	all := make([]LoggedCall, 0, len(got.Logs))
	for _, l := range got.Logs {
		all = append(all, LoggedCall{ID: string(l.ID), At: l.Created.time(), Description: censor.Exchange(short(string(l.Description)))})
	}
	return all, nil
}

// LoggedCall reads the text of an entry, without tokens and personal data.
func (c *Client) LoggedCall(ctx context.Context, id string) (string, error) {
	var raw plainText
	err := c.do(ctx, call{op: "read logged request", method: http.MethodGet, path: diagnostics + "/request_logs/" + url.PathEscape(id), global: true}, &raw)
	return censor.Exchange(string(raw)), err
}

// ClearRequestLog deletes all entries.
func (c *Client) ClearRequestLog(ctx context.Context) error {
	return c.do(ctx, call{op: "clear the request log", method: http.MethodDelete, path: diagnostics + "/request_logs", global: true}, nil)
}

// plainText is an answer that is no JSON.
type plainText string

package docusign

import (
	"context"
	"net/http"
	"net/url"

	"batchsend/envelope"
)

// Addresses returns the e-mail addresses to which an envelope goes, the
// template's own recipients among them. Source: REST v2.1 schema "recipients".
func (c *Client) Addresses(ctx context.Context, id envelope.ID) ([]string, error) {
	var got map[string]any
	err := c.do(ctx, call{
		op: "read recipients", method: http.MethodGet, path: "/envelopes/" + url.PathEscape(string(id)) + "/recipients",
	}, &got)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, kind := range got { // signers, carbonCopies, ...: the lists among the properties
		list, _ := kind.([]any)
		for _, one := range list {
			recipient, _ := one.(map[string]any)
			if email, _ := recipient["email"].(string); email != "" {
				all = append(all, email)
			}
		}
	}
	return all, nil
}

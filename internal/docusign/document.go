package docusign

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"batchsend/template"
)

// Documents lists the documents of a template, for one whose own description
// shows none: that may also mean that it was not told of them.
func (c *Client) Documents(ctx context.Context, templateID string) ([]template.Document, error) {
	var got struct {
		Documents []wireTemplateDocument `json:"templateDocuments"`
	}
	list := call{op: "list documents of template", method: http.MethodGet, path: documentsPath(templateID)}
	if err := c.do(ctx, list, &got); err != nil {
		return nil, err
	}
	documents := make([]template.Document, len(got.Documents))
	for i, w := range got.Documents {
		var err error
		if documents[i], err = w.document(); err != nil {
			return nil, &Error{Kind: Refused, Op: list.op, Status: http.StatusOK, Cause: err}
		}
	}
	return documents, nil
}

// ReadDocument reads the fields of a template's document that the sender fills.
// No call tells of those of several documents.
func (c *Client) ReadDocument(ctx context.Context, templateID string, d *template.Document) error {
	var got wireDocumentTabs
	read := call{op: "read document of template", method: http.MethodGet, path: documentsPath(templateID) + "/" + url.PathEscape(d.ID) + "/tabs"}
	if err := c.do(ctx, read, &got); err != nil {
		return err
	}
	tabs, err := got.prefill()
	if err != nil {
		return &Error{Kind: Refused, Op: read.op, Status: http.StatusOK, Cause: err}
	}
	d.Prefill, d.Read = tabs, true
	return nil
}

func documentsPath(templateID string) string {
	return "/templates/" + url.PathEscape(templateID) + "/documents"
}

type (
	wireTemplateDocument struct {
		ID   text              `json:"documentId"`
		Name text              `json:"name"`
		Tabs *wireDocumentTabs `json:"tabs"`
	}

	// wireDocumentTabs is the schema "TemplateDocumentTabs": the recipients' tabs
	// stand there too, and are known already.
	wireDocumentTabs struct {
		Prefill map[string]json.RawMessage `json:"prefillTabs"`
	}
)

// document is the document, with its fields if they are there. A document
// without any may look like one of which they are not shown.
func (w *wireTemplateDocument) document() (template.Document, error) {
	d := template.Document{ID: string(w.ID), Name: string(w.Name)}
	if w.Tabs == nil || w.Tabs.Prefill == nil {
		return d, nil
	}
	tabs, err := w.Tabs.prefill()
	d.Prefill, d.Read = tabs, true
	return d, err
}

func (w *wireDocumentTabs) prefill() ([]template.Tab, error) {
	var all []template.Tab
	for _, list := range lists(w.Prefill, template.FillableTabs()) {
		if !strings.HasSuffix(string(list), "Tabs") || list == "senderNameTabs" || list == "senderCompanyTabs" {
			continue // rules about tabs, and what DocuSign fills with the sender's own
		}
		var tabs []wireTab
		if err := json.Unmarshal(w.Prefill[string(list)], &tabs); err != nil {
			return nil, fmt.Errorf("the %s of the template's documents cannot be read", list)
		}
		for i := range tabs {
			tab := tabs[i].tab(list)
			if tab.Label == "" {
				tab.Label = string(list) // as DocuSign calls a field that nobody has named
			}
			all = append(all, tab)
		}
	}
	return all, nil
}

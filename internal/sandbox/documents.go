package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// tabsByDocument gathers the tabs on each of a template's documents: those that
// the sender fills, which stand with the document, and the recipients'.
func tabsByDocument(tree, people map[string]any) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage)
	for _, document := range objects(tree["documents"]) {
		id, _ := document["documentId"].(string)
		tabs := make(map[string]any)
		if own, ok := document["tabs"].(map[string]any); ok {
			for list, v := range own {
				tabs[list] = v
			}
		}
		for _, kind := range kinds {
			for _, person := range objects(people[kind]) {
				lists, _ := person["tabs"].(map[string]any)
				for list, v := range lists {
					for _, tab := range objects(v) {
						if tab["documentId"] == id && strings.HasSuffix(list, "Tabs") {
							all, _ := tabs[list].([]any)
							tabs[list] = append(all[:len(all):len(all)], tab)
						}
					}
				}
			}
		}
		out[id] = encode(tabs)
	}
	return out
}

// documentsAnswer is the OpenAPI's templateDocumentsResult. It takes the tabs
// away from the documents in tree: neither this answer nor the template's shows
// them, as far as is known.
func documentsAnswer(id string, tree map[string]any) map[string]any {
	list := []any{}
	for _, document := range objects(tree["documents"]) {
		delete(document, "tabs")
		entry := make(map[string]any)
		for property, v := range document {
			if property != "pages" { // here a list of pages
				entry[property] = v
			}
		}
		list = append(list, entry)
	}
	return map[string]any{"templateId": id, "templateDocuments": list}
}

// objects returns the objects of a list read from JSON.
func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, item := range list {
		if item, ok := item.(map[string]any); ok {
			out = append(out, item)
		}
	}
	return out
}

func (s *Server) getTemplateDocuments(c *call) (any, error) {
	b, err := s.template(c.PathValue("template"))
	if err != nil {
		return nil, err
	}
	return b.docs, nil
}

func (s *Server) getTemplateDocumentTabs(c *call) (any, error) {
	b, err := s.template(c.PathValue("template"))
	if err != nil {
		return nil, err
	}
	tabs, ok := b.docTabs[c.PathValue("document")]
	if !ok {
		return nil, &refusal{http.StatusNotFound, "DOCUMENT_DOES_NOT_EXIST", "The document specified was not found in the template."}
	}
	return tabs, nil
}

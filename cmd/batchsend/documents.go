package main

import (
	"context"
	"errors"

	"batchsend/internal/docusign"
	"batchsend/template"
)

// readDocuments reads which fields of t's documents the sender must fill: a call
// for each document, unless t is what it was when they were read last. What this
// user may not read stays unknown.
func (c *connection) readDocuments(ctx context.Context, t *template.Template) error {
	if before, ok := c.templates[t.ID]; ok && !t.Modified.IsZero() && before.Modified.Equal(t.Modified) {
		t.Documents, t.NoDocument = before.Documents, before.NoDocument
		return nil
	}
	if len(t.Documents) == 0 {
		told, err := c.tell(ctx, func(ctx context.Context) (err error) {
			t.Documents, err = c.client.Documents(ctx, t.ID)
			return err
		})
		if err != nil {
			return err
		}
		t.NoDocument = told && len(t.Documents) == 0
	}
	for i := range t.Documents {
		d := &t.Documents[i]
		if d.Read {
			continue
		}
		if _, err := c.tell(ctx, func(ctx context.Context) error { return c.client.ReadDocument(ctx, t.ID, d) }); err != nil {
			return err
		}
	}
	if c.templates == nil {
		c.templates = map[string]*template.Template{}
	}
	c.templates[t.ID] = t
	return nil
}

// tell makes a call that DocuSign may refuse to answer, which is no error.
func (c *connection) tell(ctx context.Context, call func(context.Context) error) (told bool, err error) {
	err = c.retry.Do(ctx, call)
	if e, ok := errors.AsType[*docusign.Error](err); ok && e.Kind == docusign.Refused {
		c.log.Info("going on without what DocuSign does not tell", "error", err)
		return false, nil
	}
	return err == nil, err
}

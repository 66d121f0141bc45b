package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/usage"
	"batchsend/reminders"
	"batchsend/template"
	"batchsend/throttle"
)

// TemplateReader is what DocuSign tells of templates.
type TemplateReader interface {
	// Template reads a template. The error is [template.ErrUnknown] if there is none.
	Template(ctx context.Context, id string) (*template.Template, reminders.Stored, error)
	Templates(ctx context.Context) ([]template.Listed, error)
	// TemplateElsewhere returns the name and the ID of another account of the user that
	// has the template.
	TemplateElsewhere(ctx context.Context, id string) (name, account string, found bool)
	Documents(ctx context.Context, templateID string) ([]template.Document, error)
	ReadDocument(ctx context.Context, templateID string, d *template.Document) error
}

// Templates reads the templates of an account.
type Templates struct {
	DocuSign TemplateReader
	Retry    throttle.Policy
	Account  string // its name
	// Command returns the command that lists its templates, or shows the one of an ID.
	Command func(id ...string) string
	Log     *slog.Logger

	read map[string]*template.Template // by ID, as last read with their documents
}

// IsTemplateID reports whether a text can be a template's ID.
func IsTemplateID(text string) bool { return template.IsID(text) }

// TemplateIDError is about a text that cannot be a template's ID.
type TemplateIDError struct {
	Text  string
	Why   string
	Meant string // the ID of the template that was meant; "" if that is not clear
	cure  string
}

func (e *TemplateIDError) Error() string { return fmt.Sprintf("%q: %s", e.Text, e.Why) }

// Hint says how to see the template that was meant; "" if that is not clear.
func (e *TemplateIDError) Hint() string { return e.cure }

// AsValueOf is the error as one about the value of a flag, of which wrong says what is
// wrong with it.
func (e *TemplateIDError) AsValueOf(flag string, wrong error) error {
	about := &usage.Error{Text: wrong.Error()}
	if e.Meant != "" {
		about.Cure = "give " + flag + " " + e.Meant
	}
	return about
}

// ID returns the ID in a text, which may stand in braces. The error is a
// [*TemplateIDError] if there is none.
func (t *Templates) ID(ctx context.Context, text string) (id string, err error) {
	id = strings.Trim(text, "{}")
	if !IsTemplateID(id) {
		err := &TemplateIDError{Text: id}
		if err.Why, err.Meant = t.Explain(ctx, id); err.Meant != "" {
			err.cure = t.Command(err.Meant) + " shows it"
		}
		return "", err
	}
	return id, nil
}

// List lists the account's templates.
func (t *Templates) List(ctx context.Context) ([]template.Listed, error) {
	return throttle.Ask(ctx, t.Retry, t.DocuSign.Templates)
}

// Source reads a template. One that does not exist is no error here: the rows that
// name it are rejected. own is what the account has of reminders and expiration.
func (t *Templates) Source(ctx context.Context, id string, own reminders.Stored) (*envelope.Source, error) {
	if !IsTemplateID(id) {
		why, _ := t.Explain(ctx, id)
		return &envelope.Source{Err: fmt.Errorf("%q: %s", id, why)}, nil
	}
	var tmpl *template.Template
	var stored reminders.Stored
	err := t.Retry.Do(ctx, func(ctx context.Context) (err error) {
		tmpl, stored, err = t.DocuSign.Template(ctx, id)
		return err
	})
	if err == nil {
		err = t.readDocuments(ctx, tmpl)
	}
	switch {
	case errors.Is(err, template.ErrUnknown):
		if other, account, found := t.DocuSign.TemplateElsewhere(ctx, id); found {
			return &envelope.Source{Err: fmt.Errorf("account %q has no template %s, but the user's account %q has it: give --account %s", t.Account, id, other, account)}, nil
		}
		return &envelope.Source{Err: fmt.Errorf("account %q has no template %s, or the user may not use it: correct the ID, or have the template's owner share it with the user; `%s` lists those there are", t.Account, id, t.Command())}, nil
	case err != nil:
		return nil, fmt.Errorf("reading template %s: %w", id, err)
	}
	return &envelope.Source{Template: tmpl, Base: reminders.Base(stored, own)}, nil
}

// Explain says what is wrong with a text that should be a template's ID, and which
// template may be meant: people know templates by their names. meant is the ID of
// the one that is, "" if none or several may be.
func (t *Templates) Explain(ctx context.Context, text string) (why, meant string) {
	const form = "a template's ID is a GUID such as 1b2c3d4e-0000-4000-8000-000000000001"
	list, err := t.List(ctx)
	if err != nil {
		return form, ""
	}
	var ids, names []string
	for _, l := range list {
		if strings.EqualFold(strings.TrimSpace(l.Name), strings.TrimSpace(text)) {
			ids = append(ids, l.ID)
		}
		names = append(names, l.Name)
	}
	switch i := template.Nearest(text, names); {
	case len(ids) == 1:
		return fmt.Sprintf("that is a template's name, its ID is %s", ids[0]), ids[0]
	case len(ids) > 1:
		return fmt.Sprintf("that is the name of %d templates, with the IDs %s", len(ids), strings.Join(ids, ", ")), ""
	case i >= 0:
		return fmt.Sprintf("%s; did you mean template %q, %s?", form, names[i], list[i].ID), list[i].ID
	}
	return fmt.Sprintf("%s, and account %q has no template of that name; `%s` lists those there are", form, t.Account, t.Command()), ""
}

// readDocuments reads which fields of a template's documents the sender must fill: a
// call for each document, unless the template is what it was when they were read
// last. What this user may not read stays unknown.
func (t *Templates) readDocuments(ctx context.Context, tmpl *template.Template) error {
	if before, ok := t.read[tmpl.ID]; ok && !tmpl.Modified.IsZero() && before.Modified.Equal(tmpl.Modified) {
		tmpl.Documents, tmpl.NoDocument = before.Documents, before.NoDocument
		return nil
	}
	if len(tmpl.Documents) == 0 {
		told, err := t.mayAsk(ctx, func(ctx context.Context) (err error) {
			tmpl.Documents, err = t.DocuSign.Documents(ctx, tmpl.ID)
			return err
		})
		if err != nil {
			return err
		}
		tmpl.NoDocument = told && len(tmpl.Documents) == 0
	}
	for i := range tmpl.Documents {
		d := &tmpl.Documents[i]
		if d.Read {
			continue
		}
		if _, err := t.mayAsk(ctx, func(ctx context.Context) error { return t.DocuSign.ReadDocument(ctx, tmpl.ID, d) }); err != nil {
			return err
		}
	}
	if t.read == nil {
		t.read = map[string]*template.Template{}
	}
	t.read[tmpl.ID] = tmpl
	return nil
}

// mayAsk makes a call that DocuSign may refuse to answer, which is no error.
func (t *Templates) mayAsk(ctx context.Context, call func(context.Context) error) (told bool, err error) {
	err = t.Retry.Do(ctx, call)
	if refused(err) {
		t.Log.Info("going on without what DocuSign does not tell", "error", err)
		return false, nil
	}
	return err == nil, err
}

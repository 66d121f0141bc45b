package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/reminders"
	"batchsend/template"
)

// accountInfo reads allowance and settings, repeating what may be repeated.
func (c *connection) accountInfo(ctx context.Context) (info docusign.AccountInfo, err error) {
	err = c.retry.Do(ctx, func(ctx context.Context) error {
		info, err = c.client.AccountInfo(ctx)
		return err
	})
	return info, err
}

// templateID is what DocuSign calls a template by.
var templateID = regexp.MustCompile(`(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// listTemplates lists the account's templates.
func (c *connection) listTemplates(ctx context.Context) (list []docusign.Listed, err error) {
	err = c.retry.Do(ctx, func(ctx context.Context) (err error) {
		list, err = c.client.Templates(ctx)
		return err
	})
	return list, err
}

// source reads a template. One that does not exist is no error here: the rows
// that name it are rejected.
func (c *connection) source(ctx context.Context, id string, info docusign.AccountInfo) (*envelope.Source, error) {
	if !templateID.MatchString(id) {
		why, _ := c.noTemplateID(ctx, id)
		return &envelope.Source{Err: fmt.Errorf("%q: %s", id, why)}, nil
	}
	var t *template.Template
	var stored reminders.Stored
	err := c.retry.Do(ctx, func(ctx context.Context) (err error) {
		t, stored, err = c.client.Template(ctx, id)
		return err
	})
	if err == nil {
		err = c.readDocuments(ctx, t)
	}
	switch {
	case errors.Is(err, docusign.ErrTemplateUnknown):
		if other, ok := c.client.TemplateElsewhere(ctx, id); ok {
			return &envelope.Source{Err: fmt.Errorf("account %q has no template %s, but the user's account %q has it: give --account %s", c.login.AccountName, id, other.Name, other.ID)}, nil
		}
		return &envelope.Source{Err: fmt.Errorf("account %q has no template %s, or the user may not use it: correct the ID; `%s` lists those there are", c.login.AccountName, id, c.command("template"))}, nil
	case err != nil:
		return nil, fmt.Errorf("reading template %s: %w", id, err)
	}
	return &envelope.Source{Template: t, Base: reminders.Base(stored, info.Notification)}, nil
}

// noTemplateID says what is wrong with a text that should be a template's ID,
// and which template may be meant: people know templates by their names. meant is
// the ID of the one that is, "" if none or several may be.
func (c *connection) noTemplateID(ctx context.Context, text string) (why, meant string) {
	const form = "a template's ID is a GUID such as 1b2c3d4e-0000-4000-8000-000000000001"
	list, err := c.listTemplates(ctx)
	if err != nil {
		return form, ""
	}
	var ids, names []string
	for _, t := range list {
		if strings.EqualFold(strings.TrimSpace(t.Name), strings.TrimSpace(text)) {
			ids = append(ids, t.ID)
		}
		names = append(names, t.Name)
	}
	switch i := template.Nearest(text, names); {
	case len(ids) == 1:
		return fmt.Sprintf("that is a template's name, its ID is %s", ids[0]), ids[0]
	case len(ids) > 1:
		return fmt.Sprintf("that is the name of %d templates, with the IDs %s", len(ids), strings.Join(ids, ", ")), ""
	case i >= 0:
		return fmt.Sprintf("%s; did you mean template %q, %s?", form, names[i], list[i].ID), list[i].ID
	}
	return fmt.Sprintf("%s, and account %q has no template of that name; `%s` lists those there are", form, c.login.AccountName, c.command("template")), ""
}

// checkTemplate fails if the setting --template cannot be the ID of a template.
func (a *app) checkTemplate(ctx context.Context, c *connection) error {
	c.template = strings.Trim(c.template, "{}")
	if c.template == "" || templateID.MatchString(c.template) {
		return nil
	}
	why, meant := c.noTemplateID(ctx, c.template)
	wrong := a.wrong("template", "%s", why)
	if meant == "" {
		return wrong
	}
	return &exitError{exitUsage, &adviceError{wrong.Error(), "give --template " + meant}}
}

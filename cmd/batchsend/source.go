package main

import (
	"context"
	"errors"
	"fmt"

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

// source reads a template. One that does not exist is no error here: the rows
// that name it are rejected.
func (c *connection) source(ctx context.Context, id string, info docusign.AccountInfo) (*envelope.Source, error) {
	var t *template.Template
	var stored reminders.Stored
	err := c.retry.Do(ctx, func(ctx context.Context) (err error) {
		t, stored, err = c.client.Template(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, docusign.ErrTemplateUnknown):
		return &envelope.Source{Err: fmt.Errorf("account %q has no template %s, or the user may not use it: correct the ID; `batchsend template` lists those there are", c.login.AccountName, id)}, nil
	case err != nil:
		return nil, fmt.Errorf("reading template %s: %w", id, err)
	}
	return &envelope.Source{Template: t, Base: reminders.Base(stored, info.Notification)}, nil
}

package job

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/templatefile"
	"batchsend/template"
	"batchsend/throttle"
)

// Pull reads a template with all that a check of rows needs. The error is
// [*TemplateIDError] if text is no template's ID.
func Pull(ctx context.Context, account string, asked Accounts, templates *Templates, text string) (*templatefile.File, error) {
	id, err := templates.ID(ctx, text)
	if err != nil {
		return nil, err
	}
	info, err := readableInfo(ctx, templates.Retry, asked, templates.Log)
	if err != nil {
		return nil, err
	}
	source, err := templates.Source(ctx, strings.ToLower(id), info.Notification)
	if err != nil {
		return nil, err
	}
	if source.Err != nil {
		return nil, source.Err
	}
	return &templatefile.File{
		Pulled: time.Now().UTC().Truncate(time.Second),
		Account: templatefile.Account{
			ID: account, Name: templates.Account, Notification: info.Notification, OverrideForbidden: info.OverrideForbidden,
			BulkForbidden: info.BulkForbidden, BulkTold: info.BulkTold, BulkCopies: info.BulkCopies, BulkQueue: info.BulkQueue, Rules: info.Rules,
		},
		Base: source.Base, Template: source.Template,
	}, nil
}

// NewStarter returns a file to begin with for a template: in the wide form, or the long
// one. It warns of what the file cannot hold. The error says why the form cannot be used.
func NewStarter(t *template.Template, wide bool, teller Teller) (*envelope.Starter, error) {
	form := envelope.Long
	if wide {
		form = envelope.Wide
	}
	starter, err := envelope.NewStarter(t, form)
	if err != nil {
		return nil, err
	}
	for _, note := range starter.Notes {
		teller.Warn("%s", note)
	}
	return starter, nil
}

// readableInfo reads what the account allows; nothing if the user may not read it.
func readableInfo(ctx context.Context, retry throttle.Policy, asked Accounts, log *slog.Logger) (docusign.AccountInfo, error) {
	info, err := throttle.Ask(ctx, retry, asked.AccountInfo)
	if errors.Is(err, docusign.ErrNotReadable) {
		log.Info("the account's settings are not readable for this user; going on without them", "error", err)
		return info, nil
	}
	return info, err
}

package job

import (
	"context"
	"errors"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/throttle"
)

// Accounts tells what an account allows.
type Accounts interface {
	AccountInfo(ctx context.Context) (docusign.AccountInfo, error)
}

// Checked are the files' envelopes, held against their templates and what the
// account allows.
type Checked struct {
	Read
	Account       string
	Info          docusign.AccountInfo
	Sources       map[string]*envelope.Source // by template ID
	TemplatesRead time.Time                   // when Sources were
	Past          Past
	Warnings      []envelope.Problem
}

// Check reads account and templates and checks every draft.
func Check(ctx context.Context, o Options, site Site, r Read) (c Checked, err error) {
	c = Checked{Read: r, Account: site.Account}
	if c.Info, err = accountInfo(ctx, site); err != nil {
		return c, err
	}
	if err := site.Mode.Await(ctx, o, site, r.Batches()); err != nil {
		return c, err
	}
	checker := &envelope.Checker{
		Account:         site.Account,
		Defaults:        o.Defaults,
		AllowSamePerson: o.AllowSamePerson,
		AllowRepeat:     o.AllowRepeat,
		Rules:           c.Info.Rules,
		Sources:         map[string]*envelope.Source{},
		Each:            batch.Each,
	}
	if checker.DefaultTemplate, err = site.Template(ctx); err != nil {
		return c, err
	}
	c.Sources, c.TemplatesRead = checker.Sources, time.Now()
	if checker.Legacy, err = site.Ledger.HasLegacy(ctx, site.Account); err != nil {
		return c, err
	}
	if c.Past, err = (search{site, o.Settle}).past(ctx, r.Batches()); err != nil {
		return c, err
	}
	checker.Legacy = checker.Legacy || c.Past.Legacy
	for _, id := range checker.TemplateIDs(r.Drafts) {
		if c.Sources[id], err = site.Templates.Source(ctx, id, c.Info.Notification); err != nil {
			return c, err
		}
	}
	c.Warnings = checker.Check(r.Drafts)
	return c, nil
}

// accountInfo reads allowance and settings. It fails if the account may not send.
func accountInfo(ctx context.Context, site Site) (docusign.AccountInfo, error) {
	info, err := throttle.Ask(ctx, site.Retry, site.DocuSign.AccountInfo)
	switch {
	case errors.Is(err, docusign.ErrNotReadable):
		site.Log.Info("the account's settings are not readable for this user; going on without them", "error", err)
		return info, nil
	case err != nil:
		return info, err
	}
	return info, info.MaySend()
}

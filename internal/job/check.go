package job

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/report"
)

// Accounts tells what an account allows.
type Accounts interface {
	AccountInfo(ctx context.Context) (docusign.AccountInfo, error)
}

// Checked are the files' envelopes, held against their templates and what the
// account allows.
type Checked struct {
	Input
	Info          docusign.AccountInfo
	Sources       map[string]*envelope.Source // by template ID
	TemplatesRead time.Time                   // when Sources were
	Past          Past
	Warnings      []envelope.Problem
	// Suggested is a mapping with which the first file may be understood whose header
	// was not.
	Suggested envelope.Mapping
}

// Check reads account and templates and checks every envelope.
func Check(ctx context.Context, o Options, site Site, in Input) (c Checked, err error) {
	c = Checked{Input: in, Sources: map[string]*envelope.Source{}}
	c.account = site.Account
	if c.Info, err = accountInfo(ctx, site); err != nil {
		return c, err
	}
	if err := site.Mode.Await(ctx, o, site, in.Batches()); err != nil {
		return c, err
	}
	checker := &envelope.Checker{
		Account:         site.Account,
		Defaults:        o.Defaults,
		AllowSamePerson: o.AllowSamePerson,
		Rules:           c.Info.Rules,
		Sources:         c.Sources,
	}
	if checker.DefaultTemplate, err = site.Template(ctx); err != nil {
		return c, err
	}
	c.TemplatesRead = time.Now()
	if checker.Legacy, err = site.Ledger.HasLegacy(ctx, site.Account); err != nil {
		return c, err
	}
	if c.Past, err = (search{site, o.Settle}).past(ctx, in.Batches()); err != nil {
		return c, err
	}
	checker.Legacy = checker.Legacy || c.Past.Legacy
	uses, err := c.templatesWanted(ctx, checker)
	if err != nil {
		return c, err
	}
	for _, use := range uses {
		for _, id := range use.Templates {
			if _, read := c.Sources[id]; read || id == "" {
				continue
			}
			if c.Sources[id], err = site.Templates.Source(ctx, id, c.Info.Notification); err != nil {
				return c, err
			}
		}
	}
	c.Warnings = checker.Prepare(uses)
	for _, use := range uses {
		if c.Suggested = checker.Suggested(use.In); c.Suggested != nil {
			break
		}
	}
	var unsignable envelope.Unsignable
	var read atomic.Int64
	end := site.Operator.Reading(func() int { return int(read.Load()) })
	err = c.checkAll(ctx, checker, &unsignable, &read)
	if end(); err != nil {
		return c, err
	}
	for _, f := range c.files {
		c.Warnings = append(c.Warnings, f.readingWarnings()...)
		if warning, cut := f.in.CutOff(f.last); cut && f.rows > 1 {
			c.Warnings = append(c.Warnings, warning)
		}
	}
	repeated, err := c.rejectRepeats(o.AllowRepeat)
	c.Warnings = slices.Concat(c.Warnings, c.oddities.Warnings(), unsignable.Warnings(c.position), repeated)
	if err == nil && o.Files.OneStream && len(c.files) > 1 {
		err = c.oneFileEach()
	}
	return c, err
}

// templatesWanted finds out which templates the rows of each file name. Only where
// rows can name some they are read for it.
func (x *Index) templatesWanted(ctx context.Context, c *envelope.Checker) (uses []envelope.Use, err error) {
	for _, f := range x.files {
		use := envelope.Use{In: f.in}
		note := func(d *envelope.Draft) {
			if id := c.TemplateOf(d); !slices.Contains(use.Templates, id) {
				use.Templates = append(use.Templates, id)
			}
		}
		var d envelope.Draft
		rows := f.in.Read(f.text.Rows())
		for {
			err := rows.Next(&d)
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return nil, err
			}
			if note(&d); !f.in.NamesTemplates() {
				break
			}
		}
		uses = append(uses, use)
	}
	return uses, nil
}

// mostWarnings is how many envelopes of a kind are warned of one by one.
const mostWarnings = 1000

// rejectRepeats rejects envelopes that stand in the files twice, and warns of those
// that resemble one.
func (x *Index) rejectRepeats(allow bool) (warnings []envelope.Problem, err error) {
	finder := envelope.Repeats{AllowRepeat: allow, SeveralFiles: len(x.files) > 1, At: func(n int) (*envelope.Identity, envelope.Position) {
		id := x.identity(n)
		return &id, x.position(n)
	}}
	warned := 0
	for n := range x.Len() {
		e := x.entry(n)
		if !e.is(accepted) {
			continue
		}
		id := envelope.Identity{TemplateID: x.templateOf(n), TransactionID: e.id, Content: e.content, People: e.people}
		if finder.SeveralFiles {
			id.Batch, id.Label = x.batchOf(n), x.label(n)
		}
		r := finder.Add(n, &id)
		problem := envelope.Problem{Position: x.position(n), Code: r.Code, Message: r.Message}
		switch r.Effect {
		case envelope.RepeatWarned:
			if warned++; warned <= mostWarnings {
				warnings = append(warnings, problem)
			}
		case envelope.RepeatAllowed:
			e.repeat = repeatOf(r.Code)
		case envelope.RepeatRejected:
			e.flags |= twice
			if err := x.reject(n, problem); err != nil {
				return warnings, err
			}
		}
	}
	if more := warned - mostWarnings; more > 0 {
		warnings[mostWarnings-1].Message += ". So do " + report.Plural(more, "envelope") + " further down"
	}
	return warnings, nil
}

// accountInfo reads allowance and settings. It fails if the account may not send.
func accountInfo(ctx context.Context, site Site) (docusign.AccountInfo, error) {
	info, err := readableInfo(ctx, site.Retry, site.DocuSign, site.Log)
	if err != nil {
		return info, err
	}
	return info, info.MaySend()
}

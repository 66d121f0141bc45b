package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// History tells what was sent before.
type History interface {
	// HasAny reports whether anything can be known of the account's envelopes.
	HasAny(ctx context.Context, account string) (bool, error)
	// Records returns the ledger's record of each envelope, in their order.
	Records(ctx context.Context, account string, ids []*envelope.Identity) ([]history.Record, error)
	// Similar returns, in the order of the envelopes, others that resemble each.
	Similar(ctx context.Context, account string, ids []*envelope.Identity) ([]ledger.Similar, error)
	// LegacyEntries returns the envelopes without a label that an earlier release
	// has sent in a batch, or may have.
	LegacyEntries(ctx context.Context, account, batch string) ([]history.Similar, error)
	// Template returns the fingerprint of the template when a batch was last sent
	// with it, and when that was; "" if it never was.
	Template(ctx context.Context, account, batch, templateID string) (fingerprint string, seen time.Time, err error)
}

// comparison holds the envelopes of the files against what was sent before.
type comparison struct {
	*Index
	history History
	account string
	// allowRepeat lets pass what would be rejected because of what was sent before.
	allowRepeat bool
	sentBefore  []*SentBefore // of each file
}

// Compared are checked envelopes beside what was sent before.
type Compared struct {
	Checked
	SentBefore []*SentBefore // of each file
	Hold       Hold
}

// Hold keeps a run from sending anything, although nothing need be wrong with the
// rows. The zero Hold lets it go on.
type Hold struct {
	Err error // why
	// Resolving is how many of the outcomes are unknown and need nobody.
	Resolving int
}

// compare finds out what was sent before, by this ledger or another one, and what
// follows for the envelopes of the files.
func compare(ctx context.Context, o Options, site Site, checked Checked) (c Compared, err error) {
	c.Checked = checked
	others, err := adopt(ctx, o, site, checked)
	if err != nil {
		return c, err
	}
	history := comparison{Index: c.Index, history: site.Mode.History(site.Ledger), account: site.Account, allowRepeat: o.AllowRepeat}
	unsent, err := history.compareRecords(ctx)
	if err != nil {
		return c, err
	}
	c.progress.lookedUp, c.SentBefore = true, history.sentBefore
	changes, err := history.compareTemplates(ctx, unsent, c.Sources)
	if err != nil {
		return c, err
	}
	var held []templateChange
	for _, change := range changes {
		if change.left == 0 || o.AllowChanged {
			site.Operator.Say("%s", change.notice())
		} else {
			held = append(held, change)
		}
	}
	if len(held) > 0 {
		c.Hold, err = c.holdForTemplates(held)
		return c, err
	}
	warnings, err := history.compareSimilar(ctx)
	c.Warnings = slices.Concat(c.Warnings, warnings)
	if err != nil {
		return c, err
	}
	c.Hold, err = c.holdForLists(others)
	return c, err
}

// objection is why an envelope must not be sent, as far as what was sent before
// tells. The zero objection lets it pass.
type objection struct {
	code    envelope.Code
	message string
}

// apply rejects an envelope to which there is an objection, unless the operator allows
// repeats.
func (c *comparison) apply(n int, o objection) error {
	switch {
	case o.code == "":
		return nil
	case c.allowRepeat:
		c.entry(n).repeat = repeatOf(o.code)
		return nil
	}
	return c.reject(n, envelope.Problem{Position: c.position(n), Code: o.code, Message: o.message})
}

// compareRecords finds out what was sent already, in this batch or another, and
// rejects what was sent under another name. It returns which envelopes earlier runs
// have planned and not sent.
//
// That an envelope was sent counts more than what is wrong with its rows today: its
// template may have been edited since, but the envelope is at DocuSign.
func (c *comparison) compareRecords(ctx context.Context) (unsent unsentCounts, err error) {
	unsent = unsentCounts{}
	for range c.files {
		c.sentBefore = append(c.sentBefore, &SentBefore{})
	}
	for n := range c.Len() {
		c.sentBefore[c.entry(n).file].Of++
	}
	if has, err := c.history.HasAny(ctx, c.account); err != nil || !has {
		return unsent, err
	}
	for ns, ids := range c.identities(func(e *entry) bool { return e.is(identified) }) {
		found, err := c.history.Records(ctx, c.account, ids)
		if err != nil {
			return nil, err
		}
		for i, n := range ns {
			if err := c.compareRecord(n, *ids[i], found[i]); err != nil {
				return nil, err
			}
			unsent.add(batchTemplate{c.batchOf(n), c.templateOf(n)}, c.entry(n).state)
		}
	}
	return unsent, nil
}

// compareRecord finds out what follows for an envelope from its entry in the ledger.
func (c *comparison) compareRecord(n int, id envelope.Identity, record history.Record) error {
	id, record, against := recordUnderName(id, record)
	c.rename(n, &id)
	e := c.entry(n)
	e.state = record.State
	switch {
	case record.State.MayExist():
		if e.is(twice) {
			return nil
		}
		if e.status == rejected {
			c.withdrawRejection(n)
		}
		return c.settle(n, outcomeBefore(record))
	case record.SameContent != nil && !e.is(accepted):
		return nil // something else is wrong with it
	case record.SameContent != nil && !c.allowRepeat:
		c.sentBefore[e.file].add(*record.SameContent)
	}
	return c.apply(n, against)
}

// outcomeBefore is the outcome of an envelope that an earlier run has sent, or may
// have sent, as long as this one has not come to it.
func outcomeBefore(record history.Record) envelope.Outcome {
	if record.State == history.StateSent {
		return batch.AlreadySent(record)
	}
	out := envelope.Outcome{Status: envelope.Unknown, Code: record.Code, Message: "an earlier run may have sent it; " + envelope.RunAgain + ": it is looked up before anything is sent"}
	if record.Code != "" {
		out.Message = strings.TrimSuffix(record.Message, ".") + ". " + out.Message
	}
	return out
}

// recordUnderName returns the name by which an envelope goes on, what the ledger has
// of it under that name, and what stands against sending it.
func recordUnderName(id envelope.Identity, record history.Record) (envelope.Identity, history.Record, objection) {
	if record.Legacy {
		switch {
		case record.State.MayExist() && record.Content == id.Legacy.Content:
			id.UseLegacy()
		case record.State.MayExist():
			earlier := history.Similar{TransactionID: id.Legacy.TransactionID, Batch: id.Batch, State: record.State, ID: record.ID, At: record.At, Legacy: true}
			return id, history.Record{}, labelConflict(id, earlier)
		default:
			id.Replaces = id.Legacy.TransactionID
		}
	}
	if record.SameContent != nil && !record.State.MayExist() {
		return id, record, objection{envelope.AlreadySentCode, batch.SameContentMessage(*record.SameContent)}
	}
	return id, record, objection{}
}

// labelConflict rejects an envelope whose label another one has.
func labelConflict(id envelope.Identity, e history.Similar) objection {
	what := "was sent"
	if e.State != history.StateSent {
		what = "may have been sent"
	}
	what += " on " + report.Local(e.At)
	if e.ID != "" {
		what += fmt.Sprintf(" as envelope %s", e.ID)
	}
	with := "with other content"
	if e.TemplateID != "" && e.TemplateID != id.TemplateID {
		with = fmt.Sprintf("from another template (%s)", e.TemplateID)
	}
	return objection{envelope.KeyConflict, fmt.Sprintf("envelope %q of batch %q %s, %s. If this is another envelope, give it another envelope value or another batch (--batch); else restore the row", id.Label, id.Batch, what, with)}
}

package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// History tells what was sent before.
type History interface {
	// Standings returns the ledger's entry of each envelope, in their order.
	Standings(ctx context.Context, account string, ids []*envelope.Identity) ([]envelope.Standing, error)
	// Neighbours returns, in the order of the envelopes, others that resemble each.
	Neighbours(ctx context.Context, account string, ids []*envelope.Identity) ([]ledger.Neighbours, error)
	// LegacyEntries returns the envelopes without a label that an earlier release
	// has sent in a batch, or may have.
	LegacyEntries(ctx context.Context, account, batch string) ([]envelope.Earlier, error)
	// Template returns the fingerprint of the template when a batch was last sent
	// with it, and when that was; "" if it never was.
	Template(ctx context.Context, account, batch, templateID string) (fingerprint string, seen time.Time, err error)
}

// comparison holds the envelopes of the files against what was sent before.
type comparison struct {
	history History
	account string
	// allowRepeat lets pass what would be rejected because of what was sent before.
	allowRepeat bool
}

// Records are the ledger's entries of the envelopes of the files. A draft that
// cannot be read has none.
type Records map[*envelope.Draft]envelope.Standing

// Compared are checked envelopes beside what was sent before.
type Compared struct {
	Checked
	Records Records // nil if the ledger has not been asked
	Hold    Hold
}

// Hold keeps a run from sending anything, although nothing need be wrong with the
// rows. The zero Hold lets it go on.
type Hold struct {
	Err      error // why
	Outcomes Outcomes
	// Resolving is how many of the outcomes are unknown and need nobody.
	Resolving int
}

// Outcomes are what became of envelopes of the files.
type Outcomes map[*envelope.Draft]envelope.Outcome

// compare finds out what was sent before, by this ledger or another one, and what
// follows for the envelopes of the files.
func compare(ctx context.Context, o Options, site Site, checked Checked) (c Compared, err error) {
	c.Checked = checked
	others, err := adopt(ctx, o, site, checked)
	if err != nil {
		return c, err
	}
	history := comparison{site.Mode.History(site.Ledger), site.Account, o.AllowRepeat}
	if c.Records, err = history.compareRecords(ctx, c.Drafts); err != nil {
		return c, err
	}
	changes, err := history.compareTemplates(ctx, c.Drafts, c.Records, c.Sources)
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
		c.Hold = holdForTemplates(held, c.Drafts, c.Records)
		return c, nil
	}
	warnings, err := history.compareNeighbours(ctx, c.Drafts, c.Records)
	c.Warnings = slices.Concat(c.Warnings, warnings)
	c.Hold = holdForLists(others, c.Drafts, c.Records)
	return c, err
}

// verdict is why an envelope must not be sent, as far as what was sent before
// tells. The zero verdict lets it pass.
type verdict struct {
	code    envelope.Code
	message string
}

// apply rejects the draft if the verdict says so, unless the operator allows
// repeats.
func (c comparison) apply(v verdict, d *envelope.Draft) {
	switch {
	case v.code == "":
	case c.allowRepeat:
		d.Repeats = v.code
	default:
		d.Reject(v.code, v.message)
	}
}

// compareRecords finds out what was sent already, in this batch or another, and
// rejects what was sent under another name.
//
// That an envelope was sent counts more than what is wrong with its rows today: its
// template may have been edited since, but the envelope is at DocuSign.
func (c comparison) compareRecords(ctx context.Context, drafts []*envelope.Draft) (Records, error) {
	drafts, ids := readable(drafts)
	found, err := c.history.Standings(ctx, c.account, ids)
	if err != nil {
		return nil, err
	}
	records := make(Records, len(drafts))
	for i, d := range drafts {
		id, record, v := compareRecord(*ids[i], found[i])
		*ids[i], records[d] = id, record
		switch {
		case record.State.MayExist():
			if !repeated(d) {
				d.Problems = nil
			}
		case record.Twin == nil || d.Envelope != nil: // else something else is wrong with it
			c.apply(v, d)
		}
	}
	return records, nil
}

// readable returns the drafts that can be read, and so have a name, beside their
// identities.
func readable(drafts []*envelope.Draft) (of []*envelope.Draft, ids []*envelope.Identity) {
	for _, d := range drafts {
		if !d.Identity.TransactionID.IsZero() {
			of, ids = append(of, d), append(ids, identityOf(d))
		}
	}
	return of, ids
}

// compareRecord returns the name by which an envelope goes on, what the ledger has
// of it under that name, and whether it may be sent.
func compareRecord(id envelope.Identity, record envelope.Standing) (envelope.Identity, envelope.Standing, verdict) {
	if record.Legacy {
		switch {
		case record.State.MayExist() && record.Content == id.Legacy.Content:
			id.UseLegacy()
		case record.State.MayExist():
			earlier := envelope.Earlier{TransactionID: id.Legacy.TransactionID, Batch: id.Batch, State: record.State, ID: record.ID, At: record.At, Legacy: true}
			return id, envelope.Standing{}, labelConflict(id, earlier)
		default:
			id.Replaces = id.Legacy.TransactionID
		}
	}
	if record.Twin != nil && !record.State.MayExist() {
		return id, record, verdict{envelope.AlreadySentCode, batch.SameContentMessage(*record.Twin)}
	}
	return id, record, verdict{}
}

// identityOf is the draft's identity, with what only a checked envelope knows if
// there is one.
func identityOf(d *envelope.Draft) *envelope.Identity {
	if d.Envelope != nil {
		return &d.Envelope.Identity
	}
	return &d.Identity
}

// repeated reports whether the draft was rejected because its files say the same
// twice.
func repeated(d *envelope.Draft) bool {
	return slices.ContainsFunc(d.Problems, func(p envelope.Problem) bool {
		return p.Code == envelope.DuplicateEnvelope || p.Code == envelope.KeyConflict
	})
}

// labelConflict rejects an envelope whose label another one has.
func labelConflict(id envelope.Identity, e envelope.Earlier) verdict {
	what := "was sent"
	if e.State != envelope.StateSent {
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
	return verdict{envelope.KeyConflict, fmt.Sprintf("envelope %q of batch %q %s, %s. If this is another envelope, give it another envelope value or another batch (--batch); else restore the row", id.Label, id.Batch, what, with)}
}

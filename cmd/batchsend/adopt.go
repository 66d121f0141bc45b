package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/template"
)

// adopt finds out what another ledger has sent of the batches, before anything is
// compared with this one, and writes it down unless this is a dry run.
func (j *job) adopt(ctx context.Context) error {
	lots, err := j.otherLots(ctx)
	if err != nil {
		return fmt.Errorf("asking DocuSign for bulk lists that another ledger has handed over: %w", err)
	}
	for _, name := range batchesOf(j.inputs) {
		found, err := lookElsewhere(ctx, patient{j.conn}, j.db, j.inquiry(name, lots))
		if err != nil {
			return fmt.Errorf("asking DocuSign what it has of batch %q: %w", name, err)
		}
		j.tellElsewhere(&found)
		j.others = append(j.others, found)
		if j.session == nil {
			continue
		}
		if err := j.session.Adopt(ctx, name, found.found, found.surplus); err != nil {
			return err
		}
		patient{j.conn}.tidy(ctx, found.done)
		if found.underWay > 0 || found.known.Looked {
			continue
		}
		if err := j.session.Looked(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// otherLots finds lots of the batches that another ledger has handed over.
func (j *job) otherLots(ctx context.Context) ([]envelope.OtherLot, error) {
	if j.info.BulkForbidden {
		return nil, nil
	}
	ours := make(map[string]bool)
	var batchIDs []string
	for _, name := range batchesOf(j.inputs) {
		lots, err := j.db.LotNames(ctx, j.conn.login.AccountID, name)
		if err != nil {
			return nil, err
		}
		for _, id := range lots {
			ours[id] = true
		}
		batchIDs = append(batchIDs, envelope.BatchID(j.conn.login.AccountID, name))
	}
	return patient{j.conn}.otherLots(ctx, batchIDs, func(id string) bool { return ours[id] })
}

// askWhatElse finds out whether envelopes of an earlier release may be met with,
// before rows are checked: the names that it gave them cost time to work out, and
// calls to look up. Where the user has sent nothing but what the ledger knows
// there are none.
func (j *job) askWhatElse(ctx context.Context) error {
	for _, name := range batchesOf(j.inputs) {
		known, err := j.db.Known(ctx, j.conn.login.AccountID, name, time.Now().Add(-j.o.settle))
		if err != nil {
			return err
		}
		if !mayHaveLegacy(known) {
			continue
		}
		total, err := patiently(ctx, patient{j.conn}, j.conn.client.CountAll)
		if err != nil {
			return fmt.Errorf("asking DocuSign how many envelopes it has: %w", err)
		}
		j.nothing, j.legacy = total == 0, total > known.All
		return nil
	}
	return nil
}

// inquiry is what DocuSign is asked about a batch.
func (j *job) inquiry(batch string, lots []envelope.OtherLot) inquiry {
	q := inquiry{account: j.conn.login.AccountID, batch: batch, settle: j.o.settle, nothing: j.nothing, legacy: j.legacy}
	for _, lot := range lots {
		if lot.BatchID == envelope.BatchID(q.account, batch) {
			q.lots = append(q.lots, lot)
		}
	}
	for _, source := range j.sources {
		if source.Template != nil {
			q.templates = append(q.templates, source.Template)
		}
	}
	slices.SortFunc(q.templates, func(a, b *template.Template) int { return strings.Compare(a.ID, b.ID) })
	for _, d := range j.drafts {
		if d.In.Batch == batch && d.Identity.TransactionID != "" {
			q.rows = append(q.rows, row{identityOf(d), d.In.Name, d.Position().Line})
		}
	}
	return q
}

// identityOf is the draft's identity, with what only a checked envelope knows if
// there is one.
func identityOf(d *envelope.Draft) *envelope.Identity {
	if d.Envelope != nil {
		return &d.Envelope.Identity
	}
	return &d.Identity
}

// awaitLost waits until DocuSign shows what a run had under way that was killed
// and that the ledger has lost. Its calls may take as long as an answer that got
// lost; when they began nobody knows any more. Nothing is asked before: it would
// seem not to be there.
func (j *job) awaitLost(ctx context.Context) error {
	if j.session == nil {
		return nil
	}
	for _, name := range batchesOf(j.inputs) {
		known, err := j.db.Known(ctx, j.conn.login.AccountID, name, time.Now())
		if err != nil {
			return err
		}
		if !known.Killed {
			continue
		}
		until := time.Now().Add(j.o.settle)
		j.conn.waits.wait("the ledger has lost what its last run wrote, and that run was killed: what it had under way may not show at DocuSign yet", until, nil)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(j.o.settle):
			return nil
		}
	}
	return nil
}

// tellElsewhere says what another ledger has sent.
func (j *job) tellElsewhere(e *elsewhere) {
	if e.known.Older {
		j.say("ledger %q is older than its counter of runs (%s.runs): it is a backup, or has lost its log. DocuSign was asked for all that it has of batch %q",
			j.conn.ledger, filepath.Base(j.conn.ledger), e.batch)
	}
	if n := len(e.found); n > 0 {
		done := "adopted"
		if j.session == nil {
			done = "a run adopts them"
		}
		j.say("DocuSign has %s of batch %q that this ledger does not know: %s; %s of them in rows of %s, %s in none",
			report.Plural(n, "envelope"), e.batch, done, report.Number(e.rows()), plural(len(j.inputs), "this file", "these files"), report.Number(n-e.rows()))
	}
	if len(e.tooMany) > 0 {
		j.warn("DocuSign has more than one envelope under the same transaction ID in batch %q: void those that are too many: %s", e.batch, theExtras(e.tooMany))
	}
	if n := len(e.surplus) - len(e.tooMany); n > 0 {
		j.warn("DocuSign has %s of batch %q without the custom field that says which row was meant: look at them there before anything is sent again", report.Plural(n, "envelope"), e.batch)
	}
}

// plural is one or many, as n wants it.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// mostExtras is how many envelopes a message names.
const mostExtras = 10

// theExtras names the first envelopes, each with its row.
func theExtras(extras []extra) string {
	var names []string
	for _, x := range extras[:min(len(extras), mostExtras)] {
		name := string(x.id)
		if x.row != nil {
			name += fmt.Sprintf(" (%s:%d)", x.row.file, x.row.line)
		}
		names = append(names, name)
	}
	text := strings.Join(names, ", ")
	if more := len(extras) - mostExtras; more > 0 {
		text += fmt.Sprintf(" and %s more", report.Number(more))
	}
	return text
}

// underWayError stops a run before envelopes are sent of which DocuSign may be
// making some from another ledger's list.
type underWayError struct {
	batch  string
	copies int
}

func (e *underWayError) Error() string {
	return fmt.Sprintf("DocuSign is still making %s of batch %q from a bulk list that another ledger has handed over: nothing was sent. When it is through, the same command goes on",
		report.Plural(e.copies, "envelope"), e.batch)
}

// holdBack stops the run if envelopes of its batches are under way from lists of
// another ledger.
func (j *job) holdBack() (held bool) {
	handed := make(map[envelope.TransactionID]bool)
	for _, e := range j.others {
		if e.underWay == 0 {
			continue
		}
		held = true
		j.stopped = &underWayError{e.batch, e.underWay}
		for _, id := range e.handed {
			handed[id] = true
		}
	}
	for _, d := range j.drafts {
		if d.Envelope != nil && handed[d.Identity.TransactionID] && !j.standing[d].State.MayExist() {
			j.outcomes[d] = envelope.Outcome{Status: envelope.Unknown, Message: "DocuSign is making it from a list that another ledger has handed over"}
			j.underWay++
		}
	}
	return held
}

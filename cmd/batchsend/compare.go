package main

import (
	"context"
	"fmt"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// compare holds the drafts against the ledger: what was sent already, in this
// batch or another.
//
// It comes first that an envelope was sent: whatever is wrong with its rows
// today (its template may have been edited since), it is at DocuSign.
func (j *job) compare(ctx context.Context) error {
	var drafts []*envelope.Draft
	var ids []*envelope.Identity
	for _, d := range j.drafts {
		if d.Identity.TransactionID == "" {
			continue
		}
		id := &d.Identity
		if d.Envelope != nil {
			id = &d.Envelope.Identity
		}
		drafts, ids = append(drafts, d), append(ids, id)
	}
	standings, err := j.db.Standings(ctx, j.conn.login.AccountID, ids)
	if err != nil {
		return err
	}
	j.overlay(ids, standings)
	j.standing = make(map[*envelope.Draft]envelope.Standing, len(drafts))
	for i, d := range drafts {
		st := standings[i]
		switch {
		case st.Legacy && st.State.MayExist() && st.Content == ids[i].Legacy.Content:
			ids[i].UseLegacy()
		case st.Legacy && st.State.MayExist():
			j.reject(d, envelope.KeyConflict, labelConflict(ids[i], earlierOf(ids[i], st)))
			st = envelope.Standing{}
		case st.Legacy:
			ids[i].Replaces = ids[i].Legacy.TransactionID
		}
		j.standing[d] = st
		switch {
		case st.State.MayExist():
			if !repeated(d) {
				d.Problems = nil
			}
		case st.Twin != nil && d.Envelope != nil:
			j.reject(d, envelope.AlreadySentCode, batch.TwinMessage(*st.Twin))
		}
	}
	return nil
}

// reject rejects a draft because of what was sent before, unless the operator
// allows repeats.
func (j *job) reject(d *envelope.Draft, code envelope.Code, message string) {
	if j.o.allowRepeat {
		d.Repeats = code
		return
	}
	d.Reject(code, message)
}

// repeated reports whether the draft was rejected because its files say the same
// twice.
func repeated(d *envelope.Draft) bool {
	return slices.ContainsFunc(d.Problems, func(p envelope.Problem) bool {
		return p.Code == envelope.DuplicateEnvelope || p.Code == envelope.KeyConflict
	})
}

// earlierOf is the entry of the ledger that an envelope has under its legacy
// name.
func earlierOf(id *envelope.Identity, st envelope.Standing) envelope.Earlier {
	return envelope.Earlier{TransactionID: id.Legacy.TransactionID, Batch: id.Batch, State: st.State, ID: st.ID, At: st.At, Legacy: true}
}

// newcomer is an envelope of which the ledger does not know that it was sent.
type newcomer struct {
	draft *envelope.Draft
	ledger.Neighbours
}

// compareNeighbours rejects envelopes that look like a correction of one that
// was sent, and warns of those that resemble one. Of an envelope that may have
// been sent it only warns: it was not rejected when it was claimed.
func (j *job) compareNeighbours(ctx context.Context) error {
	var drafts []*envelope.Draft
	var ids []*envelope.Identity
	for _, d := range j.drafts {
		if d.Envelope != nil && j.standing[d].State != envelope.StateSent {
			drafts, ids = append(drafts, d), append(ids, &d.Envelope.Identity)
		}
	}
	neighbours, err := j.db.Neighbours(ctx, j.conn.login.AccountID, ids)
	if err != nil {
		return err
	}
	j.overlayNeighbours(ids, neighbours)
	if err := j.compareLegacy(ctx, drafts); err != nil {
		return err
	}
	inFiles := namesIn(j.drafts)
	corrected := make(map[string][]correction) // by batch
	var warnings neighbourWarnings
	for i, d := range drafts {
		if d.Envelope == nil {
			continue
		}
		n := newcomer{d, neighbours[i]}
		if j.standing[d].State.MayExist() {
			warnings.add(n, inFiles)
			continue
		}
		if e := n.SameLabel; e != nil && !e.State.MayExist() && d.Envelope.Replaces == "" {
			d.Envelope.Replaces = e.TransactionID
		} else if e != nil && e.State.MayExist() {
			j.reject(d, envelope.KeyConflict, labelConflict(&d.Envelope.Identity, *e))
			continue
		}
		if e, ok := n.corrects(inFiles); ok {
			corrected[d.In.Batch] = append(corrected[d.In.Batch], correction{d, e})
			continue
		}
		warnings.add(n, inFiles)
	}
	for _, name := range batchesOf(j.inputs) {
		j.rejectCorrections(name, corrected[name])
	}
	j.warnings = append(j.warnings, warnings.problems()...)
	return nil
}

// namesIn returns the names of all envelopes in the files, also of those that
// are rejected: what they say still stands there.
func namesIn(drafts []*envelope.Draft) map[envelope.TransactionID]bool {
	names := make(map[envelope.TransactionID]bool, len(drafts))
	for _, d := range drafts {
		names[d.Identity.TransactionID] = true
		if d.Envelope != nil {
			names[d.Envelope.TransactionID] = true
			if legacy := d.Envelope.Legacy; legacy != nil {
				names[legacy.TransactionID] = true
			}
		}
	}
	return names
}

// corrects returns the envelope of the same batch that went to the same people
// and that no row of the files means any more. A label says by itself that
// another envelope is meant, so only those without one count, and those that
// were found at DocuSign (line 0), which does not tell their labels.
func (n newcomer) corrects(inFiles map[envelope.TransactionID]bool) (envelope.Earlier, bool) {
	for _, e := range n.SamePeople {
		if e.Batch == n.draft.In.Batch && !inFiles[e.TransactionID] && (n.draft.Label == "" || e.Line == 0) {
			return e, true
		}
	}
	return envelope.Earlier{}, false
}

// correction is a draft that seems to correct an envelope that was sent.
type correction struct {
	draft *envelope.Draft
	of    envelope.Earlier
}

// newListFrom is how many corrections in a batch are no slips any more, if they
// are most of its rows: then one sentence says what has happened.
const newListFrom = 10

// rejectCorrections rejects the drafts of a batch that seem to correct what was
// sent.
func (j *job) rejectCorrections(name string, corrections []correction) {
	rows := 0
	for _, d := range j.drafts {
		if d.In.Batch == name && d.Label == "" {
			rows++
		}
	}
	newList := len(corrections) >= newListFrom && 2*len(corrections) > rows
	for _, c := range corrections {
		message := fmt.Sprintf("these people %s from batch %q on %s, with other values%s, and no row says those any more: has a cell been corrected? DocuSign would send them a second envelope. Void or correct the first in DocuSign if it is wrong; if both must go out, give --allow-repeat; if this is a new list, give it a name of its own with --batch",
			got(c.of), name, local(c.of.At), underTemplate(c.draft, c.of))
		if newList {
			message = fmt.Sprintf("a new list under an old name, or a change in every row: %s of %s people got an envelope from batch %q on %s before, with other values. If it is a new list, give it a name of its own with --batch NAME; if all must get another envelope, give --allow-repeat",
				report.Number(len(corrections)), report.Number(rows), name, local(c.of.At))
		}
		j.reject(c.draft, envelope.KeyConflict, message)
	}
}

// compareLegacy rejects what may be a correction in a batch that an earlier
// release has begun, which has not written down who got what: as long as there
// are envelopes that no row means any more, new rows may be their corrections.
func (j *job) compareLegacy(ctx context.Context, drafts []*envelope.Draft) error {
	inFiles := namesIn(j.drafts)
	entries := make(map[string][]envelope.Earlier)
	for _, d := range drafts {
		if d.Label != "" || d.Envelope == nil || d.Envelope.Legacy == nil || d.Envelope.Replaces != "" || j.standing[d].State.MayExist() {
			continue
		}
		name := d.In.Batch
		if _, asked := entries[name]; !asked {
			all, err := j.db.LegacyEntries(ctx, j.conn.login.AccountID, name)
			if err != nil {
				return err
			}
			entries[name] = slices.DeleteFunc(all, func(e envelope.Earlier) bool { return inFiles[e.TransactionID] })
		}
		if len(entries[name]) == 0 {
			continue
		}
		e := entries[name][0]
		if i := slices.IndexFunc(entries[name], func(e envelope.Earlier) bool { return e.Line == d.Position().Line }); i >= 0 {
			e = entries[name][i]
		}
		j.reject(d, envelope.KeyConflict, fmt.Sprintf("an earlier release has begun batch %q, and %s that it has sent stands in no row as it was, such as the one of line %d (envelope %s of %s): this row may be a correction of it. Restore the rows as they were; if this is another envelope, give --allow-repeat or another --batch",
			name, report.Plural(len(entries[name]), "envelope"), e.Line, e.ID, local(e.At)))
	}
	return nil
}

// labelConflict says why an envelope cannot go under its label.
func labelConflict(id *envelope.Identity, e envelope.Earlier) string {
	what := "was sent"
	if e.State != envelope.StateSent {
		what = "may have been sent"
	}
	what += " on " + local(e.At)
	if e.ID != "" {
		what += fmt.Sprintf(" as envelope %s", e.ID)
	}
	with := "with other content"
	if e.TemplateID != "" && e.TemplateID != id.TemplateID {
		with = fmt.Sprintf("from another template (%s)", e.TemplateID)
	}
	return fmt.Sprintf("envelope %q of batch %q %s, %s. If this is another envelope, give it another envelope value or another batch (--batch); else restore the row", id.Label, id.Batch, what, with)
}

// got says that people got an envelope.
func got(e envelope.Earlier) string {
	if e.ID == "" {
		return "may have got an envelope"
	}
	return fmt.Sprintf("got envelope %s", e.ID)
}

// underTemplate says that an envelope came from another template than the
// draft's.
func underTemplate(d *envelope.Draft, e envelope.Earlier) string {
	if e.TemplateID == d.TemplateID {
		return ""
	}
	return fmt.Sprintf(" or from another template (%s)", e.TemplateID)
}

// batchesOf returns the batches of inputs, each once.
func batchesOf(inputs []*envelope.Input) (names []string) {
	for _, in := range inputs {
		if !slices.Contains(names, in.Batch) {
			names = append(names, in.Batch)
		}
	}
	return names
}

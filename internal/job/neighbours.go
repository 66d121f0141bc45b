package job

import (
	"context"
	"fmt"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// newcomer is an envelope of which the ledger does not know that it was sent, and
// those of the ledger that resemble it.
type newcomer struct {
	draft      *envelope.Draft
	unresolved bool // it may have been sent
	ledger.Neighbours
}

// transactionIDs is a set of them.
type transactionIDs map[envelope.TransactionID]bool

// compareNeighbours rejects envelopes that look like a correction of one that was
// sent, and returns warnings of those that resemble one and go out all the same. Of
// an envelope that may have been sent it only warns: it was not rejected when it was
// claimed.
func (c comparison) compareNeighbours(ctx context.Context, all []*envelope.Draft, records Records) ([]envelope.Problem, error) {
	inFiles := idsIn(all)
	var ids []*envelope.Identity
	var newcomers []newcomer
	for _, d := range all {
		if state := records[d].State; d.Envelope != nil && state != envelope.StateSent {
			newcomers, ids = append(newcomers, newcomer{draft: d, unresolved: state.MayExist()}), append(ids, &d.Envelope.Identity)
		}
	}
	found, err := c.history.Neighbours(ctx, c.account, ids)
	if err != nil {
		return nil, err
	}
	for i := range newcomers {
		newcomers[i].Neighbours = found[i]
	}
	unclaimed, err := c.unclaimedLegacy(ctx, newcomers, inFiles)
	if err != nil {
		return nil, err
	}
	for _, n := range newcomers {
		c.apply(n.correctsLegacy(unclaimed[n.draft.In.Batch]), n.draft)
	}
	var corrections []correction
	var warnings neighbourWarnings
	for _, n := range newcomers {
		if n.draft.Envelope == nil {
			continue // rejected above
		}
		if n.unresolved {
			warnings.add(n, inFiles)
		} else if v := n.compareLabel(); v.code != "" {
			c.apply(v, n.draft)
		} else if e, ok := n.corrects(inFiles); ok {
			corrections = append(corrections, correction{n.draft, e})
		} else {
			warnings.add(n, inFiles)
		}
	}
	for i, v := range correctionVerdicts(corrections, all) {
		c.apply(v, corrections[i].draft)
	}
	return warnings.problems(), nil
}

// idsIn returns the names of all envelopes in the files, also of those that are
// rejected: what they say still stands there.
func idsIn(drafts []*envelope.Draft) transactionIDs {
	ids := make(transactionIDs, len(drafts))
	for _, d := range drafts {
		ids[d.Identity.TransactionID] = true
		if d.Envelope != nil {
			ids[d.Envelope.TransactionID] = true
			if legacy := d.Envelope.Legacy; legacy != nil {
				ids[legacy.TransactionID] = true
			}
		}
	}
	return ids
}

// compareLabel rejects an envelope whose label another one has that was sent, or
// may have been. One that never was is replaced by it.
func (n newcomer) compareLabel() verdict {
	id, e := &n.draft.Envelope.Identity, n.SameLabel
	switch {
	case e == nil:
	case e.State.MayExist():
		return labelConflict(*id, *e)
	case id.Replaces.IsZero():
		id.Replaces = e.TransactionID
	}
	return verdict{}
}

// corrects returns the envelope of the same batch that went to the same people
// and that no row of the files means any more. Another label says by itself that
// another envelope is meant, so two that have one do not count.
func (n newcomer) corrects(inFiles transactionIDs) (envelope.Earlier, bool) {
	for _, e := range n.SamePeople {
		if e.Batch == n.draft.In.Batch && !inFiles[e.TransactionID] && (n.draft.Label == "" || !e.Labelled) {
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

// correctionVerdicts rejects drafts that seem to correct what was sent. all are the
// drafts of the files.
func correctionVerdicts(corrections []correction, all []*envelope.Draft) []verdict {
	rows, corrected := make(map[string]int), make(map[string]int) // by batch
	for _, d := range all {
		if d.Label == "" {
			rows[d.In.Batch]++
		}
	}
	for _, c := range corrections {
		corrected[c.draft.In.Batch]++
	}
	verdicts := make([]verdict, len(corrections))
	for i, c := range corrections {
		name := c.draft.In.Batch
		message := fmt.Sprintf("these people %s from batch %q on %s, with other values%s, and no row says those any more: has a cell been corrected? DocuSign would send them a second envelope. Void or correct the first in DocuSign if it is wrong; if both must go out, give --allow-repeat; if this is a new list, give it a name of its own with --batch",
			got(c.of), name, report.Local(c.of.At), underTemplate(c.draft, c.of))
		if n := corrected[name]; n >= newListFrom && 2*n > rows[name] {
			message = fmt.Sprintf("a new list under an old name, or a change in every row: %s of %s people got an envelope from batch %q on %s before, with other values. If it is a new list, give it a name of its own with --batch NAME; if all must get another envelope, give --allow-repeat",
				report.Number(n), report.Number(rows[name]), name, report.Local(c.of.At))
		}
		verdicts[i] = verdict{envelope.KeyConflict, message}
	}
	return verdicts
}

// unclaimedLegacy returns, by batch, what an earlier release has sent and no row
// of the files means. It asks only about batches with newcomers that may correct
// such an envelope.
func (c comparison) unclaimedLegacy(ctx context.Context, newcomers []newcomer, inFiles transactionIDs) (map[string][]envelope.Earlier, error) {
	unclaimed := make(map[string][]envelope.Earlier)
	for _, n := range newcomers {
		name := n.draft.In.Batch
		if _, asked := unclaimed[name]; asked || !n.mayCorrectLegacy() {
			continue
		}
		entries, err := c.history.LegacyEntries(ctx, c.account, name)
		if err != nil {
			return nil, err
		}
		unclaimed[name] = slices.DeleteFunc(entries, func(e envelope.Earlier) bool { return inFiles[e.TransactionID] })
	}
	return unclaimed, nil
}

// mayCorrectLegacy reports whether the envelope may be a correction of one that an
// earlier release has sent.
func (n newcomer) mayCorrectLegacy() bool {
	return !n.unresolved && n.draft.Label == "" && n.draft.Envelope.Legacy != nil && n.draft.Envelope.Replaces.IsZero()
}

// correctsLegacy rejects what may be a correction in a batch that an earlier
// release has begun. That release did not write down who got what, so as long as
// there are envelopes that no row means any more, each new row may correct one.
func (n newcomer) correctsLegacy(unclaimed []envelope.Earlier) verdict {
	if len(unclaimed) == 0 || !n.mayCorrectLegacy() {
		return verdict{}
	}
	e := unclaimed[0]
	if i := slices.IndexFunc(unclaimed, func(e envelope.Earlier) bool { return e.Line == n.draft.Position().Line }); i >= 0 {
		e = unclaimed[i]
	}
	return verdict{envelope.KeyConflict, fmt.Sprintf("an earlier release has begun batch %q, and %s that it has sent stands in no row as it was, such as the one of line %d (envelope %s of %s): this row may be a correction of it. Restore the rows as they were; if this is another envelope, give --allow-repeat or another --batch",
		n.draft.In.Batch, report.Plural(len(unclaimed), "envelope"), e.Line, e.ID, report.Local(e.At))}
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

// neighbourWarnings gathers envelopes that resemble one that was sent and yet go
// out. Lists are sent to the same people every month, so beyond a few rows a
// sentence tells of all.
type neighbourWarnings struct {
	people, names []envelope.Problem
	last          envelope.Earlier // of people
}

// fewWarnings is how many rows of a kind are told of one by one.
const fewWarnings = 5

// add warns of what an envelope resembles.
func (w *neighbourWarnings) add(n newcomer, inFiles transactionIDs) {
	d := n.draft
	warning := envelope.Problem{Position: d.Position(), Code: envelope.DuplicateEnvelope}
	for _, e := range n.SamePeople {
		if e.TemplateID != d.TemplateID || e.Batch == d.In.Batch && (d.Label == "" || inFiles[e.TransactionID]) {
			continue
		}
		w.last = e
		warning.Message = fmt.Sprintf("the same people %s from this template in batch %q on %s, with other values: both will have been sent", got(e), e.Batch, report.Local(e.At))
		w.people = append(w.people, warning)
		return
	}
	for _, e := range n.SameNames {
		if inFiles[e.TransactionID] || d.Label != "" {
			continue
		}
		warning.Message = fmt.Sprintf("people of the same names and roles %s from this batch on %s, at another address: if the address was wrong, correct or void that envelope in DocuSign", got(e), report.Local(e.At))
		w.names = append(w.names, warning)
		return
	}
}

// problems returns the warnings.
func (w *neighbourWarnings) problems() []envelope.Problem {
	if len(w.people) > fewWarnings {
		first := w.people[0]
		first.Message = fmt.Sprintf("%s, of which this is the first, go to people who got an envelope from this template before, with other values, the last in batch %q on %s",
			report.Plural(len(w.people), "envelope"), w.last.Batch, report.Local(w.last.At))
		w.people = []envelope.Problem{first}
	}
	return append(w.people, w.names...)
}

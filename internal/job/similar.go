package job

import (
	"context"
	"fmt"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/spool"
)

// newcomer is an envelope of which the ledger does not know that it was sent, and
// those of the ledger that resemble it.
type newcomer struct {
	envelope.Identity
	n          int
	at         envelope.Position
	unresolved bool // it may have been sent
	ledger.Similar
}

// compareSimilar rejects envelopes that look like a correction of one that was
// sent, and returns warnings of those that resemble one and go out all the same. Of
// an envelope that may have been sent it only warns: it was not rejected when it was
// claimed.
func (c *comparison) compareSimilar(ctx context.Context) ([]envelope.Problem, error) {
	var (
		warnings    similarWarnings
		corrections []correction
		unclaimed   = map[string][]history.Similar{}
	)
	if has, err := c.history.HasAny(ctx, c.account); err != nil || !has {
		return nil, err
	}
	for ns, ids := range c.identities(func(e *entry) bool { return e.is(accepted) && e.state != history.StateSent }) {
		found, err := c.history.Similar(ctx, c.account, ids)
		if err != nil {
			return nil, err
		}
		for i, number := range ns {
			n := &newcomer{*ids[i], number, c.position(number), c.entry(number).state.MayExist(), found[i]}
			if err := c.unclaimedLegacy(ctx, n, unclaimed); err != nil {
				return nil, err
			}
			corrects, err := c.compareNewcomer(n, unclaimed[n.Batch], &warnings)
			if err != nil {
				return nil, err
			}
			if corrects != nil {
				of, err := c.keep(corrects)
				if err != nil {
					return nil, err
				}
				corrections = append(corrections, correction{number, of})
			}
		}
	}
	return warnings.problems(), c.rejectCorrections(corrections)
}

// compareNewcomer rejects a newcomer, or warns of it, or returns the envelope that it
// seems to correct.
func (c *comparison) compareNewcomer(n *newcomer, unclaimed []history.Similar, warnings *similarWarnings) (corrects *history.Similar, err error) {
	if v := n.correctsLegacy(unclaimed); v.code != "" {
		if err := c.apply(n.n, v); err != nil || !c.allowRepeat {
			return nil, err
		}
	}
	if n.unresolved {
		warnings.add(n, c.inFiles)
		return nil, nil
	}
	if v := n.compareLabel(); v.code != "" {
		return nil, c.apply(n.n, v)
	}
	c.rename(n.n, &n.Identity)
	if e, ok := n.corrects(c.inFiles); ok {
		return &e, nil
	}
	warnings.add(n, c.inFiles)
	return nil, nil
}

// inFiles reports whether a row of the files means an envelope, also one that is
// rejected: what it says still stands there.
func (x *Index) inFiles(id envelope.TransactionID) bool {
	_, ok := x.find(id)
	return ok
}

// compareLabel rejects an envelope whose label another one has that was sent, or
// may have been. One that never was is replaced by it.
func (n *newcomer) compareLabel() objection {
	switch e := n.SameLabel; {
	case e == nil:
	case e.State.MayExist():
		return labelConflict(n.Identity, *e)
	case n.Replaces.IsZero():
		n.Replaces = e.TransactionID
	}
	return objection{}
}

// corrects returns the envelope of the same batch that went to the same people
// and that no row of the files means any more. Another label says by itself that
// another envelope is meant, so two that have one do not count.
func (n *newcomer) corrects(inFiles func(envelope.TransactionID) bool) (history.Similar, bool) {
	for _, e := range n.SamePeople {
		if e.Batch == n.Batch && !inFiles(e.TransactionID) && (n.Label == "" || !e.Labelled) {
			return e, true
		}
	}
	return history.Similar{}, false
}

// correction is an envelope that seems to correct one that was sent.
type correction struct {
	n  int
	of spool.Ref // an history.Similar
}

// newListFrom is how many corrections in a batch are no slips any more, if they
// are most of its rows: then one sentence says what has happened.
const newListFrom = 10

// rejectCorrections rejects envelopes that seem to correct what was sent.
func (c *comparison) rejectCorrections(corrections []correction) error {
	if len(corrections) == 0 {
		return nil
	}
	rows, corrected := make(map[string]int), make(map[string]int) // by batch
	for n := range c.Len() {
		if c.entry(n).label == 0 {
			rows[c.batchOf(n)]++
		}
	}
	for _, correction := range corrections {
		corrected[c.batchOf(correction.n)]++
	}
	for _, correction := range corrections {
		var e history.Similar
		if err := c.kept(correction.of, &e); err != nil {
			return err
		}
		name := c.batchOf(correction.n)
		v := correctionObjection(name, c.templateOf(correction.n), e, corrected[name], rows[name])
		if err := c.apply(correction.n, v); err != nil {
			return err
		}
	}
	return nil
}

// correctionObjection rejects an envelope of a batch that seems to correct e, as do so
// many of the batch's rows.
func correctionObjection(batch, templateID string, e history.Similar, corrected, rows int) objection {
	if corrected >= newListFrom && 2*corrected > rows {
		return objection{envelope.KeyConflict, fmt.Sprintf("a new list under an old name, or a change in every row: %s of %s people got an envelope from batch %q on %s before, with other values. If it is a new list, give it a name of its own with --batch NAME; if all must get another envelope, give --allow-repeat",
			report.Number(corrected), report.Number(rows), batch, report.Local(e.At))}
	}
	return objection{envelope.KeyConflict, fmt.Sprintf("these people %s from batch %q on %s, with other values%s, and no row says those any more: has a cell been corrected? DocuSign would send them a second envelope. Void or correct the first in DocuSign if it is wrong; if both must go out, give --allow-repeat; if this is a new list, give it a name of its own with --batch",
		got(e), batch, report.Local(e.At), underTemplate(templateID, e))}
}

// unclaimedLegacy finds out what an earlier release has sent of a newcomer's batch
// and no row of the files means, if the newcomer may correct such an envelope. Each
// batch is asked for once.
func (c *comparison) unclaimedLegacy(ctx context.Context, n *newcomer, unclaimed map[string][]history.Similar) error {
	if _, asked := unclaimed[n.Batch]; asked || !n.mayCorrectLegacy() {
		return nil
	}
	entries, err := c.history.LegacyEntries(ctx, c.account, n.Batch)
	unclaimed[n.Batch] = slices.DeleteFunc(entries, func(e history.Similar) bool { return c.inFiles(e.TransactionID) })
	return err
}

// mayCorrectLegacy reports whether the envelope may be a correction of one that an
// earlier release has sent.
func (n *newcomer) mayCorrectLegacy() bool {
	return !n.unresolved && n.Label == "" && n.Legacy != nil && n.Replaces.IsZero()
}

// correctsLegacy rejects what may be a correction in a batch that an earlier
// release has begun. That release did not write down who got what, so as long as
// there are envelopes that no row means any more, each new row may correct one.
func (n *newcomer) correctsLegacy(unclaimed []history.Similar) objection {
	if len(unclaimed) == 0 || !n.mayCorrectLegacy() {
		return objection{}
	}
	e := unclaimed[0]
	if i := slices.IndexFunc(unclaimed, func(e history.Similar) bool { return e.Line == n.at.Line }); i >= 0 {
		e = unclaimed[i]
	}
	return objection{envelope.KeyConflict, fmt.Sprintf("an earlier release has begun batch %q, and %s that it has sent stands in no row as it was, such as the one of line %d (envelope %s of %s): this row may be a correction of it. Restore the rows as they were; if this is another envelope, give --allow-repeat or another --batch",
		n.Batch, report.Plural(len(unclaimed), "envelope"), e.Line, e.ID, report.Local(e.At))}
}

// got says that people got an envelope.
func got(e history.Similar) string {
	if e.ID == "" {
		return "may have got an envelope"
	}
	return fmt.Sprintf("got envelope %s", e.ID)
}

// underTemplate says that an envelope came from another template than the given one.
func underTemplate(templateID string, e history.Similar) string {
	if e.TemplateID == templateID {
		return ""
	}
	return fmt.Sprintf(" or from another template (%s)", e.TemplateID)
}

// similarWarnings gathers envelopes that resemble one that was sent and yet go
// out. Lists are sent to the same people every month, so beyond a few rows a
// sentence tells of all.
type similarWarnings struct {
	people, names         []envelope.Problem // the first of each kind
	morePeople, moreNames int
	last                  history.Similar // of people
}

// fewWarnings is how many rows of a kind are told of one by one.
const fewWarnings = 5

// add warns of what an envelope resembles.
func (w *similarWarnings) add(n *newcomer, inFiles func(envelope.TransactionID) bool) {
	warning := envelope.Problem{Position: n.at, Code: envelope.DuplicateEnvelope}
	for _, e := range n.SamePeople {
		if e.TemplateID != n.TemplateID || e.Batch == n.Batch && (n.Label == "" || inFiles(e.TransactionID)) {
			continue
		}
		w.last = e
		if len(w.people) > fewWarnings {
			w.morePeople++
			return
		}
		warning.Message = fmt.Sprintf("the same people %s from this template in batch %q on %s, with other values: both will have been sent", got(e), e.Batch, report.Local(e.At))
		w.people = append(w.people, warning)
		return
	}
	for _, e := range n.SameNames {
		if inFiles(e.TransactionID) || n.Label != "" {
			continue
		}
		if len(w.names) == mostWarnings {
			w.moreNames++
			return
		}
		warning.Message = fmt.Sprintf("people of the same names and roles %s from this batch on %s, at another address: if the address was wrong, correct or void that envelope in DocuSign", got(e), report.Local(e.At))
		w.names = append(w.names, warning)
		return
	}
}

// problems returns the warnings.
func (w *similarWarnings) problems() []envelope.Problem {
	if len(w.people) > fewWarnings {
		first := w.people[0]
		first.Message = fmt.Sprintf("%s, of which this is the first, go to people who got an envelope from this template before, with other values, the last in batch %q on %s",
			report.Plural(len(w.people)+w.morePeople, "envelope"), w.last.Batch, report.Local(w.last.At))
		w.people = []envelope.Problem{first}
	}
	if w.moreNames > 0 {
		w.names[mostWarnings-1].Message += ". So did people of " + report.Plural(w.moreNames, "envelope") + " further down"
	}
	return append(w.people, w.names...)
}

package job

import (
	"strings"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/internal/report"
)

// Done is what a run came to. What it did not get to is zero.
type Done struct {
	Planned
	Outcomes Outcomes // of the envelopes that the run has come to
	// Stopped says why the run ended before the last envelope; nil if it did not.
	Stopped error
	// Resolving is how many of the unknown envelopes need nobody: the next run learns
	// what became of them.
	Resolving int
	// Beyond is how many envelopes the limit leaves for the next run.
	Beyond int
}

// done returns what a run came to that had these outcomes. Envelopes without one are
// left for the next run.
func (p Planned) done(outcomes Outcomes, result batch.Result) Done {
	d := Done{Planned: p, Outcomes: outcomes, Stopped: result.Stopped, Resolving: result.Resolving}
	for _, draft := range p.Of {
		if _, ok := d.Outcomes[draft]; !ok {
			d.Outcomes[draft] = envelope.Outcome{Status: envelope.Pending, Message: "left for the next run (--limit)"}
			d.Beyond++
		}
	}
	return d
}

// Tally counts the outcomes of the envelopes that the run has come to, and those of
// them that failed because user or account lack a right.
func (d *Done) Tally() (counts report.Counts, forbidden int) {
	counts = report.Counts{}
	for _, out := range d.Outcomes {
		counts[out.Status]++
		if out.Status == envelope.Failed && docusign.Forbids(out.Code) {
			forbidden++
		}
	}
	return counts, forbidden
}

// Entries pairs every draft with its outcome.
func (d *Done) Entries() []report.Entry {
	entries := make([]report.Entry, len(d.Drafts))
	for i, draft := range d.Drafts {
		out, ok := report.Rejection(draft)
		if !ok {
			if out, ok = d.Outcomes[draft]; !ok {
				out = d.untouched(draft)
			}
		}
		entries[i] = report.Entry{Draft: draft, Outcome: out}
	}
	return entries
}

// NotLookedUp is said of every row of a run that ended before it had compared
// them with the ledger. Results are replaced all the same: those of an earlier
// run would be taken for this one's.
const NotLookedUp = "this run ended before it looked into the ledger: an earlier run may have sent it. Run the same command again to learn it"

// untouched is the outcome of an envelope that this run has not come to.
func (d *Done) untouched(draft *envelope.Draft) envelope.Outcome {
	switch record := d.Records[draft]; {
	case d.Records == nil:
		return envelope.Outcome{Status: envelope.Pending, Message: NotLookedUp}
	case record.State == envelope.StateSent:
		return batch.AlreadySent(record)
	case record.State.MayExist():
		out := envelope.Outcome{Status: envelope.Unknown, Code: record.Code, Message: "an earlier run may have sent it; run the same command again: it is looked up before anything is sent"}
		if record.Code != "" {
			out.Message = strings.TrimSuffix(record.Message, ".") + ". " + out.Message
		}
		return out
	}
	return envelope.Outcome{Status: envelope.Pending}
}

// Unchecked says of the rows of a dry run that DocuSign could not be asked: nobody
// knows whether they are valid.
func (d *Done) Unchecked(why string) {
	d.Outcomes = make(Outcomes, len(d.Drafts))
	for _, draft := range d.Drafts {
		draft.Envelope = nil
		d.Outcomes[draft] = envelope.Outcome{Status: envelope.Pending, Message: "not checked: " + why}
	}
}

package envelope

import (
	"fmt"
	"slices"
)

// rejectRepeats rejects envelopes that stand in the files twice, naming the
// earlier one, and warns of those that differ only in what they say.
func rejectRepeats(drafts []*Draft) (warnings []Problem) {
	people := make(map[uint64]*Draft, len(drafts))
	contents := map[Content]*Draft{} // of those whose people get several
	named := identities(drafts)
	for _, d := range drafts {
		env := d.Envelope
		if env == nil {
			continue
		}
		twin, met := people[d.people]
		if met {
			contents[twin.Envelope.Content] = twin
			if first, ok := contents[env.Content]; ok {
				d.Reject(DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one", at(first)))
				continue
			}
		}
		if first, ok := named[env.TransactionID]; ok && first != d && first.Envelope != nil {
			d.Reject(KeyConflict, fmt.Sprintf("envelope %q of batch %q stands at %s with other content: give one of them another envelope value or send the files as two batches", env.Label, env.Batch, at(first)))
			continue
		}
		if !met {
			people[d.people] = d
			continue
		}
		contents[env.Content] = d
		warnings = append(warnings, Problem{
			File: d.In.Name, Line: d.Line(), Code: DuplicateEnvelope,
			Message: fmt.Sprintf("the same people get an envelope from the same template as at %s, with other values: both will be sent", at(twin)),
		})
	}
	return warnings
}

// identities returns the first envelope of each identity, or nil if there is
// but one file: there all rows with one label are one envelope.
func identities(drafts []*Draft) map[TransactionID]*Draft {
	if !slices.ContainsFunc(drafts, func(d *Draft) bool { return d.In != drafts[0].In }) {
		return nil
	}
	first := make(map[TransactionID]*Draft, len(drafts))
	for _, d := range drafts {
		if d.Envelope == nil {
			continue
		}
		if _, ok := first[d.Envelope.TransactionID]; !ok {
			first[d.Envelope.TransactionID] = d
		}
	}
	return first
}

func at(d *Draft) string { return fmt.Sprintf("%s:%d", d.In.Name, d.Line()) }

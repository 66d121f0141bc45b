package envelope

import (
	"fmt"
)

// named tells envelopes of a batch apart that have a label.
type named struct{ batch, label string }

// audience is who gets what from which template.
type audience struct {
	template string
	people   Digest
}

// rejectRepeats rejects envelopes that stand in the files twice, naming the
// earlier one, and warns of those that go to the same people and differ in what
// they say.
func (c *Checker) rejectRepeats(drafts []*Draft) (warnings []Problem) {
	var (
		identities = make(map[TransactionID]*Draft, len(drafts))
		contents   = make(map[Content]*Draft, len(drafts))
		audiences  = make(map[audience]*Draft, len(drafts))
		labels     = make(map[named]*Draft)
	)
	for _, d := range drafts {
		env := d.Envelope
		if env == nil {
			continue
		}
		if first, ok := identities[env.TransactionID]; ok {
			d.Reject(DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one", first.Position().Where()))
			continue
		}
		first, ok := contents[env.Content]
		switch {
		case ok && c.AllowRepeat:
			d.Repeats = DuplicateEnvelope
		case ok:
			d.Reject(DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one, or give --allow-repeat if both must go out", first.Position().Where()))
			continue
		}
		if env.Label != "" {
			key := named{env.Batch, env.Label}
			if first, ok := labels[key]; ok {
				d.Reject(KeyConflict, fmt.Sprintf("envelope %q of batch %q stands at %s with other content: give one of them another envelope value or send the files as two batches", env.Label, env.Batch, first.Position().Where()))
				continue
			}
			labels[key] = d
		}
		identities[env.TransactionID] = d
		if _, ok := contents[env.Content]; !ok {
			contents[env.Content] = d
		}
		key := audience{env.TemplateID, env.People}
		if first, ok := audiences[key]; ok && d.Repeats == "" {
			warnings = append(warnings, Problem{
				Position: d.Position(), Code: DuplicateEnvelope,
				Message: fmt.Sprintf("the same people get an envelope from the same template as at %s, with other values: both will be sent", first.Position().Where()),
			})
		} else if !ok {
			audiences[key] = d
		}
	}
	return warnings
}

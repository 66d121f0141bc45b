package envelope

import (
	"fmt"
	"slices"
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
		contents  = make(map[Content]*Draft, len(drafts))
		passed    = map[TransactionID]*Draft{} // whose content stands there before
		audiences = make(map[audience]*Draft, len(drafts))
		labels    = map[named]*Draft{}
	)
	several := slices.ContainsFunc(drafts, func(d *Draft) bool { return d.In != drafts[0].In })
	for _, d := range drafts {
		env := d.Envelope
		if env == nil {
			continue
		}
		first, again := contents[env.Content]
		if again {
			same := first // an equal identity has equal content, so here it is found
			if first.Envelope.TransactionID != env.TransactionID {
				same = passed[env.TransactionID]
			}
			switch {
			case same != nil:
				d.Reject(DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one", same.Position().Where()))
				continue
			case !c.AllowRepeat:
				d.Reject(DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one, or give --allow-repeat if both must go out", first.Position().Where()))
				continue
			}
			d.Repeats = DuplicateEnvelope
		}
		if several && env.Label != "" { // one file has each label once
			key := named{env.Batch, env.Label}
			if first, ok := labels[key]; ok {
				d.Reject(KeyConflict, fmt.Sprintf("envelope %q of batch %q stands at %s with other content: give one of them another envelope value or send the files as two batches", env.Label, env.Batch, first.Position().Where()))
				continue
			}
			labels[key] = d
		}
		if again {
			passed[env.TransactionID] = d
		} else {
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

package envelope

import (
	"fmt"
)

// Repeats finds envelopes that stand in the files twice, and those that go to the
// same people and differ in what they say. It remembers numbers, not envelopes.
type Repeats struct {
	// AllowRepeat lets an envelope pass that stands in the files twice, if its
	// labels differ.
	AllowRepeat bool
	// SeveralFiles is set if a label may stand twice. In one file all its rows are
	// one envelope.
	SeveralFiles bool
	// At returns the envelope of a number, and where it stands.
	At func(n int) (*Identity, Position)

	contents, audiences, labels Numbers
	allowed                     map[TransactionID]int // repeats that AllowRepeat has let pass, and their numbers
}

// Repeat says what is the matter with an envelope that resembles an earlier one.
// The zero Repeat says: nothing.
type Repeat struct {
	Code    Code
	Message string
	Effect  RepeatEffect
}

// RepeatEffect is what follows from a [Repeat].
type RepeatEffect uint8

// The effects.
const (
	NoRepeat RepeatEffect = iota
	RepeatWarned
	RepeatAllowed  // it is sent, because the operator wants repeats
	RepeatRejected // it is not sent
)

// Add compares envelope n with those that were added before it, and remembers it
// unless it is rejected. Envelopes come in the order of the files.
func (r *Repeats) Add(n int, id *Identity) Repeat {
	// In one file an envelope with new content is remembered at once. With several, its
	// label may still reject it.
	find := r.contents.Add
	if r.SeveralFiles {
		find = func(hash uint32, _ int, same func(int) bool) (int, bool) { return r.contents.Find(hash, same) }
	}
	first, again := find(HashOf(id.Content), n, func(m int) bool { return r.of(m).Content == id.Content })
	if again {
		// Of the envelopes with this content one may have this identity, too: the first,
		// or one that was let pass.
		same, found := first, r.of(first).TransactionID == id.TransactionID
		if !found {
			same, found = r.allowed[id.TransactionID]
		}
		switch {
		case found:
			return Repeat{DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one", r.where(same)), RepeatRejected}
		case !r.AllowRepeat:
			return Repeat{DuplicateEnvelope, fmt.Sprintf("the same envelope stands at %s: same template, recipients and values. Both would be sent; remove one, or give --allow-repeat if both must go out", r.where(first)), RepeatRejected}
		}
	}
	if r.SeveralFiles && id.Label != "" {
		other, taken := r.labels.Add(hashOfLabel(id), n, func(m int) bool { return r.of(m).Label == id.Label && r.of(m).Batch == id.Batch })
		if taken {
			return Repeat{KeyConflict, fmt.Sprintf("envelope %q of batch %q stands at %s with other content: give one of them another envelope value or send the files as two batches", id.Label, id.Batch, r.where(other)), RepeatRejected}
		}
	}
	if again {
		if r.allowed == nil {
			r.allowed = map[TransactionID]int{}
		}
		r.allowed[id.TransactionID] = n
	} else if r.SeveralFiles {
		r.contents.Add(HashOf(id.Content), n, nil)
	}
	first, met := r.audiences.Add(HashOf(id.People), n, func(m int) bool { return r.of(m).People == id.People && r.of(m).TemplateID == id.TemplateID })
	switch {
	case again:
		return Repeat{Code: DuplicateEnvelope, Effect: RepeatAllowed}
	case met:
		return Repeat{DuplicateEnvelope, fmt.Sprintf("the same people get an envelope from the same template as at %s, with other values: both will be sent", r.where(first)), RepeatWarned}
	}
	return Repeat{}
}

func (r *Repeats) of(n int) *Identity {
	id, _ := r.At(n)
	return id
}

func (r *Repeats) where(n int) string {
	_, at := r.At(n)
	return at.Where()
}

func hashOfLabel(id *Identity) uint32 { return HashOfText(id.Batch + "\x00" + id.Label) }

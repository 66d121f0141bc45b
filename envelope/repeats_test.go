package envelope_test

import (
	"strings"
	"testing"

	"batchsend/envelope"
)

// resembling are identities for [envelope.Repeats]: number n stands on line n+2.
type resembling []envelope.Identity

func (all resembling) at(n int) (*envelope.Identity, envelope.Position) {
	return &all[n], envelope.Position{File: "in.csv", Line: n + 2}
}

// alike is an identity whose digests begin with the same bytes, so that their hashes are
// equal, and end with others.
func alike(id, content, people byte) envelope.Identity {
	return envelope.Identity{
		Batch: "b", TemplateID: offerID, TransactionID: envelope.TransactionID{1, 1, 1, 1, 15: id},
		Content: envelope.Content{2, 2, 2, 2, 15: content}, People: envelope.Digest{3, 3, 3, 3, 15: people},
	}
}

// TestRepeats: it is the whole digest that counts, not its hash.
func TestRepeats(t *testing.T) {
	t.Parallel()
	labelled := func(id envelope.Identity, batch, label string) envelope.Identity {
		id.Batch, id.Label = batch, label
		return id
	}
	templated := func(id envelope.Identity, template string) envelope.Identity {
		id.TemplateID = template
		return id
	}
	for name, tt := range map[string]struct {
		ids            resembling
		allow, several bool
		want           envelope.Repeat // of the last; of its message a part
	}{
		"equal hashes":                   {ids: resembling{alike(1, 1, 1), alike(2, 2, 2), alike(3, 3, 3)}},
		"equal hashes, repeats allowed":  {ids: resembling{alike(1, 1, 1), alike(2, 2, 2), alike(3, 3, 3)}, allow: true},
		"the same content":               {resembling{alike(1, 1, 1), alike(2, 2, 2), alike(3, 2, 2)}, false, false, envelope.Repeat{Code: envelope.DuplicateEnvelope, Message: "at in.csv:3: ", Effect: envelope.RepeatRejected}},
		"the same content, allowed":      {resembling{alike(1, 1, 1), alike(2, 2, 2), alike(3, 2, 2)}, true, false, envelope.Repeat{Code: envelope.DuplicateEnvelope, Effect: envelope.RepeatAllowed}},
		"the same name":                  {resembling{alike(1, 1, 1), alike(2, 2, 2), alike(2, 2, 2)}, true, false, envelope.Repeat{Code: envelope.DuplicateEnvelope, Message: "at in.csv:3: ", Effect: envelope.RepeatRejected}},
		"the same name as an allowed":    {resembling{alike(1, 1, 1), alike(2, 1, 1), alike(2, 1, 1)}, true, false, envelope.Repeat{Code: envelope.DuplicateEnvelope, Message: "at in.csv:3: ", Effect: envelope.RepeatRejected}},
		"the same people":                {resembling{alike(1, 1, 1), alike(2, 2, 2), alike(3, 3, 2)}, false, false, envelope.Repeat{Code: envelope.DuplicateEnvelope, Message: "as at in.csv:3, ", Effect: envelope.RepeatWarned}},
		"the same people, two templates": {ids: resembling{alike(1, 1, 1), alike(2, 2, 2), templated(alike(3, 3, 2), "another")}},
		"one label in two files":         {resembling{labelled(alike(1, 1, 1), "b", "A"), alike(2, 2, 2), labelled(alike(1, 3, 3), "b", "A")}, false, true, envelope.Repeat{Code: envelope.KeyConflict, Message: "at in.csv:2 ", Effect: envelope.RepeatRejected}},
		"two labels in two files":        {ids: resembling{labelled(alike(1, 1, 1), "b", "A"), labelled(alike(2, 2, 2), "b", "B")}, several: true},
		"one label in two batches":       {ids: resembling{labelled(alike(1, 1, 1), "b", "A"), labelled(alike(2, 2, 2), "c", "A")}, several: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repeats := envelope.Repeats{AllowRepeat: tt.allow, SeveralFiles: tt.several, At: tt.ids.at}
			var got envelope.Repeat
			for n := range tt.ids {
				got = repeats.Add(n, &tt.ids[n])
			}
			if got.Code != tt.want.Code || got.Effect != tt.want.Effect || !strings.Contains(got.Message, tt.want.Message) || (got.Message == "") != (tt.want.Message == "") {
				t.Errorf("Add = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestRejectedRepeat: what was rejected is not what later envelopes are held against.
func TestRejectedRepeat(t *testing.T) {
	t.Parallel()
	first, conflict, later := alike(1, 1, 1), alike(1, 2, 2), alike(3, 2, 2)
	first.Label, conflict.Label, later.Label = "A", "A", "B"
	ids := resembling{first, conflict, later}
	repeats := envelope.Repeats{SeveralFiles: true, At: ids.at}
	for n, want := range []envelope.RepeatEffect{envelope.NoRepeat, envelope.RepeatRejected, envelope.NoRepeat} {
		if got := repeats.Add(n, &ids[n]); got.Effect != want {
			t.Errorf("Add of number %d = %+v, want the effect %d", n, got, want)
		}
	}
}

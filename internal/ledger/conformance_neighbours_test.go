package ledger_test

import (
	"testing"

	"batchsend/envelope"
)

// testNeighbours: what was sent to the same people, or under the same label or
// names, is found whatever it said.
func testNeighbours(t *testing.T, open func() book) {
	ctx := t.Context()
	b := open()
	may, june := start(t, b, "may"), start(t, b, "june")
	first, other, unsent := env("may", "E-1", "first"), env("june", "E-1", "elsewhere"), env("may", "E-2", "unsent")
	other.People = first.People
	must(t, may.Plan(ctx, []*envelope.Envelope{first, unsent}))
	must(t, june.Plan(ctx, []*envelope.Envelope{other}))
	for s, env := range map[session]*envelope.Envelope{may: first, june: other} {
		must(t, s.Claim(ctx, env))
		must(t, s.Settle(ctx, env.TransactionID, sent(env)))
	}

	corrected := env("may", "E-9", "corrected")
	corrected.People, corrected.Names = first.People, first.Names
	moved := env("may", "E-8", "moved")
	moved.Names = first.Names
	relabelled := env("may", "E-1", "relabelled")
	relabelled.TransactionID = corrected.TransactionID
	late := env("may", "E-2", "late")
	late.TransactionID = moved.TransactionID
	stranger := env("july", "E-1", "stranger")
	got, err := b.Neighbours(ctx, account, ids([]*envelope.Envelope{corrected, moved, relabelled, late, stranger, first}))
	must(t, err)
	if n := got[0]; n.SameLabel != nil || len(n.SameNames) != 0 || len(n.SamePeople) != 2 || n.SamePeople[0].ID != idOf(first) || n.SamePeople[1].Batch != "june" || n.SamePeople[0].TemplateID != templateID {
		t.Errorf("corrected: %+v", n)
	}
	if n := got[1]; len(n.SamePeople) != 0 || len(n.SameNames) != 1 || n.SameNames[0].TransactionID != first.TransactionID {
		t.Errorf("another address: %+v", n)
	}
	if n := got[2]; n.SameLabel == nil || n.SameLabel.ID != idOf(first) {
		t.Errorf("the same label: %+v", n)
	}
	if n := got[3]; n.SameLabel == nil || n.SameLabel.State != envelope.StatePlanned || n.SameLabel.TransactionID != unsent.TransactionID {
		t.Errorf("the same label, not sent: %+v", n)
	}
	if n := got[4]; n.SameLabel != nil || len(n.SamePeople)+len(n.SameNames) != 0 {
		t.Errorf("stranger: %+v", n)
	}
	if n := got[5]; n.SameLabel != nil || len(n.SamePeople) != 1 || len(n.SameNames) != 0 {
		t.Errorf("itself: %+v", n)
	}

	late.Replaces = unsent.TransactionID
	must(t, may.Plan(ctx, []*envelope.Envelope{late}))
	states, err := b.Standings(ctx, account, ids([]*envelope.Envelope{unsent, late}))
	must(t, err)
	if states[0].State != envelope.StateNew || states[1].State != envelope.StatePlanned {
		t.Errorf("after the row was corrected: %+v", states)
	}
}

package ledgertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
)

// testSimilar: what was sent to the same people, or under the same label or
// names, is found whatever it said.
func testSimilar(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	b := open()
	may, june := start(t, b, "may"), start(t, b, "june")
	first, other, unsent := Envelope("may", "E-1", "first"), Envelope("june", "E-1", "elsewhere"), Envelope("may", "E-2", "unsent")
	other.People = first.People
	must(t, may.Plan(ctx, Planned([]*envelope.Envelope{first, unsent})))
	must(t, june.Plan(ctx, Planned([]*envelope.Envelope{other})))
	for s, env := range map[Session]*envelope.Envelope{may: first, june: other} {
		must(t, s.Claim(ctx, env))
		must(t, s.Settle(ctx, env.TransactionID, Sent(env)))
	}

	corrected := Envelope("may", "E-9", "corrected")
	corrected.People, corrected.Names = first.People, first.Names
	moved := Envelope("may", "E-8", "moved")
	moved.Names = first.Names
	relabelled := Envelope("may", "E-1", "relabelled")
	relabelled.TransactionID = corrected.TransactionID
	late := Envelope("may", "E-2", "late")
	late.TransactionID = moved.TransactionID
	stranger := Envelope("july", "E-1", "stranger")
	got, err := b.Similar(ctx, Account, Identities([]*envelope.Envelope{corrected, moved, relabelled, late, stranger, first}))
	must(t, err)
	if n := got[0]; n.SameLabel != nil || len(n.SameNames) != 0 || len(n.SamePeople) != 2 || n.SamePeople[0].ID != IDOf(first) || n.SamePeople[1].Batch != "june" || n.SamePeople[0].TemplateID != TemplateID {
		t.Errorf("corrected: %+v", n)
	}
	if n := got[1]; len(n.SamePeople) != 0 || len(n.SameNames) != 1 || n.SameNames[0].TransactionID != first.TransactionID {
		t.Errorf("another address: %+v", n)
	}
	if n := got[2]; n.SameLabel == nil || n.SameLabel.ID != IDOf(first) {
		t.Errorf("the same label: %+v", n)
	}
	if n := got[3]; n.SameLabel == nil || n.SameLabel.State != history.StatePlanned || n.SameLabel.TransactionID != unsent.TransactionID {
		t.Errorf("the same label, not sent: %+v", n)
	}
	if n := got[4]; n.SameLabel != nil || len(n.SamePeople)+len(n.SameNames) != 0 {
		t.Errorf("stranger: %+v", n)
	}
	if n := got[5]; n.SameLabel != nil || len(n.SamePeople) != 1 || len(n.SameNames) != 0 {
		t.Errorf("itself: %+v", n)
	}

	late.Replaces = unsent.TransactionID
	must(t, may.Plan(ctx, Planned([]*envelope.Envelope{late})))
	states, err := b.Records(ctx, Account, Identities([]*envelope.Envelope{unsent, late}))
	must(t, err)
	if states[0].State != history.StateNew || states[1].State != history.StatePlanned {
		t.Errorf("after the row was corrected: %+v", states)
	}
}

// testSimilarInSlices: a long list may be compared in slices, also while other
// runs, or this one, change what it is compared with.
func testSimilarInSlices(t *testing.T, open func() Ledger) {
	ctx, b := t.Context(), open()
	s, other := start(t, b, "may"), start(t, open(), "june")
	planned := Envelopes("may", 40)
	for i, e := range planned {
		e.Names = envelope.Digest(ContentOf(fmt.Sprint("names", i/2)))
		e.People = envelope.Digest(ContentOf(fmt.Sprint("people", i/3)))
	}
	must(t, s.Plan(ctx, Planned(planned)))
	for i, e := range planned[:30] {
		must(t, s.Claim(ctx, e))
		if i%3 > 0 {
			must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
		}
	}
	var rows []*envelope.Envelope
	for _, e := range planned { // the same labels, people and names, and other content
		row := Envelope("may", e.Label, "again"+e.Label)
		row.TransactionID = TransactionID(UUID("again", e.Label))
		row.People, row.Names = e.People, e.Names
		rows = append(rows, row)
	}
	inSlices := func(b Ledger) (all []ledger.Similar) {
		t.Helper()
		for slice := range slices.Chunk(Identities(rows), 7) {
			some, err := b.Similar(ctx, Account, slice)
			must(t, err)
			all = append(all, some...)
		}
		return all
	}
	check := func(what string) []ledger.Similar {
		t.Helper()
		want, err := open().Similar(ctx, Account, Identities(rows))
		must(t, err)
		if diff := cmp.Diff(want, inSlices(b)); diff != "" {
			t.Errorf("%s (-at once +in slices):\n%s", what, diff)
		}
		return want
	}
	found := check("at first")
	if n := found[0]; n.SameLabel == nil || n.SameLabel.TransactionID != planned[0].TransactionID || len(n.SamePeople) != 3 || len(n.SameNames) != 0 {
		t.Errorf("the first row: %+v", n)
	}
	if n := found[3]; len(n.SamePeople) != 3 || len(n.SameNames) != 1 { // 2 and 3 have the same names
		t.Errorf("the fourth row: %+v", n)
	}
	if n := found[35]; n.SameLabel == nil || n.SameLabel.State != history.StatePlanned || len(n.SamePeople)+len(n.SameNames) != 0 {
		t.Errorf("a row of which nothing was sent: %+v", n)
	}

	// What was only planned says something else now, and more is planned.
	replacing := Envelope("may", "R-1", "replacing")
	replacing.Names, replacing.Replaces = planned[0].Names, planned[39].TransactionID
	more := Envelopes("june", 5)
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{replacing, Envelope("may", "N-1", "new")})))
	must(t, other.Plan(ctx, Planned(more)))
	rows = append(rows, Envelope("may", "R-1", "x"), Envelope("may", "N-1", "y"), Envelope("june", more[4].Label, "z"))
	for i := range rows[40:] {
		rows[40+i].TransactionID = TransactionID(UUID("again", fmt.Sprint(i)))
	}
	found = check("after more was planned")
	if found[39].SameLabel != nil {
		t.Errorf("a label that was replaced: %+v", found[39].SameLabel)
	}
	for i, want := range []*envelope.Envelope{replacing, nil, more[4]} {
		got := found[40+i].SameLabel
		if got == nil || want != nil && got.TransactionID != want.TransactionID {
			t.Errorf("label %s has %+v", rows[40+i].Label, got)
		}
	}
	must(t, s.Claim(ctx, replacing))
	if n := check("after it was claimed")[1]; !slices.ContainsFunc(n.SameNames, func(e history.Similar) bool { return e.TransactionID == replacing.TransactionID }) {
		t.Errorf("the same names: %+v", n)
	}
}

package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
)

// named is a transaction ID that begins with name.
func named(name string) (id envelope.TransactionID) {
	copy(id[:], name)
	return id
}

// draftOf is an accepted draft of a batch.
func draftOf(batch, id string) *envelope.Draft {
	d := &envelope.Draft{In: &envelope.Input{Name: batch, Batch: batch}, Rows: []*envelope.Row{{Position: envelope.Position{File: batch, Line: 2}}}, TemplateID: "t"}
	d.Identity = envelope.Identity{Batch: batch, TemplateID: "t", TransactionID: named(id)}
	d.Envelope = &envelope.Envelope{Identity: d.Identity}
	return d
}

func TestCompareRecord(t *testing.T) {
	t.Parallel()
	oldID, newID, none := named("old"), named("new"), envelope.TransactionID{}
	var (
		old  = envelope.Legacy{TransactionID: oldID, Content: envelope.Content{1}}
		id   = envelope.Identity{Batch: "b", Label: "L1", TransactionID: newID, Content: envelope.Content{2}, Legacy: &old}
		twin = &envelope.Twin{Batch: "other", ID: "e9", At: time.Now()}
	)
	for name, tt := range map[string]struct {
		record   envelope.Standing
		id       envelope.TransactionID
		replaces envelope.TransactionID
		state    envelope.State
		code     envelope.Code
	}{
		"nothing is known":                 {envelope.Standing{}, newID, none, envelope.StateNew, ""},
		"it was sent":                      {envelope.Standing{State: envelope.StateSent}, newID, none, envelope.StateSent, ""},
		"it was sent, and so was its twin": {envelope.Standing{State: envelope.StateSent, Twin: twin}, newID, none, envelope.StateSent, ""},
		"its twin was sent":                {envelope.Standing{State: envelope.StateFailed, Twin: twin}, newID, none, envelope.StateFailed, envelope.AlreadySentCode},
		"an earlier release sent it":       {envelope.Standing{State: envelope.StateSent, Legacy: true, Content: old.Content}, oldID, none, envelope.StateSent, ""},
		"an earlier release may have":      {envelope.Standing{State: envelope.StateUnknown, Legacy: true, Content: old.Content}, oldID, none, envelope.StateUnknown, ""},
		"it sent other content":            {envelope.Standing{State: envelope.StateSent, Legacy: true, Content: envelope.Content{9}}, newID, none, envelope.StateNew, envelope.KeyConflict},
		"it only planned it":               {envelope.Standing{State: envelope.StatePlanned, Legacy: true, Content: envelope.Content{9}}, newID, oldID, envelope.StatePlanned, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, record, v := compareRecord(id, tt.record)
			if got.TransactionID != tt.id || got.Replaces != tt.replaces || record.State != tt.state || v.code != tt.code {
				t.Errorf("it goes as %v in place of %v, is %v, and rejected with %q; want %v, %v, %v, %q",
					got.TransactionID, got.Replaces, record.State, v.code, tt.id, tt.replaces, tt.state, tt.code)
			}
		})
	}
}

// TestCorrectionVerdicts: a few corrections are told one by one; if they are most of
// a long list, it is a new list. Another batch of the run does not count.
func TestCorrectionVerdicts(t *testing.T) {
	t.Parallel()
	const newList = "a new list under an old name"
	for _, tt := range []struct {
		rows, corrected int
		isNew           bool
	}{
		{9, 9, false}, {10, 10, true}, {19, 10, true}, {20, 10, false}, {40, 21, true},
	} {
		var all []*envelope.Draft
		var corrections []correction
		for i := range tt.rows {
			d := draftOf("b", fmt.Sprint(i))
			if all = append(all, d, draftOf("other", fmt.Sprint("o", i))); i < tt.corrected {
				corrections = append(corrections, correction{d, envelope.Earlier{Batch: "b", TemplateID: "t", ID: "e1", At: time.Now()}})
			}
		}
		for _, v := range correctionVerdicts(corrections, all) {
			if v.code != envelope.KeyConflict || strings.Contains(v.message, newList) != tt.isNew {
				t.Errorf("%d of %d rows: %s %s", tt.corrected, tt.rows, v.code, v.message)
			}
		}
	}
}

// TestUnsent: what DocuSign refused is only left to be sent beside what it took.
func TestUnsent(t *testing.T) {
	t.Parallel()
	of := batchTemplate{"b", "t"}
	for _, tt := range []struct {
		states string // of the batch, by their first letters
		want   int
	}{
		{"", 0}, {"nn", 0}, {"ss", 0}, {"ff", 0}, {"sf", 1}, {"pf", 2}, {"su", 1}, {"spn", 1},
	} {
		records := Records{draftOf("other", "x"): {State: envelope.StatePlanned}}
		for i, letter := range tt.states {
			records[draftOf("b", fmt.Sprint(i))] = envelope.Standing{State: map[rune]envelope.State{
				'n': envelope.StateNew, 'p': envelope.StatePlanned, 's': envelope.StateSent, 'f': envelope.StateFailed, 'u': envelope.StateUnknown,
			}[letter]}
		}
		if got := unsent(of, records); got != tt.want {
			t.Errorf("of %q %d are unsent, want %d", tt.states, got, tt.want)
		}
	}
}

// TestHoldForLists: only envelopes that stand in a list, and that this ledger does
// not know, are unknown.
func TestHoldForLists(t *testing.T) {
	t.Parallel()
	inList, sent, other := draftOf("b", "1"), draftOf("b", "2"), draftOf("b", "3")
	drafts, records := []*envelope.Draft{inList, sent, other}, Records{sent: {State: envelope.StateSent}}
	lists := []Unrecorded{{Batch: "b", Making: 2, InLists: []envelope.TransactionID{named("1"), named("2")}}, {Batch: "c"}}
	if hold := holdForLists(lists[1:], drafts, records); hold.Err != nil || len(hold.Outcomes) != 0 {
		t.Errorf("without lists: %+v", hold)
	}
	hold := holdForLists(lists, drafts, records)
	if _, is := hold.Err.(*MakingError); !is || len(hold.Outcomes) != 1 || hold.Outcomes[inList].Status != envelope.Unknown || hold.Resolving != 1 {
		t.Errorf("with lists: %+v", hold)
	}
}

// TestLimit: with a limit the run is about the first that are due, and all that may
// exist; the rest is left for the next run.
func TestLimit(t *testing.T) {
	t.Parallel()
	c := Compared{Records: Records{}}
	for i, state := range []envelope.State{envelope.StateSent, envelope.StateNew, envelope.StateUnknown, envelope.StateFailed, envelope.StateNew, envelope.StateSending} {
		d := draftOf("b", fmt.Sprint(i))
		c.Drafts, c.Records[d] = append(c.Drafts, d), envelope.Standing{State: state}
	}
	p := Planned{Compared: c}
	p.Items, p.Of = acceptedItems(c)
	for limit, want := range [][]string{{"0", "1", "2", "3", "4", "5"}, {"0", "1", "2", "5"}, {"0", "1", "2", "3", "5"}, {"0", "1", "2", "3", "4", "5"}} {
		var got []string
		items, of := chosen(p, limit)
		for i := range items {
			if items[i].Envelope != of[i].Envelope {
				t.Fatalf("item %d is not that of its draft", i)
			}
			got = append(got, strings.TrimRight(string(items[i].Envelope.TransactionID[:]), "\x00"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("--limit %d (-want +got):\n%s", limit, diff)
		}
	}
}

// TestGivenAddresses: those whom the template itself names do not come from a file.
func TestGivenAddresses(t *testing.T) {
	t.Parallel()
	recipients := []envelope.Addressee{{Role: "Manager", Email: "Bo@Example.test"}, {Role: "Employee", Email: "frej@example.test"}}
	templateID, given := givenAddresses(recipients, nil)
	if diff := cmp.Diff([]string{"Bo@Example.test", "frej@example.test"}, given); templateID != "" || diff != "" {
		t.Errorf("without templates: %q %s", templateID, diff)
	}
}

package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

func TestRecordUnderName(t *testing.T) {
	t.Parallel()
	oldID, newID, none := named("old"), named("new"), envelope.TransactionID{}
	var (
		old  = envelope.Legacy{TransactionID: oldID, Content: envelope.Content{1}}
		id   = envelope.Identity{Batch: "b", Label: "L1", TransactionID: newID, Content: envelope.Content{2}, Legacy: &old}
		same = &history.SameContent{Batch: "other", ID: "e9", At: time.Now()}
	)
	for name, tt := range map[string]struct {
		record   history.Record
		id       envelope.TransactionID
		replaces envelope.TransactionID
		state    history.State
		code     envelope.Code
	}{
		"nothing is known":                 {history.Record{}, newID, none, history.StateNew, ""},
		"it was sent":                      {history.Record{State: history.StateSent}, newID, none, history.StateSent, ""},
		"it was sent, and so was its same": {history.Record{State: history.StateSent, SameContent: same}, newID, none, history.StateSent, ""},
		"its same was sent":                {history.Record{State: history.StateFailed, SameContent: same}, newID, none, history.StateFailed, envelope.AlreadySentCode},
		"an earlier release sent it":       {history.Record{State: history.StateSent, Legacy: true, Content: old.Content}, oldID, none, history.StateSent, ""},
		"an earlier release may have":      {history.Record{State: history.StateUnknown, Legacy: true, Content: old.Content}, oldID, none, history.StateUnknown, ""},
		"it sent other content":            {history.Record{State: history.StateSent, Legacy: true, Content: envelope.Content{9}}, newID, none, history.StateNew, envelope.KeyConflict},
		"it only planned it":               {history.Record{State: history.StatePlanned, Legacy: true, Content: envelope.Content{9}}, newID, oldID, history.StatePlanned, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, record, v := recordUnderName(id, tt.record)
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
		c := comparison{Index: tabled(t)}
		var corrections []correction
		for i := range tt.rows {
			n := c.accept("b", fmt.Sprint(i), history.StateNew)
			c.accept("other", fmt.Sprint("o", i), history.StateNew)
			if i < tt.corrected {
				of, err := c.keep(history.Similar{Batch: "b", TemplateID: "t", ID: "e1", At: time.Now()})
				if err != nil {
					t.Fatal(err)
				}
				corrections = append(corrections, correction{n, of})
			}
		}
		if err := c.rejectCorrections(corrections); err != nil {
			t.Fatal(err)
		}
		for _, correction := range corrections {
			problems, err := c.problems(correction.n)
			if err != nil || len(problems) != 1 {
				t.Fatalf("%d of %d rows: %v, %v", tt.corrected, tt.rows, problems, err)
			}
			if p := problems[0]; p.Code != envelope.KeyConflict || strings.Contains(p.Message, newList) != tt.isNew {
				t.Errorf("%d of %d rows: %s %s", tt.corrected, tt.rows, p.Code, p.Message)
			}
		}
		if n := c.Counts()[envelope.Rejected]; n != len(corrections) {
			t.Errorf("%d of %d rows: %d are rejected", tt.corrected, tt.rows, n)
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
		unsent := unsentCounts{}
		unsent.add(batchTemplate{"other", "t"}, history.StatePlanned)
		for _, letter := range tt.states {
			unsent.add(of, map[rune]history.State{
				'n': history.StateNew, 'p': history.StatePlanned, 's': history.StateSent, 'f': history.StateFailed, 'u': history.StateUnknown,
			}[letter])
		}
		if got := unsent.of(of); got != tt.want {
			t.Errorf("of %q %d are unsent, want %d", tt.states, got, tt.want)
		}
	}
}

// TestHoldForLists: only envelopes that stand in a list, and that this ledger does
// not know, are being sent.
func TestHoldForLists(t *testing.T) {
	t.Parallel()
	x := tabled(t)
	inList, sent, other := x.accept("b", "1", history.StateNew), x.accept("b", "2", history.StateSent), x.accept("b", "3", history.StateNew)
	lists := []Unrecorded{{Batch: "b", Making: 2, InLists: []envelope.TransactionID{named("1"), named("2")}}, {Batch: "c"}}
	if hold, err := x.holdForLists(lists[1:]); err != nil || hold.Err != nil || x.Counts()[envelope.Sending] != 0 {
		t.Errorf("without lists: %+v, %v, %v", hold, err, x.Counts())
	}
	hold, err := x.holdForLists(lists)
	if err != nil {
		t.Fatal(err)
	}
	if _, is := hold.Err.(*MakingError); !is || outcomeOf(t, x, inList).Status != envelope.Sending || hold.Resolving != 1 {
		t.Errorf("with lists: %+v", hold)
	}
	for _, n := range []int{sent, other} {
		if out := outcomeOf(t, x, n); out.Status != envelope.Pending || out.Message != "" {
			t.Errorf("with lists envelope %d has the outcome %+v", n, out)
		}
	}
}

// TestLimit: with a limit the run is about the first that are due, and all that may
// exist; the rest is left for the next run.
func TestLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range [][]string{{"1", "2", "3", "4", "5"}, {"1", "2", "5"}, {"1", "2", "3", "5"}, {"1", "2", "3", "4", "5"}} {
		c := comparison{Index: tabled(t)}
		for i, state := range []history.State{history.StateSent, history.StateNew, history.StateUnknown, history.StateFailed, history.StateNew, history.StateSending} {
			n := c.accept("b", fmt.Sprint(i), history.StateNew)
			if err := c.compareRecord(n, c.identity(n), history.Record{State: state, ID: "e1"}); err != nil {
				t.Fatal(err)
			}
		}
		p := Planned{Compared: Compared{Checked: Checked{Input: Input{Index: c.Index}}}, Due: c.due(limit)}
		s, beyond, err := p.selected()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range s.Len() {
			id := s.Item(i).TransactionID
			got = append(got, strings.TrimRight(string(id[:]), "\x00"))
		}
		if diff := cmp.Diff(want, got); diff != "" || beyond != 5-len(want) {
			t.Errorf("--limit %d leaves %d (-want +got):\n%s", limit, beyond, diff)
		}
		if out := outcomeOf(t, c.Index, 0); out.Status != envelope.AlreadySent || out.ID != "e1" {
			t.Errorf("--limit %d: what was sent is %+v", limit, out)
		}
		left := 0
		for n := range c.Len() {
			if out := outcomeOf(t, c.Index, n); strings.Contains(out.Message, "--limit") {
				left++
				if out.Status != envelope.Pending || slices.Contains(want, fmt.Sprint(n)) {
					t.Errorf("--limit %d: envelope %d is %+v", limit, n, out)
				}
			}
		}
		if left != beyond {
			t.Errorf("--limit %d: %d envelopes say so, want %d", limit, left, beyond)
		}
	}
}

// TestGivenAddresses: those whom the template itself names do not come from a file.
func TestGivenAddresses(t *testing.T) {
	t.Parallel()
	recipients := []remote.Addressee{{Role: "Manager", Email: "Bo@Example.test"}, {Role: "Employee", Email: "frej@example.test"}}
	templateID, given := givenAddresses(recipients, nil)
	if diff := cmp.Diff([]string{"Bo@Example.test", "frej@example.test"}, given); templateID != "" || diff != "" {
		t.Errorf("without templates: %q %s", templateID, diff)
	}
}

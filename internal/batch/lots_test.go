package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
)

// newBulkFixture opens a fixture whose rows all go in lots but those written in
// capitals. A row may name a template: "a b/offer C".
func newBulkFixture(rows string) *fixture {
	d := newFixture(rows)
	d.inLots, d.template, d.people = make(map[string]bool), make(map[string]string), make(map[string]string)
	for i, r := range d.rows {
		label, template, _ := strings.Cut(r, "/")
		d.rows[i], d.template[label], d.inLots[label] = label, template, strings.ToLower(label) == label
	}
	return d
}

// bulkCalls tells how often the calls of bulk sending were made.
func (d *fixture) bulkCalls() string {
	var told []string
	for _, name := range []string{"lot-draft", "list", "test", "send-list", "find-batch", "lot-status", "copies", "delete-list", "delete-drafts"} {
		if n := d.docusign.calls[name]; n > 0 {
			told = append(told, fmt.Sprintf("%s %d", name, n))
		}
	}
	return strings.Join(told, ", ")
}

// check holds outcomes against what was mailed and what the ledger says.
func (d *fixture) check(t *testing.T, result result) {
	t.Helper()
	for i, out := range result.Outcomes {
		tx := row(d.rows[i], 1).TransactionID
		n, id := d.docusign.mails(tx)
		st := history.StateNew
		if s := d.ledger.all[tx]; s != nil {
			st = s.State
		}
		ok := n <= 1
		switch out.Status {
		case envelope.Sent, envelope.AlreadySent:
			ok = n == 1 && out.ID == id
		case envelope.Failed:
			ok = n == 0 && st == history.StateFailed
		case envelope.Pending:
			ok = n == 0 && (result.Stopped != nil || out.Message != "")
		case envelope.Unknown, envelope.Sending:
			ok = n <= 1 && st.Open()
		}
		if !ok {
			t.Errorf("%s is %+v, was mailed %d times as %q, and the ledger says %v", d.rows[i], out, n, id, st)
		}
	}
	if len(d.docusign.violations) > 0 {
		t.Errorf("these must not happen, and did: %q", d.docusign.violations)
	}
}

// finish runs the file again until nothing is left, and demands that then every
// row was mailed once and no list or draft lies about, not even one of which
// nobody learnt.
func (d *fixture) finish(t *testing.T) {
	t.Helper()
	d.script, d.ledger.fail = nil, ""
	d.docusign.fails, d.docusign.queue = nil, 0
	d.runner.BeforeClaim, d.runner.MaxErrors = nil, 0
	d.runner.DocuSign = nil
	for range 3 {
		time.Sleep(time.Minute)
		got, result := d.again(t.Context())
		d.check(t, result)
		if result.Stopped != nil {
			t.Errorf("the next run was stopped by %v: %s", result.Stopped, got)
		}
	}
	d.wantMailed(t, strings.Join(d.rows, " "))
	if left := d.ledger.leftovers(); len(left.Lots)+len(left.Unresolved) > 0 {
		t.Errorf("in the end there is left: %+v", left)
	}
	if n := d.docusign.notRemoved(); n > 0 {
		t.Errorf("%d lists and drafts were not removed", n)
	}
}

// stopAfter is a context that somebody ends after a time, as Ctrl-C does: the run
// cannot know when.
func stopAfter(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(after, cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// TestLots sends rows in lots while things go wrong, and then runs the file
// again.
func TestLots(t *testing.T) {
	type faults = map[string][]fault
	tests := []struct {
		name   string
		rows   string
		bulk   batch.Bulk
		wrong  faults
		fail   string // of the ledger
		fails  string // rows of which no copy can be made
		others int    // another app's copies in the queue
		queue  int    // that DocuSign really has
		want   string
		calls  string // if that matters
		alone  string // what is told of rows that go one by one
		stops  string
		within time.Duration // it takes no longer
	}{
		{
			name: "a lot", rows: "a b c",
			want: "a sent, b sent, c sent", within: 5 * time.Second,
			calls: "lot-draft 1, list 1, test 1, send-list 1, lot-status 1, copies 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "a lot, and rows that go one by one", rows: "a B c D",
			want: "a sent, B sent, c sent, D sent",
		},
		{
			name: "several groups, several lots", rows: "a b/offer c d e/offer f g/offer", bulk: batch.Bulk{Copies: 2},
			want:  "a sent, b sent, c sent, d sent, e sent, f sent, g sent",
			calls: "lot-draft 2, list 4, test 2, send-list 4, lot-status 4, copies 4, delete-list 4, delete-drafts 1",
		},
		{
			name: "more lots than fit into the queue", rows: numbers(11), bulk: batch.Bulk{Copies: 3, Queue: 5}, queue: 5,
			want:  all(numbers(11), "sent"),
			calls: "lot-draft 1, list 4, test 1, send-list 4, lot-status 4, copies 4, delete-list 4, delete-drafts 1",
		},
		{
			name: "the account allows less in a list than a lot has", rows: "a b c", bulk: batch.Bulk{Copies: 1000, Queue: 2},
			want: "a sent, b sent, c sent", queue: 2,
		},
		{
			name: "another app has filled the queue", rows: "a b c d", bulk: batch.Bulk{Copies: 2}, others: 1999,
			want: "a sent, b sent, c sent, d sent", within: 3 * time.Minute,
		},
		{
			name: "the queue is always full: one by one", rows: "a b c d/offer e/offer", bulk: batch.Bulk{Copies: 2}, wrong: faults{"send-list": {"always full"}},
			want: "a sent, b sent, c sent, d sent, e sent", alone: "5: DocuSign: full",
		},
		{
			name: "bulk sending turns out to be forbidden: one by one, and not tried again", rows: "a b c d/offer e/offer f/lease", bulk: batch.Bulk{Copies: 2}, wrong: faults{"list": {"always forbidden"}},
			want: "a sent, b sent, c sent, d sent, e sent, f sent", alone: "6: DocuSign: forbidden", calls: "lot-draft 1, list 1, delete-drafts 1",
		},
		{
			name: "the test turns out that bulk sending is forbidden", rows: "a b c d/offer e/offer f/lease", bulk: batch.Bulk{Copies: 2}, wrong: faults{"test": {"always forbidden"}},
			want: "a sent, b sent, c sent, d sent, e sent, f sent", alone: "6: DocuSign: forbidden", calls: "lot-draft 1, list 1, test 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "the queue is smaller than the account says", rows: "a b c d e", bulk: batch.Bulk{Copies: 2, Queue: 2000}, queue: 3,
			want: "a sent, b sent, c sent, d sent, e sent",
		},
		{
			name: "a copy fails", rows: "a b c", fails: "b",
			want: "a sent, b failed, c sent",
		},
		{
			name: "all copies fail", rows: "a b c", fails: "a b c",
			want: "a failed, b failed, c failed",
		},
		{
			name: "the answer to send is lost", rows: "a b c", wrong: faults{"send-list": {lostAfter}},
			want: "a sent, b sent, c sent", within: 10 * time.Second,
			calls: "lot-draft 1, list 1, test 1, send-list 1, find-batch 1, lot-status 1, copies 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "the order to send is lost", rows: "a b c", wrong: faults{"send-list": {lostBefore}},
			want: "a sent, b sent, c sent", within: 12 * time.Minute,
			calls: "lot-draft 2, list 2, test 2, send-list 2, find-batch 16, lot-status 1, copies 2, delete-list 2, delete-drafts 1",
		},
		{
			name: "the order to send is lost again and again", rows: "a b c", wrong: faults{"send-list": {"always lost-before"}},
			want: "a sent, b sent, c sent", alone: "3: 2 lists were sent, and none of them arrived",
		},
		{
			name: "the answer to the order to send never tells", rows: "a b c", wrong: faults{"send-list": {"always vague"}},
			want: "a sent, b sent, c sent", alone: "3: 2 lists were sent, and none of them arrived; the last answer was: DocuSign: vague",
		},
		{
			name: "the answer to a harmless call never tells", rows: "a b c", wrong: faults{"list": {"always vague"}},
			want: "a sent, b sent, c sent", alone: "3: gave up after 3 tries: DocuSign: vague",
		},
		{
			name: "answers to harmless calls are lost", rows: "a b c",
			wrong: faults{"list": {lostAfter, lostBefore}, "lot-draft": {lostBefore, lostAfter}, "test": {lostAfter}},
			want:  "a sent, b sent, c sent",
		},
		{
			name: "answers to harmless calls are those to others", rows: "a b c/offer d/offer", bulk: batch.Bulk{Copies: 1},
			wrong: faults{"list": {none, replay, none, mixedUp}, "lot-draft": {none, replay, mixedUp}},
			want:  "a sent, b sent, c sent, d sent",
		},
		{
			name: "the answer to send is another's, and it was done", rows: "a b", bulk: batch.Bulk{Copies: 1}, wrong: faults{"send-list": {none, mixedUp}},
			want: "a sent, b sent", within: 10 * time.Second,
		},
		{
			name: "the answer to send is another's, and nothing was done", rows: "a b", bulk: batch.Bulk{Copies: 1}, wrong: faults{"send-list": {none, replay}},
			want: "a sent, b sent", within: 12 * time.Minute,
		},
		{
			name: "no list can be made for want of an answer", rows: "a b c d", bulk: batch.Bulk{Copies: 2}, wrong: faults{"list": {lostAfter, lostBefore, lostBefore}},
			want: "a sent, b sent, c sent, d sent", alone: "2: gave up after 3 tries: DocuSign: lost-before",
		},
		{
			name: "reading fails now and then", rows: "a b c",
			wrong: faults{"lot-status": {lostBefore, refuse, down}, "copies": {refuse, lostAfter}, "find-batch": {refuse, lostAfter}, "send-list": {lostAfter}},
			want:  "a sent, b sent, c sent",
		},
		{
			name: "the status cannot be read at all", rows: "a B", wrong: faults{"lot-status": {"always refuse"}},
			want: "a sent, B sent", within: 6 * time.Minute,
		},
		{
			name: "the envelopes cannot be listed at all", rows: "a B", wrong: faults{"copies": {"always refuse"}},
			want: "a unknown, B sent", within: 6 * time.Minute,
		},
		{
			name: "an unanswered order cannot be looked up", rows: "a B", wrong: faults{"send-list": {lostAfter}, "find-batch": {"always down"}},
			want: "a unknown, B sent", within: 10 * time.Minute,
		},
		{
			name: "an unanswered order cannot be looked up: its draft is not removed", rows: "a b", bulk: batch.Bulk{Copies: 1},
			wrong: faults{"send-list": {none, lostAfter}, "find-batch": {"always refuse"}}, want: "a sent, b unknown",
			calls: "lot-draft 1, list 2, test 1, send-list 2, find-batch 5, lot-status 1, copies 1, delete-list 1",
		},
		{
			name: "the list is refused: its rows go one by one", rows: "a b c d", bulk: batch.Bulk{Copies: 2}, wrong: faults{"list": {refuse}},
			want: "a sent, b sent, c sent, d sent", alone: "2: DocuSign: refuse",
		},
		{
			name: "two lists are refused: all of the group go one by one", rows: "a b c d e f/offer", bulk: batch.Bulk{Copies: 2}, wrong: faults{"list": {refuse, refuse}},
			want: all("a b c d e f", "sent"), alone: "2: DocuSign: refuse; 3: DocuSign: refuse",
			calls: "lot-draft 2, list 3, test 1, send-list 1, lot-status 1, copies 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "the draft is refused: all of the group go one by one", rows: "a b c d e f/offer", bulk: batch.Bulk{Copies: 2}, wrong: faults{"lot-draft": {refuse}},
			want: all("a b c d e f", "sent"), alone: "5: DocuSign: refuse",
			calls: "lot-draft 2, list 1, test 1, send-list 1, lot-status 1, copies 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "the test is not passed", rows: "a b c", wrong: faults{"test": {refuse}},
			want: "a sent, b sent, c sent", alone: "3: DocuSign: refuse", calls: "lot-draft 1, list 1, test 1, delete-list 1, delete-drafts 1",
		},
		{
			name: "sending is refused", rows: "a b c", wrong: faults{"send-list": {refuse}},
			want: "a sent, b sent, c sent", alone: "3: DocuSign: refuse",
		},
		{
			name: "sending is limited, then not", rows: "a b c", wrong: faults{"send-list": {limit, down}},
			want: "a sent, b sent, c sent",
		},
		{
			name: "sending never arrives", rows: "a b c", wrong: faults{"send-list": {down, down, down}},
			want: "a pending, b pending, c pending", stops: "bulk sending cannot go on: gave up",
		},
		{
			name: "the account is blocked when the list is made", rows: "a b c", wrong: faults{"list": {halt}},
			want: "a pending, b pending, c pending", stops: "DocuSign: halt",
		},
		{
			name: "the allowance is used up when the second lot is sent", rows: "a b c d", bulk: batch.Bulk{Copies: 2}, wrong: faults{"send-list": {none, halt}},
			want: "a sending, b sending, c pending, d pending", stops: "DocuSign: halt",
		},
		{
			name: "the account is blocked when the status is read", rows: "a b", wrong: faults{"lot-status": {halt}},
			want: "a sending, b sending", stops: "DocuSign: halt",
		},
		{
			name: "cleaning up fails: the next run does it", rows: "a b", wrong: faults{"delete-list": {"always down"}, "delete-drafts": {"always refuse"}},
			want: "a sent, b sent",
		},
		{
			name: "the ledger cannot claim", rows: "a b", fail: "claim-lot",
			want: "a pending, b pending", stops: "claiming a lot: no room left", calls: "",
		},
		{
			name: "the ledger cannot record the draft", rows: "a b", fail: "record draft",
			want: "a pending, b pending", stops: "recording lot ",
		},
		{
			name: "the ledger cannot record the list", rows: "a b", fail: "record list",
			want: "a pending, b pending", stops: "recording lot ",
		},
		{
			name: "the ledger cannot record a new lot", rows: "a b", fail: "add-lot",
			want: "a pending, b pending", stops: "recording a new lot: no room left", calls: "",
		},
		{
			name: "the ledger cannot record the batch", rows: "a b", fail: "record batch",
			want: "a sending, b sending", stops: "recording lot ",
		},
		{
			name: "the ledger cannot settle", rows: "a b", fail: "settle-lot",
			want: "a sending, b sending", stops: "recording what became of lot ",
		},
		{
			name: "the ledger cannot end the lot", rows: "a b", fail: "end-lot",
			want: "a sent, b sent", stops: "ending lot ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture(tt.rows)
				d.runner.Bulk, d.ledger.fail, d.docusign.queue = tt.bulk, tt.fail, tt.queue
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				if tt.others > 0 {
					d.docusign.others(tt.others)
				}
				d.docusign.fails = func(env *envelope.Envelope) []string {
					if slices.Contains(strings.Fields(tt.fails), env.Label) {
						return []string{"no mailbox"}
					}
					return nil
				}
				start := time.Now()
				got, result := d.run(t.Context())
				if got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if s := fmt.Sprint(result.Stopped); !strings.HasPrefix(s, tt.stops) || tt.stops == "" && result.Stopped != nil {
					t.Errorf("stopped by %q, want %q", s, tt.stops)
				}
				if calls := d.bulkCalls(); tt.calls != "" && calls != tt.calls {
					t.Errorf("calls: %s; want %s", calls, tt.calls)
				}
				if alone := strings.Join(d.bulkRefused, "; "); alone != tt.alone {
					t.Errorf("told of rows that go alone: %q, want %q", alone, tt.alone)
				}
				if took := time.Since(start); tt.within > 0 && took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
				if wrong := fmt.Sprint(tt.wrong["send-list"]); !strings.Contains(wrong, string(lostBefore)) && !strings.Contains(wrong, string(replay)) && !strings.Contains(wrong, string(vague)) {
					d.checkClaims(t)
				}
				d.check(t, result)
				d.finish(t)
			})
		})
	}
}

// checkClaims demands that the ledger has only claims of lots that DocuSign has, so
// that the next run need not look the others up.
func (d *fixture) checkClaims(t *testing.T) {
	t.Helper()
	for _, l := range d.ledger.leftovers().Lots {
		if has := slices.ContainsFunc(d.docusign.batches, func(j *fakeBatch) bool { return j.lot == l.ID }); !has && len(l.Envelopes) > 0 {
			t.Errorf("the ledger has claims of lot %s: %q; DocuSign does not have it", l.ID, l.Envelopes)
		}
	}
}

// all says the same of all rows: "a sent, b sent".
func all(rows, status string) string {
	var told []string
	for _, r := range strings.Fields(rows) {
		told = append(told, r+" "+status)
	}
	return strings.Join(told, ", ")
}

var errCtrlC = errors.New("Ctrl-C")

// TestLotsSignal ends the run at every moment of a lot's life.
func TestLotsSignal(t *testing.T) {
	for _, script := range []map[string][]fault{
		nil,
		{"send-list": {lostAfter}, "list": {lostAfter}, "lot-draft": {limit}},
		{"send-list": {full, limit, lostBefore}, "copies": {refuse}},
	} {
		end := 5 * time.Second
		for after := time.Duration(0); after < end; after += 50 * time.Millisecond {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("a b c D e/offer F")
				d.runner.Bulk = batch.Bulk{Copies: 2}
				for call, faults := range script {
					d.goesWrong(call, slices.Clone(faults)...)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer time.AfterFunc(after, func() { cancel(errCtrlC) }).Stop()
				got, result := d.run(ctx)
				if result.Stopped != nil && !errors.Is(result.Stopped, errCtrlC) {
					t.Errorf("after %v: %s, stopped by %v", after, got, result.Stopped)
				}
				d.check(t, result)
				d.finish(t)
				if t.Failed() {
					t.Fatalf("the signal came after %v: %s", after, got)
				}
			})
		}
	}
}

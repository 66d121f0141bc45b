package batch_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// hourly has calls wait: so many leave in an hour.
func (d *fixture) hourly(calls int) *fixture {
	d.docusign.limiter = &throttle.Limiter{Hour: throttle.Quota{Limit: calls}}
	return d
}

// claimed returns which rows the ledger has claimed.
func (d *fixture) claimed() string {
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	var rows []string
	for tx, st := range d.ledger.all {
		if st.State == history.StateSending {
			rows = append(rows, labels[tx])
		}
	}
	slices.Sort(rows)
	return strings.Join(rows, " ")
}

// logOf returns what the ledger was told of a row.
func (d *fixture) logOf(label string) string {
	var told []string
	for _, entry := range d.ledger.log {
		if words := strings.Fields(entry); len(words) > 1 && words[1] == label {
			told = append(told, entry)
		}
	}
	return strings.Join(told, ", ")
}

// TestClaimedAtItsPlace has calls that wait an hour for their place: nothing is
// claimed until one has its place. When the run is stopped meanwhile, nothing was.
func TestClaimedAtItsPlace(t *testing.T) {
	for _, tt := range []struct {
		name    string
		two     bool
		hourly  int
		claimed string // while the others wait
		want    string // when it is stopped then
	}{
		{"in one step", false, 2, "", "a sent, b sent, c pending, d pending"},
		{"in two steps", true, 4, "", "a sent, b sent, c pending, d pending"},
		{"between two steps", true, 3, "b", "a sent, b pending, c pending, d pending"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a b c d").hourly(tt.hourly)
				d.runner.TwoStep = tt.two
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(30*time.Minute, func() {
					if got := d.claimed(); got != tt.claimed {
						t.Errorf("%q are claimed, want %q", got, tt.claimed)
					}
					cancel(errCtrlC)
				})
				got, result := d.run(ctx)
				if got != tt.want || !errors.Is(result.Stopped, errCtrlC) || d.claimed() != "" {
					t.Errorf("%s, stopped by %v, %q are claimed; want %s", got, result.Stopped, d.claimed(), tt.want)
				}
				if got, _ := d.again(t.Context()); strings.Count(got, "sent") != 4 {
					t.Errorf("the next run: %s", got)
				}
				d.wantMailed(t, "a b c d")
			})
		})
	}
}

// TestGivenBackWhileItWaits: a call that created nothing gives its claim back, and
// claims anew when it has its next place.
func TestGivenBackWhileItWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		two   bool
		wrong map[string][]fault
		log   string
	}{
		{"a limit", false, map[string][]fault{"send a": {limit}}, "claim a, settle a pending, claim a, settle a sent"},
		{"it never arrived", false, map[string][]fault{"send a": {down, down}}, "claim a, settle a pending, claim a, settle a pending, claim a, settle a sent"},
		{"a draft", true, map[string][]fault{"draft a": {limit}}, "claim a, settle a pending, claim a, draft a, settle a sent"},
		{"a lost draft", true, map[string][]fault{"draft a": {lostAfter}}, "claim a, settle a pending, claim a, draft a, settle a sent"},
		{"the second step keeps it", true, map[string][]fault{"put a": {limit, down}}, "claim a, draft a, settle a sent"},
		{
			"once more, and then a limit", false,
			map[string][]fault{"send a": {lostBefore, limit}},
			"claim a, settle a unknown, retry a, settle a pending, claim a, settle a sent",
		},
		{"it never arrives", false, map[string][]fault{"send a": {"always down"}}, "claim a, settle a pending, claim a, settle a pending, claim a, settle a pending"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a")
				d.runner.TwoStep = tt.two
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				d.run(t.Context())
				if got := d.logOf("a"); got != tt.log {
					t.Errorf("%s; want %s", got, tt.log)
				}
			})
		})
	}
}

// TestStale waits so long for a place that Guard must be asked again. Guard makes
// a call itself, in the same budget.
func TestStale(t *testing.T) {
	for _, two := range []bool{false, true} {
		for _, hourly := range []int{1, 2, 3, 10} {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a b c").hourly(hourly)
				d.runner.TwoStep, d.runner.Concurrency = two, 2
				var read atomic.Pointer[time.Time]
				turn := make(chan struct{}, 1)
				stale := func() bool { t := read.Load(); return t == nil || time.Since(*t) >= 30*time.Minute }
				d.runner.BeforeClaim = func(ctx context.Context) error {
					turn <- struct{}{}
					defer func() { <-turn }()
					if !stale() {
						return nil
					}
					return d.docusign.leave(ctx, nil, "template", noID, func() error { now := time.Now(); read.Store(&now); return nil })
				}
				d.runner.Stale = stale
				longest := time.Duration(0)
				d.docusign.onMail = func(fakeEnvelope) { longest = max(longest, time.Since(*read.Load())) }
				if got, result := d.run(t.Context()); got != "a sent, b sent, c sent" || result.Stopped != nil {
					t.Errorf("%d calls an hour: %s, %v", hourly, got, result.Stopped)
				}
				d.wantMailed(t, "a b c")
				if hourly > 2 && longest > 31*time.Minute {
					t.Errorf("%d calls an hour: something left %v after the template was read", hourly, longest)
				}
			})
		}
	}
}

// TestLotsClaimedAtTheirPlace: a lot is claimed when it is about to be sent; while
// its list is made, and while the call waits, nothing is.
func TestLotsClaimedAtTheirPlace(t *testing.T) {
	for hourly, want := range map[int]string{1: "", 2: "", 3: "", 4: "a b c"} {
		synctest.Test(t, func(t *testing.T) {
			d := newBulkFixture("a b c").hourly(hourly)
			d.docusign.speed = 0.0001
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(30*time.Minute, func() {
				if got := d.claimed(); got != want {
					t.Errorf("%d calls an hour: %q are claimed, want %q", hourly, got, want)
				}
				cancel(errCtrlC)
			})
			got, result := d.run(ctx)
			if want == "" && got != "a pending, b pending, c pending" {
				t.Errorf("%d calls an hour: %s", hourly, got)
			}
			d.check(t, result)
			if left := d.ledger.leftovers(); len(left.Lots) != 1 || len(left.Unresolved) != 0 {
				t.Errorf("%d calls an hour: what is left is %+v, want the lot", hourly, left)
			}
			d.docusign.limiter, d.docusign.speed = nil, 0
			d.finish(t) // and its list and draft are gone
		})
	}
}

// TestLotGivenBackWhileItWaits: a lot of which nothing was queued is not claimed
// while it waits.
func TestLotGivenBackWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b").goesWrong("send-list", limit, down, full, none)
		d.run(t.Context())
		const turn = "claim-lot, claim, claim, settle-lot, settle pending, settle pending, "
		if got, want := d.lotLog(), strings.Repeat(turn, 3)+"claim-lot, claim, claim, record batch, settle-lot, settle sent, settle sent, end-lot"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
		d.finish(t)
	})
}

// lotLog is what the ledger was told of the lots, from the first claim on.
func (d *fixture) lotLog() string {
	var told []string
	for _, entry := range d.ledger.log {
		words := strings.Fields(entry)
		if words[0] == "claim" || words[0] == "settle" {
			words = slices.Delete(words, 1, 2) // the row
		}
		told = append(told, strings.Join(words, " "))
	}
	return strings.Join(told[slices.Index(told, "claim-lot"):], ", ")
}

// TestLotPartlyClaimable has rows in a list that may not go by the time at which
// it is sent: it is not sent, and the others go in another.
func TestLotPartlyClaimable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b c d")
		d.runner.BeforeClaim = func(context.Context) error {
			if d.docusign.calls["test"] > 0 {
				d.ledger.mu.Lock()
				defer d.ledger.mu.Unlock()
				if d.ledger.all == nil {
					d.ledger.all = make(map[envelope.TransactionID]*history.Record)
				}
				if b := row("b", 1).TransactionID; d.ledger.all[b] == nil {
					d.ledger.all[b] = &history.Record{State: history.StateSent, ID: "e-1"}
				}
			}
			return nil
		}
		got, result := d.run(t.Context())
		if want := "a sent, b already-sent, c sent, d sent"; got != want || result.Stopped != nil {
			t.Errorf("%s, stopped by %v; want %s", got, result.Stopped, want)
		}
		if calls := "lot-draft 1, list 2, test 1, send-list 1, lot-status 1, copies 1, delete-list 2, delete-drafts 1"; d.bulkCalls() != calls {
			t.Errorf("calls: %s; want %s", d.bulkCalls(), calls)
		}
		d.wantMailed(t, "a c d")
	})
}

// TestDraftDeleted has somebody delete a draft in DocuSign before it is sent, in
// this run or before the next: it counts as not sent, and goes again.
func TestDraftDeleted(t *testing.T) {
	remove := func(d *fixture) {
		for _, p := range d.docusign.envelopes {
			if p.draft && p.tx == row("a", 1).TransactionID && p.mailed.IsZero() {
				p.deleted = true
			}
		}
	}
	t.Run("between the steps", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture("a b")
			d.runner.TwoStep = true
			d.runner.BeforeClaim = func(context.Context) error {
				if d.docusign.calls["draft"] == 1 {
					remove(d)
				}
				return nil
			}
			got, result := d.run(t.Context())
			if got != "a sent, b sent" || result.Stopped != nil {
				t.Errorf("%s, stopped by %v", got, result.Stopped)
			}
			d.wantMailed(t, "a b")
		})
	})
	t.Run("before the next run", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture("a b")
			d.runner.TwoStep = true
			id := d.history("a", time.Hour, true)
			d.docusign.envelopes[0].mailed = time.Time{}
			remove(d)
			got, result := d.run(t.Context(), d.left("a", time.Hour, id))
			if got != "a sent, b sent" || result.Recovered != (batch.Recovered{Absent: 1}) {
				t.Errorf("%s, %+v", got, result.Recovered)
			}
			d.wantMailed(t, "a b")
		})
	})
}

// TestUnclear has an envelope of which DocuSign does not say whether it was sent:
// it is neither sent again nor called sent, and the run ends. What was answered to
// its creation, if anything was, is said.
func TestUnclear(t *testing.T) {
	for wrong, says := range map[fault]string{lostAfter: "DocuSign: lost-after. DocuSign has it", vagueAfter: "DocuSign: vague-after. DocuSign has it"} {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture("a b").goesWrong("send a", wrong)
			d.docusign.onMail = func(p fakeEnvelope) {
				d.docusign.envelopes[0].unclear = true
			}
			start := time.Now()
			got, result := d.run(t.Context())
			if took := time.Since(start); got != "a unknown, b sent" || result.Stopped != nil || took > 12*time.Minute {
				t.Errorf("%s after %v, stopped by %v", got, took, result.Stopped)
			}
			if out := result.Outcomes[0]; !strings.HasPrefix(out.Message, says) || !strings.Contains(out.Message, "does not say whether it was sent") {
				t.Errorf("a = %+v", out)
			}
			d.docusign.envelopes[0].unclear = false
			if got, _ := d.again(t.Context()); got != "a already-sent, b already-sent" {
				t.Errorf("the next run: %s", got)
			}
			d.wantMailed(t, "a b")
		})
	}
}

// TestFoundTaken has a look-up find what is another row's envelope.
func TestFoundTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b")
		id := d.history("b", time.Hour, false)
		left := d.left("b", time.Hour, "")
		d.ledger.all[row("c", 1).TransactionID] = &history.Record{State: history.StateSent, ID: id}
		got, result := d.run(t.Context(), left)
		if out := result.Outcomes[1]; got != "a sent, b unknown" || !strings.Contains(out.Message, "another row's") || result.Recovered.Open != 1 {
			t.Errorf("%s: %+v, %+v", got, out, result.Recovered)
		}
		d.wantMailed(t, "a b")
	})
}

// TestCopyTaken has a copy of a list turn up as another row's envelope: that row
// is looked up by itself, and found.
func TestCopyTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b c")
		d.ledger.all = map[envelope.TransactionID]*history.Record{row("z", 1).TransactionID: {State: history.StateSent, ID: "z's"}}
		var right envelope.ID
		d.docusign.onCopies = func(copies []remote.Copy) {
			if right == "" {
				right = copies[1].ID
				copies[1].ID = "z's"
			}
		}
		got, result := d.run(t.Context())
		if got != "a sent, b sent, c sent" || result.Outcomes[1].ID != right || result.Stopped != nil {
			t.Errorf("%s: %+v, stopped by %v", got, result.Outcomes, result.Stopped)
		}
		d.check(t, result)
		d.finish(t)
	})
}

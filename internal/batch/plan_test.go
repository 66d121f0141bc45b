package batch_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/throttle"
)

// envelopesOf returns so many envelopes of a template.
func envelopesOf(n int, template string) (envs []*envelope.Envelope) {
	for i := range n {
		env := row(fmt.Sprint(template, " ", i), 1)
		env.TemplateID = template
		envs = append(envs, env)
	}
	return envs
}

// texted returns envelopes that lists cannot carry.
func withPhones(n int) []*envelope.Envelope {
	envs := envelopesOf(n, "texted")
	for _, env := range envs {
		env.Recipients = []envelope.Recipient{{Role: "Tenant", Phone: envelope.Phone{CountryCode: "49", Number: "1"}}}
	}
	return envs
}

// TestChoose plans at 20:00, with the hour's calls used up to some degree.
func TestChoose(t *testing.T) {
	tiny := func() (envs []*envelope.Envelope) {
		for i := range 300 {
			envs = append(envs, envelopesOf(5, fmt.Sprint("t", i))...)
		}
		return envs
	}
	tests := []struct {
		name    string
		envs    []*envelope.Envelope
		hourly  int // calls an hour; 0: without limits
		share   int // of them for us; 0: all
		open    int // still in this one; 0: all
		via     string
		forbid  bool
		untold  bool // whether the account allows bulk sending
		bulk    batch.Bulk
		engine  string
		calls   int
		lists   int
		copies  int
		takes   time.Duration
		because string // in the first reason
		also    string // in the second
	}{
		{name: "50 rows", envs: envelopesOf(50, "t"), hourly: 1000, engine: batch.Single, calls: 50, because: "one call an envelope"},
		{name: "50 rows, 3,000 an hour", envs: envelopesOf(50, "t"), hourly: 3000, engine: batch.Single, calls: 50},
		{name: "900 rows", envs: envelopesOf(900, "t"), hourly: 1000, engine: batch.Single, calls: 900, takes: 30 * time.Second},
		{name: "900 rows, 3,000 an hour", envs: envelopesOf(900, "t"), hourly: 3000, engine: batch.Single, calls: 900, takes: 30 * time.Second},
		{
			name: "1,500 rows", envs: envelopesOf(1500, "t"), hourly: 1000, engine: batch.InBulk, calls: 15, lists: 2, copies: 1500, takes: 77 * time.Second,
			because: "2 lists that DocuSign works through by itself; one by one it would take until 21:00",
		},
		{name: "1,500 rows, 3,000 an hour", envs: envelopesOf(1500, "t"), hourly: 3000, engine: batch.Single, calls: 1500, takes: time.Minute},
		{
			name: "25,000 rows", envs: envelopesOf(25000, "t"), hourly: 1000, engine: batch.InBulk, calls: 130, lists: 25, copies: 25000, takes: 1252 * time.Second,
			because: "25 lists that DocuSign works through by itself; one by one it would take until 2026-11-22 21:00",
		},
		{name: "25,000 rows, 3,000 an hour", envs: envelopesOf(25000, "t"), hourly: 3000, engine: batch.InBulk, calls: 130, lists: 25, copies: 25000, takes: 1252 * time.Second},
		{name: "25,000 rows without a limit", envs: envelopesOf(25000, "t"), engine: batch.Single, calls: 25000},
		{name: "50 rows, little left of the hour", envs: envelopesOf(50, "t"), hourly: 1000, open: 20, engine: batch.InBulk, calls: 9, lists: 1, copies: 50, takes: 4500 * time.Millisecond},
		{
			name: "50 rows, nothing left of the hour", envs: envelopesOf(50, "t"), hourly: 1000, open: -1, engine: batch.Single, calls: 51, takes: time.Hour,
			because: "bulk sending would be done no sooner, 21:00",
		},
		{name: "1,500 rows, nothing left of the hour", envs: envelopesOf(1500, "t"), hourly: 1000, open: -1, engine: batch.InBulk, calls: 16, lists: 2, copies: 1500, takes: time.Hour + 77*time.Second},
		{name: "900 rows, 100 left of 3,000", envs: envelopesOf(900, "t"), hourly: 3000, open: 100, engine: batch.InBulk, calls: 10, lists: 1, copies: 900, takes: 47 * time.Second},
		{name: "900 rows, half of the calls are for others", envs: envelopesOf(900, "t"), hourly: 1000, share: 500, engine: batch.InBulk, calls: 10, lists: 1, copies: 900, takes: 47 * time.Second},
		{
			name: "bulk sending is not allowed", envs: envelopesOf(1500, "t"), hourly: 1000, forbid: true, engine: batch.Single, calls: 1501, takes: time.Hour,
			because: "the account does not allow bulk sending",
		},
		{name: "bulk sending is wanted and not allowed", envs: envelopesOf(50, "t"), via: batch.InBulk, forbid: true, engine: batch.Single, calls: 50, because: "does not allow"},
		{
			name: "whether bulk sending is allowed is not known", envs: envelopesOf(1500, "t"), hourly: 1000, untold: true, engine: batch.InBulk, calls: 15, lists: 2, copies: 1500, takes: 77 * time.Second,
			also: "does not tell whether the account allows bulk sending: if it does not, they go one by one",
		},
		{
			name: "some cannot go in lists", envs: append(envelopesOf(1500, "t"), withPhones(10)...), hourly: 1000, engine: batch.Split, calls: 25, lists: 2, copies: 1500, takes: 77 * time.Second,
			also: "10 of them go one by one",
		},
		{
			name: "none can go in lists", envs: withPhones(1500), hourly: 1000, engine: batch.Single, calls: 1501, takes: time.Hour,
			because: "bulk sending would save none", also: "may.csv:2 cannot go in a list: it tells recipients by text message",
		},
		{name: "too many cannot go in lists", envs: append(envelopesOf(500, "t"), withPhones(1500)...), hourly: 1000, engine: batch.Split, calls: 1511, lists: 1, copies: 500, takes: time.Hour},
		{name: "many tiny groups", envs: tiny(), hourly: 1000, engine: batch.Single, calls: 1501, takes: time.Hour, because: "bulk sending would save none"},
		{name: "many tiny groups, in bulk all the same", envs: tiny(), hourly: 1000, via: batch.InBulk, engine: batch.InBulk, calls: 2108, lists: 300, copies: 1500, takes: 2 * time.Hour},
		{name: "a tiny remainder", envs: envelopesOf(1004, "t"), hourly: 1000, engine: batch.Split, calls: 14, lists: 1, copies: 1000, takes: 52 * time.Second, also: "4 of them go one by one"},
		{name: "a tiny remainder, in bulk all the same", envs: envelopesOf(1004, "t"), hourly: 1000, via: batch.InBulk, engine: batch.InBulk, calls: 15, lists: 2, copies: 1004, takes: 53 * time.Second},
		{name: "a larger remainder", envs: envelopesOf(1006, "t"), hourly: 1000, engine: batch.InBulk, calls: 15, lists: 2, copies: 1006, takes: 53 * time.Second},
		{name: "DocuSign is known to be slow", envs: envelopesOf(1500, "t"), hourly: 1000, bulk: batch.Bulk{Speed: 0.5}, engine: batch.InBulk, calls: 14, lists: 2, copies: 1500, takes: 50 * time.Minute},
		{name: "DocuSign is too slow for it", envs: envelopesOf(1500, "t"), hourly: 1000, bulk: batch.Bulk{Speed: 0.4}, engine: batch.Single, calls: 1501, takes: time.Hour, because: "no sooner"},
		{name: "one by one is wanted", envs: envelopesOf(1500, "t"), hourly: 1000, via: batch.Single, engine: batch.Single, calls: 1501, takes: time.Hour},
		{name: "two steps are wanted", envs: envelopesOf(400, "t"), hourly: 1000, via: batch.TwoStep, engine: batch.TwoStep, calls: 800, takes: 30 * time.Second},
		{name: "bulk is wanted for a few", envs: envelopesOf(3, "t"), hourly: 1000, via: batch.InBulk, engine: batch.InBulk, calls: 9, lists: 1, copies: 3, takes: 2150 * time.Millisecond},
		{name: "lists of 50", envs: envelopesOf(1500, "t"), hourly: 1000, bulk: batch.Bulk{Copies: 50}, engine: batch.InBulk, calls: 154, lists: 30, copies: 1500, takes: 77 * time.Second},
		{name: "nothing", hourly: 1000, engine: batch.Single},
		{name: "nothing in bulk", hourly: 1000, via: batch.InBulk, engine: batch.Single},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Date(2026, 11, 21, 20, 0, 0, 0, time.Local)
			terms := batch.Terms{Via: tt.via, Forbidden: tt.forbid, Untold: tt.untold, Bulk: tt.bulk, Now: now, Templates: 1}
			if terms.Via == "" {
				terms.Via = batch.Auto
			}
			if tt.hourly > 0 {
				h := throttle.Budget{Limit: tt.hourly, Told: true, Share: tt.hourly, Open: tt.hourly, Ends: now.Add(time.Hour)}
				if tt.share > 0 {
					h.Share, h.Open = tt.share, tt.share
				}
				if tt.open != 0 {
					h.Open = max(tt.open, 0)
				}
				terms.State = throttle.State{At: now, Hour: h, Burst: throttle.Budget{Limit: 500, Told: true, Share: 500, Open: 500}}
			}
			var groups []int32
			groups, terms.Obstacle = groupsOf(tt.envs)
			p := batch.Choose(groups, terms)
			inLot := 0
			for _, n := range p.InLots {
				inLot += int(n)
			}
			if p.Engine != tt.engine || p.Calls != tt.calls || p.Lists != tt.lists || p.Copies != tt.copies || inLot != p.Copies {
				t.Errorf("%s, %d calls, %d lists of %d (%d marked); want %s, %d, %d of %d", p.Engine, p.Calls, p.Lists, p.Copies, inLot, tt.engine, tt.calls, tt.lists, tt.copies)
			}
			if takes := p.Finish.Sub(now); tt.takes > 0 && (takes < tt.takes-tt.takes/50 || takes > tt.takes+tt.takes/50) {
				t.Errorf("takes %v, want %v", takes, tt.takes)
			}
			why := append(p.Why, "", "")
			if !strings.Contains(why[0], tt.because) || !strings.Contains(why[1], tt.also) || why[0] == "" {
				t.Errorf("because %q, want %q and %q", p.Why, tt.because, tt.also)
			}
		})
	}
}

// sum is how many calls were made, as HTTP requests.
func (ds *fakeDocuSign) sum() (n int) {
	for name, calls := range ds.calls {
		if name != "delete-drafts" {
			n += calls
		}
	}
	return n + ds.recycled
}

// Whatever is sent: if nothing goes wrong and DocuSign is as fast as it was, the
// engine makes the calls that were planned, and ends when it should.
func TestPlanKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			var envs []*envelope.Envelope
			for i := range rapid.IntRange(0, 4).Draw(t, "groups") {
				envs = append(envs, envelopesOf(rapid.IntRange(0, 120).Draw(t, "envelopes"), fmt.Sprint("t", i))...)
			}
			envs = append(envs, withPhones(rapid.IntRange(0, 10).Draw(t, "texted"))...)
			if seed := rapid.Uint64Range(0, 3).Draw(t, "mixed"); seed > 0 {
				shuffle(envs, seed)
			}
			b := batch.Bulk{
				Copies: rapid.IntRange(1, 60).Draw(t, "copies"), Queue: rapid.IntRange(1, 150).Draw(t, "queue"),
				Speed: rapid.SampledFrom([]float64{0.5, 3, 20, 700}).Draw(t, "speed"),
			}
			terms := batch.Terms{Via: rapid.SampledFrom([]string{batch.InBulk, batch.Auto, batch.TwoStep}).Draw(t, "via"), Bulk: b, Now: time.Now()}
			if terms.Via == batch.Auto { // else single is always good enough
				terms.State.Hour = throttle.Budget{Limit: 1000, Share: 1000, Ends: time.Now().Add(time.Hour)}
			}
			groups, _ := groupsOf(envs)
			plan := batch.Choose(groups, terms)
			docusign := &fakeDocuSign{bulkQueue: bulkQueue{speed: b.Speed, queue: b.Queue}}
			result := perform(docusign, envs, plan, batch.Runner{Bulk: b})
			if n := docusign.sum(); n != plan.Calls {
				t.Errorf("%d calls were made, %d planned: %v", n, plan.Calls, docusign.calls)
			}
			took, planned := time.Since(terms.Now), plan.Finish.Sub(terms.Now)
			if terms.Via != batch.Auto && (took-planned).Abs() > planned/50 {
				t.Errorf("took %v, %v was planned", took, planned)
			}
			for i, out := range result.Outcomes {
				if out.Status != envelope.Sent {
					t.Fatalf("%s is %+v", envs[i].Label, out)
				}
			}
			if len(docusign.violations) > 0 {
				t.Error(docusign.violations)
			}
		})
	})
}

// perform sends envelopes as planned.
func perform(docusign *fakeDocuSign, envs []*envelope.Envelope, plan batch.Plan, r batch.Runner) result {
	f := newFile(envs)
	r.DocuSign, r.Ledger, r.Log, r.Settle, r.Observer = docusign, new(memoryLedger), slog.New(slog.DiscardHandler), 10*time.Minute, f
	r.TwoStep, r.Concurrency, r.InLots = plan.Engine == batch.TwoStep, 8, plan.InLots
	return result{r.Run(context.Background(), f, batch.Leftovers{}), f.outcomes}
}

func shuffle(envs []*envelope.Envelope, seed uint64) {
	for i := range envs {
		seed = seed*6364136223846793005 + 1442695040888963407
		j := int(seed>>33) % (i + 1)
		envs[i], envs[j] = envs[j], envs[i]
	}
}

// TestPlanUnderLimits keeps the planned time where calls have to wait for their
// hour.
func TestPlanUnderLimits(t *testing.T) {
	tests := []struct {
		name   string
		envs   []*envelope.Envelope
		hourly int
		used   int // calls before
		engine string
		bulk   batch.Bulk
	}{
		{"1,500 rows", envelopesOf(1500, "t"), 1000, 1, batch.InBulk, batch.Bulk{}},
		{"6,000 rows", envelopesOf(6000, "t"), 3000, 1, batch.InBulk, batch.Bulk{}},
		{"1,500 rows and 600 by themselves", append(envelopesOf(1500, "t"), withPhones(600)...), 1000, 1, batch.Split, batch.Bulk{}},
		{"1,500 rows and 1,800 by themselves", append(withPhones(1800), envelopesOf(1500, "t")...), 1000, 1, batch.Split, batch.Bulk{}},
		{"900 rows with 60 calls left", envelopesOf(900, "t"), 1000, 940, batch.InBulk, batch.Bulk{}},
		{"1,500 rows with 2 calls left", envelopesOf(1500, "t"), 1000, 998, batch.InBulk, batch.Bulk{}},
		{"1,500 rows with 8 calls left", envelopesOf(1500, "t"), 1000, 992, batch.InBulk, batch.Bulk{}},
		{"1,500 rows with no call left", envelopesOf(1500, "t"), 1000, 1000, batch.InBulk, batch.Bulk{}},
		{"lists of 10, with 20 calls left", envelopesOf(1500, "t"), 1000, 980, batch.InBulk, batch.Bulk{Copies: 10, Queue: 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &throttle.Limiter{Hour: throttle.Quota{Limit: tt.hourly}, Burst: throttle.Quota{Limit: 500}}
				docusign := &fakeDocuSign{limiter: l, latency: 10 * time.Millisecond} // without latency nobody takes turns
				for range tt.used {
					call, err := l.Acquire(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					call.Done(throttle.NoReading)
				}
				start := time.Now()
				groups, _ := groupsOf(tt.envs)
				plan := batch.Choose(groups, batch.Terms{Via: batch.Auto, Bulk: tt.bulk, State: l.State(), Now: start})
				if plan.Engine != tt.engine {
					t.Errorf("the plan is %s, want %s: %q", plan.Engine, tt.engine, plan.Why)
				}
				result := perform(docusign, tt.envs, plan, batch.Runner{Bulk: tt.bulk})
				took, planned := time.Since(start), plan.Finish.Sub(start)
				if (took - planned).Abs() > planned/50 {
					t.Errorf("took %v, %v was planned", took, planned)
				}
				if n := docusign.sum(); n != plan.Calls {
					t.Errorf("%d calls were made, %d planned: %v", n, plan.Calls, docusign.calls)
				}
				if result.Stopped != nil {
					t.Error(result.Stopped)
				}
			})
		})
	}
}

package job

import (
	"context"
	"slices"
	"sort"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/report"
	"batchsend/reminders"
)

// Planned says how envelopes go out and what that takes.
type Planned struct {
	Compared
	Plan  report.Plan
	Items []batch.Item      // the accepted envelopes, in the order of the files
	Of    []*envelope.Draft // to which Items belong
	Bulk  batch.Bulk
	Late  int // envelopes that will not have been sent when the run must end
	// Aborted is set if nothing is sent because rows were rejected.
	Aborted bool
}

// plan chooses how the accepted envelopes are sent and works out what that takes.
func plan(ctx context.Context, o Options, site Site, c Compared) (p Planned, err error) {
	p = Planned{Compared: c, Aborted: c.Rejected() && site.Mode.Aborts(o)}
	p.Items, p.Of = acceptedItems(c)
	which := due(p.Items, o.Limit)
	envs := make([]*envelope.Envelope, len(which))
	for n, i := range which {
		envs[n] = p.Items[i].Envelope
	}
	speed, err := site.Ledger.LotSpeed(ctx, site.Account)
	if err != nil {
		return p, err
	}
	p.Bulk = batch.Bulk{Copies: c.Info.BulkCopies, Queue: c.Info.BulkQueue, Speed: speed}
	terms := batch.Terms{
		Via: o.Via, Forbidden: c.Info.BulkForbidden, Untold: !c.Info.BulkTold, Bulk: p.Bulk,
		State: site.Limits(), Now: time.Now(), Templates: len(c.Sources), Concurrency: o.Concurrency,
	}
	chosen := batch.Choose(envs, terms)
	for n, i := range which {
		p.Items[i].Bulk = chosen.InLot[n]
	}
	p.Plan = costs(c, envs, chosen, terms)
	p.Late = lateness(ctx, envs, chosen, terms)
	return p, nil
}

// acceptedItems returns the accepted envelopes and their drafts, in input order.
func acceptedItems(c Compared) (items []batch.Item, of []*envelope.Draft) {
	for _, d := range c.Drafts {
		if d.Envelope != nil {
			items, of = append(items, batch.Item{Envelope: d.Envelope, Standing: c.Records[d]}), append(of, d)
		}
	}
	return items, of
}

// due returns the indices of the items that are to be sent, the first so many if
// there is a limit.
func due(items []batch.Item, limit int) (which []int) {
	for i, item := range items {
		if !item.Standing.State.MayExist() && (limit == 0 || len(which) < limit) {
			which = append(which, i)
		}
	}
	return which
}

// costs says what it takes to send envs as chosen.
func costs(c Compared, envs []*envelope.Envelope, chosen batch.Plan, terms batch.Terms) report.Plan {
	takes := chosen.Finish.Sub(terms.Now)
	p := report.Plan{
		Envelopes: len(envs), Calls: chosen.Calls, Engine: chosen.Engine, Why: chosen.Why[0], Notes: chosen.Why[1:], InBulk: chosen.Copies, Lists: chosen.Lists,
		Finish: chosen.Finish, Duration: takes, Seconds: takes.Seconds(),
		CallsLeft: -1, AllowanceLeft: -1,
		Settings: report.Settings(envs),
	}
	for _, env := range envs {
		p.Recipients += len(env.Recipients)
	}
	for _, d := range c.Drafts {
		if d.Repeats != "" && !c.Records[d].State.MayExist() {
			if p.Repeats == nil {
				p.Repeats = make(map[envelope.Code]int)
			}
			p.Repeats[d.Repeats]++
		}
	}
	if terms.State.Hour.Told {
		p.CallsLeft = terms.State.Hour.Open
	}
	if a := c.Info.Allowance; a.Known && !a.Unlimited {
		p.AllowanceLeft = a.Left()
	}
	return p
}

// lateness is how many of the envelopes will not have been sent when ctx ends.
func lateness(ctx context.Context, envs []*envelope.Envelope, chosen batch.Plan, terms batch.Terms) int {
	end, ok := ctx.Deadline()
	if !ok || !chosen.Finish.After(end) {
		return 0
	}
	terms.Via = chosen.Engine
	if chosen.Engine == batch.Split {
		terms.Via = batch.Auto
	}
	done := sort.Search(len(envs), func(n int) bool {
		return batch.Choose(envs[:n+1], terms).Finish.After(end)
	})
	return len(envs) - done
}

// Overruled reports whether DocuSign may apply the account's own reminders and
// expiration, which it returns, where envelopes ask for others.
func (c *Checked) Overruled() (own reminders.Settings, overruled bool) {
	own = reminders.Base(reminders.Stored{UseAccountDefaults: true}, c.Info.Notification)
	return own, c.Info.OverrideForbidden && slices.ContainsFunc(c.Drafts, func(d *envelope.Draft) bool { return d.Envelope != nil && d.Envelope.Applies != own })
}

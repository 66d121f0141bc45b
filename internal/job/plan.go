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
	Items []Item            // the accepted envelopes, in the order of the files
	Of    []*envelope.Draft // to which Items belong
	Bulk  batch.Bulk
	// InLots says which of those that are due go in lots, see [batch.Plan].
	InLots []int32
	Late   int // envelopes that will not have been sent when the run must end
	// Aborted is set if nothing is sent because rows were rejected.
	Aborted bool
}

// Item is an accepted envelope and what the ledger has of it.
type Item struct {
	Envelope *envelope.Envelope
	Record   envelope.Standing
	Group    int32 // see [batch.Item]
}

// plan chooses how the accepted envelopes are sent and works out what that takes.
func plan(ctx context.Context, o Options, site Site, c Compared) (p Planned, err error) {
	p = Planned{Compared: c, Aborted: c.Rejected() && site.Mode.Aborts(o)}
	p.Items, p.Of = acceptedItems(c)
	which := due(p.Items, o.Limit)
	obstacle := group(p.Items, which)
	envs, groups := make([]*envelope.Envelope, len(which)), make([]int32, len(which))
	for n, i := range which {
		envs[n], groups[n] = p.Items[i].Envelope, p.Items[i].Group
	}
	speed, err := site.Ledger.LotSpeed(ctx, site.Account)
	if err != nil {
		return p, err
	}
	p.Bulk = batch.Bulk{Copies: c.Info.BulkCopies, Queue: c.Info.BulkQueue, Speed: speed}
	terms := batch.Terms{
		Via: o.Via, Forbidden: c.Info.BulkForbidden, Untold: !c.Info.BulkTold, Bulk: p.Bulk,
		State: site.Limits(), Now: time.Now(), Templates: len(c.Sources), Concurrency: o.Concurrency, Obstacle: obstacle,
	}
	chosen := batch.Choose(groups, terms)
	p.InLots = chosen.InLots
	p.Plan = costs(c, envs, chosen, terms)
	p.Late = lateness(ctx, groups, chosen, terms)
	return p, nil
}

// group numbers the groups of the items that are not sent yet. It returns why the
// first of those that are due, whose indices are given, cannot go in a list; "" if all
// can.
func group(items []Item, due []int) (obstacle string) {
	var groups batch.Groups
	for i := range items {
		if items[i].Record.State == envelope.StateSent {
			continue
		}
		var why string
		items[i].Group, why = groups.Of(items[i].Envelope)
		if _, isDue := slices.BinarySearch(due, i); isDue && obstacle == "" {
			obstacle = why
		}
	}
	return obstacle
}

// acceptedItems returns the accepted envelopes and their drafts, in input order.
func acceptedItems(c Compared) (items []Item, of []*envelope.Draft) {
	for _, d := range c.Drafts {
		if d.Envelope != nil {
			items, of = append(items, Item{Envelope: d.Envelope, Record: c.Records[d]}), append(of, d)
		}
	}
	return items, of
}

// due returns the indices of the items that are to be sent, the first so many if
// there is a limit.
func due(items []Item, limit int) (which []int) {
	for i, item := range items {
		if !item.Record.State.MayExist() && (limit == 0 || len(which) < limit) {
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
func lateness(ctx context.Context, groups []int32, chosen batch.Plan, terms batch.Terms) int {
	end, ok := ctx.Deadline()
	if !ok || !chosen.Finish.After(end) {
		return 0
	}
	terms.Via = chosen.Engine
	if chosen.Engine == batch.Split {
		terms.Via = batch.Auto
	}
	done := sort.Search(len(groups), func(n int) bool {
		return batch.Choose(groups[:n+1], terms).Finish.After(end)
	})
	return len(groups) - done
}

// Overruled reports whether DocuSign may apply the account's own reminders and
// expiration, which it returns, where envelopes ask for others.
func (c *Checked) Overruled() (own reminders.Settings, overruled bool) {
	own = reminders.Base(reminders.Stored{UseAccountDefaults: true}, c.Info.Notification)
	return own, c.Info.OverrideForbidden && slices.ContainsFunc(c.Drafts, func(d *envelope.Draft) bool { return d.Envelope != nil && d.Envelope.Applies != own })
}

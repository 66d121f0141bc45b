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
	Plan report.Plan
	Due  []int32 // the envelopes that are to be sent, as far as the limit goes
	Bulk batch.Bulk
	// InLots says which of those that are due go in lots, see [batch.Plan].
	InLots []int32
	Late   int // envelopes that will not have been sent when the run must end
	// Aborted is set if nothing is sent because rows were rejected.
	Aborted bool
}

// plan chooses how the accepted envelopes are sent and works out what that takes.
func plan(ctx context.Context, o Options, site Site, c Compared) (p Planned, err error) {
	p = Planned{Compared: c, Aborted: c.Rejected() && site.Mode.Aborts(o), Due: c.due(o.Limit)}
	groups := make([]int32, len(p.Due))
	for i, n := range p.Due {
		groups[i] = c.entry(int(n)).group
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
	if terms.Obstacle, err = p.obstacle(ctx); err != nil {
		return p, err
	}
	chosen := batch.Choose(groups, terms)
	p.InLots = chosen.InLots
	p.Plan = p.costs(chosen, terms)
	p.Late = lateness(ctx, groups, chosen, terms)
	return p, nil
}

// due returns the envelopes that are to be sent, the first so many if there is a
// limit.
func (x *Index) due(limit int) (due []int32) {
	for n := range x.Len() {
		if e := x.entry(n); e.is(accepted) && !e.state.MayExist() && (limit == 0 || len(due) < limit) {
			due = append(due, int32(n))
		}
	}
	return due
}

// obstacle says why the first envelope that must go singly cannot go in a list; "" if
// all can.
func (p *Planned) obstacle(ctx context.Context) (string, error) {
	for _, n := range p.Due {
		if p.entry(int(n)).group >= 0 {
			continue
		}
		env, err := p.Read(ctx, int(n))
		if err != nil {
			return "", err
		}
		_, obstacle := new(batch.Groups).Of(env)
		return obstacle, nil
	}
	return "", nil
}

// costs says what it takes to send what is due as chosen.
func (p *Planned) costs(chosen batch.Plan, terms batch.Terms) report.Plan {
	takes := chosen.Finish.Sub(terms.Now)
	costs := report.Plan{
		Envelopes: len(p.Due), Calls: chosen.Calls, Engine: chosen.Engine, Why: chosen.Why[0], Notes: chosen.Why[1:], InBulk: chosen.Copies, Lists: chosen.Lists,
		Finish: chosen.Finish, Duration: takes, Seconds: takes.Seconds(),
		CallsLeft: -1, AllowanceLeft: -1,
		Settings: p.settingsOfDue(),
	}
	for _, n := range p.Due {
		costs.Recipients += int(p.entry(int(n)).recipients)
	}
	for n := range p.Len() {
		e := p.entry(n)
		if e.repeat == 0 || e.state.MayExist() {
			continue
		}
		if costs.Repeats == nil {
			costs.Repeats = make(map[envelope.Code]int)
		}
		costs.Repeats[repeats[e.repeat]]++
	}
	if terms.State.Hour.Told {
		costs.CallsLeft = terms.State.Hour.Open
	}
	if a := p.Info.Allowance; a.Known && !a.Unlimited {
		costs.AllowanceLeft = a.Left()
	}
	return costs
}

// settingsOfDue counts what is due by the reminders and expiration that will apply,
// the most frequent first.
func (p *Planned) settingsOfDue() (all []report.Setting) {
	counts := make([]int, len(p.values.settings.values))
	var order []int32
	for _, n := range p.Due {
		s := p.entry(int(n)).setting
		if counts[s]++; counts[s] == 1 {
			order = append(order, s)
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return counts[b] - counts[a] })
	for _, s := range order {
		setting, source := p.values.settings.values[s], "template"
		if setting.overrides {
			source = "override"
		}
		all = append(all, report.Setting{Envelopes: counts[s], Applies: setting.applies.String(), Source: source})
	}
	return all
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
	for n := range c.Len() {
		if e := c.entry(n); e.is(accepted) && c.values.settings.values[e.setting].applies != own {
			return own, c.Info.OverrideForbidden
		}
	}
	return own, false
}

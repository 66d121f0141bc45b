package main

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

// makePlan chooses how the items are sent and works out what that takes.
func (j *job) makePlan(ctx context.Context, items []batch.Item) error {
	which := j.due(items)
	envs := make([]*envelope.Envelope, len(which))
	for n, i := range which {
		envs[n] = items[i].Envelope
	}
	speed, err := j.db.LotSpeed(ctx, j.conn.login.AccountID)
	if err != nil {
		return err
	}
	j.bulk = batch.Bulk{Copies: j.info.BulkCopies, Queue: j.info.BulkQueue, Speed: speed}
	terms := batch.Terms{
		Via: j.o.via, Forbidden: j.info.BulkForbidden, Untold: !j.info.BulkTold, Bulk: j.bulk,
		State: j.conn.limiter.State(), Now: time.Now(), Templates: len(j.sources), Concurrency: j.o.concurrency,
	}
	plan := batch.Choose(envs, terms)
	for n, i := range which {
		items[i].Bulk = plan.InLot[n]
	}
	j.plan = report.Plan{
		Envelopes: len(envs), Calls: plan.Calls, Engine: plan.Engine, Why: plan.Why[0], Notes: plan.Why[1:], InBulk: plan.Copies, Lists: plan.Lists,
		Finish: plan.Finish, Duration: plan.Finish.Sub(terms.Now), Seconds: plan.Finish.Sub(terms.Now).Seconds(),
		CallsLeft: -1, AllowanceLeft: -1,
		Settings: report.Settings(envs),
	}
	for _, env := range envs {
		j.plan.Recipients += len(env.Recipients)
	}
	for _, d := range j.drafts {
		if d.Repeats != "" && !j.standing[d].State.MayExist() {
			if j.plan.Repeats == nil {
				j.plan.Repeats = make(map[envelope.Code]int)
			}
			j.plan.Repeats[d.Repeats]++
		}
	}
	if terms.State.Hour.Told {
		j.plan.CallsLeft = terms.State.Hour.Open
	}
	if a := j.info.Allowance; a.Known && !a.Unlimited {
		j.plan.AllowanceLeft = a.Left()
	}
	j.late = lateness(ctx, envs, plan, terms)
	return nil
}

// lateness is how many of the envelopes will not have been sent when ctx ends.
func lateness(ctx context.Context, envs []*envelope.Envelope, plan batch.Plan, terms batch.Terms) int {
	end, ok := ctx.Deadline()
	if !ok || !plan.Finish.After(end) {
		return 0
	}
	terms.Via = plan.Engine
	if plan.Engine == batch.Split {
		terms.Via = batch.Auto
	}
	done := sort.Search(len(envs), func(n int) bool {
		return batch.Choose(envs[:n+1], terms).Finish.After(end)
	})
	return len(envs) - done
}

// overruled reports whether DocuSign may apply the account's own reminders and
// expiration, which it returns, where envelopes ask for others.
func (j *job) overruled() (own reminders.Settings, overruled bool) {
	own = reminders.Base(reminders.Stored{UseAccountDefaults: true}, j.info.Notification)
	return own, j.info.OverrideForbidden && slices.ContainsFunc(j.drafts, func(d *envelope.Draft) bool { return d.Envelope != nil && d.Envelope.Applies != own })
}

// tell shows problems, warnings and the plan.
func (j *job) tell() {
	report.WriteProblems(j.stderr, "", j.tellRepeats(), j.whole())
	report.WriteProblems(j.stderr, "warning: ", j.warnings, "--json lists them all, and so does --report FILE.html")
	if j.plan.AllowanceLeft >= 0 && j.plan.AllowanceLeft < j.plan.Envelopes {
		j.warn("the account's plan has %s left and %s are to be sent: DocuSign may refuse the rest", report.Plural(j.plan.AllowanceLeft, "envelope"), report.Number(j.plan.Envelopes))
	}
	if own, overruled := j.overruled(); overruled {
		j.warn("the account does not let senders override reminders and expiration: DocuSign may apply the account's instead (%s)", own)
	}
	if j.o.via == batch.InBulk && j.plan.Engine == batch.Single && j.plan.Envelopes > 0 {
		j.warn("--via bulk: nothing goes in bulk; the plan says why")
	}
	aborted := !j.o.dryRun && j.o.onInvalid == "abort" && slices.ContainsFunc(j.drafts, func(d *envelope.Draft) bool { return len(d.Problems) > 0 })
	if aborted {
		return
	}
	if !j.cfg.quiet {
		j.plan.Write(j.stderr)
	}
	if j.late > 0 {
		j.warn("about %s of %s will not have been sent when the run must end (--until, --max-duration): the same command goes on with them later",
			report.Plural(j.late, "envelope"), report.Number(j.plan.Envelopes))
	}
}

package main

import (
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/report"
)

// makePlan works out what sending takes.
func (j *job) makePlan(items []batch.Item) {
	var envs []*envelope.Envelope
	for _, item := range items {
		if item.Standing.State.MayExist() {
			continue
		}
		envs = append(envs, item.Envelope)
	}
	if j.o.limit > 0 && len(envs) > j.o.limit {
		envs = envs[:j.o.limit]
	}
	state := j.conn.limiter.State()
	now := time.Now()
	j.plan = report.Plan{
		Envelopes: len(envs), Calls: len(envs),
		Engine: "single", Why: "one call an envelope",
		CallsLeft: -1, AllowanceLeft: -1,
		Settings: report.Settings(envs),
	}
	if j.o.via == "two-step" {
		j.plan.Engine, j.plan.Why, j.plan.Calls = "two-step", "two calls an envelope", 2*len(envs)
	}
	j.plan.Finish = state.Finish(j.plan.Calls, now)
	for _, env := range envs {
		j.plan.Recipients += len(env.Recipients)
	}
	j.plan.Duration = j.plan.Finish.Sub(now)
	j.plan.Seconds = j.plan.Duration.Seconds()
	if state.Hour.Told {
		j.plan.CallsLeft = state.Hour.Open
	}
	if a := j.info.Allowance; a.Known && !a.Unlimited {
		j.plan.AllowanceLeft = a.Left()
	}
}

// tell shows problems, warnings and the plan.
func (j *job) tell() {
	var problems []envelope.Problem
	for _, d := range j.drafts {
		problems = append(problems, d.Problems...)
	}
	report.WriteProblems(j.stderr, "", problems)
	report.WriteProblems(j.stderr, "warning: ", j.warnings)
	if j.info.SendingBlocked {
		j.warn("DocuSign says that sending is blocked for this account: nothing will be accepted until its administrator clears that")
	}
	if j.plan.AllowanceLeft >= 0 && j.plan.AllowanceLeft < j.plan.Envelopes {
		j.warn("the account's plan has %s left and %s are to be sent: DocuSign may refuse the rest", report.Plural(j.plan.AllowanceLeft, "envelope"), report.Number(j.plan.Envelopes))
	}
	if j.info.OverrideForbidden && slices.ContainsFunc(j.drafts, func(d *envelope.Draft) bool { return d.Envelope != nil && d.Envelope.Notification != nil }) {
		j.warn("the account does not let senders override reminders and expiration: DocuSign may apply the account's instead")
	}
	aborted := !j.o.dryRun && j.o.onInvalid == "abort" && len(problems) > 0
	if !j.cfg.quiet && !aborted {
		j.plan.Write(j.stderr)
	}
}

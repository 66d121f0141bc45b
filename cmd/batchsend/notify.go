package main

import (
	"context"

	"batchsend/internal/access"
	"batchsend/internal/notify"
	"batchsend/internal/report"
)

// watched runs send and tells those who want to know what it came to, also if it could
// not run.
func (a *app) watched(ctx context.Context, o *sendOptions) error {
	n, err := a.notifier(o)
	if err != nil {
		return err
	}
	n.Begin(ctx)
	err = a.send(ctx, o, n)
	if n.Summary == nil { // it has not come to a run
		n.Summary = &report.Summary{ExitCode: exitCode(err), DryRun: o.DryRun, Files: o.Files.Paths}
		if err != nil {
			n.Summary.Error = err.Error()
		}
	}
	n.End(ctx)
	return err
}

// notifier returns what tells others of a run.
func (a *app) notifier(o *sendOptions) (*notify.Notifier, error) {
	if err := a.settings.Check("ping-url", notify.CheckPing(o.Notify.Ping)); err != nil {
		return nil, err
	}
	n := &notify.Notifier{
		Wanted: o.Notify, Program: "batchsend/" + version(), Batch: o.Files.Batch, DryRun: o.DryRun,
		Env: a.env, Precious: a.inputs(o), Transport: a.transport, Output: a.Stderr, Say: a.Say, Warn: a.Warn,
	}
	if n.Transport == nil {
		n.Transport = access.NewTransport(1, a.env)
	}
	return n, n.Check()
}

package job

import (
	"context"
	"errors"
	"iter"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
)

// Session is a run's hold on its batches in the ledger.
type Session interface {
	batch.Ledger
	Recorder
	Leftovers
	// Plan writes down which envelopes the run is about.
	Plan(ctx context.Context, all iter.Seq[ledger.Planned]) error
	// SeeTemplate writes down that a batch is sent with a template as it is now.
	SeeTemplate(ctx context.Context, batch, templateID, fingerprint string) error
}

var _ Session = (*ledger.Session)(nil)

// Live is the mode that sends.
type Live struct {
	Session Session
	// Begin takes the leases and returns the Session, after the operator was shown the
	// plan and has agreed to it. If it is nil, Session is set and nothing is asked.
	Begin func(ctx context.Context) (Session, error)

	shown  bool // a plan was shown
	agreed int  // to so many envelopes
}

var _ Mode = (*Live)(nil)

// Await implements [Mode]. It waits until DocuSign shows what a run had under way
// that was killed and that the ledger has lost. Its calls may take as long as an
// answer that got lost; when they began nobody knows any more. Nothing is asked
// before: it would seem not to be there.
func (m *Live) Await(ctx context.Context, o Options, site Site, batches []string) error {
	for _, name := range batches {
		known, err := site.Ledger.SentCounts(ctx, site.Account, name, time.Now())
		if err != nil {
			return err
		}
		if !known.Killed {
			continue
		}
		site.Operator.Waiting("the ledger has lost what its last run wrote, and that run was killed: what it had under way may not show at DocuSign yet", time.Now().Add(o.Settle))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.Settle):
			return nil
		}
	}
	return nil
}

// Adopt implements [Mode].
func (m *Live) Adopt(ctx context.Context, site Site, u *Unrecorded) (string, error) {
	return "adopted", u.record(ctx, m.Session, site.DocuSign, site.Log)
}

// History implements [Mode].
func (m *Live) History(l Ledger) History { return l }

// Aborts implements [Mode].
func (m *Live) Aborts(o Options) bool { return !o.SkipInvalid }

// Deliver implements [Mode]: it plans the envelopes into the ledger and sends them.
func (m *Live) Deliver(ctx context.Context, o Options, site Site, p Planned) (Done, error) {
	if p.Aborted {
		return m.lookUp(ctx, o, site, p)
	}
	left, err := m.prepare(ctx, site, p)
	if err != nil {
		return Done{Planned: p}, err
	}
	selected, beyond, err := p.selected()
	if err != nil {
		return Done{Planned: p}, err
	}
	progress := site.Operator.Progress(p.Plan)
	observer := &deliveries{recoveries: recoveries{waits{op: site.Operator}}, selection: selected, progress: progress}
	defer tellOfStop(ctx, site.Operator, progress)()
	watch := newTemplateWatch(site, p.Checked)
	runner := &batch.Runner{
		DocuSign: site.DocuSign, Ledger: m.Session, Retry: site.Retry, Settle: o.Settle, Log: site.Log,
		TwoStep: o.Via == batch.TwoStep, NoBulk: o.Via == batch.Single || o.Via == batch.TwoStep,
		Concurrency: o.Concurrency, MaxErrors: o.MaxErrors, Bulk: p.Bulk, InLots: p.InLots,
		BeforeClaim: watch.check, Stale: watch.stale, Observer: observer,
	}
	result := runner.Run(ctx, selected, left)
	progress.Close()
	limits := site.Limits()
	observer.sent.Hourly, observer.sent.Burst = limits.Hour.Limit, limits.Burst.Limit
	return Done{Planned: p, Stopped: result.Stopped, Resolving: result.Resolving, Beyond: beyond, Sent: observer.sent}, observer.failed()
}

// lookUp learns what became of the envelopes that earlier runs left unresolved, where
// rejected rows keep anything from being sent: nobody should have to mend those rows
// to know it.
func (m *Live) lookUp(ctx context.Context, o Options, site Site, p Planned) (Done, error) {
	d := Done{Planned: p}
	result, err := Reconciliation{
		DocuSign: site.DocuSign, Session: m.Session, Retry: site.Retry, Settle: o.Settle, Teller: site.Operator, Log: site.Log,
		Observer: recoveries{waits{op: site.Operator}},
	}.Run(ctx)
	if err != nil {
		return d, err
	}
	d.Stopped, d.Resolving = result.Stopped, result.Resolving
	for ns, ids := range p.identities(func(e *entry) bool { return e.is(identified) && e.status != rejected }) {
		found, err := site.Ledger.Records(ctx, site.Account, ids)
		if err != nil {
			return d, err
		}
		for i, n := range ns {
			out := envelope.Outcome{Status: envelope.Pending}
			if p.entry(n).state = found[i].State; found[i].State.MayExist() {
				out = outcomeBefore(found[i])
			}
			if err := p.settle(n, out); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}

// prepare makes sure that files still say what was read, and writes into the ledger
// what is about to be sent. It returns what earlier runs left behind.
func (m *Live) prepare(ctx context.Context, site Site, p Planned) (left batch.Leftovers, err error) {
	for _, f := range p.files {
		if err := f.seen.unchanged(); err != nil {
			return left, err
		}
	}
	isAccepted := func(e *entry) bool { return e.is(accepted) }
	for _, of := range p.batchTemplates(isAccepted) {
		if err := m.Session.SeeTemplate(ctx, of.batch, of.template, p.Sources[of.template].Template.Fingerprint()); err != nil {
			return left, err
		}
	}
	if err := m.Session.Plan(ctx, p.planned()); err != nil {
		return left, err
	}
	return leftBehind(ctx, m.Session, site.Operator)
}

// planned returns what the ledger is to know of the accepted envelopes.
func (x *Index) planned() iter.Seq[ledger.Planned] {
	return func(yield func(ledger.Planned) bool) {
		for n := range x.Len() {
			if x.entry(n).is(accepted) && !yield(ledger.Planned{Identity: x.identity(n), Position: x.position(n)}) {
				return
			}
		}
	}
}

// tellOfStop tells the operator when ctx is cancelled what happens now. What it
// returns ends that.
func tellOfStop(ctx context.Context, op Teller, progress Progress) (end func()) {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		if errors.Is(context.Cause(ctx), context.Canceled) {
			if progress.Stopping(); progress.Shown() {
				return
			}
			op.Say("stopping: what is in flight is finished and recorded; Ctrl-C again stops at once")
		}
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

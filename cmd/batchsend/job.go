package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	use "batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
	"batchsend/reminders"
)

// job is one run of send, from the files to the report.
type job struct {
	*app
	o        *sendOptions
	defaults reminders.Plan
	faults   sandbox.Faults // of the embedded sandbox, if o.faults is given
	files    []string
	start    time.Time

	inputs   []*envelope.Input
	drafts   []*envelope.Draft
	warnings []envelope.Problem
	conn     *connection
	info     docusign.AccountInfo
	sources  map[string]*envelope.Source // by template ID
	template *templateWatch
	standing use.Records
	outcomes map[*envelope.Draft]envelope.Outcome
	plan     report.Plan
	bulk     batch.Bulk
	late     int              // envelopes that will not be sent in time
	changed  bool             // a template has changed, and nothing may be sent
	others   []use.Unrecorded // what other ledgers have sent, by batch
	past     use.Past
	stopped  error
	failed   error     // why nothing could be done
	underWay int       // unknown envelopes of which the next run learns by itself
	beyond   int       // envelopes that --limit leaves for the next run
	finished bool      // the files are written and the result is told
	printed  bool      // the result is on stdout
	tableTo  io.Writer // what the table is printed on

	seen           []sight            // of the files, when they were read
	fresh          []*freshError      // files that are left for the next run
	headerProblems []envelope.Problem // of files that could not be read at all

	results, rejects, html *report.File
	db                     *ledger.DB
	session                *ledger.Session
}

// run does the job and writes the files, however it ended.
func (j *job) run(ctx context.Context) error {
	j.start, j.tableTo = time.Now(), j.stdout
	j.outcomes = map[*envelope.Draft]envelope.Outcome{}
	err := j.work(ctx)
	if j.finished {
		return err
	}
	err = givenUp(ctx, err)
	code := exitCode(err)
	if code == exitStopped && len(j.drafts) > 0 {
		j.stopped = err
		if cause := context.Cause(ctx); cause != nil {
			j.stopped = cause
		}
		switch {
		case j.standing == nil && j.o.dryRun:
			j.leavePending()
		case j.standing == nil:
			return j.nothingKnown(j.writeFiles(j.entries(), code))
		}
		return j.finish(exitStopped)
	}
	j.failed = err
	if now := j.writeFiles(j.entries(), code); now != code {
		return &exitError{now, err}
	}
	return err
}

// work does the steps in their order. Those before send mail nobody and plan nothing;
// what other ledgers have sent is written down.
func (j *job) work(ctx context.Context) error {
	steps := []func(context.Context) error{j.createFiles, j.read, j.connect, j.openLedger, j.readAccount, j.awaitLost, j.check, j.adopt, j.compare}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if j.changed {
		return j.finish(exitCannotRun)
	}
	if j.holdBack() {
		return j.finish(exitStopped)
	}
	rejected := slices.ContainsFunc(j.drafts, func(d *envelope.Draft) bool { return len(d.Problems) > 0 })
	items, drafts := j.items()
	if err := j.makePlan(ctx, items); err != nil {
		return err
	}
	j.tell()
	switch {
	case j.o.dryRun:
		j.take(drafts, batch.DryRun{}.Run(ctx, items))
		return j.finish(j.exit(rejected))
	case rejected && j.o.onInvalid == "abort":
		return j.finish(exitRejected)
	case j.plan.Envelopes > 0 && !j.o.yes:
		ok, err := j.confirm(ctx, fmt.Sprintf("Send %s?", report.Plural(j.plan.Envelopes, "envelope")))
		if err != nil {
			return err
		}
		if !ok {
			return &exitError{exitCannotRun, errors.New("not confirmed: nothing was sent")}
		}
	}
	if err := j.send(ctx, items, drafts); err != nil {
		return err
	}
	return j.finish(j.exit(rejected))
}

func (j *job) read(context.Context) (err error) {
	j.inputs, err = j.readInputs()
	for _, in := range j.inputs { // also beside files that cannot be read
		j.drafts = append(j.drafts, in.Drafts...)
	}
	if err != nil {
		return err
	}
	if j.rejects != nil {
		return oneRejectsFile(j.inputs)
	}
	return nil
}

// oneRejectsFile fails if the rows of several files cannot stand in one: other
// columns, or an envelope value that would join what does not belong together.
func oneRejectsFile(inputs []*envelope.Input) error {
	labels := map[string]*envelope.Input{}
	for _, in := range inputs {
		if !slices.Equal(in.Header, inputs[0].Header) {
			return usageError("%s and %s have different columns: one rejects file cannot hold rows of both; send them one at a time", inputs[0].Name, in.Name)
		}
		for _, d := range in.Drafts {
			if other := labels[d.Label]; d.Label != "" && other != nil && other != in {
				return usageError("envelope %q stands in %s and in %s: one rejects file would make one envelope of them; send the files one at a time", d.Label, other.Name, in.Name)
			}
			labels[d.Label] = in
		}
	}
	return nil
}

func (j *job) connect(ctx context.Context) (err error) {
	if len(j.drafts) == 0 {
		j.say("no rows: there is nothing to send")
		return j.finish(exitDone)
	}
	j.conn, err = j.app.connect(ctx, j.o.limits)
	if err != nil {
		return err
	}
	if j.conn.sandbox != nil && j.o.faults != "" {
		j.conn.sandbox.Faults = j.faults
	}
	return nil
}

func (j *job) readAccount(ctx context.Context) (err error) {
	j.info, err = j.conn.accountInfo(ctx)
	if err == nil {
		return j.info.MaySend()
	}
	if errors.Is(err, docusign.ErrNotReadable) {
		j.log.Info("the account's settings are not readable for this user; going on without them", "error", err)
		return nil
	}
	return err
}

// check reads the templates and checks every draft.
func (j *job) check(ctx context.Context) (err error) {
	if err := j.checkTemplate(ctx, j.conn); err != nil {
		return err
	}
	checker := &envelope.Checker{
		Account:         j.conn.login.AccountID,
		DefaultTemplate: j.conn.template,
		Defaults:        j.defaults,
		AllowSamePerson: j.o.allowSamePerson,
		AllowRepeat:     j.o.allowRepeat,
		Rules:           j.info.Rules,
		Sources:         map[string]*envelope.Source{},
		Each:            batch.Each,
	}
	j.sources = checker.Sources
	j.template = newTemplateWatch(j)
	if checker.Legacy, err = j.db.HasLegacy(ctx, checker.Account); err != nil {
		return err
	}
	if j.past, err = j.search().Past(ctx, batchesOf(j.inputs)); err != nil {
		return err
	}
	checker.Legacy = checker.Legacy || j.past.Legacy
	for _, id := range checker.TemplateIDs(j.drafts) {
		source, err := j.conn.source(ctx, id, j.info)
		if err != nil {
			return err
		}
		checker.Sources[id] = source
	}
	j.warnings = checker.Check(j.drafts)
	return nil
}

// openLedger opens the ledger, whose budget all calls heed, and, unless this is
// a dry run, takes the lease on the batches.
func (j *job) openLedger(ctx context.Context) (err error) {
	if j.o.dryRun {
		if j.db, err = ledger.OpenReadOnly(ctx, j.conn.ledger); err != nil {
			return err
		}
		return j.conn.recall(ctx, j.db)
	}
	if j.db, err = j.openShared(ctx, j.conn); err != nil {
		return err
	}
	var batches []string
	for _, in := range j.inputs {
		if !slices.Contains(batches, in.Batch) {
			batches = append(batches, in.Batch)
		}
	}
	j.session, err = j.db.Begin(ctx, ledger.Run{Account: j.conn.login.AccountID, Batches: batches, Version: version(), AllowRepeat: j.o.allowRepeat, OnWatch: j.tellWatch})
	return err
}

// items returns the accepted envelopes and their drafts, in input order.
func (j *job) items() (items []batch.Item, drafts []*envelope.Draft) {
	for _, d := range j.drafts {
		if d.Envelope != nil {
			items = append(items, batch.Item{Envelope: d.Envelope, Standing: j.standing[d]})
			drafts = append(drafts, d)
		}
	}
	return items, drafts
}

// send plans the envelopes into the ledger and sends them.
func (j *job) send(ctx context.Context, items []batch.Item, drafts []*envelope.Draft) error {
	chosen, chosenDrafts := j.limited(items, drafts)
	envs := make([]*envelope.Envelope, len(items))
	for i := range items {
		envs[i] = items[i].Envelope
	}
	for _, file := range j.seen {
		if err := file.same(); err != nil {
			return &exitError{exitStopped, err}
		}
	}
	if err := j.seeTemplates(ctx); err != nil {
		return err
	}
	if err := j.session.Plan(ctx, envs); err != nil {
		return err
	}
	behind, err := j.leftBehind(ctx, j.session)
	if err != nil {
		return err
	}
	bar := j.progress(j.plan.Envelopes)
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		if errors.Is(context.Cause(ctx), context.Canceled) {
			j.say("stopping: what is in flight is finished and recorded; Ctrl-C again stops at once")
		}
	})
	defer func() {
		if !stop() {
			<-told
		}
	}()
	runner := &batch.Runner{
		DocuSign: j.conn.client, Ledger: j.session, TwoStep: j.o.via == batch.TwoStep,
		Retry: j.conn.retry, Concurrency: j.o.concurrency, MaxErrors: j.o.maxErrors, Settle: j.o.settle,
		Guard: j.template.check, Stale: j.template.stale, Bulk: j.bulk, Singly: j.o.via == batch.Single || j.o.via == batch.TwoStep, OnLot: j.tellLot, OnAlone: j.tellAlone,
		Log: j.log, OnOutcome: bar.outcome, OnLeft: func(l batch.Left) { j.say("%s", leftText(l)) }, OnLost: j.tellLost, OnPause: j.tellPause,
	}
	result := runner.Run(ctx, chosen, behind)
	bar.close()
	j.take(chosenDrafts, result)
	for _, d := range drafts {
		if _, ok := j.outcomes[d]; !ok {
			j.outcomes[d] = envelope.Outcome{Status: envelope.Pending, Message: "left for the next run (--limit)"}
			j.beyond++
		}
	}
	if j.stopped == nil && j.beyond > 0 { // as it was wanted
		j.stopped = &exitError{exitDone, fmt.Errorf("--limit %d reached: run the same command again for the next ones", j.o.limit)}
	}
	return nil
}

// due returns the indices of the items that are to be sent: with --limit the
// first so many.
func (j *job) due(items []batch.Item) (which []int) {
	for i, item := range items {
		if !item.Standing.State.MayExist() && (j.o.limit == 0 || len(which) < j.o.limit) {
			which = append(which, i)
		}
	}
	return which
}

// limited returns the items that this run is about: those that are due, and all
// that were sent, or may have been.
func (j *job) limited(items []batch.Item, drafts []*envelope.Draft) (chosen []batch.Item, of []*envelope.Draft) {
	which := j.due(items)
	for i, item := range items {
		due := len(which) > 0 && which[0] == i
		if due {
			which = which[1:]
		}
		if due || item.Standing.State.MayExist() {
			chosen, of = append(chosen, item), append(of, drafts[i])
		}
	}
	return chosen, of
}

// close gives back what the job holds, whatever happened.
func (j *job) close() {
	j.discardFiles()
	if j.session != nil {
		if err := j.session.Close(context.Background()); err != nil {
			j.log.Warn("closing the ledger's session", "error", err)
		}
	}
	if j.conn != nil {
		j.conn.leave()
	}
	if j.db != nil {
		if err := j.db.Close(); err != nil {
			j.log.Warn("closing the ledger", "error", err)
		}
	}
	if j.conn != nil && j.conn.sandbox != nil {
		j.conn.sandbox.Close()
	}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
	"batchsend/internal/templatefile"
)

// sending is one run of send on the command line: what is plugged into the use case,
// and how its result is shown.
type sending struct {
	*app
	o       *sendOptions
	options job.Options
	files   []string
	faults  sandbox.Faults       // of the embedded sandbox, if o.faults is given
	pulled  []*templatefile.File // that stand in for DocuSign
	start   time.Time
	outputs report.Outputs
	done    job.Done

	// What is open.
	conn    *connection
	session *ledger.Session
}

// run sends, writes the files however that ended, and returns the error that carries
// the exit code.
func (s *sending) run(ctx context.Context) (err error) {
	done := &s.done
	*done = job.Nothing()
	if s.outputs, err = s.wanted().Begin(); err != nil {
		return s.fail(done, err, verdictOf(err))
	}
	s.options.Files.OneStream = s.o.rejects != "" && len(s.outputs.Rejects()) == 0
	*done, err = job.Send(ctx, s.options, s, s.open)
	if header, ok := errors.AsType[*job.HeaderError](err); ok {
		s.writeProblems("", header.Problems, "--json lists them all")
	}
	if err == nil {
		if done.Len() == 0 {
			s.Say("no rows: there is nothing to send")
		}
		v, err := done.Verdict()
		if err != nil {
			return s.fail(done, err, v)
		}
		return s.finish(done, v)
	}
	err = givenUp(ctx, err)
	if v := verdictOf(err); v != job.GoesOn || done.Len() == 0 {
		return s.fail(done, err, v)
	}
	done.Stopped = cmp.Or(context.Cause(ctx), err)
	switch {
	case done.LookedUp():
	case s.o.dryRun:
		done.Unchecked(job.WhyStopped(done.Stopped))
	default:
		return s.nothingKnown(done, job.GoesOn)
	}
	return s.finish(done, job.GoesOn)
}

// open signs in, opens the ledger, whose budget all calls heed, and, unless this is a
// dry run, takes the lease on the batches.
func (s *sending) open(ctx context.Context, batches []string) (site job.Site, err error) {
	if len(s.pulled) > 0 {
		site, err = job.Offline(s.pulled, s.cfg.template)
		site.Operator, site.Log = operator{s.app, s}, s.log
		s.Say("%s", job.NotKnown(s.pulled))
		return site, err
	}
	if s.conn, err = s.connect(ctx, s.o.limits); err != nil {
		return site, err
	}
	if s.conn.sandbox != nil && s.o.faults != "" {
		s.conn.sandbox.Faults = s.faults
	}
	site = job.Site{
		Account: s.conn.Login.AccountID, DocuSign: s.conn.Client, Retry: s.conn.Retry, Limits: s.conn.Limiter.State,
		Template:   func(ctx context.Context) (string, error) { return s.checkTemplate(ctx, s.conn) },
		Templates:  s.conn.templates,
		LedgerPath: s.conn.ledger, Operator: operator{s.app, s}, Log: s.log,
	}
	if s.o.dryRun {
		err = s.conn.ReadLedger(ctx, s.conn.ledger)
		site.Ledger, site.Mode = s.conn.Ledger, &job.DryRun{}
		return site, err
	}
	if err = s.share(ctx, s.conn); err != nil {
		return site, err
	}
	s.session, err = s.conn.Ledger.Begin(ctx, ledger.Run{Account: site.Account, Batches: batches, Version: version(), AllowRepeat: s.o.allowRepeat, OnWatch: s.tellWatch})
	site.Ledger, site.Mode = s.conn.Ledger, &job.Live{Session: s.session, Confirm: !s.o.yes}
	return site, err
}

// close gives back what the run holds, whatever happened.
func (s *sending) close() {
	s.outputs.Discard()
	if err := s.done.Close(); err != nil {
		s.log.Warn("closing the input files", "error", err)
	}
	if s.session != nil {
		if err := s.session.Close(context.Background()); err != nil {
			s.log.Warn("closing the ledger's session", "error", err)
		}
	}
	if s.conn != nil {
		s.conn.close()
	}
}

// operator is the person at the terminal.
type operator struct {
	*app
	s *sending
}

var _ job.Operator = operator{}

// Waiting implements [job.Operator].
func (op operator) Waiting(reason string, until time.Time) { op.s.conn.Waits.Until(reason, until) }

// Progress implements [job.Operator].
func (op operator) Progress(envelopes int) job.Progress {
	return op.Bar("sending", envelopes)
}

// Confirm implements [job.Operator].
func (op operator) Confirm(ctx context.Context, envelopes int) (bool, error) {
	return op.Ask(ctx, fmt.Sprintf("Send %s?", report.Plural(envelopes, "envelope")))
}

// ShowPlan implements [job.Operator].
func (op operator) ShowPlan(p job.Planned) {
	sentences, problems := p.SumUp()
	for _, text := range sentences {
		fmt.Fprintf(op.Stderr, "%s; %s\n", text, op.s.whole())
	}
	if err := report.WriteProblems(op.Stderr, "", problems, op.s.whole()); err != nil {
		op.Warn("what is wrong with the rows cannot be shown: %v", err)
	}
	op.writeProblems("warning: ", p.Warnings, "--json lists them all, and so does --report FILE.html")
	for _, caution := range p.Cautions(op.s.options) {
		op.Warn("%s", caution)
	}
	if p.Aborted {
		return
	}
	if !op.cfg.quiet {
		p.Plan.Write(op.Stderr)
	}
	if late := p.Lateness(); late != "" {
		op.Warn("%s", late)
	}
}

// whole says where all problems of the rows stand.
func (s *sending) whole() string { return s.wanted().Complete(&s.outputs) + " has them all" }

// fail ends a run that could not do its work.
func (s *sending) fail(done *job.Done, err error, v job.Verdict) error {
	var problems envelope.Problems
	if header, ok := errors.AsType[*job.HeaderError](err); ok {
		problems = header.Problems
	}
	summary := s.summary(done, v)
	summary.Error = err.Error()
	if now := s.writeFiles(done, summary, v); now != v {
		v, err = now, &exitError{now, err}
	}
	if !s.o.json {
		return err
	}
	return errors.Join(err, (&report.Summary{
		ExitCode: exitCodes[v], DryRun: s.o.dryRun, Files: s.files, Error: err.Error(),
		Problems: report.Problems(problems), Warnings: report.Problems(nil),
	}).Write(s.Stdout))
}

// finish writes the files and prints the result, whatever happened, and
// returns the error that carries the exit code.
func (s *sending) finish(done *job.Done, v job.Verdict) error {
	v = s.writeFiles(done, s.summary(done, v), v)
	if text := done.WhyStopped(s.o.limit); text != "" {
		fmt.Fprintf(s.Stderr, "stopped: %s\n", text)
	}
	for _, f := range done.TooFresh {
		s.Warn("%v: it is left for the next run", f)
	}
	if err := s.print(done, v); err != nil {
		return err
	}
	if err := report.WriteProblems(s.Stderr, "", report.Troubles(done.Outcomes(envelope.Failed, envelope.Unknown)), s.whole()); err != nil {
		return err
	}
	rejects := s.outputs.Rejects()
	if !s.o.dryRun {
		moved, err := done.PutAway(s.o.folders, s.Say)
		if err != nil {
			s.Warn("%v", err)
			v = job.NeedsPerson
		}
		if len(rejects) == 0 {
			rejects = moved
		}
	}
	if err := s.advise(done, rejects); err != nil {
		return err
	}
	return exitWith(v)
}

// nothingKnown ends a run that was stopped before it had looked into the ledger.
// Only the files tell of its rows: to show them as pending would be a lie of those
// that were sent before.
func (s *sending) nothingKnown(done *job.Done, v job.Verdict) error {
	v = s.writeFiles(done, s.summary(done, v), v)
	if s.o.json {
		if err := s.print(done, v); err != nil {
			return err
		}
	}
	return &exitError{v, &adviceError{
		text: fmt.Sprintf("stopped before anything was compared with the ledger: %s. This run sent nothing", strings.TrimSuffix(job.WhyStopped(done.Stopped), ".")),
		hint: job.HintOf(done.Stopped),
	}}
}

// writeFiles writes the output files and returns what becomes of the verdict by that.
func (s *sending) writeFiles(done *job.Done, summary *report.Summary, v job.Verdict) job.Verdict {
	content := done.Content(summary)
	content.Note = func(text string) { s.Warn("%s: %s", s.o.rejects, text) }
	for _, err := range s.outputs.Write(content) {
		s.Warn("%v", err)
		if bad, ok := errors.AsType[*report.FileError](err); ok {
			s.Say("hint: %s", bad.Hint())
		}
		v = job.NeedsPerson
	}
	return v
}

// print prints the result.
func (s *sending) print(done *job.Done, v job.Verdict) error {
	if s.o.json {
		return s.summary(done, v).Write(s.Stdout)
	}
	var table io.Writer = s.Stdout
	if s.outputs.OnStdout() {
		if s.cfg.quiet {
			return nil
		}
		table = s.Stderr
	}
	shown, err := done.Notable()
	if err != nil {
		return err
	}
	return report.WriteTable(table, shown, done.Counts(), len(done.Inputs()) > 1)
}

// remap returns the command that gives columns of the files these names, too.
func (s *sending) remap(mapping envelope.Mapping) string {
	var words []string
	if s.o.dryRun {
		words = append(words, "--dry-run")
	}
	for _, text := range s.o.maps {
		words = append(words, "--map", text)
	}
	for _, r := range mapping {
		words = append(words, "--map", r.String())
	}
	for _, file := range s.files {
		words = append(words, cmdline.FileArgument(file))
	}
	return s.command("send", words...)
}

// advise says what to do next, where something is to be done. rejects are the files of
// rejected rows that can be corrected.
func (s *sending) advise(done *job.Done, rejects []report.Kept) error {
	adviser := job.Adviser{
		Rejects:      rejects,
		AllOrNothing: s.o.onInvalid == "abort" && !s.o.dryRun,
		Resend: func(batch, file string) string {
			return s.command("send", "--batch", batch, cmdline.FileArgument(file))
		},
		Remap: s.remap,
	}
	hints, err := adviser.Hints(done)
	for _, hint := range hints {
		s.Say("hint: %s", s.composer().Complete(hint))
	}
	return err
}

// writeProblems shows problems to the person at the keyboard.
func (a *app) writeProblems(kind string, problems []envelope.Problem, whole string) {
	_ = report.WriteProblems(a.Stderr, kind, report.AllOf(problems), whole) // a list in memory can be read
}

// summary is what the run came to, in short.
func (s *sending) summary(done *job.Done, v job.Verdict) *report.Summary {
	sum := done.Summary(s.o.limit)
	sum.ExitCode, sum.DryRun, sum.Files = exitCodes[v], s.o.dryRun, s.files
	sum.Seconds, sum.Results, sum.Rejects = time.Since(s.start).Seconds(), s.o.results, s.o.rejects
	if s.o.json {
		if err := done.Detail(sum); err != nil {
			s.Warn("--json does not tell of all that is wrong: %v", err)
		}
	}
	if s.conn != nil {
		sum.Account, sum.Plan = s.conn.Login.AccountID, &done.Plan
	}
	return sum
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// sending is one run of send on the command line: what is plugged into the use case,
// and how its result is shown.
type sending struct {
	*app
	o       *sendOptions
	files   []string
	faults  sandbox.Faults // of the embedded sandbox, if o.faults is given
	start   time.Time
	outputs outputs
	printed bool // the result is on stdout
	done    job.Done

	// What is open.
	conn    *connection
	session *ledger.Session
}

// run sends, writes the files however that ended, and returns the error that carries
// the exit code.
func (s *sending) run(ctx context.Context, o job.Options) (err error) {
	done := &s.done
	*done = job.Nothing()
	if s.outputs, err = s.createFiles(); err != nil {
		return s.fail(done, err, exitCode(err))
	}
	*done, err = job.Send(ctx, o, s, s.open)
	if err == nil {
		if done.Len() == 0 {
			s.Say("no rows: there is nothing to send")
		}
		code, err := exitCodeOf(done)
		if err != nil {
			return s.fail(done, err, code)
		}
		return s.finish(done, code)
	}
	err = givenUp(ctx, err)
	code := exitCode(err)
	if code != exitStopped || done.Len() == 0 {
		return s.fail(done, err, code)
	}
	done.Stopped = err
	if cause := context.Cause(ctx); cause != nil {
		done.Stopped = cause
	}
	switch {
	case done.LookedUp():
	case s.o.dryRun:
		done.Unchecked(why(done.Stopped))
	default:
		return s.nothingKnown(done, code)
	}
	return s.finish(done, exitStopped)
}

// open signs in, opens the ledger, whose budget all calls heed, and, unless this is a
// dry run, takes the lease on the batches.
func (s *sending) open(ctx context.Context, batches []string) (site job.Site, err error) {
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
	s.outputs.discard()
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
	return progress{op.Bar("sending", envelopes)}
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
	envelopes := p.Plan.Envelopes
	if left := p.Plan.AllowanceLeft; left >= 0 && left < envelopes {
		op.Warn("the account's plan has %s left and %s are to be sent: DocuSign may refuse the rest", report.Plural(left, "envelope"), report.Number(envelopes))
	}
	if own, overruled := p.Overruled(); overruled {
		op.Warn("the account does not let senders override reminders and expiration: DocuSign may apply the account's instead (%s)", own)
	}
	if op.s.o.via == batch.InBulk && p.Plan.Engine == batch.Single && envelopes > 0 {
		op.Warn("--via bulk: nothing goes in bulk; the plan says why")
	}
	if p.Aborted {
		return
	}
	if !op.cfg.quiet {
		p.Plan.Write(op.Stderr)
	}
	if p.Late > 0 {
		op.Warn("about %s of %s will not have been sent when the run must end (--until, --max-duration): the same command goes on with them later",
			report.Plural(p.Late, "envelope"), report.Number(envelopes))
	}
}

// whole says where all problems of the rows stand.
func (s *sending) whole() string {
	switch {
	case s.outputs.results != nil:
		return s.o.results + " has them all"
	case s.outputs.rejects != nil:
		return s.o.rejects + " has them all"
	}
	return "--results FILE has them all"
}

// fail ends a run that could not do its work.
func (s *sending) fail(done *job.Done, err error, code int) error {
	var problems envelope.Problems
	if header, ok := errors.AsType[*job.HeaderError](err); ok {
		problems = header.Problems
		s.writeProblems("", problems, "--json lists them all")
	}
	summary := s.summary(done, code)
	summary.Error = err.Error()
	if now := s.writeFiles(done, summary); now != code {
		code, err = now, &exitError{now, err}
	}
	if !s.o.json {
		return err
	}
	s.printed = true
	return errors.Join(err, (&report.Summary{
		ExitCode: code, DryRun: s.o.dryRun, Files: s.files, Error: err.Error(),
		Problems: report.Problems(problems), Warnings: report.Problems(nil),
	}).Write(s.Stdout))
}

// finish writes the files and prints the result, whatever happened, and
// returns the error that carries the exit code.
func (s *sending) finish(done *job.Done, code int) error {
	if len(done.TooFresh) > 0 {
		code = worst(code, exitStopped)
	}
	code = s.writeFiles(done, s.summary(done, code))
	if text := s.stopped(done); text != "" {
		fmt.Fprintf(s.Stderr, "stopped: %s\n", text)
	}
	for _, f := range done.TooFresh {
		s.Warn("%v: it is left for the next run", f)
	}
	if err := s.print(done, code); err != nil {
		return err
	}
	if err := report.WriteProblems(s.Stderr, "", report.Troubles(done.Outcomes(envelope.Failed, envelope.Unknown)), s.whole()); err != nil {
		return err
	}
	if err := s.advise(done, done.Counts()); err != nil {
		return err
	}
	return exitWith(code)
}

// nothingKnown ends a run that was stopped before it had looked into the ledger.
// Only the files tell of its rows: to show them as pending would be a lie of those
// that were sent before.
func (s *sending) nothingKnown(done *job.Done, code int) error {
	code = s.writeFiles(done, s.summary(done, code))
	if s.o.json {
		if err := s.print(done, code); err != nil {
			return err
		}
	}
	return &exitError{code, &adviceError{
		text: fmt.Sprintf("stopped before anything was compared with the ledger: %s. This run sent nothing", strings.TrimSuffix(why(done.Stopped), ".")),
		hint: hintOf(done.Stopped),
	}}
}

func (s *sending) print(done *job.Done, code int) error {
	s.printed = true
	if s.o.json {
		return s.summary(done, code).Write(s.Stdout)
	}
	var table io.Writer = s.Stdout
	if s.outputs.onStdout {
		if s.cfg.quiet {
			return nil
		}
		table = s.Stderr
	}
	var shown []report.Entry
	for _, n := range report.Notable(done.Statuses()) {
		e, err := done.Entry(n)
		if err != nil {
			return err
		}
		shown = append(shown, e)
	}
	return report.WriteTable(table, shown, done.Counts(), len(done.Inputs()) > 1)
}

// writeProblems shows problems to the person at the keyboard.
func (a *app) writeProblems(kind string, problems []envelope.Problem, whole string) {
	_ = report.WriteProblems(a.Stderr, kind, report.AllOf(problems), whole) // a list in memory can be read
}

func (s *sending) summary(done *job.Done, code int) *report.Summary {
	sum := &report.Summary{
		ExitCode: code, DryRun: s.o.dryRun, Files: s.files, Batches: done.BatchOfEach(), Rows: done.Rows(),
		Counts: done.Counts(), Envelopes: done.Len(), Recipients: done.Recipients(),
		Warnings: report.Problems(done.Warnings), Stopped: s.stopped(done),
		Seconds: time.Since(s.start).Seconds(), Results: s.o.results, Rejects: s.o.rejects,
	}
	if s.o.json {
		var err error
		if sum.Troubles, err = report.ByCode(done.Outcomes(envelope.Failed, envelope.Unknown)); err == nil {
			sum.Problems, err = report.Collect(done.Problems())
		}
		if err != nil {
			s.Warn("--json does not tell of all that is wrong: %v", err)
		}
	}
	if s.conn != nil {
		sum.Account, sum.Plan = s.conn.Login.AccountID, &done.Plan
	}
	if sum.Stopped == "" && len(done.TooFresh) > 0 {
		sum.Stopped = done.LeftAlone().Error()
	}
	return sum
}

// stopped tells what stopped a run; "" if nothing did.
func (s *sending) stopped(done *job.Done) string {
	switch {
	case done.Stopped != nil:
		return why(done.Stopped)
	case done.Beyond > 0:
		return fmt.Sprintf("--limit %d reached: "+envelope.RunAgain+" for the next ones", s.o.limit)
	}
	return ""
}

// why tells what stopped a run.
func why(stopped error) string {
	if errors.Is(stopped, context.Canceled) {
		return "interrupted; what could be settled is. " + envelope.RunAgainSentence + " to go on"
	}
	if lost, ok := errors.AsType[*ledger.LostError](stopped); ok { // whatever was being done
		return lost.Error()
	}
	return stopped.Error()
}

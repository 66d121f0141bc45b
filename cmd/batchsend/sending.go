package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"batchsend/internal/console"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/notify"
	"batchsend/internal/progress"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
	"batchsend/internal/sendflags"
)

// sending is one run of send on the command line: what is plugged into the use case,
// and how its result is shown.
type sending struct {
	*app
	o        *sendOptions
	faults   sandbox.Faults // of the embedded sandbox, if o.Faults is given
	offline  *job.Offline   // stands in for DocuSign; nil: it is asked
	ending   job.Ending
	notifier *notify.Notifier // learns what the run came to
	done     job.Done
	conn     *connection             // nil if there is none yet
	giveUp   context.CancelCauseFunc // ends waits that are not worth it
}

// run sends, writes the files however that ended, and returns the error that carries
// the exit code.
func (s *sending) run(ctx context.Context) (err error) {
	defer s.close()
	s.done = job.Nothing()
	s.ending = job.Ending{
		Screen:   job.Screen{Teller: s, Stdout: s.Stdout, Stderr: s.Stderr, Quiet: s.cfg.quiet, Emphasize: s.Emphasize},
		Commands: s.composer(), Options: s.o.Options, Folders: s.o.Folders, DryRun: s.o.DryRun, JSON: s.o.JSON,
		Setup: report.Setup{Environment: s.environment(), Settings: sendflags.Chosen(s.settings)}, Started: time.Now(), ExitCode: func(v job.Verdict) int { return exitCodes[v] },
	}
	if s.ending.Outputs, err = s.wanted().Begin(); err == nil {
		s.o.Files.OneStream = s.ending.Outputs.RejectsStream()
		s.done, err = job.Send(ctx, s.o.Options, s, s.open)
		s.ending.ShowHeaders(&s.done, err)
	}
	verdict, err := s.ending.Tell(ctx, &s.done, givenUp(ctx, err))
	if s.o.Notify != (notify.Wanted{}) {
		s.notifier.Summary = s.ending.Summary(&s.done, verdict, err)
	}
	if err != nil {
		return &exitError{verdict, err}
	}
	return exitWith(verdict)
}

// wanted says which files the run is to write.
func (s *sending) wanted() report.Wanted {
	w := s.o.Wanted
	w.Precious, w.Stdout, w.Stderr, w.Called = s.precious(), s.Files, s.Stderr, s.place
	if s.o.JSON {
		w.Taken = "json"
	}
	return w
}

// precious lists the files that no output of the run may replace.
func (s *sending) precious() map[string]string {
	files := s.inputs(s.o)
	if s.o.Notify.Metrics != "" {
		files[s.o.Notify.Metrics] = "the metrics file"
	}
	return files
}

// inputs lists the files that nothing that is written may replace: those that the run
// reads and those that no command may replace.
func (a *app) inputs(o *sendOptions) map[string]string {
	files := a.precious()
	for _, path := range o.Files.Paths {
		if path != "-" {
			files[path] = "an input"
		}
	}
	for _, path := range o.TemplateFiles {
		files[path] = "a template file"
	}
	return files
}

// open signs in, opens the ledger, whose budget all calls heed, and, unless this is a
// dry run, takes the lease on the batches.
func (s *sending) open(ctx context.Context, batches []string) (site job.Site, err error) {
	if s.offline != nil {
		site = s.offline.Site
		site.Operator, site.Log = s, s.log
		s.Say("%s", s.offline)
		return site, nil
	}
	if s.conn, err = s.connect(ctx, limits{Limits: s.o.Limits, concurrency: s.o.Concurrency, brief: s.o.DryRun, giveUp: s.giveUp}); err != nil {
		return site, err
	}
	if s.conn.sandbox != nil && s.o.Faults != "" {
		s.conn.sandbox.Faults = s.faults
	}
	login := &s.conn.Login
	s.ending.Party = report.Party{AccountID: login.AccountID, Account: login.AccountName, Sender: fmt.Sprintf("%s <%s>", login.UserName, login.UserEmail)}
	s.ending.Calls = s.conn.Calls
	site = job.Site{
		Account: s.conn.Login.AccountID, DocuSign: s.conn.Client, Retry: s.conn.Retry, Limits: s.conn.Limiter.State,
		Template:   func(ctx context.Context) (string, error) { return s.checkTemplate(ctx, s.conn) },
		Templates:  s.conn.templates,
		LedgerPath: s.conn.ledger, Operator: s, Log: s.log,
	}
	if s.o.DryRun {
		err = s.conn.ReadLedger(ctx, s.conn.ledger)
		site.Ledger, site.Mode = s.conn.Ledger, &job.DryRun{}
		return site, err
	}
	if err = s.share(ctx, s.conn); err != nil {
		return site, err
	}
	live := &job.Live{Begin: func(ctx context.Context) (job.Session, error) {
		return s.begin(ctx, s.conn, ledger.Run{Batches: batches, AllowRepeat: s.o.AllowRepeat})
	}}
	if site.Ledger, site.Mode = s.conn.Ledger, live; s.o.Yes || !s.Asks(s.question()) {
		live.Session, err = live.Begin(ctx)
		live.Begin = nil
	}
	return site, err
}

// close gives back what the run holds, whatever happened.
func (s *sending) close() {
	s.ending.Outputs.Discard()
	if err := s.done.Close(); err != nil {
		s.log.Warn("closing the input files", "error", err)
	}
	if s.conn != nil {
		s.conn.close()
	}
}

var _ job.Operator = (*sending)(nil)

// Waiting implements [job.Operator].
func (s *sending) Waiting(reason string, until time.Time) { s.conn.Waits.Until(reason, until) }

// Reading implements [job.Operator].
func (s *sending) Reading(rows func() int) (end func()) { return progress.Reading(s.Terminal, rows) }

// Progress implements [job.Operator].
func (s *sending) Progress(plan report.Plan) job.Progress {
	d := progress.Begin(s.Terminal, plan, s.conn.Limiter.State)
	s.conn.Waits.ShowOn(d)
	return d
}

// ShowPlan implements [job.Operator].
func (s *sending) ShowPlan(p job.Planned) {
	h := s.ending.Heading(p)
	s.log.Info("run", slog.Any("", &h))
	s.ending.ShowPlan(p)
}

// question is the one that is asked before anything is sent. In production it is asked
// wherever somebody can answer it.
func (s *sending) question() console.Question {
	return console.Question{Everywhere: s.environment() == "production"}
}

// Confirm implements [job.Operator].
func (s *sending) Confirm(ctx context.Context, shown job.Planned) (bool, error) {
	h, q := s.ending.Heading(shown), s.question()
	q.Text, q.Explain = h.Question(), func(w io.Writer) { h.Write(w, nil) }
	return s.Ask(ctx, q)
}

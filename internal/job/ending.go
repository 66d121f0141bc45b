package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
)

// Screen is where a run shows what it finds and what it came to.
type Screen struct {
	Teller
	Stdout io.Writer // for the result
	Stderr io.Writer // for all else
	Quiet  bool      // only problems are shown on Stderr
	// Emphasize makes a text stand out on Stderr; nil: nothing does.
	Emphasize func(string) string
}

// Commands writes command lines that the operator can paste into a shell.
type Commands interface {
	// CommandOn returns the command of that name on files, with what was typed for
	// this run as far as flags say nothing else.
	CommandOn(files []string, name string, flags ...string) string
	// Complete returns a text whose commands stand in back quotes with what was typed
	// for this run.
	Complete(text string) string
}

// Ending tells how a run of [Send] ended: in the files that were asked for, on the
// screen, and with what to do next.
type Ending struct {
	Screen
	Commands
	Options Options
	Folders Folders
	Outputs report.Outputs
	DryRun  bool
	JSON    bool // the result is one JSON object instead of a table
	Party   report.Party
	Setup   report.Setup
	Started time.Time
	// Calls returns how many calls DocuSign got, and how many of them it refused because
	// a limit was reached; nil if the run has not signed in.
	Calls func() (made, refused int)
	// ExitCode returns the process's exit code for a verdict.
	ExitCode func(Verdict) int
}

// ShowHeaders shows what is wrong with headers, if err tells of that, and moves the files
// of which no row can be read out of the way.
func (e *Ending) ShowHeaders(done *Done, err error) {
	header, ok := errors.AsType[*HeaderError](err)
	if !ok {
		return
	}
	e.warnOf("", header.Problems, "--json lists them all")
	if e.DryRun {
		return
	}
	if err := done.PutAwayUnread(e.Folders, e.Say); err != nil {
		e.Warn("%v", err)
	}
}

// Heading says what the run is about.
func (e *Ending) Heading(p Planned) report.Heading {
	h := p.Heading()
	h.Environment, h.Party, h.DryRun = e.Setup.Environment, e.Party, e.DryRun
	return h
}

// ShowPlan shows what the run is about, what is wrong with the rows and what will be
// sent.
func (e *Ending) ShowPlan(p Planned) {
	if !e.Quiet && e.Party.AccountID != "" {
		h := e.Heading(p)
		h.Write(e.Stderr, e.Emphasize)
	}
	sentences, problems := p.SumUp()
	for _, text := range sentences {
		fmt.Fprintf(e.Stderr, "%s; %s\n", text, e.whole())
	}
	if err := report.WriteProblems(e.Stderr, "", problems, e.whole()); err != nil {
		e.Warn("what is wrong with the rows cannot be shown: %v", err)
	}
	e.warnOf("warning: ", p.Warnings, "--json lists them all, and so does --report FILE.html")
	for _, caution := range p.Cautions(e.Options) {
		e.Warn("%s", caution)
	}
	if p.Aborted {
		return
	}
	if !e.Quiet {
		p.Plan.Write(e.Stderr)
	}
	if late := p.Lateness(); late != "" {
		e.Warn("%s", late)
	}
}

// warnOf shows problems that are a list in memory, which can be read.
func (e *Ending) warnOf(kind string, problems []envelope.Problem, whole string) {
	_ = report.WriteProblems(e.Stderr, kind, report.AllOf(problems), whole)
}

// whole says where all problems of the rows stand.
func (e *Ending) whole() string { return e.Outputs.Complete() + " has them all" }

// Tell writes the files and shows the result, however the run ended. done and err are
// what [Send] has returned, ctx is the run's. Tell returns what the run means, and an
// error if something is left to be said of it.
func (e *Ending) Tell(ctx context.Context, done *Done, err error) (Verdict, error) {
	if err == nil {
		if done.Absent() { // output files stay as they are: this run has nothing to tell
			e.Say("there is nothing to send")
			return AllDone, e.print(done, AllDone)
		}
		if done.Len() == 0 {
			e.Say("no rows: there is nothing to send")
		}
		v, err := done.Verdict()
		if err != nil {
			return e.fail(done, err, v)
		}
		return e.finish(done, v)
	}
	if v := VerdictOf(err); v != GoesOn || done.Len() == 0 {
		return e.fail(done, err, v)
	}
	done.Stopped = cmp.Or(context.Cause(ctx), err)
	switch {
	case done.LookedUp():
	case e.DryRun:
		done.Unchecked(WhyStopped(done.Stopped))
	default:
		return e.nothingKnown(done)
	}
	return e.finish(done, GoesOn)
}

// fail ends a run that could not do its work.
func (e *Ending) fail(done *Done, err error, v Verdict) (Verdict, error) {
	summary := e.outline(done, v)
	summary.Error = err.Error()
	v = e.writeFiles(done, summary, v)
	if !e.JSON {
		return v, err
	}
	short := report.Summary{ExitCode: e.ExitCode(v), DryRun: e.DryRun, Files: e.Options.Files.Paths, Error: err.Error()}
	if header, ok := errors.AsType[*HeaderError](err); ok {
		short.Problems = report.Problems(header.Problems)
	}
	return v, errors.Join(err, short.Write(e.Stdout))
}

// finish writes the files, prints the result, and says what is left to do.
func (e *Ending) finish(done *Done, v Verdict) (Verdict, error) {
	v = e.writeFiles(done, e.outline(done, v), v)
	if text := done.WhyStopped(e.Options.Limit); text != "" {
		fmt.Fprintf(e.Stderr, "stopped: %s\n", text)
	}
	for _, f := range done.TooFresh {
		e.Warn("%v: it is left for the next run", f)
	}
	if err := e.print(done, v); err != nil {
		return VerdictOf(err), err
	}
	if err := report.WriteProblems(e.Stderr, "", report.Troubles(done.Outcomes(envelope.Failed, envelope.Unknown)), e.whole()); err != nil {
		return VerdictOf(err), err
	}
	rejects := e.Outputs.Rejects()
	if !e.DryRun {
		moved, err := done.PutAway(e.Folders, e.Say)
		if err != nil {
			e.Warn("%v", err)
			v = NeedsPerson
		}
		if len(rejects) == 0 {
			rejects = moved
		}
	}
	if err := e.advise(done, rejects); err != nil {
		return VerdictOf(err), err
	}
	return v, nil
}

// nothingKnown ends a run that was stopped before it had looked into the ledger. Only
// the files tell of its rows: to show them as pending would be wrong of those that were
// sent before.
func (e *Ending) nothingKnown(done *Done) (Verdict, error) {
	v := e.writeFiles(done, e.outline(done, GoesOn), GoesOn)
	if e.JSON {
		if err := e.print(done, v); err != nil {
			return VerdictOf(err), err
		}
	}
	return v, &StoppedError{Cause: done.Stopped, Early: true}
}

// writeFiles writes the output files and returns what becomes of the verdict by that.
func (e *Ending) writeFiles(done *Done, summary *report.Summary, v Verdict) Verdict {
	content := done.Content(summary)
	content.Page = func() (*report.Page, error) { return e.page(done, summary) }
	content.Note = func(text string) { e.Warn("%s: %s", summary.Rejects, text) }
	for _, err := range e.Outputs.Write(content) {
		e.Warn("%v", err)
		if bad, ok := errors.AsType[*report.FileError](err); ok {
			e.hint(bad.Hint())
		}
		v = NeedsPerson
	}
	return v
}

// print prints the result. A table makes room for a file on standard output.
func (e *Ending) print(done *Done, v Verdict) error {
	if e.JSON {
		sum := e.outline(done, v)
		if err := done.Detail(sum, math.MaxInt); err != nil {
			e.Warn("--json does not tell of all that is wrong: %v", err)
		}
		return sum.Write(e.Stdout)
	}
	if e.Quiet && v == AllDone {
		return nil
	}
	table := e.Stdout
	if e.Outputs.OnStdout() {
		if e.Quiet {
			return nil
		}
		table = e.Stderr
	}
	shown, err := done.Notable()
	if err != nil {
		return err
	}
	return report.WriteTable(table, shown, done.Counts(), len(done.Inputs()) > 1)
}

// page is the report of the run.
func (e *Ending) page(done *Done, summary *report.Summary) (*report.Page, error) {
	page, err := done.Page(summary)
	if err != nil {
		return nil, err
	}
	page.Setup = e.Setup
	page.Next = e.completed(e.adviser(e.Outputs.Rejects()).Next(done))
	return page, nil
}

// advise says what to do next, where something is to be done. rejects are the files of
// rejected rows that can be corrected.
func (e *Ending) advise(done *Done, rejects []report.Kept) error {
	hints, err := e.adviser(rejects).Hints(done)
	for _, hint := range e.completed(hints) {
		e.hint(hint.Line())
	}
	return err
}

// hint shows what to do next.
func (e *Ending) hint(text string) { e.Say("hint: %s", text) }

// completed completes the commands in the texts of hints.
func (e *Ending) completed(hints []report.Next) []report.Next {
	for i := range hints {
		hints[i].Text = e.Complete(hints[i].Text)
	}
	return hints
}

// adviser knows how the run was started.
func (e *Ending) adviser(rejects []report.Kept) Adviser {
	return Adviser{
		Rejects: rejects, AllOrNothing: !e.Options.SkipInvalid && !e.DryRun,
		Resend: func(batch, encoding, file string) string {
			flags := []string{"--batch", batch}
			if encoding != "" {
				flags = append(flags, "--encoding", encoding)
			}
			return e.CommandOn([]string{file}, "send", flags...)
		},
		Remap: e.remap, Again: e.again,
		Status: func(batch string) string { return e.CommandOn(nil, "status", "--refresh", "--batch", batch) },
	}
}

// again returns the command that was given; live so that it sends, "" if it cannot: what
// stands in for DocuSign is for dry runs only.
func (e *Ending) again(live bool) string {
	var flags []string
	switch {
	case e.DryRun && live && e.Party.AccountID == "":
		return ""
	case e.DryRun && live:
		flags = append(flags, "--dry-run=false") // is left out if --dry-run was typed
	case e.DryRun:
		flags = append(flags, "--dry-run")
	}
	if e.Options.Files.Batch != "" {
		flags = append(flags, "--batch", e.Options.Files.Batch)
	}
	if e.Options.Files.Sheet != "" {
		flags = append(flags, "--sheet", e.Options.Files.Sheet)
	}
	return e.CommandOn(e.Options.Files.Paths, "send", flags...)
}

// remap returns the command that gives columns of the files these names, too.
func (e *Ending) remap(mapping envelope.Mapping) string {
	var flags []string
	if e.DryRun {
		flags = append(flags, "--dry-run")
	}
	for _, r := range append(e.Options.Files.Mapping.OfFiles(), mapping...) {
		flags = append(flags, "--map", r.String())
	}
	return e.CommandOn(e.Options.Files.Paths, "send", flags...)
}

// mostTold is how many problems of rows, and how many warnings, those are told who do not
// see the screen: the whole list may be as long as the file.
const mostTold = 1000

// Summary is what the run came to, for those who do not see the screen. v and err are
// what [Ending.Tell] has returned.
func (e *Ending) Summary(done *Done, v Verdict, err error) *report.Summary {
	sum := e.outline(done, v)
	if err := done.Detail(sum, mostTold); err != nil {
		e.Warn("the summary does not tell of all that is wrong: %v", err)
	}
	sum.Warnings = sum.Warnings[:min(len(sum.Warnings), mostTold)]
	if err == nil {
		return sum
	}
	sum.Error = err.Error()
	if header, ok := errors.AsType[*HeaderError](err); ok {
		sum.Problems = report.Problems(header.Problems)
	}
	return sum
}

// outline is what the run came to, in short.
func (e *Ending) outline(done *Done, v Verdict) *report.Summary {
	sum := done.Summary(e.Options.Limit)
	sum.ExitCode, sum.DryRun, sum.Files = e.ExitCode(v), e.DryRun, e.Options.Files.Paths
	sum.Seconds, sum.Results, sum.Rejects = time.Since(e.Started).Seconds(), e.Outputs.Wanted.Results, e.Outputs.Wanted.Rejects
	if e.Party.AccountID != "" {
		sum.Account, sum.Plan = e.Party.AccountID, &done.Plan
	}
	if e.Calls != nil {
		made, refused := e.Calls()
		sum.Calls = &report.Calls{Made: made, Refused: refused}
	}
	return sum
}

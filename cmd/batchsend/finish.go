package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	use "batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// take notes what an engine returned.
func (j *job) take(drafts []*envelope.Draft, result batch.Result) {
	for i, d := range drafts {
		j.outcomes[d] = result.Outcomes[i]
	}
	j.stopped, j.underWay = result.Stopped, result.UnderWay
}

// exit works out the exit code from what happened.
func (j *job) exit(rejected bool) int {
	code := exitCode(j.stopped)
	if rejected {
		code = worst(code, exitRejected)
	}
	counts := map[envelope.Status]int{}
	forbidden := 0
	for _, out := range j.outcomes {
		counts[out.Status]++
		if out.Status == envelope.Failed && docusign.Forbids(out.Code) {
			forbidden++
		}
	}
	lost := errors.Is(j.stopped, ledger.ErrLost) // the run that has the batch now goes on with them
	switch failed := counts[envelope.Failed]; {
	case failed == 0:
	case forbidden == failed && counts[envelope.Sent] == 0: // the next file will fare no better
		code = exitCannotRun
	default:
		code = worst(code, exitFailed)
	}
	if counts[envelope.Rejected] > 0 {
		code = worst(code, exitRejected)
	}
	if counts[envelope.Pending] > j.beyond {
		code = worst(code, exitStopped)
	}
	switch unknown := counts[envelope.Unknown]; {
	case unknown > j.underWay && !lost:
		code = worst(code, exitFailed)
	case unknown > 0: // the next run learns what became of them: no person is needed
		code = worst(code, exitStopped)
	}
	return code
}

// finish writes the files and prints the result, whatever happened, and
// returns the error that carries the exit code.
func (j *job) finish(code int) error {
	j.finished = true
	entries := j.entries()
	if len(j.fresh) > 0 {
		code = worst(code, exitStopped)
	}
	code = j.writeFiles(entries, code)
	if j.stopped != nil {
		fmt.Fprintf(j.stderr, "stopped: %s\n", why(j.stopped))
	}
	for _, f := range j.fresh {
		j.warn("%v: it is left for the next run", f)
	}
	if err := j.print(entries, code); err != nil {
		return err
	}
	report.WriteProblems(j.stderr, "", report.Troubles(entries), j.whole())
	j.advise(entries)
	return &exitError{code: code}
}

// entries pairs every draft with its outcome.
func (j *job) entries() []report.Entry {
	entries := make([]report.Entry, len(j.drafts))
	for i, d := range j.drafts {
		out, ok := report.Rejection(d)
		if !ok {
			if out, ok = j.outcomes[d]; !ok {
				out = j.untouched(d)
			}
		}
		entries[i] = report.Entry{Draft: d, Outcome: out}
	}
	return entries
}

// notLookedUp is said of every row of a run that ended before it had compared
// them with the ledger. Results are replaced all the same: those of an earlier
// run would be taken for this one's.
const notLookedUp = "this run ended before it looked into the ledger: an earlier run may have sent it. Run the same command again to learn it"

// untouched is the outcome of an envelope that this run has not come to.
func (j *job) untouched(d *envelope.Draft) envelope.Outcome {
	switch st := j.standing[d]; {
	case j.standing == nil:
		return envelope.Outcome{Status: envelope.Pending, Message: notLookedUp}
	case st.State == envelope.StateSent:
		return batch.AlreadySent(st)
	case st.State.MayExist():
		out := envelope.Outcome{Status: envelope.Unknown, Code: st.Code, Message: "an earlier run may have sent it; run the same command again: it is looked up before anything is sent"}
		if st.Code != "" {
			out.Message = strings.TrimSuffix(st.Message, ".") + ". " + out.Message
		}
		return out
	}
	return envelope.Outcome{Status: envelope.Pending}
}

// leavePending says of the rows of a dry run that DocuSign could not be asked:
// nobody knows whether they are valid.
func (j *job) leavePending() {
	for _, d := range j.drafts {
		d.Envelope = nil
		j.outcomes[d] = envelope.Outcome{Status: envelope.Pending, Message: "not checked: " + why(j.stopped)}
	}
}

// nothingKnown ends a run that was stopped before it had looked into the ledger.
// Only the files tell of its rows, each with [notLookedUp]: to show them as
// pending would be a lie of those that were sent before.
func (j *job) nothingKnown(code int) error {
	if j.o.json {
		if err := j.print(nil, code); err != nil {
			return err
		}
	}
	return &exitError{code, &adviceError{
		text: fmt.Sprintf("stopped before anything was compared with the ledger: %s. This run sent nothing", strings.TrimSuffix(why(j.stopped), ".")),
		hint: hintOf(j.stopped),
	}}
}

func (j *job) print(entries []report.Entry, code int) error {
	j.printed = true
	if j.o.json {
		return j.summary(entries, code).Write(j.stdout)
	}
	if j.tableTo == j.stderr && j.cfg.quiet {
		return nil
	}
	return report.WriteTable(j.tableTo, entries)
}

func (j *job) summary(entries []report.Entry, code int) *report.Summary {
	s := &report.Summary{
		ExitCode: code, DryRun: j.o.dryRun, Files: j.files, Counts: report.Count(entries), Troubles: report.ByCode(entries), Envelopes: len(entries),
		Warnings: report.Problems(j.warnings), Problems: report.Problems(nil),
		Seconds: time.Since(j.start).Seconds(), Results: j.o.results, Rejects: j.o.rejects,
	}
	if j.conn != nil {
		s.Account = j.conn.login.AccountID
		s.Plan = &j.plan
	}
	switch {
	case j.stopped != nil:
		s.Stopped = why(j.stopped)
	case len(j.fresh) > 0:
		s.Stopped = leftAlone(j.fresh).Error()
	}
	if j.failed != nil {
		s.Error = j.failed.Error()
	}
	for _, in := range j.inputs {
		s.Batches = append(s.Batches, in.Batch)
		s.Rows += in.Rows
	}
	for _, d := range j.drafts {
		s.Recipients += len(d.Parts)
		s.Problems = append(s.Problems, report.Problems(d.Problems)...)
	}
	return s
}

// why tells what stopped a run.
func why(stopped error) string {
	if errors.Is(stopped, context.Canceled) {
		return "interrupted; what could be settled is. Run the same command again to go on"
	}
	if lost, ok := errors.AsType[*ledger.LostError](stopped); ok { // whatever was being done
		return lost.Error()
	}
	return stopped.Error()
}

// advise says what to do next, where something is to be done: about what stopped
// the run, about each code, and in general.
func (j *job) advise(entries []report.Entry) {
	counts := report.Count(entries)
	var hints []string
	if hint := hintOf(j.stopped); hint != "" {
		hints = append(hints, hint)
	}
	hints = append(hints, hintsForCodes(entries)...)
	switch aborted := j.o.onInvalid == "abort" && !j.o.dryRun; {
	case counts[envelope.Rejected] == 0:
	case j.allRepeats():
		if aborted && counts[envelope.Pending] > 0 {
			hints = append(hints, "nothing was sent: give --on-invalid skip to send the envelopes that are new")
		}
	default:
		hint := "correct the rows named above and run the same command again"
		if j.rejects != nil && !j.rejects.Streams() {
			hint = fmt.Sprintf("correct %s and give it as the input of the same batch: %s", j.o.rejects, j.command("send", "--batch", j.inputs[0].Batch, fileWord(j.o.rejects)))
		}
		if aborted {
			hint = "nothing was sent. " + hint + ", or give --on-invalid skip to send the others"
		}
		hints = append(hints, hint+"; batchsend explain CODE tells more")
	}
	if counts[envelope.Failed] > 0 {
		hints = append(hints, "failed envelopes were refused by DocuSign and not created: mend what the message says and run the same command again, it sends only what is missing")
	}
	switch {
	case counts[envelope.Unknown] == 0:
	case counts[envelope.Unknown] <= j.underWay, slices.ContainsFunc(entries, func(e report.Entry) bool { return e.Outcome.Status == envelope.Unknown && saysAgain(e.Outcome.Message) }):
		hints = append(hints, "unknown envelopes may have been sent: run the same command again, it looks them up before it sends anything")
	default:
		hints = append(hints, "unknown envelopes may have been sent, and look-ups do not find them any more: look for them in DocuSign by recipient and date")
	}
	var changed *use.ChangedError // its message says what to type
	said := errors.As(j.stopped, &changed) || slices.ContainsFunc(hints, saysAgain)
	if counts[envelope.Pending] > j.beyond && counts[envelope.Rejected] == 0 && !said {
		switch exitCode(j.stopped) {
		case exitDone, exitStopped:
			hints = append(hints, "pending envelopes were not sent: run the same command again to go on")
		case exitCannotRun:
			hints = append(hints, "pending envelopes were not sent: once what stopped the run is mended, the same command sends them")
		}
	}
	for _, h := range hints {
		j.say("hint: %s", j.pasteable(strings.TrimSpace(h)))
	}
}

// saysAgain reports whether a message says that the same command helps.
func saysAgain(message string) bool { return strings.Contains(message, "he same command") }

// hintedCodes is for how many codes a run shows hints.
const hintedCodes = 5

// hintsForCodes says what to do about the codes of what failed or is unknown, the
// most frequent first.
func hintsForCodes(entries []report.Entry) (hints []string) {
	var codes []string
	for _, trouble := range report.ByCode(entries) {
		if trouble.Code != "" && !slices.Contains(codes, trouble.Code) {
			codes = append(codes, trouble.Code)
		}
	}
	for _, code := range codes[:min(len(codes), hintedCodes)] {
		if e, ok := explained(code); ok {
			hints = append(hints, code+": "+e.cure)
		}
	}
	return hints
}

// allRepeats reports whether nothing is wrong with the rejected rows but that
// they were sent before: there is nothing to correct.
func (j *job) allRepeats() bool {
	for _, d := range j.drafts {
		for _, p := range d.Problems {
			if p.Code != envelope.AlreadySentCode {
				return false
			}
		}
	}
	return true
}

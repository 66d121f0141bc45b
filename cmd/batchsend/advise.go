package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/cmdline"
	"batchsend/internal/explain"
	"batchsend/internal/job"
	"batchsend/internal/report"
)

// advise says what to do next, where something is to be done: about what stopped
// the run, about each code, and in general.
func (s *sending) advise(done *job.Done, counts report.Counts) error {
	var hints []string
	if hint := hintOf(done.Stopped); hint != "" {
		hints = append(hints, hint)
	}
	codes, err := hintsForCodes(done)
	if err != nil {
		return err
	}
	hints = append(hints, codes...)
	switch aborted := s.o.onInvalid == "abort" && !s.o.dryRun; {
	case counts[envelope.Rejected] == 0:
	case done.OnlyRepeats():
		if aborted && counts[envelope.Pending] > 0 {
			hints = append(hints, "nothing was sent: give --on-invalid skip to send the envelopes that are new")
		}
	default:
		hint := "correct the rows named above and " + envelope.RunAgain
		if s.outputs.rejects != nil && !s.outputs.rejects.Streams() {
			hint = fmt.Sprintf("correct %s and give it as the input of the same batch: %s", s.o.rejects, s.command("send", "--batch", done.Batches()[0], cmdline.FileArgument(s.o.rejects)))
		}
		if aborted {
			hint = "nothing was sent. " + hint + ", or give --on-invalid skip to send the others"
		}
		hints = append(hints, hint+"; batchsend explain CODE tells more")
	}
	if counts[envelope.Failed] > 0 {
		hints = append(hints, "nobody was mailed a failed envelope, DocuSign refused it or has not sent it: mend what the message says and "+envelope.RunAgain+", it sends only what is missing")
	}
	switch {
	case counts[envelope.Unknown] == 0:
	case counts[envelope.Unknown] <= done.Resolving, anySaysAgain(done):
		hints = append(hints, "unknown envelopes may have been sent: "+envelope.RunAgain+", it looks them up before it sends anything")
	default:
		hints = append(hints, "unknown envelopes may have been sent, and look-ups do not find them any more: look for them in DocuSign by recipient and date")
	}
	var changed *job.ChangedError // its message says what to type
	said := errors.As(done.Stopped, &changed) || slices.ContainsFunc(hints, saysAgain)
	if counts[envelope.Pending] > done.Beyond && counts[envelope.Rejected] == 0 && !said {
		switch exitCode(done.Stopped) {
		case exitDone, exitStopped:
			hints = append(hints, "pending envelopes were not sent: "+envelope.RunAgain+" to go on")
		case exitCannotRun:
			hints = append(hints, "pending envelopes were not sent: once what stopped the run is mended, the same command sends them")
		}
	}
	for _, h := range hints {
		s.Say("hint: %s", s.composer().Complete(strings.TrimSpace(h)))
	}
	return nil
}

// anySaysAgain reports whether the message of an unknown envelope says that the same
// command helps.
func anySaysAgain(done *job.Done) bool {
	for out, err := range done.Outcomes(envelope.Unknown) {
		if err == nil && saysAgain(out.Message) {
			return true
		}
	}
	return false
}

// saysAgain reports whether a message says that the same command helps.
func saysAgain(message string) bool { return strings.Contains(message, "he same command") }

// hintedCodes is for how many codes a run shows hints.
const hintedCodes = 5

// hintsForCodes says what to do about the codes of what failed or is unknown, the
// most frequent first.
func hintsForCodes(done *job.Done) (hints []string, err error) {
	troubles, err := report.ByCode(done.Outcomes(envelope.Failed, envelope.Unknown))
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, trouble := range troubles {
		if trouble.Code != "" && !slices.Contains(codes, trouble.Code) {
			codes = append(codes, trouble.Code)
		}
	}
	for _, code := range codes[:min(len(codes), hintedCodes)] {
		if e, ok := explain.Find(code); ok {
			hints = append(hints, code+": "+e.Cure)
		}
	}
	return hints, nil
}

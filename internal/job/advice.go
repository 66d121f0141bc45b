package job

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/explain"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// Adviser says what to do next after a run. How the run was started it must be told.
type Adviser struct {
	// AllOrNothing says that one rejected row kept all envelopes from being sent.
	AllOrNothing bool
	// Rejects are the files that have the rejected rows and can be corrected.
	Rejects []report.Kept
	// Resend returns the command that sends a file as a part of a batch. encoding is what
	// the file must be said to be in; "" if it is found out.
	Resend func(batch, encoding, file string) string
	// Remap returns the command that understands columns of the files as a mapping says.
	Remap func(envelope.Mapping) string
	// Again returns the command that was given; live without --dry-run.
	Again func(live bool) string
	// Status returns the command that asks DocuSign what became of a batch.
	Status func(batch string) string
}

// Hints returns what to do next, where something is to be done: about what stopped the
// run, about each code, and in general.
func (a Adviser) Hints(d *Done) (hints []string, err error) {
	codes, err := curesOf(d)
	return a.hints(d, codes), err
}

// hints is [Adviser.Hints], with what was found about codes.
func (a Adviser) hints(d *Done, codes []string) (hints []string) {
	if hint := HintOf(d.Stopped); hint != "" {
		hints = append(hints, hint)
	}
	hints = append(hints, codes...)
	counts := d.Counts()
	if hint := a.ofRejected(d, counts); hint != "" {
		hints = append(hints, hint)
	}
	if counts[envelope.Failed] > 0 {
		hints = append(hints, "nobody was mailed a failed envelope, DocuSign refused it or has not sent it: mend what the message says and "+envelope.RunAgain+", it sends only what is missing")
	}
	if counts[envelope.Sending] > 0 {
		hints = append(hints, "DocuSign goes on with the envelopes that are sending: "+envelope.RunAgain+" later, it learns their envelope IDs and sends none of them twice")
	}
	switch {
	case counts[envelope.Unknown] == 0:
	case counts[envelope.Unknown]+counts[envelope.Sending] <= d.Resolving, anySaysAgain(d):
		hints = append(hints, "unknown envelopes may have been sent: "+envelope.RunAgain+", it looks them up before it sends anything")
	default:
		hints = append(hints, "unknown envelopes may have been sent, and look-ups do not find them any more: look for them in DocuSign by recipient and date")
	}
	if hint := ofPending(d, counts); hint != "" && !slices.ContainsFunc(hints, saysAgain) {
		hints = append(hints, hint)
	}
	for i, hint := range hints {
		hints[i] = strings.TrimSpace(hint)
	}
	return hints
}

// ofRejected says what to do about rejected rows; "" if there is nothing to do.
func (a Adviser) ofRejected(d *Done, counts report.Counts) string {
	if counts[envelope.Rejected] == 0 {
		return ""
	}
	if d.OnlyRepeats() {
		if a.AllOrNothing && counts[envelope.Pending] > 0 {
			return "nothing was sent: give --on-invalid skip to send the envelopes that are new"
		}
		return ""
	}
	if len(d.Suggested) > 0 {
		return "the columns can be understood without editing the file: " + a.Remap(d.Suggested)
	}
	hint := "correct the rows named above and " + envelope.RunAgain
	for _, kept := range a.Rejects {
		batches := d.batchesOfRejected(kept.Input)
		switch len(batches) {
		case 0:
			continue
		case 1:
			hint = fmt.Sprintf("correct %s and give it as the input of the same batch: %s", kept.Path, a.Resend(batches[0], d.encodingOf(kept), kept.Path))
		default:
			hint = fmt.Sprintf("correct %s; its rows belong to the batches %s: divide it, and give each part with the --batch of its own", kept.Path, strings.Join(batches, ", "))
		}
		break
	}
	if a.AllOrNothing {
		hint = "nothing was sent. " + hint + ", or give --on-invalid skip to send the others"
	}
	return hint + "; batchsend explain CODE tells more"
}

// batchesOfRejected returns the batches of the rejected rows of a file, "" for all
// files.
func (x *Index) batchesOfRejected(input string) (batches []string) {
	for n := range x.Len() {
		e := x.entry(n)
		in := x.files[e.file].in
		if e.status == rejected && (input == "" || in.Name() == input) && !slices.Contains(batches, in.Batch) {
			batches = append(batches, in.Batch)
		}
	}
	return batches
}

// encodingOf returns what a file of rejected rows must be said to be in, because it would
// be a guess: of a few rows another one than of the whole input. "" if it is none.
func (x *Index) encodingOf(kept report.Kept) string {
	i := slices.IndexFunc(x.files, func(f *file) bool {
		return f.text.Guess() != nil && (kept.Input == "" || f.in.Name() == kept.Input)
	})
	if i < 0 {
		return ""
	}
	in, err := os.Open(kept.Path)
	if err != nil {
		return "" // it is a stream
	}
	defer in.Close()
	text, err := rows.Open(kept.Path, in, rows.Options{})
	if err != nil {
		return ""
	}
	defer text.Close()
	if text.Guess() == nil { // it is UTF-8, or has no letter that tells
		return ""
	}
	return strings.ToLower(x.files[i].text.Guess().Encoding)
}

// ofPending says what to do about envelopes to which the run has not come; "" if
// something else has said it.
func ofPending(d *Done, counts report.Counts) string {
	var changed *ChangedError // its message says what to type
	if counts[envelope.Pending] <= d.Beyond || counts[envelope.Rejected] > 0 || errors.As(d.Stopped, &changed) {
		return ""
	}
	switch VerdictOf(d.Stopped) {
	case AllDone, GoesOn:
		return "pending envelopes were not sent: " + envelope.RunAgain + " to go on"
	case NeedsPerson:
		return "pending envelopes were not sent: once what stopped the run is mended, the same command sends them"
	}
	return ""
}

// anySaysAgain reports whether the message of an unknown envelope says that the same
// command helps.
func anySaysAgain(d *Done) bool {
	for out, err := range d.Outcomes(envelope.Unknown) {
		if err == nil && saysAgain(out.Message) {
			return true
		}
	}
	return false
}

// saysAgain reports whether a message says that the same command helps.
func saysAgain(message string) bool { return strings.Contains(message, "he same command") }

// mostCures is of how many codes a run tells the cure.
const mostCures = 5

// curesOf says what to do about the codes of what failed or is unknown, the most
// frequent first.
func curesOf(d *Done) (cures []string, err error) {
	troubles, err := report.ByCode(d.Outcomes(envelope.Failed, envelope.Unknown))
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, trouble := range troubles {
		if trouble.Code != "" && !slices.Contains(codes, trouble.Code) {
			codes = append(codes, trouble.Code)
		}
	}
	for _, code := range codes[:min(len(codes), mostCures)] {
		if e, ok := explain.Find(code); ok {
			cures = append(cures, code+": "+e.Cure)
		}
	}
	return cures, nil
}

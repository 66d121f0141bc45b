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
func (a Adviser) Hints(d *Done) (hints []report.Next, err error) {
	codes, err := curesOf(d)
	return a.hints(d, codes), err
}

// Next is [Adviser.Hints] for a page, which has the cure of each code elsewhere. It also
// says what to do after a run with which all is well.
func (a Adviser) Next(d *Done) (next []report.Next) {
	next = a.hints(d, nil)
	counts := d.Counts()
	switch {
	case len(next) > 0:
	case counts[envelope.Valid] > 0:
		next = append(next, report.Next{Text: "Nothing is wrong with the rows. Without --dry-run they are sent.", Command: a.Again(true)})
	case counts[envelope.Sent]+counts[envelope.AlreadySent] > 0:
		for _, batch := range d.Batches() {
			next = append(next, report.Next{Text: "See who has signed:", Command: a.Status(batch)})
		}
	}
	return next
}

// hints is [Adviser.Hints], with what to do about codes.
func (a Adviser) hints(d *Done, codes []string) (hints []report.Next) {
	if hint := HintOf(d.Stopped); hint != "" {
		hints = append(hints, a.saying(hint))
	}
	for _, code := range codes {
		hints = append(hints, a.saying(code))
	}
	counts := d.Counts()
	if hint := a.ofRejected(d, counts); hint.Text != "" {
		hints = append(hints, hint)
	}
	if counts[envelope.Failed] > 0 {
		hints = append(hints, a.again("nobody was mailed a failed envelope, DocuSign refused it or has not sent it: mend what the message says and "+envelope.RunAgain+", it sends only what is missing"))
	}
	if counts[envelope.Sending] > 0 {
		hints = append(hints, a.again("DocuSign goes on with the envelopes that are sending: "+envelope.RunAgain+" later, it learns their envelope IDs and sends none of them twice"))
	}
	switch {
	case counts[envelope.Unknown] == 0:
	case counts[envelope.Unknown]+counts[envelope.Sending] <= d.Resolving, anySaysAgain(d):
		hints = append(hints, a.again("unknown envelopes may have been sent: "+envelope.RunAgain+", it looks them up before it sends anything"))
	default:
		hints = append(hints, report.Next{Text: "unknown envelopes may have been sent, and look-ups do not find them any more: look for them in DocuSign by recipient and date"})
	}
	if hint := a.ofPending(d, counts); hint.Text != "" && !slices.ContainsFunc(hints, func(n report.Next) bool { return n.Again }) {
		hints = append(hints, hint)
	}
	return hints
}

// again is a hint whose text asks for the same command again.
func (a Adviser) again(text string) report.Next {
	return report.Next{Text: text, Command: a.Again(false), Again: true}
}

// saying is the hint of an error or a code, which know nothing of commands but may ask
// for the same one.
func (a Adviser) saying(text string) report.Next {
	if text = strings.TrimSpace(text); saysAgain(text) {
		return a.again(text)
	}
	return report.Next{Text: text}
}

// ofRejected says what to do about rejected rows; its Text is "" if there is nothing to
// do.
func (a Adviser) ofRejected(d *Done, counts report.Counts) (hint report.Next) {
	if counts[envelope.Rejected] == 0 {
		return hint
	}
	if d.OnlyRepeats() {
		if a.AllOrNothing && counts[envelope.Pending] > 0 {
			hint.Text = "nothing was sent: give --on-invalid skip to send the envelopes that are new"
		}
		return hint
	}
	if len(d.Suggested) > 0 {
		return report.Next{Text: "the columns can be understood without editing the file", Command: a.Remap(d.Suggested)}
	}
	hint = a.ofRejects(d)
	if a.AllOrNothing {
		hint.Text = "nothing was sent. " + hint.Text
		hint.More = ", or give --on-invalid skip to send the others"
	}
	hint.More += "; batchsend explain CODE tells more"
	return hint
}

// ofRejects says how rejected rows are corrected.
func (a Adviser) ofRejects(d *Done) report.Next {
	for _, kept := range a.Rejects {
		switch batches := d.batchesOfRejected(kept.Input); len(batches) {
		case 0:
		case 1:
			return report.Next{
				Text:    fmt.Sprintf("correct %s and give it as the input of the same batch", kept.Path),
				Command: a.Resend(batches[0], d.encodingOf(kept), kept.Path),
			}
		default:
			return report.Next{Text: fmt.Sprintf("correct %s; its rows belong to the batches %s: divide it, and give each part with the --batch of its own", kept.Path, strings.Join(batches, ", "))}
		}
	}
	return a.again("correct the rows named above and " + envelope.RunAgain)
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

// ofPending says what to do about envelopes to which the run has not come; its Text is ""
// if something else has said it.
func (a Adviser) ofPending(d *Done, counts report.Counts) (hint report.Next) {
	var changed *ChangedError // its message says what to type
	if counts[envelope.Pending] <= d.Beyond || counts[envelope.Rejected] > 0 || errors.As(d.Stopped, &changed) {
		return hint
	}
	switch VerdictOf(d.Stopped) {
	case AllDone, GoesOn:
		hint = a.again("pending envelopes were not sent: " + envelope.RunAgain + " to go on")
	case NeedsPerson:
		hint = a.again("pending envelopes were not sent: once what stopped the run is mended, the same command sends them")
	}
	return hint
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

// saysAgain reports whether a message, which is somebody else's, says that the same
// command helps.
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

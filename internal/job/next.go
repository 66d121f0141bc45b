package job

import (
	"strings"

	"batchsend/envelope"
	"batchsend/internal/report"
)

// Next is [Adviser.Hints] for a page, where each command stands by itself, and so does
// the cure of each code. It also says what to do after a run with which all is well.
func (a Adviser) Next(d *Done) (next []report.Next) {
	for _, hint := range a.hints(d, nil) {
		next = append(next, a.next(d, hint))
	}
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

// next takes the command out of a hint.
func (a Adviser) next(d *Done, hint string) report.Next {
	commands := []string{}
	if len(d.Suggested) > 0 {
		commands = append(commands, a.Remap(d.Suggested))
	}
	for _, kept := range a.Rejects {
		for _, batch := range d.batchesOfRejected(kept.Input) {
			commands = append(commands, a.Resend(batch, d.encodingOf(kept), kept.Path))
		}
	}
	n := report.Next{Text: hint}
	for _, command := range commands {
		if before, after, ok := strings.Cut(hint, ": "+command); ok {
			n = report.Next{Text: before + after, Command: command}
			break
		}
	}
	if n.Command == "" && saysAgain(hint) {
		n.Command = a.Again(false)
	}
	if n.Text != "" {
		n.Text = strings.ToUpper(n.Text[:1]) + n.Text[1:]
	}
	return n
}

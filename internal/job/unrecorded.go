package job

import (
	"fmt"
	"path/filepath"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
	"batchsend/internal/report"
)

// Unrecorded is what DocuSign has of a batch and this ledger does not know.
type Unrecorded struct {
	Batch   string
	Known   ledger.SentCounts
	Sent    []ledger.Adopted
	Surplus []ledger.Surplus // mailed, and not to be adopted
	Extras  []Extra          // those of the surplus whose transaction ID the ledger has as sent
	// Making is how many envelopes DocuSign is still making from lists of another
	// ledger, and InLists are all that stand in those lists.
	Making  int
	InLists []envelope.TransactionID
	Done    []*remote.Lot // of other ledgers, with which DocuSign is through
}

// Extra is an envelope that was mailed beside another of the same transaction ID.
type Extra struct {
	id  envelope.ID
	row *row // that both mean; nil if there is none
}

// row is an envelope that a file means.
type row struct {
	id   *envelope.Identity
	file string
	line int
}

// row returns an envelope of the files.
func (x *Index) row(n int) *row {
	id := x.identity(n)
	return &row{&id, x.position(n).File, int(x.entry(n).line)}
}

// describe tells the operator what was found. what was done with it, and the run reads
// so many files.
func (u *Unrecorded) describe(op Teller, ledgerPath, what string, files int) {
	if u.Known.Older {
		op.Say("ledger %q is older than its counter of runs (%s.runs): it is a backup, or has lost its log. DocuSign was asked for all that it has of batch %q",
			ledgerPath, filepath.Base(ledgerPath), u.Batch)
	}
	if n := len(u.Sent); n > 0 {
		inRows := 0
		for _, a := range u.Sent {
			if a.File != "" {
				inRows++
			}
		}
		op.Say("DocuSign has %s of batch %q that this ledger does not know: %s; %s of them in rows of %s, %s in none",
			report.Plural(n, "envelope"), u.Batch, what, report.Number(inRows), oneOrMany(files, "this file", "these files"), report.Number(n-inRows))
	}
	if len(u.Extras) > 0 {
		op.Warn("DocuSign has more than one envelope under the same transaction ID in batch %q: void those that are too many: %s", u.Batch, namesOf(u.Extras))
	}
	if n := len(u.Surplus) - len(u.Extras); n > 0 {
		op.Warn("DocuSign has %s of batch %q without the custom field that says which row was meant: look at them there before anything is sent again", report.Plural(n, "envelope"), u.Batch)
	}
}

// mostExtras is how many envelopes a message names.
const mostExtras = 10

// namesOf names the first envelopes, each with its row.
func namesOf(extras []Extra) string {
	var names []string
	for _, x := range extras[:min(len(extras), mostExtras)] {
		name := string(x.id)
		if x.row != nil {
			name += fmt.Sprintf(" (%s:%d)", x.row.file, x.row.line)
		}
		names = append(names, name)
	}
	text := strings.Join(names, ", ")
	if more := len(extras) - mostExtras; more > 0 {
		text += fmt.Sprintf(" and %s more", report.Number(more))
	}
	return text
}

// MakingError stops a run before envelopes are sent of which DocuSign may be making
// some from another ledger's list.
type MakingError struct {
	batch  string
	copies int
}

func (e *MakingError) Error() string {
	return fmt.Sprintf("DocuSign is still making %s of batch %q from a bulk list that another ledger has handed over: nothing was sent. When it is through, the same command goes on",
		report.Plural(e.copies, "envelope"), e.batch)
}

// Passes reports that another run goes on by itself, when DocuSign is through.
func (e *MakingError) Passes() bool { return true }

// holdForLists keeps a run from sending while DocuSign is making envelopes of its
// batches from lists of other ledgers.
func (x *Index) holdForLists(all []Unrecorded) (hold Hold, err error) {
	for i := range all {
		u := &all[i]
		if u.Making == 0 {
			continue
		}
		hold.Err = &MakingError{u.Batch, u.Making}
		for _, id := range u.InLists {
			n, ok := x.find(id)
			if !ok || !x.entry(n).is(accepted) || x.entry(n).state.MayExist() || x.entry(n).status != 0 {
				continue
			}
			if err := x.settle(n, envelope.Outcome{Status: envelope.Sending, Message: "DocuSign is making it from a list that another ledger has handed over"}); err != nil {
				return hold, err
			}
			hold.Resolving++
		}
	}
	return hold, nil
}

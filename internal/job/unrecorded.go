package job

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/template"
	"batchsend/throttle"
)

// Mailings is what DocuSign tells of envelopes, whichever ledger has sent them.
type Mailings interface {
	CountAll(ctx context.Context) (int, error)
	CountMailed(ctx context.Context, batchID string) (int, error)
	Mailed(ctx context.Context, batchID string, known func(envelope.ID) bool) ([]envelope.Mailed, error)
	Recipients(ctx context.Context, ids []envelope.ID) ([]envelope.Mailed, error)
	Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error)
	FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (envelope.Found, bool, error)
	OtherLots(ctx context.Context, batchIDs []string, known func(lotID string) bool) ([]envelope.OtherLot, error)
}

// Memory is what a ledger knows of a batch.
type Memory interface {
	Known(ctx context.Context, account, batch string, before time.Time) (ledger.Known, error)
	Records(ctx context.Context, account, batch string) (ledger.Records, error)
	LotNames(ctx context.Context, account, batch string) ([]string, error)
}

// Search finds what other ledgers have sent.
type Search struct {
	DocuSign Mailings
	Retry    throttle.Policy
	Memory   Memory
	Account  string
	// Settle is after how long DocuSign's searches show everything.
	Settle time.Duration
}

// ask makes a call that only asks, and repeats it as others are repeated.
func ask[T any](ctx context.Context, retry throttle.Policy, call func(context.Context) (T, error)) (answer T, err error) {
	err = retry.Do(ctx, func(ctx context.Context) (err error) {
		answer, err = call(ctx)
		return err
	})
	return answer, err
}

// Unrecorded is what DocuSign has of a batch and this ledger does not know.
type Unrecorded struct {
	Batch   string
	Known   ledger.Known
	Sent    []ledger.Adopted
	Surplus []ledger.Surplus // mailed, and not to be adopted
	Extras  []Extra          // those of the surplus whose transaction ID the ledger has as sent
	// Making is how many envelopes DocuSign is still making from lists of another
	// ledger, and InLists are all that stand in those lists.
	Making  int
	InLists []envelope.TransactionID
	Done    []*envelope.Lot // of other ledgers, with which DocuSign is through
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

// Past is what is known of all that the user has ever sent.
type Past struct {
	// Nothing says that nothing was sent, Legacy that an earlier release may have
	// sent envelopes that the ledger does not know.
	Nothing, Legacy bool
}

// Past asks whether envelopes of an earlier release may be met with. It comes
// before rows are checked: the names that it gave them cost time to work out, and
// calls to look up. Where the user has sent nothing but what the ledger knows there
// are none.
func (s Search) Past(ctx context.Context, batches []string) (Past, error) {
	for _, name := range batches {
		known, err := s.Memory.Known(ctx, s.Account, name, time.Now().Add(-s.Settle))
		if err != nil {
			return Past{}, err
		}
		if !mayHaveLegacy(known) {
			continue
		}
		total, err := ask(ctx, s.Retry, s.DocuSign.CountAll)
		if err != nil {
			return Past{}, fmt.Errorf("asking DocuSign how many envelopes it has: %w", err)
		}
		return Past{Nothing: total == 0, Legacy: total > known.All}, nil
	}
	return Past{}, nil
}

// transactionsLive is how long DocuSign knows a transaction ID, and a day.
const transactionsLive = 8 * 24 * time.Hour

// mayHaveLegacy reports whether an earlier release may have sent envelopes that
// DocuSign still knows by their transaction IDs, and the ledger does not. Nothing of
// it can be younger than the ledger's first run of a release with the batch's field.
func mayHaveLegacy(k ledger.Known) bool {
	return !k.Looked && (k.Since.IsZero() || time.Since(k.Since) <= transactionsLive)
}

// Unrecorded compares what DocuSign has of a batch with what the ledger knows. As
// long as the numbers agree that takes one call.
func (s Search) Unrecorded(ctx context.Context, batch string, drafts []*envelope.Draft, sources map[string]*envelope.Source, past Past, lots []envelope.OtherLot) (u Unrecorded, err error) {
	u.Batch = batch
	if u.Known, err = s.Memory.Known(ctx, s.Account, batch, time.Now().Add(-s.Settle)); err != nil {
		return u, err
	}
	batchID := envelope.BatchID(s.Account, batch)
	lots = slices.DeleteFunc(slices.Clone(lots), func(l envelope.OtherLot) bool { return l.BatchID != batchID })
	if past.Nothing && len(lots) == 0 {
		return u, nil
	}
	count, err := ask(ctx, s.Retry, func(ctx context.Context) (int, error) { return s.DocuSign.CountMailed(ctx, batchID) })
	if err != nil {
		return u, err
	}
	// What was sent last may not be counted yet. Fewer than the rest are counted
	// if some were deleted for good: then the number proves nothing.
	agree := u.Known.Settled <= count && count <= u.Known.Counted
	quick := u.Known.Looked && len(lots) == 0
	if agree && quick {
		return u, nil
	}
	records, err := s.Memory.Records(ctx, s.Account, batch)
	if err != nil {
		return u, err
	}
	if quick {
		if explained, err := s.unresolvedExplain(ctx, records, count-u.Known.Counted); explained || err != nil {
			return u, err
		}
	}
	a := newAdoption(&u, s.Account, records.States, rowsOf(batch, drafts), templatesIn(sources))
	if count > 0 {
		news, err := ask(ctx, s.Retry, func(ctx context.Context) ([]envelope.Mailed, error) {
			return s.DocuSign.Mailed(ctx, batchID, func(id envelope.ID) bool { return records.Known[id] })
		})
		if err != nil {
			return u, err
		}
		a.take(news)
	}
	if past.Legacy && mayHaveLegacy(u.Known) {
		if err := s.adoptLegacy(ctx, a); err != nil {
			return u, err
		}
	}
	a.countCopies(lots)
	return u, nil
}

// fewUnresolved is how many unresolved envelopes are looked up by themselves before
// the whole batch is listed.
const fewUnresolved = 100

// unresolvedExplain reports whether the envelopes that DocuSign has more are all
// ones that this ledger's last run left unresolved: this run resolves them.
func (s Search) unresolvedExplain(ctx context.Context, records ledger.Records, more int) (bool, error) {
	var unresolved []envelope.TransactionID
	for id, r := range records.States {
		if r.State.Open() {
			unresolved = append(unresolved, id)
		}
	}
	if more <= 0 || len(unresolved) < more || len(unresolved) > fewUnresolved {
		return false, nil
	}
	found, err := s.find(ctx, unresolved)
	mailed := 0
	for _, f := range found {
		if !f.Draft {
			mailed += 1 + len(f.More)
		}
	}
	return err == nil && mailed >= more, err
}

func (s Search) find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error) {
	return ask(ctx, s.Retry, func(ctx context.Context) (map[envelope.TransactionID]envelope.Found, error) {
		return s.DocuSign.Find(ctx, ids)
	})
}

// rowsOf returns the envelopes of a batch that the files mean.
func rowsOf(batch string, drafts []*envelope.Draft) (rows []*row) {
	for _, d := range drafts {
		if d.In.Batch == batch && d.Identity.TransactionID != "" {
			rows = append(rows, &row{identityOf(d), d.In.Name, d.Position().Line})
		}
	}
	return rows
}

// templatesIn returns the templates that can be used, by their IDs.
func templatesIn(sources map[string]*envelope.Source) (all []*template.Template) {
	for _, source := range sources {
		if source.Template != nil {
			all = append(all, source.Template)
		}
	}
	slices.SortFunc(all, func(a, b *template.Template) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Lots finds the lots of batches that other ledgers have handed over to DocuSign.
// Where bulk sending is forbidden there are none.
func (s Search) Lots(ctx context.Context, batches []string, forbidden bool) ([]envelope.OtherLot, error) {
	if forbidden {
		return nil, nil
	}
	ours := make(map[string]bool)
	var batchIDs []string
	for _, name := range batches {
		lots, err := s.Memory.LotNames(ctx, s.Account, name)
		if err != nil {
			return nil, err
		}
		for _, id := range lots {
			ours[id] = true
		}
		batchIDs = append(batchIDs, envelope.BatchID(s.Account, name))
	}
	lots, err := ask(ctx, s.Retry, func(ctx context.Context) ([]envelope.OtherLot, error) {
		return s.DocuSign.OtherLots(ctx, batchIDs, func(id string) bool { return ours[id] })
	})
	if refused(err) { // whoever may not send in bulk may not see lists, and has none
		return nil, nil
	}
	return lots, err
}

// Describe says what was found, through say and, if it must not be missed, warn.
// ledgerPath names the ledger, done what was done with it, and files how many files
// the run reads.
func (u *Unrecorded) Describe(say, warn func(format string, args ...any), ledgerPath, done string, files int) {
	if u.Known.Older {
		say("ledger %q is older than its counter of runs (%s.runs): it is a backup, or has lost its log. DocuSign was asked for all that it has of batch %q",
			ledgerPath, filepath.Base(ledgerPath), u.Batch)
	}
	if n := len(u.Sent); n > 0 {
		inRows := 0
		for _, a := range u.Sent {
			if a.File != "" {
				inRows++
			}
		}
		say("DocuSign has %s of batch %q that this ledger does not know: %s; %s of them in rows of %s, %s in none",
			report.Plural(n, "envelope"), u.Batch, done, report.Number(inRows), oneOrMany(files, "this file", "these files"), report.Number(n-inRows))
	}
	if len(u.Extras) > 0 {
		warn("DocuSign has more than one envelope under the same transaction ID in batch %q: void those that are too many: %s", u.Batch, namesOf(u.Extras))
	}
	if n := len(u.Surplus) - len(u.Extras); n > 0 {
		warn("DocuSign has %s of batch %q without the custom field that says which row was meant: look at them there before anything is sent again", report.Plural(n, "envelope"), u.Batch)
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

// HoldForLists returns what is told of envelopes that DocuSign is making from lists
// of other ledgers, and the error that stops the run until it is through; nil if
// there are no such lists.
func HoldForLists(all []Unrecorded, drafts []*envelope.Draft, records Records) (outcomes map[*envelope.Draft]envelope.Outcome, stop error) {
	inLists := make(transactionIDs)
	for i := range all {
		u := &all[i]
		if u.Making == 0 {
			continue
		}
		stop = &MakingError{u.Batch, u.Making}
		for _, id := range u.InLists {
			inLists[id] = true
		}
	}
	outcomes = make(map[*envelope.Draft]envelope.Outcome)
	for _, d := range drafts {
		if d.Envelope != nil && inLists[d.Identity.TransactionID] && !records[d].State.MayExist() {
			outcomes[d] = envelope.Outcome{Status: envelope.Unknown, Message: "DocuSign is making it from a list that another ledger has handed over"}
		}
	}
	return outcomes, stop
}

package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
	"batchsend/template"
	"batchsend/throttle"
)

// Mailings is what DocuSign tells of envelopes, whichever ledger has sent them.
type Mailings interface {
	CountAll(ctx context.Context) (int, error)
	CountMailed(ctx context.Context, batchID string) (int, error)
	Mailed(ctx context.Context, batchID string, known func(envelope.ID) bool) ([]remote.Mailed, error)
	Recipients(ctx context.Context, ids []envelope.ID) ([]remote.Mailed, error)
	Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error)
	FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (remote.Found, bool, error)
	OtherLots(ctx context.Context, batchIDs []string, known func(lotID string) bool) ([]remote.OtherLot, error)
}

// Memory is what a ledger knows of a batch.
type Memory interface {
	SentCounts(ctx context.Context, account, batch string, before time.Time) (ledger.SentCounts, error)
	BatchRecords(ctx context.Context, account, batch string) (ledger.BatchRecords, error)
	LotNames(ctx context.Context, account, batch string) ([]string, error)
}

// search finds what other ledgers have sent.
type search struct {
	Site
	settle time.Duration // after how long DocuSign's searches show everything
}

// adopt finds out what other ledgers have sent of the batches, before anything is
// compared with this one, and has the mode take it over.
func adopt(ctx context.Context, o Options, site Site, c Checked) (all []Unrecorded, err error) {
	s := search{site, o.Settle}
	lots, err := s.lots(ctx, c.Batches(), c.Info.BulkForbidden)
	if err != nil {
		return nil, fmt.Errorf("asking DocuSign for bulk lists that another ledger has handed over: %w", err)
	}
	for _, name := range c.Batches() {
		u, err := s.unrecorded(ctx, name, c, lots)
		if err != nil {
			return nil, fmt.Errorf("asking DocuSign what it has of batch %q: %w", name, err)
		}
		what, err := site.Mode.Adopt(ctx, site, &u)
		if err != nil {
			return nil, err
		}
		u.describe(site.Operator, site.LedgerPath, what, len(c.files))
		all = append(all, u)
	}
	return all, nil
}

// Past is what is known of all that the user has ever sent.
type Past struct {
	// Nothing says that nothing was sent, Legacy that an earlier release may have
	// sent envelopes that the ledger does not know.
	Nothing, Legacy bool
}

// past asks whether envelopes of an earlier release may be met with. It comes
// before rows are checked: the names that it gave them cost time to work out, and
// calls to look up. Where the user has sent nothing but what the ledger knows there
// are none.
func (s search) past(ctx context.Context, batches []string) (Past, error) {
	for _, name := range batches {
		known, err := s.Ledger.SentCounts(ctx, s.Account, name, time.Now().Add(-s.settle))
		if err != nil {
			return Past{}, err
		}
		if !mayHaveLegacy(known) {
			continue
		}
		total, err := throttle.Ask(ctx, s.Retry, s.DocuSign.CountAll)
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
func mayHaveLegacy(k ledger.SentCounts) bool {
	return !k.Looked && (k.Since.IsZero() || time.Since(k.Since) <= transactionsLive)
}

// unrecorded compares what DocuSign has of a batch with what the ledger knows. As
// long as the numbers agree that takes one call.
func (s search) unrecorded(ctx context.Context, batch string, c Checked, lots []remote.OtherLot) (u Unrecorded, err error) {
	u.Batch = batch
	if u.Known, err = s.Ledger.SentCounts(ctx, s.Account, batch, time.Now().Add(-s.settle)); err != nil {
		return u, err
	}
	batchID := envelope.BatchID(s.Account, batch)
	lots = slices.DeleteFunc(slices.Clone(lots), func(l remote.OtherLot) bool { return l.BatchID != batchID })
	if c.Past.Nothing && len(lots) == 0 {
		return u, nil
	}
	count, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) (int, error) { return s.DocuSign.CountMailed(ctx, batchID) })
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
	records, err := s.Ledger.BatchRecords(ctx, s.Account, batch)
	if err != nil {
		return u, err
	}
	if quick {
		if explained, err := s.unresolvedExplain(ctx, records, count-u.Known.Counted); explained || err != nil {
			return u, err
		}
	}
	a := &adoption{&u, c.Index, records.States, templatesIn(c.Sources)}
	if count > 0 {
		news, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) ([]remote.Mailed, error) {
			return s.DocuSign.Mailed(ctx, batchID, func(id envelope.ID) bool { return records.Known[id] })
		})
		if err != nil {
			return u, err
		}
		a.take(news)
	}
	if c.Past.Legacy && mayHaveLegacy(u.Known) {
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
func (s search) unresolvedExplain(ctx context.Context, records ledger.BatchRecords, more int) (bool, error) {
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

func (s search) find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error) {
	return throttle.Ask(ctx, s.Retry, func(ctx context.Context) (map[envelope.TransactionID]remote.Found, error) {
		return s.DocuSign.Find(ctx, ids)
	})
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

// lots finds the lots of batches that other ledgers have handed over to DocuSign.
// Where bulk sending is forbidden there are none.
func (s search) lots(ctx context.Context, batches []string, forbidden bool) ([]remote.OtherLot, error) {
	if forbidden {
		return nil, nil
	}
	ours := make(map[string]bool)
	var batchIDs []string
	for _, name := range batches {
		lots, err := s.Ledger.LotNames(ctx, s.Account, name)
		if err != nil {
			return nil, err
		}
		for _, id := range lots {
			ours[id] = true
		}
		batchIDs = append(batchIDs, envelope.BatchID(s.Account, name))
	}
	lots, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) ([]remote.OtherLot, error) {
		return s.DocuSign.OtherLots(ctx, batchIDs, func(id string) bool { return ours[id] })
	})
	if refused(err) { // whoever may not send in bulk may not see lists, and has none
		return nil, nil
	}
	return lots, err
}

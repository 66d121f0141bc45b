package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/template"
)

// mailings is what DocuSign tells of envelopes, whichever ledger sent them.
type mailings interface {
	CountMailed(ctx context.Context, batchID string) (int, error)
	Mailed(ctx context.Context, batchID string, known func(envelope.ID) bool) ([]envelope.Mailed, error)
	Recipients(ctx context.Context, ids []envelope.ID) ([]envelope.Mailed, error)
	Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error)
	FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (envelope.Found, bool, error)
}

// memory is what a ledger tells of a batch.
type memory interface {
	Known(ctx context.Context, account, batch string, before time.Time) (ledger.Known, error)
	Records(ctx context.Context, account, batch string) (ledger.Records, error)
}

// row is an envelope that a file means.
type row struct {
	*envelope.Identity
	file string
	line int
}

// inquiry asks what another ledger has sent of a batch.
type inquiry struct {
	account, batch string
	rows           []row
	templates      []*template.Template // that the rows use
	// settle is after how long DocuSign's searches show everything.
	settle time.Duration
	lots   []envelope.OtherLot // of the batch, that the ledger does not know
	// nothing says that the user has not sent anything yet, legacy that an earlier
	// release may have sent envelopes that the ledger does not know.
	nothing, legacy bool
}

// elsewhere is what DocuSign has of a batch and this ledger does not know.
type elsewhere struct {
	batch   string
	found   []ledger.Adopted
	surplus []ledger.Surplus
	tooMany []extra
	// underWay are envelopes that DocuSign is still making from lists of another
	// ledger.
	underWay int
	handed   []envelope.TransactionID // all that stand in those lists
	done     []*envelope.Lot          // with which DocuSign is through
	known    ledger.Known
}

// extra is an envelope that was mailed beside another of the same transaction ID.
type extra struct {
	id  envelope.ID
	row *row // that both mean; nil if there is none
}

// rows is how many of the found a row of the files means.
func (e *elsewhere) rows() (n int) {
	for _, f := range e.found {
		if f.File != "" {
			n++
		}
	}
	return n
}

const (
	// fewOpen is how many envelopes in doubt are looked up by themselves before
	// the whole batch is listed.
	fewOpen = 100
	// transactionsLive is how long DocuSign knows a transaction ID, and a day.
	transactionsLive = 8 * 24 * time.Hour
	// fewOld is how many envelopes of an earlier release are looked up one by one,
	// after their transaction IDs are forgotten.
	fewOld = 10
	// twoYears is how far back DocuSign's lists go.
	twoYears = 2 * 365 * 24 * time.Hour
)

// lookElsewhere compares what DocuSign has of a batch with what the ledger knows.
// As long as the numbers agree that takes one call.
func lookElsewhere(ctx context.Context, ds mailings, led memory, q inquiry) (out elsewhere, err error) {
	out.batch = q.batch
	if out.known, err = led.Known(ctx, q.account, q.batch, time.Now().Add(-q.settle)); err != nil {
		return out, err
	}
	if q.nothing && len(q.lots) == 0 {
		return out, nil
	}
	batchID := envelope.BatchID(q.account, q.batch)
	count, err := ds.CountMailed(ctx, batchID)
	if err != nil {
		return out, err
	}
	// What was sent last may not be counted yet. Fewer than the rest are counted
	// if some were deleted for good: then the number proves nothing.
	agree := out.known.Settled <= count && count <= out.known.Counted
	if agree && out.known.Looked && len(q.lots) == 0 {
		return out, nil
	}
	records, err := led.Records(ctx, q.account, q.batch)
	if err != nil {
		return out, err
	}
	if !agree && out.known.Looked && len(q.lots) == 0 {
		if agree, err = inDoubt(ctx, ds, records, count-out.known.Counted); agree || err != nil {
			return out, err // the run clears them up
		}
	}
	s := &sorter{inquiry: q, records: records, out: &out}
	if count > 0 {
		news, err := ds.Mailed(ctx, batchID, func(id envelope.ID) bool { return records.Known[id] })
		if err != nil {
			return out, err
		}
		s.sort(news)
	}
	if !out.known.Looked {
		if err := s.findLegacy(ctx, ds); err != nil {
			return out, err
		}
	}
	s.countUnderWay()
	return out, nil
}

// inDoubt reports whether the envelopes that DocuSign has more are all ones that
// this ledger's last run left in doubt.
func inDoubt(ctx context.Context, ds mailings, records ledger.Records, more int) (bool, error) {
	var open []envelope.TransactionID
	for id, r := range records.States {
		if r.State.Open() {
			open = append(open, id)
		}
	}
	if more <= 0 || len(open) < more || len(open) > fewOpen {
		return false, nil
	}
	found, err := ds.Find(ctx, open)
	if err != nil {
		return false, err
	}
	mailed := 0
	for _, f := range found {
		if !f.Draft {
			mailed += 1 + len(f.More)
		}
	}
	return mailed >= more, nil
}

// sorter sorts what DocuSign has by what this ledger makes of it.
type sorter struct {
	inquiry
	records ledger.Records
	out     *elsewhere
}

// index returns the rows by their names, and by those that an earlier release
// has given them.
func (s *sorter) index() (rows, legacy map[envelope.TransactionID]*row) {
	rows, legacy = make(map[envelope.TransactionID]*row, len(s.rows)), make(map[envelope.TransactionID]*row)
	for i := range s.rows {
		r := &s.rows[i]
		rows[r.TransactionID] = r
		if r.Legacy != nil {
			legacy[r.Legacy.TransactionID] = r
		}
	}
	return rows, legacy
}

// sort takes envelopes that carry the batch's field. The first of a transaction
// ID is adopted, unless the ledger has one already; all others are too many.
func (s *sorter) sort(news []envelope.Mailed) {
	slices.SortFunc(news, func(a, b envelope.Mailed) int {
		return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.ID, b.ID))
	})
	rows, legacy := s.index()
	for i := range news {
		m := &news[i]
		switch sent := s.records.States[m.TransactionID].State == envelope.StateSent; {
		case sent, m.TransactionID == "":
			s.out.surplus = append(s.out.surplus, ledger.Surplus{ID: m.ID, TransactionID: m.TransactionID, Sent: m.Sent})
			if sent {
				s.out.tooMany = append(s.out.tooMany, extra{m.ID, rows[m.TransactionID]})
			}
		case legacy[m.TransactionID] != nil:
			s.adoptLegacy(m, *legacy[m.TransactionID])
		default:
			s.adopt(m, rows[m.TransactionID])
		}
	}
}

// adopt takes an envelope for sent. r is the row that means it, nil if there is
// none.
func (s *sorter) adopt(m *envelope.Mailed, r *row) {
	a := ledger.Adopted{ID: m.ID, Sent: m.Sent}
	if r != nil {
		a.Identity, a.File, a.Line = *r.Identity, r.file, r.line
	} else {
		a.Account, a.Batch, a.TransactionID = s.account, s.batch, m.TransactionID
		var given []string
		a.TemplateID, given = s.given(m)
		a.People = envelope.PeopleOf(given)
	}
	s.out.found = append(s.out.found, a)
	s.records.States[a.TransactionID] = ledger.Record{State: envelope.StateSent, ID: m.ID}
}

// given returns the addresses that a file gave for the envelope, without those
// whom the template itself names, and which template that is; "" if it cannot be
// told.
func (s *sorter) given(m *envelope.Mailed) (templateID string, addresses []string) {
	for _, t := range s.templates {
		left, all := withoutFixed(m.Recipients, t)
		if all {
			return t.ID, left
		}
		if addresses == nil {
			addresses = left
		}
	}
	if addresses == nil {
		addresses, _ = withoutFixed(m.Recipients, new(template.Template))
	}
	return "", addresses
}

// withoutFixed returns the addresses of recipients whom t does not name itself,
// and whether they are all that t asks for.
func withoutFixed(recipients []envelope.Addressee, t *template.Template) (addresses []string, all bool) {
	left := slices.Clone(recipients)
	wanted := 0
	for i := range t.Roles {
		role := &t.Roles[i]
		if role.Placeholder() {
			wanted++
			continue
		}
		at := slices.IndexFunc(left, func(a envelope.Addressee) bool {
			return a.Role == role.Name && envelope.NormalAddress(a.Email) == envelope.NormalAddress(role.Person.Email)
		})
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	all = len(left) == wanted
	for _, a := range left {
		addresses = append(addresses, a.Email)
		all = all && slices.ContainsFunc(t.Roles, func(r template.Role) bool { return r.Placeholder() && r.Name == a.Role })
	}
	return addresses, all
}

// findLegacy looks for what an earlier release has sent, without the batch's
// field: by its transaction IDs as long as DocuSign knows those. Nothing of it
// can be younger than this ledger's first run of a release with the field.
func (s *sorter) findLegacy(ctx context.Context, ds mailings) error {
	if !s.legacy || !mayHaveLegacy(s.out.known) {
		return nil
	}
	var open []row
	for _, r := range s.rows {
		if r.Legacy != nil && !s.records.States[r.TransactionID].State.MayExist() && !s.records.States[r.Legacy.TransactionID].State.MayExist() {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return nil
	}
	found, err := findOld(ctx, ds, open)
	if err != nil || len(found) == 0 {
		return err
	}
	var ids []envelope.ID
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	mailed, err := ds.Recipients(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[envelope.ID]*envelope.Mailed, len(mailed))
	for i := range mailed {
		byID[mailed[i].ID] = &mailed[i]
	}
	for _, r := range open {
		if f, ok := found[r.Legacy.TransactionID]; ok && byID[f.ID] != nil {
			s.adoptLegacy(byID[f.ID], r)
			for _, id := range f.More {
				s.out.tooMany = append(s.out.tooMany, extra{id, &r})
			}
		}
	}
	return nil
}

// mayHaveLegacy reports whether an earlier release may have sent envelopes that
// DocuSign still knows by their transaction IDs, and the ledger does not.
func mayHaveLegacy(k ledger.Known) bool {
	return !k.Looked && (k.Since.IsZero() || time.Since(k.Since) <= transactionsLive)
}

// findOld looks envelopes up by the names that an earlier release gave them.
func findOld(ctx context.Context, ds mailings, rows []row) (map[envelope.TransactionID]envelope.Found, error) {
	ids := make([]envelope.TransactionID, len(rows))
	for i, r := range rows {
		ids[i] = r.Legacy.TransactionID
	}
	found, err := ds.Find(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(rows) <= fewOld { // older than their transaction IDs, they cost a call each
		for _, id := range ids {
			if _, ok := found[id]; ok {
				continue
			}
			f, ok, err := ds.FindByField(ctx, id, time.Now().Add(-twoYears))
			if err != nil {
				return nil, err
			}
			if ok {
				found[id] = f
			}
		}
	}
	for id, f := range found {
		if f.Draft || f.ID == "" {
			delete(found, id)
		}
	}
	return found, nil
}

// adoptLegacy takes an envelope for sent that an earlier release has sent. The
// name of a labelled one does not depend on what its rows say: if it went to
// other people the ledger notes other content, so that the row is a conflict.
func (s *sorter) adoptLegacy(m *envelope.Mailed, r row) {
	own := *r.Identity
	own.UseLegacy()
	if _, given := s.given(m); own.Label != "" && envelope.PeopleOf(given) != own.People {
		own.Content = envelope.Content{}
	}
	r.Identity = &own
	s.adopt(m, &r)
}

// countUnderWay counts the copies of lots that DocuSign has not made yet, or
// that its searches do not show.
func (s *sorter) countUnderWay() {
	for i := range s.lots {
		lot := &s.lots[i]
		missing := lot.Status.Size - lot.Status.Failed
		for _, id := range lot.Envelopes {
			if s.records.States[id].State == envelope.StateSent {
				missing--
			}
		}
		if missing <= 0 {
			s.out.done = append(s.out.done, &lot.Lot)
			continue
		}
		s.out.underWay += missing
		s.out.handed = append(s.out.handed, lot.Envelopes...)
	}
}

package job

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
	"batchsend/template"
	"batchsend/throttle"
)

// adoption takes over envelopes that DocuSign has mailed and the ledger does not
// know.
type adoption struct {
	*Unrecorded
	index     *Index
	states    map[envelope.TransactionID]ledger.BatchRecord
	templates []*template.Template // that the rows use
}

// take sorts envelopes that carry the batch's field. The first of a transaction ID
// is adopted, unless the ledger has one already; all others are surplus.
func (a *adoption) take(news []remote.Mailed) {
	slices.SortFunc(news, func(m, n remote.Mailed) int {
		return cmp.Or(m.Sent.Compare(n.Sent), cmp.Compare(m.ID, n.ID))
	})
	for _, m := range news {
		id := m.TransactionID
		r := a.rowOf(id)
		switch sent := a.states[id].State == history.StateSent; {
		case sent, id.IsZero():
			a.Surplus = append(a.Surplus, ledger.Surplus{ID: m.ID, TransactionID: id, Sent: m.Sent})
			if sent {
				a.Extras = append(a.Extras, Extra{m.ID, r})
			}
		case r == nil:
			a.adopt(m, a.strangerIdentity(m), &row{})
		case r.id.TransactionID != id:
			a.adopt(m, a.legacyIdentity(m, r), r)
		default:
			a.adopt(m, *r.id, r)
		}
	}
}

// rowOf returns which envelope of the files a transaction ID names in this batch; nil
// if none.
func (a *adoption) rowOf(id envelope.TransactionID) *row {
	n, ok := a.index.find(id)
	if !ok || a.index.batchOf(n) != a.Batch {
		return nil
	}
	return a.index.row(n)
}

// adopt takes an envelope for sent, which r means.
func (a *adoption) adopt(m remote.Mailed, id envelope.Identity, r *row) {
	a.Sent = append(a.Sent, ledger.Adopted{Identity: id, File: r.file, Line: r.line, ID: m.ID, Sent: m.Sent})
	a.states[id.TransactionID] = ledger.BatchRecord{State: history.StateSent, ID: m.ID}
}

// legacyIdentity is the identity of an envelope that an earlier release has sent.
// The name of a labelled one does not depend on what its rows say: if it went to
// other people the ledger notes other content, so that the row is a conflict.
func (a *adoption) legacyIdentity(m remote.Mailed, r *row) envelope.Identity {
	id := *r.id
	id.UseLegacy()
	if _, given := givenAddresses(m.Recipients, a.templates); id.Label != "" && envelope.PeopleOf(given) != id.People {
		id.Content = envelope.Content{}
	}
	return id
}

// strangerIdentity is what is known of the identity of an envelope that no row
// means.
func (a *adoption) strangerIdentity(m remote.Mailed) envelope.Identity {
	templateID, given := givenAddresses(m.Recipients, a.templates)
	return envelope.Identity{
		Account: a.index.account, Batch: a.Batch, TemplateID: templateID, TransactionID: m.TransactionID, People: envelope.PeopleOf(given),
	}
}

// countCopies counts the copies of lots that DocuSign has not made yet, or that
// its searches do not show.
func (a *adoption) countCopies(lots []remote.OtherLot) {
	for i := range lots {
		lot := &lots[i]
		missing := lot.Status.Size - lot.Status.Failed
		for _, id := range lot.Envelopes {
			if a.states[id].State == history.StateSent {
				missing--
			}
		}
		if missing <= 0 {
			a.Done = append(a.Done, &lot.Lot)
			continue
		}
		a.Making += missing
		a.InLists = append(a.InLists, lot.Envelopes...)
	}
}

// givenAddresses returns the addresses that a file gave for an envelope, without
// those whom the template itself names, and which template that is; "" if it cannot
// be told.
func givenAddresses(recipients []remote.Addressee, templates []*template.Template) (templateID string, addresses []string) {
	for _, t := range templates {
		left, all := withoutFixed(recipients, t)
		if all {
			return t.ID, left
		}
		if addresses == nil {
			addresses = left
		}
	}
	if addresses == nil {
		addresses, _ = withoutFixed(recipients, new(template.Template))
	}
	return "", addresses
}

// withoutFixed returns the addresses of recipients whom t does not name itself,
// and whether they are all that t asks for.
func withoutFixed(recipients []remote.Addressee, t *template.Template) (addresses []string, all bool) {
	left := slices.Clone(recipients)
	wanted := 0
	for i := range t.Roles {
		role := &t.Roles[i]
		if role.Placeholder() {
			wanted++
			continue
		}
		at := slices.IndexFunc(left, func(a remote.Addressee) bool {
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

// adoptLegacy adopts what an earlier release has sent, without the batch's field. It
// is found by its transaction IDs as long as DocuSign knows those.
func (s search) adoptLegacy(ctx context.Context, a *adoption) error {
	var rows []*row
	for _, n := range slices.Sorted(maps.Keys(a.index.names.legacy)) {
		r := a.index.row(n)
		if r.id.Batch == a.Batch && !a.states[r.id.TransactionID].State.MayExist() && !a.states[r.id.Legacy.TransactionID].State.MayExist() {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	found, err := s.findLegacy(ctx, rows)
	if err != nil || len(found) == 0 {
		return err
	}
	var ids []envelope.ID
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	mailed, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) ([]remote.Mailed, error) { return s.DocuSign.Recipients(ctx, ids) })
	if err != nil {
		return err
	}
	byID := make(map[envelope.ID]remote.Mailed, len(mailed))
	for _, m := range mailed {
		byID[m.ID] = m
	}
	for _, r := range rows {
		f := found[r.id.Legacy.TransactionID]
		m, ok := byID[f.ID]
		if !ok {
			continue
		}
		a.adopt(m, a.legacyIdentity(m, r), r)
		for _, id := range f.More {
			a.Extras = append(a.Extras, Extra{id, r})
		}
	}
	return nil
}

const (
	// fewLegacy is how many envelopes of an earlier release are looked up one by one,
	// after their transaction IDs are forgotten.
	fewLegacy = 10
	// twoYears is how far back DocuSign's lists go.
	twoYears = 2 * 365 * 24 * time.Hour
)

// findLegacy looks envelopes up by the names that an earlier release gave them, and
// returns those that were mailed.
func (s search) findLegacy(ctx context.Context, rows []*row) (map[envelope.TransactionID]remote.Found, error) {
	ids := make([]envelope.TransactionID, len(rows))
	for i, r := range rows {
		ids[i] = r.id.Legacy.TransactionID
	}
	found, err := s.find(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(rows) <= fewLegacy { // older than their transaction IDs, they cost a call each
		for _, id := range ids {
			if _, ok := found[id]; ok {
				continue
			}
			f, err := throttle.Ask(ctx, s.Retry, func(ctx context.Context) (remote.Found, error) {
				f, _, err := s.DocuSign.FindByField(ctx, id, time.Now().Add(-twoYears))
				return f, err
			})
			if err != nil {
				return nil, err
			}
			found[id] = f // the zero Found is dropped below
		}
	}
	for id, f := range found {
		if f.Draft || f.ID == "" {
			delete(found, id)
		}
	}
	return found, nil
}

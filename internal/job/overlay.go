package job

import (
	"context"

	"batchsend/envelope"
	"batchsend/internal/ledger"
)

// Overlay is a history as it would be if envelopes that another ledger has sent
// had been written down. A dry run writes nothing.
type Overlay struct {
	History
	Adopted []ledger.Adopted
}

// Standings implements [History].
func (o *Overlay) Standings(ctx context.Context, account string, ids []*envelope.Identity) ([]envelope.Standing, error) {
	records, err := o.History.Standings(ctx, account, ids)
	if err != nil || len(o.Adopted) == 0 {
		return records, err
	}
	adopted := make(map[envelope.TransactionID]*ledger.Adopted, len(o.Adopted))
	for i := range o.Adopted {
		adopted[o.Adopted[i].TransactionID] = &o.Adopted[i]
	}
	for i, id := range ids {
		a, legacy := adopted[id.TransactionID], false
		if a == nil && id.Legacy != nil {
			a, legacy = adopted[id.Legacy.TransactionID], true
		}
		if record := &records[i]; a != nil && record.State != envelope.StateSent {
			*record = envelope.Standing{State: envelope.StateSent, Content: a.Content, ID: a.ID, At: a.Sent, Legacy: legacy, Twin: record.Twin}
		}
	}
	return records, nil
}

// Neighbours implements [History].
func (o *Overlay) Neighbours(ctx context.Context, account string, ids []*envelope.Identity) ([]ledger.Neighbours, error) {
	neighbours, err := o.History.Neighbours(ctx, account, ids)
	if err != nil || len(o.Adopted) == 0 {
		return neighbours, err
	}
	type group struct {
		batch  string
		people envelope.Digest
	}
	groups := make(map[group][]envelope.Earlier)
	for _, a := range o.Adopted {
		if a.File != "" {
			continue // a row means it: it is no neighbour, but sent
		}
		of := group{a.Batch, a.People}
		groups[of] = append(groups[of], envelope.Earlier{
			TransactionID: a.TransactionID, Batch: a.Batch, TemplateID: a.TemplateID, State: envelope.StateSent, ID: a.ID, At: a.Sent,
		})
	}
	for i, id := range ids {
		neighbours[i].SamePeople = append(neighbours[i].SamePeople, groups[group{id.Batch, id.People}]...)
	}
	return neighbours, nil
}

var _ History = (*Overlay)(nil)

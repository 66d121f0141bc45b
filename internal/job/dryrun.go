package job

import (
	"context"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
)

// DryRun is the mode that sends nothing and writes nothing into the ledger.
type DryRun struct{ adopted []ledger.Adopted }

// Await implements [Mode]: what is not sent need not wait.
func (*DryRun) Await(context.Context, Options, Site, []string) error { return nil }

// Adopt implements [Mode].
func (m *DryRun) Adopt(_ context.Context, _ Site, u *Unrecorded) (string, error) {
	m.adopted = append(m.adopted, u.Sent...)
	return "a run adopts them", nil
}

// History implements [Mode].
func (m *DryRun) History(l Ledger) History { return &overlay{l, m.adopted} }

// Aborts implements [Mode]: all is told of the others, too.
func (*DryRun) Aborts(Options) bool { return false }

// Deliver implements [Mode]: it says what would be sent.
func (*DryRun) Deliver(ctx context.Context, _ Options, _ Site, p Planned) (d Done, err error) {
	d = Done{Planned: p, Stopped: context.Cause(ctx)}
	for n := range p.Len() {
		e := p.entry(n)
		switch {
		case !e.is(accepted) || e.state == history.StateSent:
		case e.state.Open():
			err = p.settle(n, envelope.Outcome{Status: envelope.Valid, Message: "an earlier run may have sent it and did not learn whether it has: a run looks it up before it sends anything"})
		default:
			err = p.settle(n, envelope.Outcome{Status: envelope.Valid})
		}
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

var _ Mode = (*DryRun)(nil)

// overlay is a history as it would be if envelopes that another ledger has sent
// had been written down. A dry run writes nothing.
type overlay struct {
	History
	adopted []ledger.Adopted
}

// HasAny implements [History].
func (o *overlay) HasAny(ctx context.Context, account string) (bool, error) {
	if len(o.adopted) > 0 {
		return true, nil
	}
	return o.History.HasAny(ctx, account)
}

// Records implements [History].
func (o *overlay) Records(ctx context.Context, account string, ids []*envelope.Identity) ([]history.Record, error) {
	records, err := o.History.Records(ctx, account, ids)
	if err != nil || len(o.adopted) == 0 {
		return records, err
	}
	adopted := make(map[envelope.TransactionID]*ledger.Adopted, len(o.adopted))
	for i := range o.adopted {
		adopted[o.adopted[i].TransactionID] = &o.adopted[i]
	}
	for i, id := range ids {
		a, legacy := adopted[id.TransactionID], false
		if a == nil && id.Legacy != nil {
			a, legacy = adopted[id.Legacy.TransactionID], true
		}
		if record := &records[i]; a != nil && record.State != history.StateSent {
			*record = history.Record{State: history.StateSent, Content: a.Content, ID: a.ID, At: a.Sent, Legacy: legacy, SameContent: record.SameContent}
		}
	}
	return records, nil
}

// Similar implements [History].
func (o *overlay) Similar(ctx context.Context, account string, ids []*envelope.Identity) ([]ledger.Similar, error) {
	similar, err := o.History.Similar(ctx, account, ids)
	if err != nil || len(o.adopted) == 0 {
		return similar, err
	}
	type group struct {
		batch  string
		people envelope.Digest
	}
	groups := make(map[group][]history.Similar)
	for _, a := range o.adopted {
		if a.File != "" {
			continue // a row means it: it is recorded, not just similar
		}
		of := group{a.Batch, a.People}
		groups[of] = append(groups[of], history.Similar{
			TransactionID: a.TransactionID, Batch: a.Batch, TemplateID: a.TemplateID, State: history.StateSent, ID: a.ID, At: a.Sent,
		})
	}
	for i, id := range ids {
		similar[i].SamePeople = append(similar[i].SamePeople, groups[group{id.Batch, id.People}]...)
	}
	return similar, nil
}

var _ History = (*overlay)(nil)

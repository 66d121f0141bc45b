package job

import (
	"context"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// selection is the envelopes with which a run still has something to do.
type selection struct {
	items []Item
	of    []*envelope.Draft // to which items belong
}

var _ batch.Envelopes = (*selection)(nil)

// Len implements [batch.Envelopes].
func (s *selection) Len() int { return len(s.items) }

// Item implements [batch.Envelopes].
func (s *selection) Item(i int) batch.Item {
	return batch.Item{TransactionID: s.items[i].Envelope.TransactionID, Group: s.items[i].Group}
}

// Read implements [batch.Envelopes].
func (s *selection) Read(_ context.Context, i int) (*envelope.Envelope, error) {
	return s.items[i].Envelope, nil
}

// stillToDo returns those of the items that were not sent yet, and the outcomes of the
// others.
func stillToDo(items []Item, of []*envelope.Draft) (s *selection, others Outcomes) {
	s, others = new(selection), make(Outcomes, len(items))
	for i, item := range items {
		if item.Record.State == envelope.StateSent {
			others[of[i]] = batch.AlreadySent(item.Record)
		} else {
			s.items, s.of = append(s.items, item), append(s.of, of[i])
		}
	}
	return s, others
}

// waits tells a person what a run waits for, and of what does not go as planned.
type waits struct {
	batch.NoObserver
	op Teller
}

var _ batch.Observer = waits{}

// LotSent implements [batch.Observer].
func (w waits) LotSent(envelopes int, through time.Time) {
	w.op.Say("handed %s over to DocuSign, which should have sent them by %s", report.Plural(envelopes, "envelope"), throttle.Clock(through, time.Now()))
}

// BulkRefused implements [batch.Observer].
func (w waits) BulkRefused(envelopes int, why error) {
	w.op.Warn("DocuSign does not take %s in bulk, they are sent one by one: %v", report.Plural(envelopes, "envelope"), why)
}

// Paused implements [batch.Observer].
func (w waits) Paused(until time.Time, why string) {
	w.op.Say("waiting until %s: %s", throttle.Clock(until, time.Now()), why)
}

// LookingUp implements [batch.Observer].
func (w waits) LookingUp(envelopes int, until time.Time) {
	w.op.Say("looking up %s, because DocuSign did not say whether %s sent, until %s at the latest; what it does not know by then was never sent",
		report.Plural(envelopes, "envelope"), oneOrMany(envelopes, "it was", "they were"), throttle.Clock(until, time.Now()))
}

// recoveries tells besides what became of envelopes that earlier runs left.
type recoveries struct{ waits }

var _ batch.Observer = recoveries{}

// Recovered implements [batch.Observer].
func (r recoveries) Recovered(n batch.Recovered) { r.op.Say("%s", DescribeRecovered(n)) }

// deliveries gathers the outcomes of a selection.
type deliveries struct {
	recoveries
	*selection
	progress Progress
	mu       sync.Mutex
	outcomes Outcomes
}

var _ batch.Observer = (*deliveries)(nil)

// Outcome implements [batch.Observer].
func (d *deliveries) Outcome(i int, out envelope.Outcome) {
	d.mu.Lock()
	d.outcomes[d.of[i]] = out
	d.mu.Unlock()
	if out.Status != envelope.Pending { // else it was not tried, or goes again
		d.progress.Outcome(d.items[i].Envelope, out)
	}
}

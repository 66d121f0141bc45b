package job

import (
	"context"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// selection is the envelopes with which a run still has something to do.
type selection struct {
	index   *Index
	numbers []int32
}

var _ batch.Envelopes = (*selection)(nil)

// Len implements [batch.Envelopes].
func (s *selection) Len() int { return len(s.numbers) }

// Item implements [batch.Envelopes].
func (s *selection) Item(i int) batch.Item {
	n := int(s.numbers[i])
	return batch.Item{TransactionID: s.index.transactionID(n), Group: s.index.entry(n).group}
}

// Read implements [batch.Envelopes].
func (s *selection) Read(ctx context.Context, i int) (*envelope.Envelope, error) {
	return s.index.Read(ctx, int(s.numbers[i]))
}

// selected returns the envelopes that this run is about: those that are due, and all
// that may have been sent. beyond are those that are left for the next run.
func (p *Planned) selected() (s *selection, beyond int, err error) {
	s = &selection{index: p.Index}
	due := p.Due
	for n := range p.Len() {
		e := p.entry(n)
		switch {
		case !e.is(accepted) || e.state == history.StateSent:
		case len(due) > 0 && int(due[0]) == n:
			due = due[1:]
			s.numbers = append(s.numbers, int32(n))
		case e.state.Open():
			s.numbers = append(s.numbers, int32(n))
			err = p.settle(n, envelope.Outcome{Status: envelope.Pending})
		default:
			beyond++
			err = p.settle(n, envelope.Outcome{Status: envelope.Pending, Message: "left for the next run (--limit)"})
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return s, beyond, nil
}

// waits tells a person what a run waits for, and of what does not go as planned.
type waits struct {
	batch.NoObserver
	op Teller
}

var _ batch.Observer = waits{}

// LotSent implements [batch.Observer].
func (w waits) LotSent(_ string, envelopes int, through time.Time) {
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

// deliveries writes down what becomes of a selection, and shows how far it has come.
type deliveries struct {
	recoveries
	*selection
	progress Progress
	mu       sync.Mutex
	sent     report.Timeline
	err      error // the first that kept an outcome from being written down
}

var _ batch.Observer = (*deliveries)(nil)

// Outcome implements [batch.Observer].
func (d *deliveries) Outcome(i int, out envelope.Outcome) {
	n := int(d.numbers[i])
	d.mu.Lock()
	if err := d.index.settle(n, out); d.err == nil {
		d.err = err
	}
	at := d.index.position(n)
	if out.Status == envelope.Sent {
		d.sent.Add(time.Now())
	}
	d.mu.Unlock()
	d.progress.Outcome(at, out)
}

// LotSent implements [batch.Observer].
func (d *deliveries) LotSent(lot string, envelopes int, through time.Time) {
	d.progress.List(lot, 0, envelopes, through)
	if !d.progress.Shown() {
		d.recoveries.LotSent(lot, envelopes, through)
	}
}

// LotProgress implements [batch.Observer].
func (d *deliveries) LotProgress(lot string, done, envelopes int, through time.Time) {
	d.progress.List(lot, done, envelopes, through)
}

// Paused implements [batch.Observer].
func (d *deliveries) Paused(until time.Time, why string) {
	if !d.progress.Waits(why, until) {
		d.recoveries.Paused(until, why)
	}
}

// LookingUp implements [batch.Observer].
func (d *deliveries) LookingUp(envelopes int, until time.Time) {
	if !d.progress.Waits("looking up "+report.Plural(envelopes, "envelope")+" of which DocuSign did not say whether "+oneOrMany(envelopes, "it was", "they were")+" sent", until) {
		d.recoveries.LookingUp(envelopes, until)
	}
}

func (d *deliveries) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

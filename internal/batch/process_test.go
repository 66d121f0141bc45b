package batch_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/remote"
)

var errDead = errors.New("the process is dead")

// process stands between a run and its surroundings. When it dies nothing that
// the run does reaches them any more, but for requests that have left.
type process struct {
	crashAt int
	stop    context.CancelFunc
	die     func()

	life  sync.RWMutex // held for reading while something is written
	mu    sync.Mutex
	steps int
	dead  bool
}

// do does work, unless the process is dead before it or does not live to learn
// the answer.
func (p *process) do(work func() error) error {
	if !p.step() {
		return errDead
	}
	err := work()
	if !p.step() {
		return errDead
	}
	return err
}

func (p *process) step() bool {
	p.mu.Lock()
	p.steps++
	now := p.steps == p.crashAt
	p.mu.Unlock()
	p.life.Lock()
	defer p.life.Unlock()
	if now {
		p.die()
		p.dead = true
		p.stop()
	}
	return !p.dead
}

// write does work on the disk, whole or not at all.
func (p *process) write(work func() error) error {
	return p.do(func() error {
		p.life.RLock()
		defer p.life.RUnlock()
		if p.dead {
			return errDead
		}
		return work()
	})
}

// crashingLedger is the ledger of a process.
type crashingLedger struct {
	*process
	batch.Ledger
}

func (l crashingLedger) Claim(ctx context.Context, env *envelope.Envelope) error {
	return l.write(func() error {
		return l.Ledger.Claim(ctx, env)
	})
}

func (l crashingLedger) Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error {
	return l.write(func() error { return l.Ledger.Draft(ctx, tx, id) })
}

func (l crashingLedger) Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error {
	return l.write(func() error { return l.Ledger.Settle(ctx, id, out) })
}

func (l crashingLedger) Retry(ctx context.Context, id envelope.TransactionID) error {
	return l.write(func() error { return l.Ledger.Retry(ctx, id) })
}

func (l crashingLedger) CheckLease(ctx context.Context) error {
	return l.write(func() error { return l.Ledger.CheckLease(ctx) })
}

func (l crashingLedger) AddLot(ctx context.Context, lot *remote.Lot, name string) error {
	return l.write(func() error { return l.Ledger.AddLot(ctx, lot, name) })
}

func (l crashingLedger) ClaimLot(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	err = l.write(func() (err error) { refused, err = l.Ledger.ClaimLot(ctx, lot, envs); return err })
	return refused, err
}

func (l crashingLedger) RecordLot(ctx context.Context, lot *remote.Lot) error {
	return l.write(func() error { return l.Ledger.RecordLot(ctx, lot) })
}

func (l crashingLedger) SettleLot(ctx context.Context, lot *remote.Lot, outs map[envelope.TransactionID]envelope.Outcome) error {
	return l.write(func() error { return l.Ledger.SettleLot(ctx, lot, outs) })
}

func (l crashingLedger) EndLot(ctx context.Context, lot *remote.Lot, speed float64) error {
	return l.write(func() error { return l.Ledger.EndLot(ctx, lot, speed) })
}

// crashingDocuSign is how a process reaches DocuSign.
type crashingDocuSign struct {
	*process
	*fakeDocuSign
}

func (c crashingDocuSign) Send(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.fakeDocuSign.Send(ctx, env, leaving); return err })
	return id, err
}

func (c crashingDocuSign) Draft(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.fakeDocuSign.Draft(ctx, env, leaving); return err })
	return id, err
}

func (c crashingDocuSign) SendDraft(ctx context.Context, id envelope.ID, leaving batch.Leaving) error {
	return c.do(func() error { return c.fakeDocuSign.SendDraft(ctx, id, leaving) })
}

func (c crashingDocuSign) Find(ctx context.Context, ids []envelope.TransactionID) (found map[envelope.TransactionID]remote.Found, err error) {
	err = c.do(func() (err error) { found, err = c.fakeDocuSign.Find(ctx, ids); return err })
	return found, err
}

func (c crashingDocuSign) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (f remote.Found, ok bool, err error) {
	err = c.do(func() (err error) { f, ok, err = c.fakeDocuSign.FindByField(ctx, id, since); return err })
	return f, ok && err == nil, err
}

func (c crashingDocuSign) Addresses(ctx context.Context, id envelope.ID) (to []string, err error) {
	err = c.do(func() (err error) { to, err = c.fakeDocuSign.Addresses(ctx, id); return err })
	return to, err
}

func (c crashingDocuSign) LotDraft(ctx context.Context, like *envelope.Envelope, tx envelope.TransactionID) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.fakeDocuSign.LotDraft(ctx, like, tx); return err })
	return id, err
}

func (c crashingDocuSign) CreateList(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (id string, err error) {
	err = c.do(func() (err error) { id, err = c.fakeDocuSign.CreateList(ctx, lot, envs); return err })
	return id, err
}

func (c crashingDocuSign) TestList(ctx context.Context, list string, draft envelope.ID) error {
	return c.do(func() error { return c.fakeDocuSign.TestList(ctx, list, draft) })
}

func (c crashingDocuSign) SendList(ctx context.Context, lot *remote.Lot, leaving batch.Leaving) (id string, err error) {
	err = c.do(func() (err error) { id, err = c.fakeDocuSign.SendList(ctx, lot, leaving); return err })
	return id, err
}

func (c crashingDocuSign) FindBatch(ctx context.Context, lot *remote.Lot, since time.Time) (id string, found bool, err error) {
	err = c.do(func() (err error) { id, found, err = c.fakeDocuSign.FindBatch(ctx, lot, since); return err })
	return id, found, err
}

func (c crashingDocuSign) LotStatus(ctx context.Context, id string) (s remote.LotStatus, err error) {
	err = c.do(func() (err error) { s, err = c.fakeDocuSign.LotStatus(ctx, id); return err })
	return s, err
}

func (c crashingDocuSign) Copies(ctx context.Context, lot *remote.Lot, since time.Time) (copies []remote.Copy, err error) {
	err = c.do(func() (err error) { copies, err = c.fakeDocuSign.Copies(ctx, lot, since); return err })
	return copies, err
}

func (c crashingDocuSign) Remains(ctx context.Context, lots []*remote.Lot) (lists []string, drafts []envelope.ID, err error) {
	err = c.do(func() (err error) { lists, drafts, err = c.fakeDocuSign.Remains(ctx, lots); return err })
	return lists, drafts, err
}

func (c crashingDocuSign) DeleteList(ctx context.Context, list string) error {
	return c.do(func() error { return c.fakeDocuSign.DeleteList(ctx, list) })
}

func (c crashingDocuSign) DeleteDrafts(ctx context.Context, ids ...envelope.ID) error {
	return c.do(func() error { return c.fakeDocuSign.DeleteDrafts(ctx, ids...) })
}

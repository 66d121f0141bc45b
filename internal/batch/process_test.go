package batch_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
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

// mortalLedger is the ledger of a process.
type mortalLedger struct {
	*process
	batch.Ledger
}

func (l mortalLedger) Claim(ctx context.Context, env *envelope.Envelope) error {
	return l.write(func() error {
		return l.Ledger.Claim(ctx, env)
	})
}

func (l mortalLedger) Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error {
	return l.write(func() error { return l.Ledger.Draft(ctx, tx, id) })
}

func (l mortalLedger) Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error {
	return l.write(func() error { return l.Ledger.Settle(ctx, id, out) })
}

func (l mortalLedger) Retry(ctx context.Context, id envelope.TransactionID) error {
	return l.write(func() error { return l.Ledger.Retry(ctx, id) })
}

func (l mortalLedger) CheckLease(ctx context.Context) error {
	return l.write(func() error { return l.Ledger.CheckLease(ctx) })
}

func (l mortalLedger) AddLot(ctx context.Context, lot *envelope.Lot, name string) error {
	return l.write(func() error { return l.Ledger.AddLot(ctx, lot, name) })
}

func (l mortalLedger) ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	err = l.write(func() (err error) { refused, err = l.Ledger.ClaimLot(ctx, lot, envs); return err })
	return refused, err
}

func (l mortalLedger) RecordLot(ctx context.Context, lot *envelope.Lot) error {
	return l.write(func() error { return l.Ledger.RecordLot(ctx, lot) })
}

func (l mortalLedger) SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error {
	return l.write(func() error { return l.Ledger.SettleLot(ctx, lot, outs, over, speed) })
}

// mortalClient is how a process reaches DocuSign.
type mortalClient struct {
	*process
	*world
}

func (c mortalClient) Send(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.world.Send(ctx, env, leaving); return err })
	return id, err
}

func (c mortalClient) Draft(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.world.Draft(ctx, env, leaving); return err })
	return id, err
}

func (c mortalClient) SendDraft(ctx context.Context, id envelope.ID, leaving batch.Leaving) error {
	return c.do(func() error { return c.world.SendDraft(ctx, id, leaving) })
}

func (c mortalClient) Find(ctx context.Context, ids []envelope.TransactionID) (found map[envelope.TransactionID]envelope.Found, err error) {
	err = c.do(func() (err error) { found, err = c.world.Find(ctx, ids); return err })
	return found, err
}

func (c mortalClient) FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (f envelope.Found, ok bool, err error) {
	err = c.do(func() (err error) { f, ok, err = c.world.FindByField(ctx, id, since); return err })
	return f, ok && err == nil, err
}

func (c mortalClient) Addresses(ctx context.Context, id envelope.ID) (to []string, err error) {
	err = c.do(func() (err error) { to, err = c.world.Addresses(ctx, id); return err })
	return to, err
}

func (c mortalClient) LotDraft(ctx context.Context, like *envelope.Envelope, tx envelope.TransactionID) (id envelope.ID, err error) {
	err = c.do(func() (err error) { id, err = c.world.LotDraft(ctx, like, tx); return err })
	return id, err
}

func (c mortalClient) CreateList(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (id string, err error) {
	err = c.do(func() (err error) { id, err = c.world.CreateList(ctx, lot, envs); return err })
	return id, err
}

func (c mortalClient) TestList(ctx context.Context, list string, draft envelope.ID) error {
	return c.do(func() error { return c.world.TestList(ctx, list, draft) })
}

func (c mortalClient) SendList(ctx context.Context, lot *envelope.Lot, leaving batch.Leaving) (id string, err error) {
	err = c.do(func() (err error) { id, err = c.world.SendList(ctx, lot, leaving); return err })
	return id, err
}

func (c mortalClient) FindBatch(ctx context.Context, lot *envelope.Lot, since time.Time) (id string, found bool, err error) {
	err = c.do(func() (err error) { id, found, err = c.world.FindBatch(ctx, lot, since); return err })
	return id, found, err
}

func (c mortalClient) LotStatus(ctx context.Context, id string) (s envelope.LotStatus, err error) {
	err = c.do(func() (err error) { s, err = c.world.LotStatus(ctx, id); return err })
	return s, err
}

func (c mortalClient) Copies(ctx context.Context, lot *envelope.Lot, since time.Time) (copies []envelope.Copy, err error) {
	err = c.do(func() (err error) { copies, err = c.world.Copies(ctx, lot, since); return err })
	return copies, err
}

func (c mortalClient) Remains(ctx context.Context, lots []*envelope.Lot) (lists []string, drafts []envelope.ID, err error) {
	err = c.do(func() (err error) { lists, drafts, err = c.world.Remains(ctx, lots); return err })
	return lists, drafts, err
}

func (c mortalClient) DeleteList(ctx context.Context, list string) error {
	return c.do(func() error { return c.world.DeleteList(ctx, list) })
}

func (c mortalClient) DeleteDrafts(ctx context.Context, ids ...envelope.ID) error {
	return c.do(func() error { return c.world.DeleteDrafts(ctx, ids...) })
}

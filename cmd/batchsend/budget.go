package main

import (
	"context"
	"time"

	"batchsend/internal/ledger"
	"batchsend/throttle"
)

// openShared opens the ledger of a connection and makes the connection's calls
// count in the budget that all runs on the account keep there. It comes before
// the first of them.
func (a *app) openShared(ctx context.Context, c *connection) (*ledger.DB, error) {
	db, err := ledger.Open(ctx, c.ledger)
	if err != nil {
		return nil, err
	}
	if c.budget, err = db.Budget(c.login.AccountID); err != nil {
		db.Close()
		return nil, err
	}
	c.limiter.Store = c.budget
	c.limiter.OnAlone = func(err error) {
		a.Warn("the ledger does not take notes of calls any more (%v): other runs on the account may be refused, or refuse this one", err)
	}
	return db, nil
}

// recall takes over what the ledger has of the budget, for calls that leave no
// trace in it: those of a dry run.
func (c *connection) recall(ctx context.Context, db *ledger.DB) error {
	text, err := db.BudgetText(ctx, c.login.AccountID)
	if err != nil || text == nil {
		return err
	}
	if state, err := throttle.ReadState(text, time.Now()); err == nil { // else it is as good as none
		c.limiter.Restore(state)
	}
	return nil
}

// recallShared is recall with the ledger that the connection would keep its calls
// in. One that cannot be read is as good as none.
func (a *app) recallShared(ctx context.Context, c *connection) {
	db, err := ledger.OpenReadOnly(ctx, c.ledger)
	if err == nil {
		err = c.recall(ctx, db)
		db.Close()
	}
	if err != nil {
		a.log.Info("what is left of the calls is not known", "error", err)
	}
}

// leave ends the connection's calls and gives back what it holds of the budget,
// for which the ledger must still be open.
func (c *connection) leave() {
	_ = c.limiter.Close() // OnAlone has told
	if c.budget != nil {
		c.budget.Close()
	}
}

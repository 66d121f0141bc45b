package main

import (
	"context"
	"time"

	"batchsend/internal/ledger"
	"batchsend/throttle"
)

// openShared opens the ledger of a connection and makes the connection's calls count
// in the budget that all runs on the account keep there. It comes before the first
// of them.
func (a *app) openShared(ctx context.Context, c *connection) error {
	var err error
	if c.db, err = ledger.Open(ctx, c.ledger); err != nil {
		return err
	}
	if c.budget, err = c.db.Budget(c.login.AccountID); err != nil {
		return err
	}
	c.limiter.Store = c.budget
	c.limiter.OnAlone = func(err error) {
		a.Warn("the ledger does not take notes of calls any more (%v): other runs on the account may be refused, or refuse this one", err)
	}
	return nil
}

// openToRead opens the ledger of a connection whose calls leave no trace in it: those
// of a dry run. They begin with what runs on the account have left of the budget.
func (c *connection) openToRead(ctx context.Context) error {
	var err error
	if c.db, err = ledger.OpenReadOnly(ctx, c.ledger); err != nil {
		return err
	}
	text, err := c.db.BudgetText(ctx, c.login.AccountID)
	if err != nil || text == nil {
		return err
	}
	if state, err := throttle.ReadState(text, time.Now()); err == nil { // else it is as good as none
		c.limiter.Restore(state)
	}
	return nil
}

// recall is openToRead for a command that asks the ledger nothing else. A ledger that
// cannot be read is as good as none.
func (c *connection) recall(ctx context.Context) {
	if err := c.openToRead(ctx); err != nil {
		c.client.Log.Info("what is left of the calls is not known", "error", err)
	}
}

// close ends the connection's calls, gives back what it holds of the budget, and
// closes the ledger.
func (c *connection) close() {
	_ = c.limiter.Close() // OnAlone has told
	if c.budget != nil {
		c.budget.Close()
	}
	if c.db != nil {
		if err := c.db.Close(); err != nil {
			c.client.Log.Warn("closing the ledger", "error", err)
		}
	}
	if c.sandbox != nil {
		c.sandbox.Close()
	}
}

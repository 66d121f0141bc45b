package main

import (
	"context"
	"time"

	"batchsend/internal/ledger"
	"batchsend/throttle"
)

// share makes the connection's calls count in the budget that all runs on the
// account keep in the ledger. It comes before the first of them.
func (a *app) share(c *connection, db *ledger.DB) (err error) {
	if c.budget, err = db.Budget(c.login.AccountID); err != nil {
		return err
	}
	c.limiter.Book = c.budget
	c.limiter.OnAlone = func(err error) {
		a.warn("the ledger does not take notes of calls any more (%v): other runs on the account may be refused, or refuse this one", err)
	}
	return nil
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

// leave gives back what the connection holds of the budget. The ledger must
// still be open.
func (c *connection) leave() {
	if c.budget != nil {
		_ = c.limiter.Close() // OnAlone has told
		c.budget.Close()
	}
}

// Package access joins what a run needs to call DocuSign: the client that signs in,
// the limiter that paces its calls, the budget that all runs on the account share in
// the ledger, the repeating of what failed, and the telling of waits.
//
// None of these knows another. What is asked of DocuSign is the business of others.
package access

import (
	"context"
	"errors"
	"net/http"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/waits"
	"batchsend/throttle"
)

// Limits are what the operator says of the call budget.
type Limits struct {
	Hourly, Burst int // caps; 0 none
	Reserve       int // percent of the hour left to other apps
}

// CheckReserve demands that a part of the hour is left to the run itself.
func (l Limits) CheckReserve() error {
	if l.Reserve < 0 || l.Reserve > 90 {
		return errors.New("it must be 0 to 90 percent")
	}
	return nil
}

// Connection is what a run that is signed in calls DocuSign with. It must be closed.
type Connection struct {
	Client  *docusign.Client
	Limiter *throttle.Limiter
	Retry   throttle.Policy
	Waits   *waits.Monitor
	Login   docusign.Login
	// Ledger is nil before it is opened.
	Ledger *ledger.DB

	session *ledger.Session // nil: no run has begun
	budget  *ledger.Budget  // that runs share; nil: this one calls by itself
	calls   *callLog
}

// SignIn signs in. It makes no call that counts against the limits. client has
// credentials, a transport and a log; it is completed with all else.
func SignIn(ctx context.Context, client *docusign.Client, l Limits, w *waits.Monitor) (*Connection, error) {
	limiter := &throttle.Limiter{
		Hour:   throttle.Quota{Limit: throttle.AssumedHourly, Cap: l.Hourly, Reserve: l.Reserve},
		Burst:  throttle.Quota{Limit: throttle.AssumedBurst, Cap: l.Burst},
		OnWait: w.Held,
	}
	retry := throttle.Policy{Notify: func(err error, pause time.Duration) {
		client.Log.Info("repeating a call", "wait", pause.Round(time.Millisecond), "error", err)
		w.Repeating(err, pause)
	}}
	calls := &callLog{base: w.Transport(client.Transport)}
	client.Transport = calls
	client.Pacer = pacer{limiter}
	client.OnLimited = func(w docusign.Window, after time.Duration) {
		calls.refused.Add(1)
		limiter.Exhausted(throttle.Window(w), after)
	}
	login, err := throttle.Ask(ctx, retry, client.Connect)
	if err != nil {
		return nil, err
	}
	return &Connection{Client: client, Limiter: limiter, Retry: retry, Waits: w, Login: login, calls: calls}, nil
}

// OpenLedger opens the ledger at path and makes the calls count in the budget that
// all runs on the account share there. It comes before the first of them. alone is
// told if the ledger takes no notes of calls any more, and why.
func (c *Connection) OpenLedger(ctx context.Context, path string, alone func(error)) (err error) {
	if c.Ledger, err = ledger.Open(ctx, path); err != nil {
		return err
	}
	if c.budget, err = c.Ledger.Budget(c.Login.AccountID); err != nil {
		return err
	}
	c.Limiter.Store, c.Limiter.OnAlone = c.budget, alone
	return nil
}

// Begin takes the leases of a run of the account on its batches. They are given back when
// the connection is closed.
func (c *Connection) Begin(ctx context.Context, run ledger.Run) (_ *ledger.Session, err error) {
	run.Account = c.Login.AccountID
	c.session, err = c.Ledger.Begin(ctx, run)
	return c.session, err
}

// ReadLedger opens the ledger at path for calls that leave no trace in it, as those
// of a dry run. They begin with what runs on the account have left of the budget.
func (c *Connection) ReadLedger(ctx context.Context, path string) (err error) {
	if c.Ledger, err = ledger.OpenReadOnly(ctx, path); err != nil {
		return err
	}
	text, err := c.Ledger.BudgetText(ctx, c.Login.AccountID)
	if err != nil || text == nil {
		return err
	}
	if state, err := throttle.ReadState(text, time.Now()); err == nil { // else it is as good as none
		c.Limiter.Restore(state)
	}
	return nil
}

// Close ends the run and the calls, gives back what is held of the budget, and closes the ledger.
func (c *Connection) Close() {
	if c.session != nil {
		if err := c.session.Close(context.Background()); err != nil {
			c.Client.Log.Warn("closing the ledger's session", "error", err)
		}
	}
	_ = c.Limiter.Close() // what is wrong with the budget was told already
	if c.budget != nil {
		c.budget.Close()
	}
	if c.Ledger == nil {
		return
	}
	if c.budget != nil {
		c.recordCalls()
	}
	if err := c.Ledger.Close(); err != nil {
		c.Client.Log.Warn("closing the ledger", "error", err)
	}
}

// NewTransport returns a transport for up to concurrency calls at once, through the
// proxy that env names.
func NewTransport(concurrency int, env map[string]string) http.RoundTripper {
	transport := docusign.NewTransport(concurrency)
	transport.Proxy = docusign.Proxy(env)
	return transport
}

// pacer has the limiter give calls their places.
type pacer struct{ limiter *throttle.Limiter }

// Place implements [docusign.Pacer].
func (p pacer) Place(ctx context.Context) (docusign.Place, error) {
	call, err := p.limiter.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return place{call}, nil
}

// place is a call's place with the limiter.
type place struct{ throttle.Call }

// Answered implements [docusign.Place].
func (p place) Answered(l docusign.Limits) { p.Done(throttle.Reading(l)) }

package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"batchsend/internal/access"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/sandbox"
	"batchsend/internal/secretfile"
	"batchsend/internal/waits"
)

// limits are how a command calls DocuSign.
type limits struct {
	access.Limits
	concurrency int
	// What ends waits that are not worth it; see [waits.Monitor].
	brief  bool
	giveUp context.CancelCauseFunc
	waited time.Duration
}

// connection is everything that talks to DocuSign or its imitation. It must be
// closed.
type connection struct {
	*access.Connection
	templates *job.Templates
	template  string          // for rows that name none
	sandbox   *sandbox.Server // nil: it talks to DocuSign
	ledger    string          // the path that goes with it
}

// connect signs in. It makes no call that counts against the limits.
func (a *app) connect(ctx context.Context, l limits) (c *connection, err error) {
	c = &connection{template: a.cfg.template}
	client := a.newClient()
	if a.cfg.sandbox {
		err = a.enterSandbox(c, client)
	} else {
		err = a.credentials(client)
	}
	if err != nil {
		return nil, err
	}
	if client.Transport == nil {
		client.Transport = access.NewTransport(l.concurrency, a.env)
	}
	if c.ledger, err = a.ledgerPath(); err != nil {
		return nil, err
	}
	monitor := &waits.Monitor{Say: a.Say, GiveUp: l.giveUp, Brief: l.brief, Waited: l.waited}
	if l.giveUp != nil {
		monitor.End, _ = ctx.Deadline()
	}
	if c.Connection, err = access.SignIn(ctx, client, l.Limits, monitor); err != nil {
		return nil, err
	}
	c.templates = &job.Templates{
		DocuSign: client, Retry: c.Retry, Account: c.Login.AccountName, Log: a.log,
		Command: func(id ...string) string { return a.command("template", id...) },
	}
	return c, nil
}

// newClient returns a client with what the settings say, without a way to sign in.
func (a *app) newClient() *docusign.Client {
	return &docusign.Client{
		IntegrationKey: a.cfg.integrationKey,
		UserID:         a.cfg.userID,
		Account:        a.cfg.account,
		RedirectURI:    a.cfg.redirectURI,
		UserAgent:      "batchsend/" + version(),
		Transport:      a.transport,
		Log:            a.log,
	}
}

// share opens the connection's ledger, and shares with other runs the budget in it.
func (a *app) share(ctx context.Context, c *connection) error {
	return c.OpenLedger(ctx, c.ledger, func(err error) {
		a.Warn("the ledger does not take notes of calls any more (%v): other runs on the account may be refused, or refuse this one", err)
	})
}

// begin takes the leases of a run; see [access.Connection.Begin].
func (a *app) begin(ctx context.Context, c *connection, run ledger.Run) (*ledger.Session, error) {
	run.Version = version()
	run.OnWatch = func(holder *ledger.HeldError) { a.Say("%s", holder.Watching()) }
	return c.Begin(ctx, run)
}

// recall has the connection begin with what is left of the budget. A ledger that
// cannot be read is as good as none.
func (a *app) recall(ctx context.Context, c *connection) {
	if err := c.ReadLedger(ctx, c.ledger); err != nil {
		a.log.Info("what is left of the calls is not known", "error", err)
	}
}

// close ends what the connection has open, whatever has happened.
func (c *connection) close() {
	c.Close()
	if c.sandbox != nil {
		c.sandbox.Close()
	}
}

// asking runs a command that sends nothing and does not wait long. If a wait was
// given up the error says which.
func (a *app) asking(ctx context.Context, do func(context.Context, limits) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return givenUp(ctx, do(ctx, limits{concurrency: 1, brief: true, giveUp: giveUp}))
}

// givenUp returns the wait that was given up instead of err, which came of that.
func givenUp(ctx context.Context, err error) error {
	wait, ok := errors.AsType[*waits.Error](context.Cause(ctx))
	if exit, said := errors.AsType[*exitError](err); !ok || err == nil || said && exit.err == nil {
		return err // nothing was given up, or all has been said
	}
	return wait
}

// setUpHint is what to do if settings are missing.
const setUpHint = "`batchsend help setup` says where to find them. For runs without a person, as from cron, make an RSA key pair; at your own desk `batchsend login` does without a key and a user ID; --sandbox needs none of them"

// credentials checks that all is there that signing in needs, and reads the key. Without
// a key it takes the login of a person, if there is one.
func (a *app) credentials(client *docusign.Client) (err error) {
	if err := a.settings.CheckBound(); err != nil {
		return err
	}
	server, notServer := docusign.ParseAuthServer(a.cfg.authServer)
	client.Auth = server
	if a.cfg.privateKey == "" && a.cfg.integrationKey != "" && notServer == nil {
		if loggedIn, err := a.useLogin(client); err != nil || loggedIn {
			return err
		}
	}
	if missing := a.settings.Missing("integration-key", "user-id", "private-key"); len(missing) > 0 {
		return &adviceError{"not set up to sign in: missing " + strings.Join(missing, ", "), setUpHint}
	}
	if strings.Contains(a.cfg.userID, "@") {
		return a.wrong("user-id", "it must be the user's ID, a GUID, not an e-mail address; it stands on the page Apps and Keys")
	}
	if notServer != nil {
		return usageError("%s: %v", a.place("auth-server"), notServer)
	}
	client.Key, err = a.loadKey()
	return err
}

// loadKey returns the private key, which the setting names or holds. It reads a
// file once: from a pipe it cannot be read again.
func (a *app) loadKey() (key *rsa.PrivateKey, err error) {
	if a.key == nil {
		a.key, err = docusign.ReadKey(a.cfg.privateKey, a.place("private-key"), secretfile.Mounts(a.env)...)
	}
	return a.key, err
}

// adviceError is an error with a hint of its own.
type adviceError struct{ text, hint string }

func (e *adviceError) Error() string { return e.text }
func (e *adviceError) Hint() string  { return e.hint }

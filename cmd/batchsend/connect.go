package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/sandbox"
	"batchsend/internal/secretfile"
	"batchsend/internal/waits"
	"batchsend/throttle"
)

// The limits that hold until DocuSign's headers say otherwise, in calls per
// account. DocuSign: 1,000 (older plans) or 3,000 an hour, 500 in 30 s (200 in
// the developer environment).
const (
	assumedHourly = 1000
	assumedBurst  = 500
)

// limits are what the operator says of the call budget.
type limits struct {
	concurrency   int
	hourly, burst int // caps; 0 none
	reserve       int // percent of the hour left to other apps
	// What ends waits that are not worth it; see [waits.Monitor].
	brief  bool
	giveUp context.CancelCauseFunc
}

// connection is everything that talks to DocuSign or its imitation, and the ledger
// that goes with it. It must be closed.
type connection struct {
	client    *docusign.Client
	limiter   *throttle.Limiter
	retry     throttle.Policy
	waits     *waits.Monitor
	login     docusign.Login
	templates *job.Templates
	template  string          // for rows that name none
	sandbox   *sandbox.Server // nil: it talks to DocuSign
	ledger    string          // its path
	db        *ledger.DB      // nil before it is opened
	budget    *ledger.Budget  // that runs share; nil: it calls by itself
}

// connect signs in. It makes no call that counts against the limits.
func (a *app) connect(ctx context.Context, l limits) (*connection, error) {
	c := &connection{template: a.cfg.template}
	client := &docusign.Client{
		IntegrationKey: a.cfg.integrationKey,
		UserID:         a.cfg.userID,
		Account:        a.cfg.account,
		UserAgent:      "batchsend/" + version(),
		Log:            a.log,
	}
	if a.cfg.sandbox {
		if err := a.enterSandbox(c, client); err != nil {
			return nil, err
		}
		client.Transport = c.sandbox.Transport()
	} else if err := a.credentials(client); err != nil {
		return nil, err
	} else if client.Transport = a.transport; client.Transport == nil {
		transport := docusign.NewTransport(l.concurrency)
		transport.Proxy = docusign.Proxy(a.env)
		client.Transport = transport
	}
	var err error
	if c.ledger, err = a.ledgerPath(); err != nil {
		return nil, err
	}
	c.waits = &waits.Monitor{Say: a.Say, GiveUp: l.giveUp, Brief: l.brief}
	if l.giveUp != nil {
		c.waits.End, _ = ctx.Deadline()
	}
	c.limiter = &throttle.Limiter{
		HourLimit: assumedHourly, BurstLimit: assumedBurst,
		HourCap: l.hourly, BurstCap: l.burst, Reserve: l.reserve,
		OnWait: c.waits.Held,
	}
	client.Transport = c.waits.Transport(client.Transport)
	c.retry = throttle.Policy{Notify: func(err error, pause time.Duration) {
		a.log.Info("repeating a call", "wait", pause.Round(time.Millisecond), "error", err)
		c.waits.Repeating(err, pause)
	}}
	client.Pacer = pacer{c.limiter}
	client.OnLimited = func(w docusign.Window, after time.Duration) { c.limiter.Exhausted(throttle.Window(w), after) }
	c.client = client
	if c.login, err = throttle.Ask(ctx, c.retry, client.Connect); err != nil {
		return nil, err
	}
	c.templates = &job.Templates{
		DocuSign: client, Retry: c.retry, Account: c.login.AccountName, Log: a.log,
		Listing: func() string { return a.command("template") },
	}
	return c, nil
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

// pacer has the limiter give calls their places.
type pacer struct{ limiter *throttle.Limiter }

func (p pacer) Place(ctx context.Context) (docusign.Place, error) {
	call, err := p.limiter.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return callPlace{call}, nil
}

// callPlace is a call's place with the limiter.
type callPlace struct{ throttle.Call }

func (p callPlace) Answered(l docusign.Limits) { p.Done(throttle.Reading(l)) }

// credentials checks that all is there that signing in needs, and reads the
// key.
func (a *app) credentials(client *docusign.Client) error {
	missing := a.settings.Missing("integration-key", "user-id", "private-key")
	if len(missing) > 0 {
		return &adviceError{
			text: "not set up to sign in: missing " + strings.Join(missing, ", "),
			hint: "the README's section \"Setting up DocuSign\" says where to find them; --sandbox needs none of them",
		}
	}
	if strings.Contains(a.cfg.userID, "@") {
		return a.wrong("user-id", "it must be the user's ID, a GUID, not an e-mail address; it stands on the page Apps and Keys")
	}
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	if err != nil {
		return usageError("%s: %v", a.place("auth-server"), err)
	}
	client.Auth = server
	client.Key, err = a.loadKey()
	return err
}

// loadKey returns the private key, which the setting names or holds. It reads a
// file once: from a pipe it cannot be read again.
func (a *app) loadKey() (key *rsa.PrivateKey, err error) {
	if a.key != nil {
		return a.key, nil
	}
	key, err = docusign.ReadKey(a.cfg.privateKey, a.place("private-key"), secretfile.Mounts(a.env)...)
	a.key = key
	return key, err
}

// enterSandbox points the client at the embedded sandbox, which keeps its own
// key, template, ledger and record of what it "mailed".
func (a *app) enterSandbox(c *connection, client *docusign.Client) error {
	dir, err := a.sources().StateDirectory()
	if err != nil {
		return fmt.Errorf("no place for the sandbox's files: %w", err)
	}
	dir = filepath.Join(dir, sandboxDirectory)
	server, key, err := a.newSandbox(dir)
	if err != nil {
		return err
	}
	if err := server.Open(); err != nil {
		return err
	}
	c.sandbox = server
	if c.template == "" || !a.mine("template") {
		c.template = sandbox.DefaultTemplate
	}
	client.Auth, err = docusign.ParseAuthServer("http://127.0.0.1")
	client.IntegrationKey, client.UserID, client.Account, client.Key = sandbox.DefaultIntegrationKey, sandbox.DefaultUserID, sandbox.DefaultAccount, key
	return err
}

// adviceError is an error with a hint of its own.
type adviceError struct{ text, hint string }

func (e *adviceError) Error() string { return e.text }
func (e *adviceError) Hint() string  { return e.hint }

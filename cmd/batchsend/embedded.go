package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"path/filepath"

	"batchsend/internal/access"
	"batchsend/internal/docusign"
	"batchsend/internal/sandbox"
)

// sandboxDirectory is where the embedded sandbox keeps its things, under the state
// directory.
const sandboxDirectory = "sandbox"

// sandboxMaker makes the sandbox that lives in dir, not yet opened, and the key to
// sign in with.
type sandboxMaker func(dir string) (*sandbox.Server, *rsa.PrivateKey, error)

// stateDirectory returns the directory in which the program keeps what it is asked for.
// The sandbox has one of its own.
func (a *app) stateDirectory(what string) (string, error) {
	dir, err := a.sources().StateDirectory()
	if err != nil {
		return "", fmt.Errorf("no place for %s: %w", what, err)
	}
	if a.cfg.sandbox {
		dir = filepath.Join(dir, sandboxDirectory)
	}
	return dir, nil
}

// openSandbox makes and opens the embedded sandbox, and returns the key to sign in with.
func (a *app) openSandbox() (*sandbox.Server, *rsa.PrivateKey, error) {
	dir, err := a.stateDirectory("the sandbox's files")
	if err != nil {
		return nil, nil, err
	}
	server, key, err := a.newSandbox(dir)
	if err != nil {
		return nil, nil, err
	}
	return server, key, server.Open()
}

// sandboxIdentity makes the client ask as the sandbox's own user.
func (a *app) sandboxIdentity(client *docusign.Client) {
	client.Auth, _ = docusign.ParseAuthServer("http://127.0.0.1") // which is one
	client.IntegrationKey, client.UserID, client.Account = sandbox.DefaultIntegrationKey, sandbox.DefaultUserID, sandbox.DefaultAccount
}

// identify makes the client that of the configured auth server and integration key, or of
// the sandbox's.
func (a *app) identify(client *docusign.Client) (err error) {
	if a.cfg.sandbox {
		a.sandboxIdentity(client)
		return nil
	}
	if client.Auth, err = docusign.ParseAuthServer(a.cfg.authServer); err != nil {
		return usageError("%s: %v", a.place("auth-server"), err)
	}
	return nil
}

// enterSandbox points the client at the embedded sandbox, which keeps its own
// key, logins, template, ledger and record of what it "mailed".
func (a *app) enterSandbox(c *connection, client *docusign.Client) error {
	server, key, err := a.openSandbox()
	if err != nil {
		return err
	}
	c.sandbox = server
	if c.template == "" || !a.mine("template") {
		c.template = sandbox.DefaultTemplate
	}
	client.Transport = server.Transport()
	a.sandboxIdentity(client)
	if loggedIn, err := a.useLogin(client); err != nil || loggedIn {
		return err
	}
	client.Key = key
	return nil
}

// parseFaults reads --faults. A server that is to be killed takes the program with it.
func (a *app) parseFaults(text string) (sandbox.Faults, error) {
	faults, err := sandbox.ParseFaults(text)
	if err != nil {
		return faults, usageError("%s: %v", a.place("faults"), err)
	}
	faults.OnKill = sandbox.LosePower
	return faults, nil
}

// serveEmbedded serves the embedded sandbox to a browser until stop is called, and
// points the client at it.
func (a *app) serveEmbedded(ctx context.Context, client *docusign.Client) (stop func(), err error) {
	server, _, err := a.openSandbox()
	if err != nil {
		return nil, err
	}
	url, end, err := server.Start(ctx)
	if err != nil {
		return nil, err
	}
	client.Transport = access.NewTransport(1, a.env)
	client.Auth, err = docusign.ParseAuthServer(url)
	return func() { _ = end() }, err
}

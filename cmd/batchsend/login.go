package main

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"batchsend/internal/access"
	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/signin"
)

// defaultRedirectURI is where login waits for the browser unless told otherwise. It
// must be registered for the integration key.
const defaultRedirectURI = "http://localhost:8721/callback"

func (a *app) loginCommand() *cobra.Command {
	var l access.LogIn
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log in with your browser, if you have no private key",
		Long: `login opens DocuSign in your browser, where you log in and allow the
integration key to act for you. It needs no private key and no user ID. The
login is kept in the system's keyring, or where there is none in a file that
only you can read, and used by all commands that have no private key, at the
same auth server with the same integration key. Each run renews it; unused for
30 days it ends.

The integration key must have the redirect URI ` + defaultRedirectURI + `,
or the one of --redirect-uri, and be allowed to use Authorization Code Grant
with PKCE (an app that cannot keep a secret). Runs without a person, as from
cron, sign in with a private key instead.`,
		Example: `  batchsend login --integration-key 7c2b...
  batchsend login --no-browser --redirect-uri http://localhost:9000/callback
  # the browser is here, the login there:
  ssh -L 8721:localhost:8721 host batchsend login --no-browser`,
		Args: cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context(), l, !noBrowser) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&noBrowser, "no-browser", false, "only print the address to open")
	flags.BoolVar(&l.InFile, "no-keyring", false, "keep the login in a file, even if there is a keyring")
	flags.DurationVar(&l.Wait, "timeout", 5*time.Minute, "wait so long for the login (`DURATION`)")
	return cmd
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "Forget the login at the auth server with the integration key",
		Example: "  batchsend logout",
		Args:    cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, store, err := a.loginClient()
			if err != nil {
				return err
			}
			return access.LogOut(cmd.Context(), a.Stdout, client, store)
		},
	}
}

// login has a person log in as l says, and with the browser if it is to be opened.
func (a *app) login(ctx context.Context, l access.LogIn, browser bool) (err error) {
	if l.Client, l.Store, err = a.loginClient(); err != nil {
		return err
	}
	l.Server, l.RedirectURI = l.Client.Auth.URL(""), cmp.Or(a.cfg.redirectURI, defaultRedirectURI)
	l.Open = func(address string) { signin.Show(a.Stderr, address, browser, l.Wait, a.env) }
	if err := signin.CheckRedirectURI(l.RedirectURI); err != nil {
		return a.wrong("redirect-uri", "%v", err)
	}
	if a.cfg.sandbox {
		if !a.mine("redirect-uri") || a.cfg.redirectURI == "" {
			l.RedirectURI = "http://127.0.0.1:0/callback" // it takes any
		}
		stop, err := a.serveEmbedded(ctx, l.Client)
		if err != nil {
			return err
		}
		defer stop()
	}
	done, err := l.Run(ctx)
	if err != nil {
		return err
	}
	if done.NoKeyring != nil {
		a.Warn("%v: the login is kept in a file", done.NoKeyring)
	}
	if a.cfg.privateKey != "" && !a.cfg.sandbox {
		a.Warn("%s is set: runs sign in with that key and do not use this login", a.place("private-key"))
	}
	return done.Write(a.Stdout, a.command("doctor"))
}

// loginClient returns a client for a person's login, without a key, and where logins are
// kept.
func (a *app) loginClient() (client *docusign.Client, store *signin.Store, err error) {
	client = a.newClient()
	client.Transport = cmp.Or(client.Transport, access.NewTransport(1, a.env))
	if err := a.identify(client); err != nil {
		return nil, nil, err
	}
	if missing := a.settings.Missing("integration-key"); len(missing) > 0 && !a.cfg.sandbox {
		return nil, nil, &adviceError{"not set up to log in: missing " + missing[0], setUpHint}
	}
	store, err = a.logins()
	return client, store, err
}

// logins returns where logins are kept. The sandbox has its own.
func (a *app) logins() (*signin.Store, error) {
	dir, err := a.stateDirectory("the login")
	return signin.NewStore(filepath.Join(dir, "logins"), a.env, !a.cfg.sandbox), err
}

// useLogin has the client sign in with the login of its server and integration key, if
// there is one.
func (a *app) useLogin(client *docusign.Client) (found bool, err error) {
	store, err := a.logins()
	if err != nil {
		return false, nil // then nobody has logged in
	}
	stored, err := access.UseLogin(client, store, client.Auth.URL(""))
	return stored != nil, err
}

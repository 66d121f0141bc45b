package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/signin"
)

// LogIn has a person log in with their browser, and keeps the login.
type LogIn struct {
	Client      *docusign.Client // without a key; with a UserID only that user may log in
	Server      string           // the name under which runs look for the login
	Store       *signin.Store
	InFile      bool          // the login is kept in a file, also where there is a keyring
	RedirectURI string        // registered for the integration key, on this machine
	Wait        time.Duration // for the person
	// Open shows the person the address at which they log in.
	Open func(address string)
}

// LoggedIn is who has logged in, and where that is kept.
type LoggedIn struct {
	Login  docusign.Login
	Stored *signin.Stored
	// NoKeyring says why the keyring did not take the login; nil if it did, or was not
	// asked.
	NoKeyring error
}

// Run waits until the person has logged in. Its errors are [*docusign.AuthError],
// [*docusign.Error], [*signin.Error] or those of the file system.
func (l LogIn) Run(ctx context.Context) (done LoggedIn, err error) {
	callback, err := signin.Listen(ctx, l.RedirectURI)
	if err != nil {
		return done, err
	}
	defer callback.Close()
	state, verifier := signin.NewState(), docusign.NewVerifier()
	l.Open(l.Client.AuthorizeURL(callback.URI(), state, verifier))
	err = callback.Wait(ctx, state, l.Wait, func(ctx context.Context, code string) (lines []string, err error) {
		refresh, err := l.Client.LogIn(ctx, code, verifier, callback.URI())
		if err != nil {
			return nil, err
		}
		if done, err = l.keep(ctx, refresh); err != nil {
			return nil, err
		}
		return []string{done.Who()}, nil
	})
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return LoggedIn{}, &signin.Error{Text: "interrupted: nobody is signed in", Cure: "run `batchsend login` again"}
	}
	return done, err
}

// Who names the person and the account.
func (d LoggedIn) Who() string {
	return fmt.Sprintf("%s, account %s (%s)", d.Stored.Entry, d.Login.AccountName, d.Login.AccountID)
}

// keep finds out who has logged in, and keeps the login.
func (l LogIn) keep(ctx context.Context, refresh string) (done LoggedIn, err error) {
	wanted := l.Client.UserID
	if done.Login, err = l.Client.Connect(ctx); err != nil {
		return done, err
	}
	if wanted != "" && !strings.EqualFold(wanted, done.Login.UserID) {
		return done, wrongUser(fmt.Sprintf("%s <%s>", done.Login.UserName, done.Login.UserEmail), done.Login.UserID, wanted)
	}
	now := time.Now().UTC().Truncate(time.Second)
	done.Stored, done.NoKeyring, err = l.Store.Save(ctx, signin.Entry{
		Server: l.Server, IntegrationKey: l.Client.IntegrationKey,
		UserID: done.Login.UserID, UserName: done.Login.UserName, UserEmail: done.Login.UserEmail,
		Since: now, Renewed: now, RefreshToken: refresh,
	}, l.InFile)
	return done, err
}

func wrongUser(who, id, wanted string) error {
	return &signin.Error{
		Text: fmt.Sprintf("the login is that of %s, user %s, and the user ID to send as is %s", who, id, wanted),
		Cure: "log in as that user, or give no user ID (--user-id, DOCUSIGN_USER_ID): then envelopes are sent by whoever has logged in",
	}
}

// Write tells who has logged in, and what to know about it. next is a command to go on
// with.
func (d LoggedIn) Write(w io.Writer, next string) error {
	where := d.Stored.Where()
	if !d.Stored.Entry.InKeyring {
		where = "the file " + where + ", which only you can read"
	}
	_, err := fmt.Fprintf(w, "logged in: %s\nkept in %s\nEach run renews the login. If no run uses it until %s, it ends.\nnext:\n  %s\n",
		d.Who(), where, d.Stored.Until().Local().Format("2006-01-02"), next)
	return err
}

// LogOut removes the login at the client's server with its integration key from a store,
// and tells what was removed.
func LogOut(ctx context.Context, w io.Writer, client *docusign.Client, store *signin.Store) error {
	server := client.Auth.URL("")
	removed, err := store.Remove(ctx, server, client.IntegrationKey)
	if err != nil {
		return err
	}
	return writeLoggedOut(w, removed, server)
}

// writeLoggedOut tells what was removed; nil is nothing. at names the server.
func writeLoggedOut(w io.Writer, removed *signin.Stored, at string) error {
	if removed == nil {
		_, err := fmt.Fprintf(w, "nobody was logged in at %s with this integration key: nothing to remove\n", at)
		return err
	}
	who := "a login that could not be read"
	if removed.Entry.Server != "" {
		who = "the login of " + removed.Entry.String()
	}
	_, err := fmt.Fprintf(w, `logged out: removed %s from %s
DocuSign offers no way to revoke a refresh token. If a copy of it may have got around,
take back the access of the app in DocuSign (My Preferences, Connected Apps).
`, who, removed.Where())
	return err
}

// UseLogin has the client sign in with the login kept at server with its integration
// key. It returns nil if there is none. A login of somebody else than the client's user
// is an error.
func UseLogin(client *docusign.Client, store *signin.Store, server string) (*signin.Stored, error) {
	stored, err := store.Find(server, client.IntegrationKey)
	if err != nil || stored == nil {
		return nil, err
	}
	if e := stored.Entry; client.UserID != "" && !strings.EqualFold(client.UserID, e.UserID) {
		return nil, wrongUser(e.String(), e.UserID, client.UserID)
	}
	client.Refresh, client.UserID = stored, stored.Entry.UserID
	return stored, nil
}

// Package signin has a person log in with their browser, and keeps that login for the
// runs to come: in the system's keyring, or where there is none in a file that only its
// owner can read.
//
// It does not know OAuth: who gets a code, or a refresh token, exchanges it.
package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"
	"github.com/gofrs/flock"

	"batchsend/internal/secretfile"
)

// Entry is a login as it is kept. Its file holds the refresh token only if the keyring
// does not.
type Entry struct {
	Server         string    `json:"server"` // at which the person has logged in
	IntegrationKey string    `json:"integrationKey"`
	UserID         string    `json:"userId"` // a GUID in lower case
	UserName       string    `json:"userName"`
	UserEmail      string    `json:"userEmail"`
	Since          time.Time `json:"since"`   // of the login
	Renewed        time.Time `json:"renewed"` // when the refresh token was given
	InKeyring      bool      `json:"inKeyring,omitempty"`
	RefreshToken   string    `json:"refreshToken,omitempty"`
}

// String names the person. It hides the token.
func (e Entry) String() string { return fmt.Sprintf("%s <%s>", e.UserName, e.UserEmail) }

// GoString hides the token, too.
func (e Entry) GoString() string { return e.String() }

// Store keeps logins, one for each server and integration key.
type Store struct {
	Dir string // is made when it is needed, with mode 0700
	// Keyring holds the refresh tokens; nil: there is none, they stand in the files of
	// Dir.
	Keyring Keyring
}

// NewStore returns the store in a directory, which uses the keyring of the system if it
// is to and env, the environment by names, speaks of one.
func NewStore(dir string, env map[string]string, system bool) *Store {
	s := &Store{Dir: dir}
	if system && HasKeyring(env) {
		s.Keyring = NewSystemKeyring()
	}
	return s
}

// Error says why a login cannot be read or kept, and what to do about it.
type Error struct {
	Text, Cure string
	Cause      error
}

func (e *Error) Error() string { return e.Text }

// Hint says what to do about it.
func (e *Error) Hint() string { return e.Cure }

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Cause }

// Stored is a login in its store.
type Stored struct {
	Entry Entry // without the token
	store *Store
	path  string
}

// String says whose login it is, where it is kept, and how long it lives.
func (s *Stored) String() string {
	return fmt.Sprintf("login of %s, in %s, good until %s", s.Entry, s.Where(), s.Until().Local().Format("2006-01-02"))
}

// life is how long a login lives that is not used.
const life = 30 * 24 * time.Hour

// Until returns when the login ends if no run uses it before.
func (s *Stored) Until() time.Time { return s.Entry.Renewed.Add(life) }

// Where says where the login is kept.
func (s *Stored) Where() string {
	if s.Entry.InKeyring {
		return "the system's keyring (" + keyringService + ")"
	}
	return s.path
}

// path returns the file of the login at a server with an integration key.
func (s *Store) path(server, key string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, strings.TrimPrefix(server, "https://")+"_"+strings.ToLower(key))
	return filepath.Join(s.Dir, plain+".json")
}

// Files lists the files of the store that are there.
func (s *Store) Files() (paths []string) {
	entries, _ := os.ReadDir(s.Dir) // of a directory that cannot be read no file is known
	for _, e := range entries {
		paths = append(paths, filepath.Join(s.Dir, e.Name()))
	}
	return paths
}

// Find returns the login at a server with an integration key, nil if there is none.
func (s *Store) Find(server, key string) (*Stored, error) {
	path := s.path(server, key)
	e, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case e.Server != server || !strings.EqualFold(e.IntegrationKey, key):
		return nil, nil // its file is called alike
	}
	e.RefreshToken = ""
	return &Stored{e, s, path}, nil
}

// read reads an entry. A file that others can read is refused.
func read(path string) (e Entry, err error) {
	f, err := os.Open(path)
	if err != nil {
		return e, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return e, err
	}
	if secretfile.OthersMayRead(f, info, nil) {
		return e, &Error{
			Text: fmt.Sprintf("login %q: others may read the file (mode %04o)", path, info.Mode().Perm()),
			Cure: shellescape.QuoteCommand([]string{"chmod", "600", path}),
		}
	}
	if err := json.NewDecoder(f).Decode(&e); err != nil || e.Server == "" {
		return Entry{}, &Error{Text: fmt.Sprintf("login %q: the file is damaged", path), Cure: "run `batchsend login` again"}
	}
	return e, nil
}

// Save keeps a login, in the place of an earlier one at the same server with the same
// integration key: in the keyring, or in a file if inFile is set or there is no keyring.
// If the keyring does not take it, it is kept in a file, and reason says why.
func (s *Store) Save(ctx context.Context, e Entry, inFile bool) (stored *Stored, reason, err error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	path := s.path(e.Server, e.IntegrationKey)
	before, _ := read(path)
	if e.InKeyring = s.Keyring != nil && !inFile; e.InKeyring {
		if reason = s.Keyring.Set(account(path), e.RefreshToken); reason != nil {
			e.InKeyring = false
		}
	}
	if before.InKeyring && !e.InKeyring && s.Keyring != nil {
		_ = s.Keyring.Delete(account(path)) // nobody finds it there any more
	}
	if err := write(path, e); err != nil {
		return nil, reason, err
	}
	e.RefreshToken = ""
	return &Stored{e, s, path}, reason, nil
}

// write writes the file of an entry.
func write(path string, e Entry) error {
	if e.InKeyring {
		e.RefreshToken = ""
	}
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return secretfile.Write(path, append(text, '\n'))
}

// lockWait is how long another process may renew the login: an answer takes 30 seconds
// at most.
const lockWait = time.Minute

// lock keeps other processes from the logins until unlock is called.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(s.Dir, "lock"), flock.SetPermissions(0o600))
	timed, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	got, err := lock.TryLockContext(timed, 50*time.Millisecond)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &Error{Text: "another process has been renewing the login for a minute", Cure: "end it, then try again"}
	case err != nil:
		return nil, err
	case !got:
		return nil, fmt.Errorf("lock %q was not given", lock.Path())
	}
	return func() { _ = lock.Close() }, nil
}

// Renew gives exchange the refresh token and keeps the new one that it returns. Meanwhile
// no other process gets at it. An error of exchange is returned as it is.
func (s *Stored) Renew(ctx context.Context, exchange func(refresh string) (renewed string, err error)) error {
	unlock, err := s.store.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	e, err := read(s.path) // another process may have renewed it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Text: "somebody has logged out", Cure: "run `batchsend login`"}
	case err != nil:
		return err
	}
	token := e.RefreshToken
	if e.InKeyring {
		if s.store.Keyring == nil {
			return errNoKeyring
		}
		if token, err = s.store.Keyring.Get(account(s.path)); err != nil {
			return err
		}
	}
	renewed, err := exchange(token)
	if err != nil || renewed == token {
		return err
	}
	e.Renewed, e.RefreshToken = time.Now().UTC().Truncate(time.Second), renewed
	if e.InKeyring {
		if err := s.store.Keyring.Set(account(s.path), renewed); err != nil {
			return err
		}
	}
	return write(s.path, e)
}

// errNoKeyring is the error of a run in whose session there is no keyring.
var errNoKeyring = &Error{
	Text: "the login is kept in the system's keyring, which cannot be reached from here: there is no session bus (DBUS_SESSION_BUS_ADDRESS)",
	Cure: "run it in the session of the person who has logged in, or keep the login in a file (`batchsend login --no-keyring`); cron jobs sign in with a private key",
}

// Remove forgets the login at a server with an integration key, also one that cannot be
// read any more. It returns what there was, nil if nothing. If the keyring does not delete
// the token, that is an error, but no run uses the token any more.
func (s *Store) Remove(ctx context.Context, server, key string) (*Stored, error) {
	path := s.path(server, key)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	e, unreadable := read(path)
	e.RefreshToken = ""
	removed := &Stored{e, s, path}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return removed, err
	}
	switch {
	case !e.InKeyring && unreadable == nil:
		return removed, nil
	case s.Keyring != nil:
		return removed, s.Keyring.Delete(account(path))
	case e.InKeyring:
		return removed, errNoKeyring
	}
	return removed, nil
}

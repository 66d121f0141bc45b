package signin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringService is the name under which people find the tokens in their keyring.
const keyringService = "batchsend"

// Keyring holds secrets by name.
type Keyring interface {
	Set(name, secret string) error
	Get(name string) (string, error)
	Delete(name string) error // of none is no error
}

// account is the name of a login in the keyring.
func account(path string) string { return strings.TrimSuffix(filepath.Base(path), ".json") }

// SystemKeyring is the keyring of the desktop: Secret Service, macOS Keychain, Windows
// Credential Manager.
type SystemKeyring struct {
	timeout time.Duration
}

var _ Keyring = SystemKeyring{}

// NewSystemKeyring returns the keyring of the system.
func NewSystemKeyring() SystemKeyring {
	// It may ask the person to unlock it, and where nobody is it waits for ever.
	return SystemKeyring{timeout: time.Minute}
}

// HasKeyring reports whether the system is likely to have a keyring. env is the
// environment, by names. Without a session bus the library would start one.
func HasKeyring(env map[string]string) bool {
	switch runtime.GOOS {
	case "darwin", "windows":
		return true
	}
	if env["DBUS_SESSION_BUS_ADDRESS"] != "" {
		return true
	}
	if dir := env["XDG_RUNTIME_DIR"]; dir != "" {
		_, err := os.Stat(filepath.Join(dir, "bus"))
		return err == nil
	}
	return false
}

// Set implements [Keyring].
func (k SystemKeyring) Set(name, secret string) error {
	_, err := k.ask("does not take the login", func() (string, error) { return "", keyring.Set(keyringService, name, secret) })
	return err
}

// Get implements [Keyring].
func (k SystemKeyring) Get(name string) (string, error) {
	return k.ask("does not give the login", func() (string, error) { return keyring.Get(keyringService, name) })
}

// Delete implements [Keyring].
func (k SystemKeyring) Delete(name string) error {
	_, err := k.ask("does not delete the login", func() (string, error) { return "", keyring.Delete(keyringService, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// ask bounds the time that the keyring takes. One that waits for a person goes on
// waiting, and ends with the process.
func (k SystemKeyring) ask(what string, do func() (string, error)) (string, error) {
	type answer struct {
		secret string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		secret, err := do()
		answers <- answer{secret, err}
	}()
	timer := time.NewTimer(k.timeout)
	defer timer.Stop()
	cure := "unlock the keyring, or keep the login in a file: `batchsend login --no-keyring`"
	select {
	case a := <-answers:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", &Error{Text: "the system's keyring has no login any more", Cure: "run `batchsend login`", Cause: a.err}
		case a.err != nil:
			return "", &Error{Text: fmt.Sprintf("the system's keyring %s: %v", what, a.err), Cure: cure, Cause: a.err}
		}
		return a.secret, nil
	case <-timer.C:
		return "", &Error{Text: fmt.Sprintf("the system's keyring %s: it did not answer within %v", what, k.timeout), Cure: cure}
	}
}

package settings

import (
	"fmt"
	"os"

	"al.essio.dev/pkg/shellescape"

	"batchsend/internal/censor"
	"batchsend/internal/secretfile"
	"batchsend/internal/usage"
)

// refuseSecret fails if a value from outside the command line holds a secret that
// the flag may not hold. place is where the value is.
func (s *Schema) refuseSecret(flag, place, value string) error {
	secret := censor.Find(value)
	if secret == censor.None || secret == s.MayHold[flag] {
		return nil
	}
	return &usage.Error{Text: fmt.Sprintf("%s is %s, not a value for --%s", place, secret, flag), Cure: s.Cures[secret]}
}

// PublicError says that the configuration file holds a secret and that others may
// read it.
type PublicError struct {
	Place  string // of the secret, in the file
	Secret censor.Secret
	Path   string
	Mode   os.FileMode
}

func (e *PublicError) Error() string {
	return fmt.Sprintf("%s is %s, and others may read the file (mode %04o)", e.Place, e.Secret, e.Mode.Perm())
}

// Hint is the command that makes the file private.
func (e *PublicError) Hint() string {
	return shellescape.QuoteCommand([]string{"chmod", "600", e.Path})
}

// checkPrivate fails if a value of the configuration file is a secret and others may
// read the file.
func (v *Values) checkPrivate(value, place string) error {
	secret := censor.Find(value)
	if secret == censor.None {
		return nil
	}
	path, _, err := v.File()
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !secretfile.OthersMayRead(f, info, secretfile.Mounts(v.sources.Env)) {
		return err
	}
	return &PublicError{place, secret, path, info.Mode()}
}

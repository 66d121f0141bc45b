package docusign

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"batchsend/internal/censor"
	"batchsend/internal/secretfile"
)

const maxKeyFile = 64 << 10 // bytes; a key of 16,384 bits needs a fifth of it

// IsKeyText tells the text of a key, whole or broken, from the path of a file.
func IsKeyText(value string) bool {
	return censor.Find(value) == censor.Key || strings.Contains(value, "-----BEGIN") || strings.ContainsAny(value, "\r\n")
}

// ReadKey returns the RSA private key of an integration key, which value holds as
// text, see [ParseKey], or else names, see [LoadKey]. source is where value was
// found, for the error about a text. Its errors are [*KeyError].
func ReadKey(value, source string, mounts ...string) (*rsa.PrivateKey, error) {
	if !IsKeyText(value) {
		return LoadKey(value, mounts...)
	}
	key, err := ParseKey([]byte(value))
	if bad, ok := errors.AsType[*KeyError](err); ok {
		bad.Source = source
	}
	return key, err
}

// LoadKey reads the RSA private key of an integration key from a file, in any
// form that [ParseKey] reads. A file that others than its owner may read is
// refused, see [secretfile.OthersMayRead]. Its errors are [*KeyError].
func LoadKey(path string, mounts ...string) (*rsa.PrivateKey, error) {
	data, err := readKeyFile(path, mounts)
	if err != nil {
		return nil, err
	}
	key, err := ParseKey(data)
	if ke, ok := errors.AsType[*KeyError](err); ok {
		ke.Path = path
	}
	return key, err
}

func readKeyFile(path string, mounts []string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &KeyError{Path: path, Text: "no such file", Cure: "save the private key that was shown when the RSA key pair was made, and give its path"}
	case errors.Is(err, fs.ErrPermission):
		return nil, &KeyError{Path: path, Text: "this user may not read the file", Cure: "run as the file's owner: " + shellescape.QuoteCommand([]string{"ls", "-l", path})}
	case err != nil:
		return nil, &KeyError{Path: path, Text: bareText(err)}
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, &KeyError{Path: path, Text: bareText(err)}
	case info.IsDir():
		return nil, &KeyError{Path: path, Text: "this is a directory", Cure: "give the path of the key file in it"}
	case secretfile.OthersMayRead(f, info, mounts):
		return nil, &KeyError{Path: path, Text: fmt.Sprintf("others may read the file (mode %04o)", info.Mode().Perm()), Cure: shellescape.QuoteCommand([]string{"chmod", "600", path})}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, &KeyError{Path: path, Text: bareText(err)}
	case len(data) > maxKeyFile:
		return nil, &KeyError{Path: path, Text: "the file is too large for a key", Cure: "give the path of the private key alone"}
	}
	return data, nil
}

// bareText is err without the path that the message has already.
func bareText(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

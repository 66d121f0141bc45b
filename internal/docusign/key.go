package docusign

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

const (
	minKeyBits = 2048     // RS256 asks for no less; DocuSign makes keys of this size
	maxKeyFile = 64 << 10 // bytes; a key of 16,384 bits needs a fifth of it
)

// KeyError says why a private key cannot be used.
type KeyError struct {
	Path string // "" if the key did not come from a file
	Text string
	Cure string
}

func (e *KeyError) Error() string {
	if e.Path == "" {
		return "private key: " + e.Text
	}
	return fmt.Sprintf("private key %q: %s", e.Path, e.Text)
}

// Hint says what to do about it.
func (e *KeyError) Hint() string { return e.Cure }

// LoadKey reads the RSA private key of an integration key from a PEM file. A
// file that others than its owner may read is refused. Its errors are
// [*KeyError].
func LoadKey(path string) (*rsa.PrivateKey, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	key, err := ParseKey(data)
	if ke, ok := errors.AsType[*KeyError](err); ok {
		ke.Path = path
	}
	return key, err
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &KeyError{path, "no such file", "save the private key that was shown when the RSA key pair was made, and give its path"}
	case errors.Is(err, fs.ErrPermission):
		return nil, &KeyError{path, "this user may not read the file", "run as the file's owner: " + shellescape.QuoteCommand([]string{"ls", "-l", path})}
	case err != nil:
		return nil, &KeyError{path, bareText(err), ""}
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, &KeyError{path, bareText(err), ""}
	case info.IsDir():
		return nil, &KeyError{path, "this is a directory", "give the path of the key file in it"}
	case runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0:
		return nil, &KeyError{path, fmt.Sprintf("others may read the file (mode %04o)", info.Mode().Perm()), shellescape.QuoteCommand([]string{"chmod", "600", path})}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, &KeyError{path, bareText(err), ""}
	case len(data) > maxKeyFile:
		return nil, &KeyError{path, "the file is too large for a key", "give the path of the private key alone"}
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

// block is one PEM block, wherever it stands in a text.
var block = regexp.MustCompile(`(?s)-----BEGIN ([A-Z0-9 ]+)-----.*?-----END ([A-Z0-9 ]+)-----`)

// ParseKey finds an RSA private key in PEM (PKCS#1 or PKCS#8) in data. What
// copying does to keys is forgiven: text around the key, line ends of any
// system or written as \n, a missing last one. Its errors are [*KeyError].
func ParseKey(data []byte) (*rsa.PrivateKey, error) {
	if bytes.HasPrefix(data, []byte{0x30, 0x82}) {
		return nil, &KeyError{Text: "it is binary (DER), not PEM", Cure: "convert it: openssl pkey -inform DER -in KEY.der -out KEY.pem"}
	}
	clean := strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n", "\r\n", "\n", "\r", "\n").Replace(string(data))
	if strings.TrimSpace(strings.TrimPrefix(clean, "\ufeff")) == "" {
		return nil, &KeyError{Text: "it is empty", Cure: "save the private key again; DocuSign shows it only once, so a new RSA key pair may be needed"}
	}
	var found []string
	for _, m := range block.FindAllStringSubmatch(clean, -1) {
		if kind := m[1]; strings.HasSuffix(kind, "PRIVATE KEY") {
			return parseBlock(kind, m[0])
		}
		found = append(found, m[1])
	}
	return nil, noKey(clean, found)
}

// noKey says what text is, if no private key stands in it.
func noKey(text string, found []string) error {
	const savePrivate = "the private key is the other half of the pair: it begins with -----BEGIN RSA PRIVATE KEY-----"
	switch {
	case strings.Contains(text, "PRIVATE KEY-----"):
		return damaged("its BEGIN or END line is missing or broken")
	case len(found) > 0 && strings.HasSuffix(found[0], "PUBLIC KEY"), strings.Contains(text, "ssh-rsa "):
		return &KeyError{Text: "this is the public key", Cure: savePrivate}
	case len(found) > 0:
		return &KeyError{Text: fmt.Sprintf("this is a %s, not a private key", strings.ToLower(found[0])), Cure: savePrivate}
	case strings.Contains(text, "-----BEGIN"):
		return damaged("its END line is missing")
	}
	return &KeyError{Text: "there is no PEM key in it (no BEGIN line)", Cure: savePrivate}
}

func damaged(how string) *KeyError {
	return &KeyError{Text: "the PEM text is damaged: " + how, Cure: "copy the key again, whole, from its BEGIN to its END line"}
}

// parseBlock reads the private key in a PEM block of this kind.
func parseBlock(kind, text string) (*rsa.PrivateKey, error) {
	encrypted := &KeyError{Text: "it is encrypted with a passphrase", Cure: "take the passphrase off: openssl rsa -in KEY.pem -out PLAIN.pem && chmod 600 PLAIN.pem"}
	notRSA := func(what string) *KeyError {
		return &KeyError{Text: "it is " + what + ", not an RSA key", Cure: "DocuSign's JWT Grant takes RSA only: make an RSA key pair for the integration key"}
	}
	switch kind {
	case "PRIVATE KEY", "RSA PRIVATE KEY":
	case "ENCRYPTED PRIVATE KEY":
		return nil, encrypted
	case "OPENSSH PRIVATE KEY":
		return nil, &KeyError{Text: "it is in OpenSSH's own format, not PEM", Cure: "convert a copy of it: ssh-keygen -p -m PEM -N '' -f COPY"}
	default:
		return nil, notRSA("an " + strings.TrimSuffix(kind, " PRIVATE KEY") + " key")
	}
	b, _ := pem.Decode([]byte(text + "\n"))
	switch {
	case b == nil:
		return nil, damaged("its lines are not base64, or BEGIN and END disagree")
	case strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, encrypted
	}
	key, err := x509.ParsePKCS1PrivateKey(b.Bytes)
	if err != nil {
		parsed, err8 := x509.ParsePKCS8PrivateKey(b.Bytes)
		if err8 != nil {
			return nil, damaged("what it holds is not a whole key")
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			algorithm, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", parsed), "*"), ".")
			return nil, notRSA("a key for " + algorithm)
		}
	}
	if bits := key.N.BitLen(); bits < minKeyBits {
		return nil, &KeyError{Text: fmt.Sprintf("%d bits are too few: it must have at least %d", bits, minKeyBits), Cure: "make a new RSA key pair for the integration key"}
	}
	return key, nil
}

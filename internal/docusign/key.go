package docusign

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

const minKeyBits = 2048 // RS256 asks for no less; DocuSign makes keys of this size

// KeyError says why a private key cannot be used.
type KeyError struct {
	Path   string // "" if the key did not come from a file
	Source string // whence the key's text came, if not from a file
	Text   string
	Cure   string
}

func (e *KeyError) Error() string {
	switch {
	case e.Path != "":
		return fmt.Sprintf("private key %q: %s", e.Path, e.Text)
	case e.Source != "":
		return fmt.Sprintf("private key (%s): %s", e.Source, e.Text)
	}
	return "private key: " + e.Text
}

// Hint says what to do about it.
func (e *KeyError) Hint() string { return e.Cure }

// DescribeKey says how long a key is and where it came from, of which setting says so: a
// path, or the text of the key, which stands at place.
func DescribeKey(key *rsa.PrivateKey, setting, place string) string {
	if IsKeyText(setting) {
		setting = "the text in " + place
	}
	return fmt.Sprintf("RSA, %d bits, %s", key.N.BitLen(), setting)
}

// block is one PEM block, wherever it stands in a text. Editors make of hyphens
// what looks better.
var block = regexp.MustCompile(`(?s)[-\x{2010}-\x{2015}]+ ?BEGIN ?([A-Z0-9 ]+)[-\x{2010}-\x{2015}]+(.*?)[-\x{2010}-\x{2015}]+ ?END ?([A-Z0-9 ]+)[-\x{2010}-\x{2015}]+`)

// ParseKey finds an RSA private key in PEM (PKCS#1 or PKCS#8) in data. What
// editors, copying and secret stores do to keys is forgiven: text around the key,
// line ends of any system, written as \n, or lost, lines indented or in quotes,
// UTF-16, base64 of all of it. Its errors are [*KeyError].
func ParseKey(data []byte) (*rsa.PrivateKey, error) {
	if isDER(data) {
		return nil, &KeyError{Text: "it is binary (DER), not PEM", Cure: "convert it: openssl pkey -inform DER -in KEY.der -out KEY.pem"}
	}
	text := keyText(data)
	if strings.TrimSpace(text) == "" {
		return nil, &KeyError{Text: "it is empty", Cure: "save the private key again; DocuSign shows it only once, so a new RSA key pair may be needed"}
	}
	if !strings.Contains(text, "BEGIN") {
		if inner, ok := fromBase64(text); ok && isDER(inner) {
			return parseDER(inner)
		} else if ok && strings.Contains(keyText(inner), "BEGIN") {
			text = keyText(inner)
		}
	}
	var found []string
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		if strings.HasSuffix(joined(m[1]), "PRIVATEKEY") {
			return parseBlock(m[1], m[2], m[3])
		}
		found = append(found, m[1])
	}
	return nil, noKey(text, found)
}

// isDER reports whether data begins as keys do in binary.
func isDER(data []byte) bool { return bytes.HasPrefix(data, []byte{0x30, 0x82}) }

// keyText is data as text: in UTF-8, with line ends that are such.
func keyText(data []byte) string {
	encoding := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	switch {
	case len(data) < 4:
	case data[0] == 0 && data[2] == 0:
		encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
		fallthrough
	case data[1] == 0 && data[3] == 0, bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		if decoded, err := encoding.NewDecoder().Bytes(data); err == nil {
			data = decoded
		}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	return strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n", "\r\n", "\n", "\r", "\n").Replace(text)
}

// joined is text without blanks, line ends, quotes and backslashes.
func joined(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\u00a0\"'`\\", r) {
			return -1
		}
		return r
	}, text)
}

// fromBase64 decodes a text that is nothing but base64.
func fromBase64(text string) ([]byte, bool) {
	body := strings.TrimRight(joined(text), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if data, err := encoding.DecodeString(body); err == nil {
			return data, true
		}
	}
	return nil, false
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

// parseBlock reads the private key in a PEM block with this kind in its BEGIN
// line and end in its END line.
func parseBlock(kind, body, end string) (*rsa.PrivateKey, error) {
	encrypted := &KeyError{Text: "it is encrypted with a passphrase", Cure: "take the passphrase off: openssl rsa -in KEY.pem -out PLAIN.pem && chmod 600 PLAIN.pem"}
	switch joined(kind) {
	case "PRIVATEKEY", "RSAPRIVATEKEY":
	case "ENCRYPTEDPRIVATEKEY":
		return nil, encrypted
	case "OPENSSHPRIVATEKEY":
		return nil, &KeyError{Text: "it is in OpenSSH's own format, not PEM", Cure: "convert a copy of it: ssh-keygen -p -m PEM -N '' -f COPY"}
	default:
		return nil, notRSA("an " + strings.TrimSuffix(kind, " PRIVATE KEY") + " key")
	}
	switch der, ok := fromBase64(body); {
	case strings.Contains(body, "ENCRYPTED"):
		return nil, encrypted
	case joined(kind) != joined(end):
		return nil, damaged("its BEGIN and END lines disagree")
	case !ok:
		return nil, damaged("its lines are not base64")
	default:
		return parseDER(der)
	}
}

// notRSA says that a key is of another kind.
func notRSA(what string) *KeyError {
	return &KeyError{Text: "it is " + what + ", not an RSA key", Cure: "DocuSign's JWT Grant takes RSA only: make an RSA key pair for the integration key"}
}

// parseDER reads a private key in binary.
func parseDER(der []byte) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		parsed, err8 := x509.ParsePKCS8PrivateKey(der)
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

package docusign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs1() string { return pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKey())) }

func pkcs8(t testing.TB, key any) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

func public() string {
	return pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&testKey().PublicKey))
}

func utf16Of(text string, order binary.ByteOrder, mark bool) string {
	if mark {
		text = "\ufeff" + text
	}
	var b bytes.Buffer
	_ = binary.Write(&b, order, utf16.Encode([]rune(text))) // a Buffer takes all
	return b.String()
}

func lines(text string, width int) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(text), width) {
		b.WriteString(string(line) + "\n")
	}
	return b.String()
}

func TestParseKeyForgives(t *testing.T) {
	for name, text := range map[string]string{
		"PKCS#1":                       pkcs1(),
		"PKCS#8":                       pkcs8(t, testKey()),
		"PKCS#8 called PKCS#1":         strings.ReplaceAll(pkcs8(t, testKey()), "PRIVATE KEY", "RSA PRIVATE KEY"),
		"CRLF":                         strings.ReplaceAll(pkcs1(), "\n", "\r\n"),
		"CR":                           strings.ReplaceAll(pkcs1(), "\n", "\r"),
		"no last newline":              strings.TrimRight(pkcs1(), "\n"),
		"byte-order mark":              "\ufeff" + pkcs1(),
		"text around":                  "Private key:\n\n" + pkcs1() + "\nkeep it safe\n",
		"public half first":            public() + "\n" + pkcs1(),
		"one line with \\n":            strings.ReplaceAll(pkcs1(), "\n", `\n`),
		"one line with \\r\\n":         strings.ReplaceAll(pkcs1(), "\n", `\r\n`),
		"quoted, from .env file":       `KEY="` + strings.ReplaceAll(strings.TrimSpace(pkcs1()), "\n", `\n`) + `"`,
		"line ends become blanks":      strings.ReplaceAll(pkcs1(), "\n", " "),
		"line ends gone":               strings.ReplaceAll(pkcs1(), "\n", ""),
		"all white space gone":         strings.Join(strings.Fields(pkcs1()), ""),
		"indented":                     strings.ReplaceAll(pkcs1(), "\n", "\n\t  "),
		"in quotes, with blanks":       " '" + strings.ReplaceAll(pkcs1(), "\n", " ") + "'\r\n",
		"each line in quotes":          `"` + strings.ReplaceAll(strings.TrimSpace(pkcs1()), "\n", "\\n\"\n\"") + `"`,
		"UTF-16, little end first":     utf16Of(pkcs1(), binary.LittleEndian, true),
		"UTF-16, big end first":        utf16Of(pkcs8(t, testKey()), binary.BigEndian, true),
		"UTF-16 without a mark":        utf16Of(pkcs1(), binary.LittleEndian, false),
		"UTF-16 without a mark, big":   utf16Of(pkcs1(), binary.BigEndian, false),
		"base64 of the file":           base64.StdEncoding.EncodeToString([]byte(pkcs1())),
		"base64 of the file, as lines": lines(base64.StdEncoding.EncodeToString([]byte(pkcs8(t, testKey()))), 76),
		"base64 for URLs":              base64.RawURLEncoding.EncodeToString([]byte(pkcs1())),
		"base64 of UTF-16":             base64.StdEncoding.EncodeToString([]byte(utf16Of(pkcs1(), binary.LittleEndian, true))),
		"base64 of the binary key":     base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(testKey())),
		"hyphens made dashes":          strings.ReplaceAll(pkcs1(), "-----", "\u2014\u2014-"),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if !key.Equal(testKey()) {
				t.Error("another key came out")
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	half := pkcs1()[:len(pkcs1())/2]
	body := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(testKey()))
	for _, c := range []struct{ name, text, want string }{
		{"empty", " \n", "private key: it is empty"},
		{"nothing like a key", "hello", "private key: there is no PEM key in it (no BEGIN line)"},
		{"public key", public(), "private key: this is the public key"},
		{"public key of ssh", "ssh-rsa AAAAB3Nza ann@example.test", "private key: this is the public key"},
		{"certificate", pemOf("CERTIFICATE", []byte("x")), "private key: this is a certificate, not a private key"},
		{"encrypted PKCS#8", pemOf("ENCRYPTED PRIVATE KEY", []byte("x")), "private key: it is encrypted with a passphrase"},
		{"encrypted PKCS#1", strings.Replace(pkcs1(), "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), "private key: it is encrypted with a passphrase"},
		{"cut in half", half, "private key: the PEM text is damaged: its BEGIN or END line is missing or broken"},
		{"without BEGIN", strings.Replace(pkcs1(), "-----BEGIN RSA", "", 1), "private key: the PEM text is damaged: its BEGIN or END line is missing or broken"},
		{"not base64", strings.Replace(pkcs1(), "\nM", "\n!", 1), "private key: the PEM text is damaged: its lines are not base64"},
		{"two halves", strings.Replace(pkcs1(), "END RSA", "END EC", 1), "private key: the PEM text is damaged: its BEGIN and END lines disagree"},
		{"base64 of half", base64.StdEncoding.EncodeToString([]byte(half)), "private key: the PEM text is damaged: its BEGIN or END line is missing or broken"},
		{"half of the body", body[:len(body)/2], "private key: the PEM text is damaged: what it holds is not a whole key"},
		{"lines missing", half + "\n-----END RSA PRIVATE KEY-----\n", ""},
		{"elliptic curve", pemOf("EC PRIVATE KEY", ecDER), "private key: it is an EC key, not an RSA key"},
		{"elliptic curve in PKCS#8", pkcs8(t, ec), "private key: it is a key for ecdsa, not an RSA key"},
		{"OpenSSH", pemOf("OPENSSH PRIVATE KEY", []byte("x")), "private key: it is in OpenSSH's own format, not PEM"},
		{"binary", string(x509.MarshalPKCS1PrivateKey(testKey())), "private key: it is binary (DER), not PEM"},
		{"too small", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), "private key: 1024 bits are too few: it must have at least 2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseKey([]byte(c.text))
			ke, ok := errors.AsType[*KeyError](err)
			if !ok {
				t.Fatalf("ParseKey = %v, want a *KeyError", err)
			}
			if c.want != "" && err.Error() != c.want {
				t.Errorf("ParseKey = %q, want %q", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "private key: ") || ke.Hint() == "" {
				t.Errorf("error %q, hint %q: want a prefix and a hint", err, ke.Hint())
			}
		})
	}
}

func TestLoadKey(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := LoadKey(file("good.pem", pkcs1(), 0o600)); err != nil {
		t.Error(err)
	}
	if _, err := LoadKey(file("read-only.pem", pkcs1(), 0o400)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ name, path, text, hint string }{
		{"missing", filepath.Join(dir, "none.pem"), "no such file", "save the private key"},
		{"directory", dir, "this is a directory", "give the path"},
		{"public", file("public.pem", public(), 0o600), "this is the public key", "other half"},
		{"too large", file("large.pem", strings.Repeat("x", maxKeyFile+1), 0o600), "too large for a key", "private key alone"},
		{"readable by others", file("open key.pem", pkcs1(), 0o644), "others may read the file (mode 0644)", "chmod 600 '" + filepath.Join(dir, "open key.pem") + "'"},
		{"readable by the group", file("group.pem", pkcs1(), 0o640), "others may read the file (mode 0640)", "chmod 600 " + filepath.Join(dir, "group.pem")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.HasPrefix(c.name, "readable") {
				t.Skip("files have no mode there")
			}
			_, err := LoadKey(c.path)
			ke, ok := errors.AsType[*KeyError](err)
			if !ok || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), c.path) || !strings.Contains(ke.Hint(), c.hint) {
				t.Errorf("LoadKey = %v; want %q, the path, and the hint %q", err, c.text, c.hint)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, text := range []string{"", pkcs1(), pkcs8(f, testKey()), public(), "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", `-----BEGIN X-----\n-----END Y-----`, "\x30\x82"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ParseKey(data)
		if (key == nil) == (err == nil) {
			t.Errorf("ParseKey = %v, %v: want one of the two", key != nil, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseKey = %q: more than one line", err)
		}
	})
}

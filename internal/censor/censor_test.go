package censor

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// newKey returns a key as PEM text and its lines, without BEGIN and END.
func newKey(t *testing.T, pkcs8 bool) (text string, lines []string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if pkcs8 {
		block.Type = "PRIVATE KEY"
		if block.Bytes, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			t.Fatal(err)
		}
	}
	text = string(pem.EncodeToMemory(block))
	lines = strings.Split(strings.TrimSpace(text), "\n")
	return text, lines[1 : len(lines)-1]
}

func utf16Text(text string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

// TestFindKey: a key is found however it was given, whole or broken, and of a
// message that quotes it nothing is shown.
func TestFindKey(t *testing.T) {
	for range 5 {
		for _, pkcs8 := range []bool{false, true} {
			text, lines := newKey(t, pkcs8)
			body := strings.Join(lines, "\n")
			forms := map[string]string{
				"whole":                   text,
				"on one line":             strings.Join(strings.Fields(text), " "),
				"without line ends":       strings.ReplaceAll(text, "\n", ""),
				"line ends written out":   strings.ReplaceAll(text, "\n", `\n`),
				"in JSON":                 strings.ReplaceAll(text, "\n", `\\n`),
				"CRLF":                    strings.ReplaceAll(text, "\n", "\r\n"),
				"indented":                strings.ReplaceAll(text, "\n", "\n    "),
				"base64":                  base64.StdEncoding.EncodeToString([]byte(text)),
				"base64 of UTF-16":        base64.StdEncoding.EncodeToString([]byte(utf16Text(text))),
				"base64, wrapped":         wrap(base64.StdEncoding.EncodeToString([]byte(text)), 76),
				"base64, its second half": base64.StdEncoding.EncodeToString([]byte(text))[801:],
				"without END":             text[:len(text)/2],
				"without BEGIN":           text[strings.IndexByte(text, '\n'):],
				"the body alone":          body,
				"the body on one line":    strings.Join(lines, ""),
				"half of the body":        body[:len(body)/2],
				"hexadecimal":             hex.EncodeToString([]byte(text)),
				"its DER in hexadecimal":  hex.EncodeToString(der(t, text)),
				"a JSON Web Key":          `{"kty":"RSA","e":"AQAB","d":"` + base64.RawURLEncoding.EncodeToString(der(t, text)[40:296]) + `"}`,
				"BEGIN misspelt":          strings.Replace(text, "BEGIN", "BEGlN", 1),
			}
			for name, value := range forms {
				if got := Find(value); got != Key {
					t.Errorf("%s: found %q, want %q", name, got, Key)
				}
				if got := Value(value); got != "["+string(Key)+"]" {
					t.Errorf("%s: shown as %q", name, got)
				}
			}
			for _, name := range []string{"whole", "on one line", "without line ends", "line ends written out", "in JSON", "CRLF", "indented", "without END"} {
				shown := Text("template \"" + forms[name] + "\" does not exist")
				for _, line := range lines {
					if strings.Contains(shown, line) {
						t.Fatalf("%s: shown as %q", name, shown)
					}
				}
			}
		}
	}
}

func der(t *testing.T, text string) []byte {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("no PEM")
	}
	return block.Bytes
}

func wrap(text string, width int) string {
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + "\n")
	}
	return b.String() + text
}

func TestFind(t *testing.T) {
	const jwt = "eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.AQoAAAABAAUABwCA.Zm9vYmFyYmF6"
	for _, tt := range []struct {
		value  string
		secret Secret
		shown  string // "" if it is the value
	}{
		{"", None, ""},
		{jwt, Token, "[an access token]"},
		{"Bearer " + jwt, Token, "[an access token]"},
		{"Bearer opaque0123456789", Token, "[an access token]"},
		{jwt[:30], Token, "[an access token]"},
		{"postgres://batch:hunter2@db.example.test/sends?sslmode=require", Password, "postgres://batch:[hidden]@db.example.test/sends?sslmode=require"},
		{"postgres://batch:hun%zz@db", Password, "postgres://batch:[hidden]@db"},
		{"postgres://batch:h@u/n:2@db/sends", Password, "postgres://batch:[hidden]@db/sends"},
		{"postgres://batch:hun ter2@db/sends", Password, "[an address with a password]"},
		{`postgres://batch:a@b"c@db/sends`, Password, "[an address with a password]"},
		{"postgres://db/sends?user=batch&password=hunter2", Password, "postgres://db/sends?user=batch&password=[hidden]"},
		{"host=db user=batch password='hunter 2'", Password, "[an address with a password]"},
		{"http://proxy:hunter2@10.0.0.1:3128", Password, "http://proxy:[hidden]@10.0.0.1:3128"},
		{"proxy:hunter2@10.0.0.1:3128", Password, "[an address with a password]"},
		{"batch:hunter2@db.example.test:5432/sends", Password, "[an address with a password]"},
		{"postgres://batch@db/sends", None, ""},
		{"https://account-d.docusign.com", None, ""},
		{"http://127.0.0.1:8720", None, ""},
		{"0ffe1e77-0000-4000-8000-000000000001", None, ""},
		{"offers of November.csv", None, ""},
		{"ann.ek@example.test", None, ""},
		{"/Users/AnnaEk/Documents/HRContracts2026/OfferLettersQ4Final/Batch07/ledger", None, ""},
		{"/tmp/TestEverySecretIsKeptToItself1234567890/001/batchsend/sandbox/ledger", None, ""},
		{"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", None, ""},
		{"DOCUMENTSFORTHEANNUALMEETINGOFSHAREHOLDERSINSTOCKHOLM2026", None, ""},
		{"PRIVATE KEYS of the house", None, ""},
		{"a=b c", None, ""},
	} {
		shown := tt.shown
		if shown == "" {
			shown = tt.value
		}
		if got := Find(tt.value); got != tt.secret {
			t.Errorf("Find(%q) = %q, want %q", tt.value, got, tt.secret)
		}
		if got := Value(tt.value); got != shown {
			t.Errorf("Value(%q) = %q, want %q", tt.value, got, shown)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"plain\n\ttext, zażółć 🙂 می\u200cخواهم", "plain\n\ttext, zażółć 🙂 می\u200cخواهم"},
		{"\x1b[2Jcleared\a\b\x7f\u009b31m", "?[2Jcleared????31m"},
		{"turned \u202egnp.exe\u2066 \u200bround\ufeff", "turned ?gnp.exe? ?round?"},
		{"one\r\ntwo\rthree\u2028four", "one\ntwo?three?four"},
		{"bad \x9b bytes", "bad \ufffd bytes"},
		{"it begins with -----BEGIN RSA PRIVATE KEY-----; look", "it begins with -----BEGIN RSA PRIVATE KEY-----; look"},
		{`token "eyJ0eXAiOiJNVCIsImFsZyI6.eyJz.Zm9v" expired`, `token "[hidden]" expired`},
		{"dial http://p:secret@10.0.0.1:1: refused, ann@example.test", "dial http://p:[hidden]@10.0.0.1:1: refused, ann@example.test"},
		{`{"url":"http://127.0.0.1:80","mail":"ann@example.test"}`, `{"url":"http://127.0.0.1:80","mail":"ann@example.test"}`},
		{"-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: AES-128-CBC,00\\n\\nMIIEowIBAAKCAQEA1234\\nabcd=\\n-----END RSA PRIVATE KEY----- is no template", "[hidden] is no template"},
	} {
		if got := Text(tt.text); got != tt.want {
			t.Errorf("Text(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
	if got := Line("  one\n two\tthree  four", 10); got != "one two th..." {
		t.Errorf("Line = %q", got)
	}
}

// TestAddress: of a URL that is a secret only scheme and host are shown.
func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"https://hc-ping.com/5f3c":  "https://hc-ping.com/[hidden]",
		"https://hc-ping.com?k=5f3": "https://hc-ping.com/[hidden]",
		"http://127.0.0.1:80/5f3c":  "http://127.0.0.1:80/[hidden]",
		"hc-ping.com/5f3c":          "hc-ping.com/[hidden]",
		`curl -d @- "https://hooks.example.test/T0/B0/5f3c" && /usr/bin/logger`: `curl -d @- "https://hooks.example.test/[hidden]" && /usr/bin/logger`,
		"/opt/notify.sh --all /var/log/sends":                                   "/opt/notify.sh --all /var/log/sends",
	} {
		if got := Address(text); got != want {
			t.Errorf("Address(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	n, err := fmt.Fprintf(Writer(&b), "a\x1b]0;owned\a and http://u:pw@h/\n")
	if want := "a?]0;owned? and http://u:[hidden]@h/\n"; b.String() != want || err != nil || n != len("a\x1b]0;owned\a and http://u:pw@h/\n") {
		t.Errorf("wrote %q (%d, %v), want %q", &b, n, err, want)
	}
}

func BenchmarkText(b *testing.B) {
	text := strings.Repeat("17  E-00017   Ann Ek +1            sent                 0ffe1e77-0000-4000-8000-000000000001 2026-11-28 19:41:00\n", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Text(text)
	}
}

// Package censor decides what of a text may be shown: no key, no token, no
// password, and no character that steers a terminal or the eye.
//
// It is the one place that does. Whoever takes a value from outside asks
// [Find] whether it is a secret before it prints or keeps anything of it; all
// that is printed passes [Writer] as well, in case nobody asked.
package censor

import (
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Secret is what a text was found to hold, in words that follow "it is" or
// "it holds".
type Secret string

// The secrets.
const (
	None     Secret = ""
	Key      Secret = "the text of a private key"
	Token    Secret = "an access token"
	Password Secret = "an address with a password"
)

// mark stands where a secret stood.
const mark = "[hidden]"

// dashes frame a key's first and last line; gap is what may stand between its
// lines, or before them.
const (
	dashes = `[-\x{2010}-\x{2015}]+`
	gap    = `(?:\s|\\+[nrt]|(?:Proc-Type|DEK-Info):[^\n\\]*)*`
)

var (
	// border is the first or the last line of a key.
	border = regexp.MustCompile(dashes + ` ?BEGIN ?[A-Z0-9 ]*` + dashes + `|PRIVATE ?KEY--`)
	// block is a private key, or any other block that may be one, as far as it
	// goes: its END may be missing, its line ends may be gone or be written as
	// \n, once or several times over. A BEGIN line alone is no secret.
	block = regexp.MustCompile(dashes + ` ?BEGIN ?[A-Z0-9 ]*` + dashes + gap + `[A-Za-z0-9+/=]{16,}(?:[A-Za-z0-9+/=]|` + gap + `)*(?:` + dashes + ` ?END ?[A-Z0-9 ]*` + dashes + `)?`)
	// token is a JSON Web Token, as DocuSign's access tokens are, or the start of
	// one, or whatever is called a bearer's.
	token = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)*|\b[Bb]earer [A-Za-z0-9._~+/-]{12,}=*`)
	// login is a URL's user and password. It goes to the last @, because a
	// password may hold any sign.
	login = regexp.MustCompile(`(://[^\s:/?#@"']*):[^\s"']*@`)
	// parameter is a password given by name, in a URL or in what PostgreSQL calls
	// a connection string.
	parameter = regexp.MustCompile(`(?i)\b((?:ssl)?password|passwd|pwd|access_token|client_secret|assertion)(=)('[^']*'|[^\s&"']+)`)
	// path is what follows a URL's host, also of one without its scheme.
	path = regexp.MustCompile(`(?i)(https?://[^\s/?#"']+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})[/?#][^\s"']+`)
	// bareLogin is an address such as that of a proxy without its scheme.
	bareLogin = regexp.MustCompile(`^[^\s:/@]+:/?[^\s@/][^\s@]*@[A-Za-z0-9.\[\]-]+(?::[0-9]+)?(?:/\S*)?$`)
	// jwk is a secret number of a key in JSON (RFC 7517).
	jwk = regexp.MustCompile(`("(?:d|p|q|dp|dq|qi)"\s*:\s*)"[A-Za-z0-9_-]{20,}=*"?`)
	// lineEnd is what stands between two lines of a key, be it written out.
	lineEnd = regexp.MustCompile(`\s+|\\+[nrt]`)
)

// Find reports which secret a value holds, if any.
func Find(value string) Secret {
	switch {
	case border.MatchString(value), jwk.MatchString(value):
		return Key
	case token.MatchString(value):
		return Token
	case withPassword(value):
		return Password
	}
	if joined := lineEnd.ReplaceAllString(value, ""); withoutKeys(joined) != joined {
		return Key
	}
	return None
}

func withPassword(value string) bool {
	if login.MatchString(value) || parameter.MatchString(value) || bareLogin.MatchString(value) {
		return true
	}
	u, err := url.Parse(value)
	if err == nil && u.User != nil {
		_, given := u.User.Password()
		return given
	}
	// A password with a blank ends the word, but not the value.
	_, rest, isURL := strings.Cut(value, "://")
	user, host, _ := strings.Cut(rest, ":")
	return isURL && err != nil && strings.Contains(host, "@") && !strings.ContainsAny(user, "/?#")
}

// Text returns text as it may be shown, on as many lines as it has.
func Text(text string) string {
	if strings.Contains(text, "BEGIN ") {
		text = block.ReplaceAllString(text, mark)
	}
	if strings.Contains(text, "eyJ") || strings.Contains(text, "earer ") {
		text = token.ReplaceAllString(text, mark)
	}
	if strings.Contains(text, "://") {
		text = login.ReplaceAllString(text, "$1:"+mark+"@")
	}
	if strings.Contains(text, "=") {
		text = parameter.ReplaceAllString(text, "$1$2"+mark)
	}
	if strings.Contains(text, `":`) {
		text = jwk.ReplaceAllString(text, `$1"`+mark+`"`)
	}
	text = withoutKeys(text)
	if harmless(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// harmless reports whether text is ASCII that steers nothing, as most texts are.
func harmless(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// Line returns text as it may be shown on one line, cut after limit characters.
func Line(text string, limit int) string {
	text = oneLine(text)
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "..."
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(Text(text)), " ") }

// Value returns a setting's value as it may be shown: a secret is named, but for
// an address, of which only the password is hidden.
func Value(value string) string {
	switch secret := Find(value); {
	case secret == None:
		return oneLine(value)
	case secret == Password && (login.MatchString(value) || parameter.MatchString(value)) && !strings.ContainsAny(value, " \t\r\n\"'"):
		return oneLine(value)
	default:
		return "[" + string(secret) + "]"
	}
}

// Address returns a text as it may be shown whose URLs are secrets, as those of
// webhooks are: of each only scheme and host stay.
func Address(text string) string {
	return oneLine(path.ReplaceAllString(text, "$1/"+mark))
}

// Visible returns text with a question mark for each character that steers a
// terminal, or turns text around.
func Visible(text string) string { return strings.Map(visible, text) }

func visible(r rune) rune {
	if r >= ' ' && r < 0x7f {
		return r
	}
	const joiners = "\u200c\u200d" // which some scripts need
	if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !strings.ContainsRune(joiners, r) {
		return '?'
	}
	return r
}

// Writer shows what is written to it, a message a call. A character that is cut
// by the end of a call is shown with the next. It is not for concurrent use.
func Writer(w io.Writer) io.Writer { return &writer{w: w} }

type writer struct {
	w   io.Writer
	cut []byte
}

func (w *writer) Write(p []byte) (int, error) {
	text := append(w.cut, p...)
	whole := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if rest := text[len(text)-back:]; utf8.RuneStart(rest[0]) {
			if !utf8.FullRune(rest) {
				whole -= back
			}
			break
		}
	}
	w.cut = slices.Clone(text[whole:])
	if _, err := io.WriteString(w.w, Text(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

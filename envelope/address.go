package envelope

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// badAddress says what is wrong with an e-mail address, in words that follow
// the role's name; "" if nothing is. The domain may be an international one;
// what stands before the @ must be ASCII, because few mail servers, and nothing
// that DocuSign documents, take more.
func badAddress(address string) string {
	if plainAddress(address) {
		return ""
	}
	switch {
	case invisible(address):
		return "has no e-mail address"
	case errorValue(address, scan(address)) != "":
		return fmt.Sprintf("has a spreadsheet's error, %q, for an address (%s): mend the formula or write the address", address, errorValue(address, scan(address)))
	case strings.Count(address, "@") > 1 && strings.ContainsAny(address, ",; \n\t/"):
		return fmt.Sprintf("has several addresses in one cell, %q: one recipient has one", address)
	case strings.ContainsAny(address, "<>"):
		return fmt.Sprintf("has %q: give the address alone, without a name or angle brackets", address)
	case strings.ContainsRune(address, '"'):
		return fmt.Sprintf("has %q: an address with quotes is not one that DocuSign takes", address)
	}
	if i, r := firstInvisible(address); i >= 0 {
		return fmt.Sprintf("has %q, with an invisible character (%U) at position %d: type the address anew", address, r, i+1)
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return fmt.Sprintf("has %q, which is not an e-mail address", address)
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	if !ascii(local) {
		return fmt.Sprintf("has %q, with letters before the @ that e-mail does not know: only the domain may have others than a to z", address)
	}
	if at > 64 {
		return fmt.Sprintf("has %q, with more than 64 characters before the @", address)
	}
	if why := badDomain(domain); why != "" {
		return fmt.Sprintf("has %q, whose domain %q %s", address, domain, why)
	}
	return ""
}

// badDomain says what is wrong with a domain; "" if nothing is.
func badDomain(domain string) string {
	written, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "cannot exist"
	}
	labels := strings.Split(written, ".")
	last := labels[len(labels)-1]
	switch {
	case len(labels) == 1:
		return "has no dot: the ending is missing"
	case len(last) < 2 || last[0] >= '0' && last[0] <= '9':
		return fmt.Sprintf("ends in %q, which no domain does", "."+last)
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "cannot exist"
		}
	}
	if plain, err := idna.Lookup.ToUnicode(written); err != nil || !ascii(domain) && plain != strings.ToLower(norm.NFC.String(domain)) {
		return fmt.Sprintf("is written with unusual characters: it should be %q", plain)
	}
	if i := strings.IndexFunc(domain, symbol); i >= 0 {
		return "holds a symbol, which mail servers' names do not"
	}
	return mixedScripts(domain)
}

// symbol reports whether r is neither a letter nor a digit nor what joins them.
func symbol(r rune) bool {
	return r != '.' && r != '-' && !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit)
}

// mixedScripts finds a label with letters of several alphabets that look
// alike, which registries do not allow: somebody's trap or slip.
func mixedScripts(domain string) string {
	for label := range strings.SplitSeq(domain, ".") {
		latin, other := false, false
		for _, r := range label {
			latin = latin || unicode.Is(unicode.Latin, r)
			other = other || unicode.In(r, unicode.Cyrillic, unicode.Greek)
		}
		if latin && other {
			return fmt.Sprintf("mixes alphabets in %+q, so that it looks like another one", label)
		}
	}
	return ""
}

// plainAddress reports whether an address is an ordinary one beyond doubt.
// False says nothing: most of what it does not know is yet correct.
func plainAddress(address string) bool {
	at := strings.IndexByte(address, '@')
	if at < 1 || at > 64 || len(address) > 100 {
		return false
	}
	previous := byte('.')
	for i := range at {
		c := address[i]
		if !alphanumeric(c) && c != '_' && c != '-' && c != '+' && c != '\'' && (c != '.' || previous == '.') {
			return false
		}
		previous = c
	}
	if previous == '.' {
		return false
	}
	dot, letters := at, true // where the last label begins, and whether it is all letters
	previous = '.'
	for i := at + 1; i < len(address); i++ {
		c := address[i]
		switch {
		case alphanumeric(c):
			letters = letters && c > '9'
		case c == '-' && previous != '-' && previous != '.':
			letters = false
		case c == '.' && previous != '-' && previous != '.' && i-dot <= 64:
			dot, letters = i, true
		default:
			return false
		}
		previous = c
	}
	n := len(address) - 1 - dot
	return dot > at && letters && n >= 2 && n <= 63
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// NormalAddress returns the form in which two addresses are compared: without
// surrounding space, in Unicode NFC, lower case, the domain as DNS writes it.
func NormalAddress(address string) string {
	if isNormal(address) {
		return address
	}
	address = strings.TrimSpace(address)
	if ascii(address) {
		return strings.ToLower(address)
	}
	address = strings.ToLower(norm.NFC.String(address))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	if domain, err := idna.Lookup.ToASCII(address[at+1:]); err == nil {
		return address[:at+1] + domain
	}
	return address
}

// isNormal reports whether an address is ASCII without spaces and capitals, as
// most are.
func isNormal(address string) bool {
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c > '~' || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

package censor

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// keyLine is the least length of a run of base64 that may be a line of a key.
const keyLine = 48

// longHex is the least length of a run of hexadecimal digits that may be a piece of
// a key: twice that of the longest digest.
const longHex = 256

// withoutKeys returns text without the runs of base64 that are pieces of a key.
func withoutKeys(text string) string {
	var b strings.Builder
	done := 0
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && inBase64(text[end]) {
			end++
		}
		if end-start >= keyLine && encoded(text[start:end]) {
			b.WriteString(text[done:start] + mark)
			done = end
		}
		start = end
	}
	if done == 0 {
		return text
	}
	return b.String() + text[done:]
}

func inBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

// encoded reports whether a run of base64 is likely to be a piece of a key: it
// looks like chance, as keys do, or it is the base64 of such a text, or it is far
// longer than any digest in hexadecimal.
func encoded(run string) bool {
	if random(run) || len(run) >= longHex && strings.Trim(run, "0123456789abcdefABCDEF") == "" {
		return true
	}
	trimmed := strings.TrimRight(run, "=")
	for skip := range min(4, len(trimmed)) { // a piece may begin anywhere
		text := trimmed[skip:]
		inner, err := base64.RawStdEncoding.DecodeString(text[:len(text)/4*4])
		if err != nil {
			return false
		}
		if within := plain(inner); strings.Contains(within, "PRIVATE KEY") || random(lineEnd.ReplaceAllString(within, "")) {
			return true
		}
	}
	return false
}

// plain is data as text, of which every other byte may be zero (UTF-16).
func plain(data []byte) string {
	zeros := [2]int{}
	for i, b := range data {
		if b == 0 {
			zeros[i%2]++
		}
	}
	for half := range zeros {
		if zeros[half]*3 < len(data) {
			continue
		}
		units := make([]uint16, 0, len(data)/2)
		for i := 0; i+1 < len(data); i += 2 {
			units = append(units, uint16(data[i+half])<<8|uint16(data[i+1-half]))
		}
		return string(utf16.Decode(units))
	}
	return string(data)
}

// random reports whether text is base64 and has capitals, small letters and
// digits as chance mixes them: names and paths have fewer capitals, hexadecimal
// numbers one kind of letters only.
func random(text string) bool {
	var capitals, small, digits, slashes int
	for _, r := range text {
		switch {
		case r >= 'A' && r <= 'Z':
			capitals++
		case r >= 'a' && r <= 'z':
			small++
		case r >= '0' && r <= '9':
			digits++
		case r == '+' || r == '/' || r == '=':
			slashes++
		default:
			return false
		}
	}
	n := len(text)
	return n >= 40 && capitals*4 >= n && small*5 >= n && digits*25 >= n && slashes*8 <= n
}

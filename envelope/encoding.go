package envelope

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// doubleEncoded finds out whether a text was written as UTF-8, read as Windows-1252
// and written again, as in "RenÃ©", and returns what it was. ok is false where that is
// not certain: "PÅ…" may end a sentence in capitals.
func doubleEncoded(text string) (repaired string, ok bool) {
	if !suspicious(text) {
		return text, false
	}
	var b strings.Builder
	previous, run := rune(0), 0 // run counts the sequences that follow each other
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		meant, width := sequence(text[i:])
		if width == 0 {
			b.WriteString(text[i : i+size])
			previous, run, i = r, 0, i+size
			continue
		}
		run++
		next, _ := utf8.DecodeRuneInString(text[i+width:])
		ok = ok || certain(previous, text[i:i+width], meant, next, run)
		b.WriteRune(meant)
		previous, i = meant, i+width
	}
	return b.String(), ok
}

// suspicious reports whether a text has any sequence.
func suspicious(text string) bool {
	for i := range text {
		if text[i] >= 0x80 {
			if _, width := sequence(text[i:]); width > 0 {
				return true
			}
		}
	}
	return false
}

// sequence reads characters that, as bytes of Windows-1252, are one character of
// UTF-8 beyond ASCII. width is how many bytes of text they are, 0 if there is no such
// sequence.
func sequence(text string) (meant rune, width int) {
	var bytes [utf8.UTFMax]byte
	want := 0
	for n, r := range text {
		c, known := windows1252(r)
		switch {
		case !known || c < 0x80:
			return 0, 0
		case n == 0:
			switch {
			case c >= 0xc2 && c < 0xe0:
				want = 2
			case c >= 0xe0 && c < 0xf0:
				want = 3
			case c >= 0xf0 && c < 0xf5:
				want = 4
			default:
				return 0, 0
			}
			bytes[0], width = c, 1
		default:
			bytes[width] = c
			width++
		}
		if width == want {
			meant, size := utf8.DecodeRune(bytes[:want])
			if size != want {
				return 0, 0
			}
			return meant, n + utf8.RuneLen(r)
		}
	}
	return 0, 0
}

// windows1252 returns the byte that a character is in Windows-1252. The five bytes
// that it leaves open are read as control characters by most programs.
func windows1252(r rune) (byte, bool) {
	if r < 0x80 || r >= 0x80 && r < 0xa0 {
		return byte(r), true
	}
	return charmap.Windows1252.EncodeRune(r)
}

// closing are signs that may follow a capital letter in a text that is as it should
// be.
const closing = "\u00a0«®°¹²³»ªº‘’“”–—…‹›™•†‡"

// certain reports whether a sequence can be nothing but one that was encoded twice.
// It follows a character, comes before another, and is the so-manieth in a row.
func certain(previous rune, written string, meant, next rune, run int) bool {
	lead, size := utf8.DecodeRuneInString(written)
	second, _ := utf8.DecodeRuneInString(written[size:])
	switch {
	case second < 0xa0: // a control character
		return true
	case lead == 'â' && (second == '€' || second == '„' || second == '‚'), lead == 'á' && (second == 'º' || second == '»'), lead == 'ï' && second == '»', lead == 'ð' && second == 'Ÿ':
		return true // quotes, dashes and signs; Vietnamese; a byte order mark; emoji
	case !unicode.IsUpper(lead) && lead != '×' && lead != 'ß':
		return run > 1 && unicode.IsLetter(meant) // as in Chinese and Japanese
	case unicode.IsLower(previous) && unicode.IsUpper(lead):
		return true // a capital within a word, with a sign after it
	case run > 1 && unicode.IsLetter(meant):
		return true
	case lead == 'Â':
		return second < 0xc0 && !unicode.IsLetter(second) && !strings.ContainsRune(closing, second) || second == '\u00a0'
	case lead > 'Å': // Greek, Cyrillic, Hebrew and Arabic words have several
		return false
	case strings.ContainsRune(closing, second):
		return unicode.IsLetter(next)
	}
	return true
}

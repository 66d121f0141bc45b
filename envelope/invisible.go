package envelope

import (
	"fmt"
	"strings"
	"unicode"
)

// Characters that nobody sees and that change what is read, or what is found.

// isDirection reports whether a character changes the direction in which others are
// read: embeddings, overrides, isolates.
func isDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// isDirectionMark reports whether a character is a mark of direction, which texts in
// Hebrew and Arabic need now and then.
func isDirectionMark(r rune) bool { return r == '\u200e' || r == '\u200f' || r == '\u061c' }

// isZeroWidth reports whether a character takes no room and says where a word may
// break, or may not: it comes from web pages and means nothing in a name.
func isZeroWidth(r rune) bool {
	switch r {
	case '\u00ad', '\u034f', '\u180e', '\u200b', '\u2060', '\ufeff':
		return true
	}
	return false
}

// isJoiner reports whether a character joins letters or keeps them apart, which
// matters in some scripts.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joined are the scripts in which joiners are part of the spelling.
var joined = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati,
	unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// zeroWidth finds the first character of no width, by its position in characters; -1
// if there is none.
func zeroWidth(text string) (int, rune) {
	i := 0
	for _, r := range text {
		if isZeroWidth(r) {
			return i, r
		}
		i++
	}
	return -1, 0
}

// hidden names the first character of a text that makes it read otherwise than it is,
// with its position in characters; "" if there is none. Marks of direction are no fault
// beside letters that are read from the right, but in names.
func hidden(text string, name bool) string {
	i := 0
	for _, r := range text {
		i++
		switch {
		case isDirection(r), isDirectionMark(r) && (name || !strings.ContainsFunc(text, fromRight)):
			return fmt.Sprintf("an invisible sign that changes the direction of reading (%U) at position %d: type it anew", r, i)
		case r >= '\U000e0000' && r <= '\U000e007f', r >= '\ufff9' && r <= '\ufffb':
			return fmt.Sprintf("an invisible sign (%U) at position %d: type it anew", r, i)
		}
	}
	return ""
}

// fromRight reports whether a letter is read from the right.
func fromRight(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// noName names the first character of a name that no name holds: private ones,
// those that nothing is assigned to, and lines and blocks, which come from a wrong
// code page; "" if there is none.
func noName(name string) string {
	i := 0
	for _, r := range name {
		i++
		switch {
		case r >= '\u2500' && r <= '\u259f', unicode.Is(unicode.Co, r), r&0xfffe == 0xfffe, r >= '\ufdd0' && r <= '\ufdef':
			return fmt.Sprintf("%q (%U) at position %d, which no name has: the file was read or saved in a wrong encoding; export it anew as UTF-8", r, r, i)
		}
	}
	return ""
}

// cleanName returns a name as it is sent: with blanks of all kinds as spaces, and
// without signs that take no room. Joiners stay where the script needs them.
func cleanName(name string) string {
	if !strings.ContainsFunc(name, droppedOrBlank) {
		return name
	}
	previous := rune(' ')
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case isZeroWidth(r), isJoiner(r) && !unicode.In(previous, joined...):
			return -1
		case unicode.Is(unicode.Zs, r):
			r = ' '
		}
		previous = r
		return r
	}, name))
}

func droppedOrBlank(r rune) bool {
	return r > '~' && (isZeroWidth(r) || isJoiner(r) || unicode.Is(unicode.Zs, r))
}

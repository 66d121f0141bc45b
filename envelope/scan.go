package envelope

// signs are kinds of characters that a text holds, a bit each. Most texts hold none,
// and are known to be harmless after one look.
type signs uint8

const (
	hash     signs = 1 << iota // what begins the errors of spreadsheets
	opening                    // what begins a placeholder that was not filled in
	query                      // ? or &: what wrong conversions leave in names
	comma                      // what stands between surname and given name
	exponent                   // +, as in 1.23457E+11
	foreign                    // neither printable ASCII nor an accented letter between such
)

// signOf are the signs by byte.
var signOf = func() (table [256]signs) {
	for c := range table {
		if c < ' ' || c > '~' {
			table[c] = foreign
		}
	}
	for c, sign := range map[byte]signs{'#': hash, '{': opening, '<': opening, '[': opening, '$': opening, '%': opening, '?': query, '&': query, ',': comma, '+': exponent} {
		table[c] = sign
	}
	return table
}()

// scan returns which signs a text holds.
func scan(text string) (found signs) {
	for i := range len(text) {
		found |= signOf[text[i]]
	}
	if found.has(foreign) && accented(text) {
		found &^= foreign
	}
	return found
}

// accented reports whether all that is not printable ASCII in a text are Latin
// letters that stand alone between it. No wrong encoding and no invisible sign looks
// like that.
func accented(text string) bool {
	after := false // after such a letter
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~':
			after = false
		case after, r < '\u00c0', r > '\u024f', r == '×', r == '÷':
			return false
		default:
			after = true
		}
	}
	return true
}

func (s signs) has(some signs) bool { return s&some != 0 }

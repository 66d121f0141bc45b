package envelope

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// decoded is a file's text and how it was written.
type decoded struct {
	text      string // UTF-8 without byte-order mark
	line      int    // the number of the text's first line
	encoding  string
	delimiter byte
}

// decode reads r whole and finds out its encoding and delimiter. It fails with
// [Problems] if the bytes are not a CSV file.
func decode(name string, r io.Reader) (decoded, error) {
	var all strings.Builder
	if _, err := io.Copy(&all, r); err != nil {
		return decoded{}, err
	}
	raw := all.String()
	bad := func(line int, format string, args ...any) error {
		return Problems{{File: name, Line: line, Code: CSVMalformed, Message: fmt.Sprintf(format, args...)}}
	}
	if kind := notText(raw); kind != "" {
		return decoded{}, bad(1, "this is %s, not a CSV file: save it as \"CSV UTF-8\" and give that file", kind)
	}
	text, encoding, wrong := toUTF8(raw)
	if wrong >= 0 {
		return decoded{}, bad(lineOf(raw, wrong), "the line holds a byte that is not UTF-8 while others are: the file was put together from several encodings, and names would be mailed garbled. Save it again as \"CSV UTF-8\"")
	}
	if strings.TrimSpace(text) == "" {
		return decoded{}, bad(1, "the file is empty: the first line must name the columns")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return decoded{}, bad(lineOf(text, i), "the line holds a zero byte: the file is damaged or no text; save it again as \"CSV UTF-8\"")
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // an old Mac's line ends
	}
	d := decoded{text: text, line: 1, encoding: encoding}
	if d.delimiter = d.announced(); d.delimiter == 0 {
		d.delimiter = delimiter(text)
	}
	return d, nil
}

// lineOf returns the number of the line on which position i of text stands.
func lineOf(text string, i int) int { return strings.Count(text[:i], "\n") + 1 }

// notText names a kind of file that people give by mistake.
func notText(raw string) string {
	for _, magic := range []struct{ prefix, kind string }{
		{"PK\x03\x04", "an Excel workbook (or another ZIP archive)"},
		{"\xd0\xcf\x11\xe0", "an old Excel workbook"},
		{"%PDF-", "a PDF"},
		{"\x1f\x8b", "a gzip archive"},
		{"{\\rtf", "a rich-text document"},
		{"<html", "a web page"},
		{"<!doctype", "a web page"},
	} {
		if len(raw) >= len(magic.prefix) && strings.EqualFold(raw[:len(magic.prefix)], magic.prefix) {
			return magic.kind
		}
	}
	return ""
}

// toUTF8 converts text from the encodings that spreadsheets write: UTF-8 with
// or without byte-order mark, UTF-16 with one, Windows-1252 otherwise.
//
// wrong is -1, or the position of a byte that shows a mixture: a file that is
// UTF-8 but for a few bytes must not be taken for Windows-1252, which would
// garble all its accents.
func toUTF8(raw string) (text, encoding string, wrong int) {
	wrong = -1
	switch {
	case strings.HasPrefix(raw, "\xef\xbb\xbf"):
		text, encoding = raw[3:], "UTF-8 with byte-order mark"
		if i, _ := notUTF8(text); i >= 0 {
			wrong = i + 3
		}
	case strings.HasPrefix(raw, "\xff\xfe"), strings.HasPrefix(raw, "\xfe\xff"):
		out, _ := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes([]byte(raw)) // it replaces what is no text
		text, encoding = string(out), "UTF-16"
	case utf8.ValidString(raw):
		text, encoding = raw, "UTF-8"
	default:
		i, accents := notUTF8(raw)
		if accents {
			wrong = i
		}
		text, _ = charmap.Windows1252.NewDecoder().String(raw) // it knows every byte
		encoding = "Windows-1252"
	}
	return text, encoding, wrong
}

// notUTF8 returns where text stops being UTF-8, -1 if it never does, and
// whether it holds proper UTF-8 beyond ASCII.
func notUTF8(text string) (at int, accents bool) {
	at = -1
	for i, r := range text {
		switch {
		case r != utf8.RuneError:
			accents = accents || r >= 0x80
		case at < 0 && !strings.HasPrefix(text[i:], "\ufffd"):
			at = i
		}
	}
	return at, accents
}

// announced reads the line "sep=;" with which Excel names the delimiter, and
// takes it off the text. It returns 0 if there is none.
func (d *decoded) announced() byte {
	line, rest, _ := strings.Cut(d.text, "\n")
	line = strings.Trim(strings.TrimSuffix(line, "\r"), `"`)
	if len(line) != 5 || !strings.EqualFold(line[:4], "sep=") || !bytes.ContainsRune(delimiters, rune(line[4])) {
		return 0
	}
	d.text, d.line = rest, d.line+1
	return line[4]
}

// delimiters are what may separate columns.
var delimiters = []byte(",;\t|")

// delimiter finds what separates the columns: the candidate that splits the
// first line into the most names that are known, else into the most names.
func delimiter(text string) byte {
	line := firstLine(text)
	best, known, count := delimiters[0], -1, -1
	for _, candidate := range delimiters {
		names := strings.Split(line, string(candidate))
		hits := 0
		for _, name := range names {
			if recognisable(strings.Trim(name, "\" ")) {
				hits++
			}
		}
		if hits > known || hits == known && len(names) > count {
			best, known, count = candidate, hits, len(names)
		}
	}
	return best
}

// firstLine returns the first line that is not blank.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			return line
		}
	}
	return ""
}

// delimiterName names a delimiter for a reader.
func delimiterName(r rune) string {
	switch r {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	}
	return "comma"
}

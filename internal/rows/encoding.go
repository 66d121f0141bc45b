package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const byteOrderMark = "\xef\xbb\xbf"

// decode finds out the encoding, from all of the file, and returns its text in
// UTF-8 without byte-order mark. It knows what spreadsheets write: UTF-8 with
// or without byte-order mark, UTF-16 with one, Windows-1252 otherwise.
func (f *File) decode(name string, raw *io.SectionReader) (*io.SectionReader, error) {
	head, err := part(raw, 0, 16)
	if err != nil {
		return nil, err
	}
	if kind := notText(head); kind != "" {
		return nil, malformed(name, 1, "this is %s, not a CSV file: save it as \"CSV UTF-8\" and give that file", kind)
	}
	if strings.HasPrefix(head, "\xff\xfe") || strings.HasPrefix(head, "\xfe\xff") {
		return f.convert(name, raw, "UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM))
	}
	text := raw
	f.format.Encoding = "UTF-8"
	marked := strings.HasPrefix(head, byteOrderMark)
	if marked {
		f.format.Encoding = "UTF-8 with byte-order mark"
		text = io.NewSectionReader(raw, int64(len(byteOrderMark)), raw.Size()-int64(len(byteOrderMark)))
	}
	invalid, zero, err := inspect(text)
	if err != nil {
		return nil, err
	}
	if invalid < 0 {
		return text, noZero(name, text, zero)
	}
	// A file that is UTF-8 but for a few bytes must not be taken for
	// Windows-1252, which would garble all its accents.
	mixed := marked
	if !mixed {
		if mixed, err = accents(text); err != nil {
			return nil, err
		}
	}
	if mixed {
		line, err := lineOf(text, invalid)
		if err != nil {
			return nil, err
		}
		return nil, malformed(name, line, "the line holds a byte that is not UTF-8 while others are: the file was put together from several encodings, and names would be mailed garbled. Save it again as \"CSV UTF-8\"")
	}
	return f.convert(name, raw, "Windows-1252", charmap.Windows1252)
}

// convert copies raw in UTF-8.
func (f *File) convert(name string, raw *io.SectionReader, encoding string, from encoding.Encoding) (*io.SectionReader, error) {
	f.format.Encoding = encoding
	raw.Seek(0, io.SeekStart)
	text, err := f.spool(from.NewDecoder().Reader(raw)) // it replaces what is no text
	if err != nil {
		return nil, err
	}
	_, zero, err := inspect(text)
	if err != nil {
		return nil, err
	}
	return text, noZero(name, text, zero)
}

// noZero fails if the text holds a zero byte, which is at that offset.
func noZero(name string, text *io.SectionReader, offset int64) error {
	if offset < 0 {
		return nil
	}
	line, err := lineOf(text, offset)
	if err != nil {
		return err
	}
	return malformed(name, line, "the line holds a zero byte: the file is damaged or no text; save it again as \"CSV UTF-8\"")
}

// notText names a kind of file that people give by mistake.
func notText(head string) string {
	for _, magic := range []struct{ prefix, kind string }{
		{"PK\x03\x04", "an Excel workbook (or another ZIP archive)"},
		{"\xd0\xcf\x11\xe0", "an old Excel workbook"},
		{"%PDF-", "a PDF"},
		{"\x1f\x8b", "a gzip archive"},
		{"{\\rtf", "a rich-text document"},
		{"<html", "a web page"},
		{"<!doctype", "a web page"},
	} {
		if len(head) >= len(magic.prefix) && strings.EqualFold(head[:len(magic.prefix)], magic.prefix) {
			return magic.kind
		}
	}
	return ""
}

// part returns the n bytes at an offset of text, or as many as there are.
func part(text *io.SectionReader, offset, n int64) (string, error) {
	buf := make([]byte, min(n, text.Size()-offset))
	got, err := text.ReadAt(buf, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(buf[:got]), nil
}

// inspect returns where text stops being UTF-8 and where its first zero byte
// is; -1 if neither.
func inspect(text *io.SectionReader) (invalid, zero int64, err error) {
	invalid, zero = -1, -1
	buf := make([]byte, usualBlock)
	for offset := int64(0); offset < text.Size(); {
		n, err := text.ReadAt(buf, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return -1, -1, err
		}
		block := buf[:n]
		if offset+int64(n) < text.Size() {
			block = wholeCharacters(block)
		}
		if len(block) == 0 {
			return -1, -1, ErrShorter
		}
		if i := bytes.IndexByte(block, 0); i >= 0 && zero < 0 {
			zero = offset + int64(i)
		}
		if !utf8.Valid(block) && invalid < 0 {
			invalid = offset + int64(firstInvalid(block))
		}
		offset += int64(len(block))
	}
	return invalid, zero, nil
}

// wholeCharacters returns text without the part of a character with which it
// may end.
func wholeCharacters[T string | []byte](text T) T {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRuneInString(string(text[i:])) {
				return text[:i]
			}
			break
		}
	}
	return text
}

// firstInvalid returns where text stops being UTF-8.
func firstInvalid(text []byte) int {
	i := 0
	for i < len(text) {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

// accents reports whether text holds proper UTF-8 beyond ASCII.
func accents(text *io.SectionReader) (bool, error) {
	text.Seek(0, io.SeekStart)
	r := bufio.NewReaderSize(text, usualBlock)
	for {
		c, n, err := r.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case c >= utf8.RuneSelf && n > 1:
			return true, nil
		}
	}
}

// lineOf returns the number of the line on which an offset of text stands.
func lineOf(text *io.SectionReader, offset int64) (int, error) {
	line := 1
	r := bufio.NewReaderSize(io.NewSectionReader(text, 0, offset), usualBlock)
	for last := byte(0); ; {
		c, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return line, nil
		case err != nil:
			return 0, err
		case c == '\r', c == '\n' && last != '\r':
			line++
		}
		last = c
	}
}

package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const byteOrderMark = "\xef\xbb\xbf"

// decode finds out the encoding, from all of the file, and returns its text in
// UTF-8 without byte-order mark. What is neither UTF-8 nor UTF-16 is a guess, unless
// the options name the encoding.
func (f *File) decode(name string, raw *io.SectionReader, o Options) (*io.SectionReader, error) {
	head, err := part(raw, 0, 4<<10)
	if err != nil {
		return nil, err
	}
	if kind := notText(head); kind != "" {
		return nil, malformed(name, 1, "this is %s, not a CSV file: save it as \"CSV UTF-8\" and give that file", kind)
	}
	if o.Encoding != "" {
		return f.decodeAs(name, raw, head, o.Encoding)
	}
	if order, ok := markedUTF16(head); ok {
		return f.convert(name, raw, nameUTF16, unicode.UTF16(order, unicode.ExpectBOM))
	}
	if order, ok := bareUTF16(head); ok {
		return f.convert(name, raw, nameBareUTF16, unicode.UTF16(order, unicode.IgnoreBOM))
	}
	text := raw
	f.format.Encoding = nameUTF8
	marked := strings.HasPrefix(head, byteOrderMark)
	if marked {
		f.format.Encoding = nameMarkedUTF8
		text = io.NewSectionReader(raw, int64(len(byteOrderMark)), raw.Size()-int64(len(byteOrderMark)))
	}
	invalid, zero, err := inspect(text)
	if err != nil {
		return nil, err
	}
	if invalid < 0 {
		return text, noZero(name, text, zero)
	}
	// A file that is UTF-8 but for a few bytes must not be taken for a code page,
	// which would garble all its accents. By chance, code pages make a few
	// characters of UTF-8, too.
	proper, odd, err := countCharacters(text)
	if err != nil {
		return nil, err
	}
	if marked || 2*proper >= odd {
		line, err := lineOf(text, invalid)
		if err != nil {
			return nil, err
		}
		return nil, malformed(name, line, "the line holds a byte that is not UTF-8 while others are: the file was put together from several encodings, and names would be mailed garbled. Save it again as \"CSV UTF-8\"")
	}
	if f.guess, err = guess(raw); err != nil {
		return nil, err
	}
	from, shown, _ := findEncoding(f.guess.Encoding)
	return f.convert(name, raw, shown, from)
}

// decodeAs reads raw in the encoding that the operator has named. It fails if the
// bytes are something else.
func (f *File) decodeAs(name string, raw *io.SectionReader, head, encoding string) (*io.SectionReader, error) {
	from, shown, ok := findEncoding(encoding)
	if !ok {
		return nil, fmt.Errorf("encoding %q: %w", encoding, CheckEncoding(encoding))
	}
	unfit := func(line int, why string) error {
		return malformed(name, line, "--encoding %s does not fit the file: %s. Leave it out, or give the right one", encoding, why)
	}
	order, isUTF16 := markedUTF16(head)
	switch big := order == unicode.BigEndian; {
	case isUTF16:
		if shown == "UTF-16LE" && big && !strings.EqualFold(encoding, "utf-16") || shown == "UTF-16BE" && !big || !strings.HasPrefix(shown, "UTF-16") {
			return nil, unfit(1, "it begins with the byte-order mark of UTF-16")
		}
		return f.convert(name, raw, nameUTF16, unicode.UTF16(order, unicode.ExpectBOM))
	case strings.HasPrefix(shown, "UTF-16"):
		return f.convert(name, raw, nameBareUTF16, from)
	}
	marked := strings.HasPrefix(head, byteOrderMark)
	invalid, zero, err := inspect(raw)
	if err != nil {
		return nil, err
	}
	if shown == nameUTF8 {
		if invalid >= 0 {
			line, err := lineOf(raw, invalid)
			if err != nil {
				return nil, err
			}
			return nil, unfit(line, "the line holds a byte that is not UTF-8")
		}
		return f.decode(name, raw, Options{})
	}
	if marked {
		return nil, unfit(1, "it begins with the byte-order mark of UTF-8")
	}
	proper, _, err := countCharacters(raw)
	if err != nil {
		return nil, err
	}
	if invalid < 0 && proper > 0 {
		line, err := lineOfCharacter(raw)
		if err != nil {
			return nil, err
		}
		return nil, unfit(line, "all its bytes are UTF-8, as the accents on this line show")
	}
	if zero >= 0 {
		return nil, noZero(name, raw, zero)
	}
	return f.convert(name, raw, shown, from)
}

// convert copies raw in UTF-8. It fails if the bytes do not fit the encoding, unless
// that is a guess: then the doubt is told of.
func (f *File) convert(name string, raw *io.SectionReader, shown string, from encoding.Encoding) (*io.SectionReader, error) {
	f.format.Encoding = shown
	raw.Seek(0, io.SeekStart)
	text, err := f.spool(from.NewDecoder().Reader(raw)) // it replaces what is no text
	if err != nil {
		return nil, err
	}
	_, zero, err := inspect(text)
	if err != nil {
		return nil, err
	}
	if err := noZero(name, text, zero); err != nil || f.guess != nil {
		return text, err
	}
	offset, err := undecoded(text)
	if err != nil || offset < 0 {
		return text, err
	}
	if shown == nameUTF16 || shown == nameBareUTF16 {
		// Each character can stand in such a file. It is its cell's trouble unless the
		// decoder has put it in.
		if same, err := encodesTo(text, from, raw); err != nil || same {
			return text, err
		}
	}
	line, err := lineOf(text, offset)
	if err != nil {
		return nil, err
	}
	return nil, malformed(name, line, "the line holds bytes that are no text in %s: the file is damaged or in another encoding; save it again as \"CSV UTF-8\"", shown)
}

// encodesTo reports whether raw is what a text is in an encoding.
func encodesTo(text *io.SectionReader, to encoding.Encoding, raw *io.SectionReader) (bool, error) {
	encoded := bufio.NewReader(transform.NewReader(io.NewSectionReader(text, 0, text.Size()), to.NewEncoder()))
	own := bufio.NewReader(io.NewSectionReader(raw, 0, raw.Size()))
	for {
		a, errA := encoded.ReadByte()
		b, errB := own.ReadByte()
		switch {
		case errors.Is(errA, io.EOF) && errors.Is(errB, io.EOF):
			return true, nil
		case errors.Is(errA, io.EOF), errors.Is(errB, io.EOF):
			return false, nil
		case errA != nil || errB != nil:
			return false, errors.Join(errA, errB)
		case a != b:
			return false, nil
		}
	}
}

// undecoded returns where a text holds what a decoder has put in for bytes without a
// meaning, the replacement character or a control character; -1 if nowhere.
func undecoded(text *io.SectionReader) (int64, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(text, 0, text.Size()), usualBlock)
	for offset := int64(0); ; {
		c, n, err := r.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return -1, nil
		case err != nil:
			return -1, err
		case c == utf8.RuneError, c >= 0x80 && c < 0xa0:
			return offset, nil
		}
		offset += int64(n)
	}
}

// markedUTF16 finds out whether a text begins with the byte-order mark of UTF-16.
func markedUTF16(head string) (order unicode.Endianness, ok bool) {
	if strings.HasPrefix(head, "\xfe\xff") {
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, strings.HasPrefix(head, "\xff\xfe")
}

// bareUTF16 finds out whether a text is UTF-16 without byte-order mark: then every
// other byte of what is ASCII is zero.
func bareUTF16(head string) (order unicode.Endianness, ok bool) {
	var zeros [2]int // at even places and at odd ones
	for i := range len(head) {
		if head[i] == 0 {
			zeros[i%2]++
		}
	}
	switch pairs := len(head) / 2; {
	case zeros[1]*4 >= pairs && zeros[0]*50 <= pairs && zeros[1] > 1:
		return unicode.LittleEndian, true
	case zeros[0]*4 >= pairs && zeros[1]*50 <= pairs && zeros[0] > 1:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
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

// countCharacters counts the proper characters of UTF-8 beyond ASCII in text, and the
// bytes that are none.
func countCharacters(text *io.SectionReader) (proper, odd int, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(text, 0, text.Size()), usualBlock)
	for {
		c, n, err := r.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return proper, odd, nil
		case err != nil:
			return 0, 0, err
		case c == utf8.RuneError && n == 1:
			odd++
		case c >= utf8.RuneSelf:
			proper++
		}
	}
}

// lineOfCharacter returns the line of the first character beyond ASCII.
func lineOfCharacter(text *io.SectionReader) (int, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(text, 0, text.Size()), usualBlock)
	for offset := int64(0); ; offset++ {
		if c, err := r.ReadByte(); err != nil || c >= utf8.RuneSelf {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			if err != nil {
				return 0, err
			}
			return lineOf(text, offset)
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

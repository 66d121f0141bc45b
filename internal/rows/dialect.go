package rows

import (
	"bytes"
	"io"
	"strings"
)

// delimiters are what may separate columns.
var delimiters = []byte(",;\t|")

// findDelimiter finds out what separates the columns. It returns the text from
// the header on, and the number of its first line.
func (f *File) findDelimiter(text *io.SectionReader, o Options) (*io.SectionReader, int, error) {
	var head, header string
	for n, found := int64(usualBlock), false; !found; n *= 2 {
		var err error
		if head, err = part(text, 0, n); err != nil {
			return nil, 0, err
		}
		header, found = firstLine(head)
		found = found || n >= min(text.Size(), maxRecord)
	}
	if delimiter, after := announced(head); delimiter != 0 {
		f.format.Delimiter = rune(delimiter)
		return io.NewSectionReader(text, int64(after), text.Size()-int64(after)), 2, nil
	}
	f.format.Delimiter = rune(delimiterOf(header, o.KnownColumn))
	return text, 1, nil
}

// announced reads the line "sep=;" with which Excel names the delimiter. It
// returns 0 if there is none.
func announced(text string) (delimiter byte, after int) {
	end, after := lineEnd(text)
	line := strings.Trim(text[:end], `"`)
	if len(line) != 5 || !strings.EqualFold(line[:4], "sep=") || bytes.IndexByte(delimiters, line[4]) < 0 {
		return 0, 0
	}
	return line[4], after
}

// delimiterOf returns the candidate that splits the header into the most names
// that are known, else into the most names.
func delimiterOf(header string, known func(name string) bool) byte {
	best, bestKnown, bestNames := delimiters[0], -1, -1
	for _, candidate := range delimiters {
		names := strings.Split(header, string(candidate))
		n := 0
		for _, name := range names {
			if known != nil && known(strings.Trim(name, "\" ")) {
				n++
			}
		}
		if n > bestKnown || n == bestKnown && len(names) > bestNames {
			best, bestKnown, bestNames = candidate, n, len(names)
		}
	}
	return best
}

// firstLine returns the first line that is not blank. whole is set if it has
// an end.
func firstLine(text string) (line string, whole bool) {
	for text != "" {
		end, after := lineEnd(text)
		if line = text[:end]; strings.TrimSpace(line) != "" {
			return line, end < after
		}
		text = text[after:]
	}
	return "", false
}

// unended reports whether the last line that holds anything has no end.
func (f *File) unended() (bool, error) {
	tail, err := part(f.text, max(0, f.text.Size()-usualBlock), usualBlock)
	if err != nil {
		return false, err
	}
	last := tail[strings.LastIndexAny(tail, "\r\n")+1:]
	return !blank(split(nil, last, byte(f.format.Delimiter))), nil
}

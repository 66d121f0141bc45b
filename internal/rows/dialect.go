package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// delimiters are what may separate columns.
var delimiters = []byte(",;\t|")

// delimiterNames are the words for delimiters.
var delimiterNames = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|', "bar": '|'}

// ParseDelimiter reads what an operator calls a delimiter: the character itself, or
// comma, semicolon, tab, \t or pipe.
func ParseDelimiter(text string) (rune, error) {
	if r, ok := delimiterNames[strings.ToLower(text)]; ok {
		return r, nil
	}
	if len(text) == 1 {
		if c := text[0]; c == '\t' || c > ' ' && c < 0x7f && c != '"' && !alphanumeric(c) {
			return rune(c), nil
		}
	}
	return 0, errors.New("it must be one sign of ASCII that is neither a letter, a digit, a blank nor a quote, or a word: comma, semicolon, tab, pipe")
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// findHeader finds out where the header is and what separates the columns. It returns
// the text from the header on, and the number of its first line.
func (f *File) findHeader(name string, text *io.SectionReader, o Options) (*io.SectionReader, int, error) {
	var head, header string
	line := 1
	if o.HeaderRow > 1 {
		offset, lines, err := offsetOf(text, o.HeaderRow)
		if err != nil {
			return nil, 0, err
		}
		if offset < 0 {
			return nil, 0, malformed(name, lines, "--header-row %d: the file ends with line %d", o.HeaderRow, lines)
		}
		if head, err = part(text, 0, 16); err != nil {
			return nil, 0, err
		}
		if delimiter, _ := announced(head); delimiter != 0 {
			f.format.Delimiter = rune(delimiter)
		}
		text, line = io.NewSectionReader(text, offset, text.Size()-offset), o.HeaderRow
	}
	for n, found := int64(usualBlock), false; !found; n *= 2 {
		var err error
		if head, err = part(text, 0, n); err != nil {
			return nil, 0, err
		}
		header, found = firstLine(head)
		found = found || n >= min(text.Size(), maxRecord)
	}
	if delimiter, after := announced(head); delimiter != 0 && line == 1 {
		f.format.Delimiter = rune(delimiter)
		text, line = io.NewSectionReader(text, int64(after), text.Size()-int64(after)), 2
	}
	switch {
	case o.Delimiter != 0:
		f.format.Delimiter = o.Delimiter
	case f.format.Delimiter == 0:
		f.format.Delimiter = rune(delimiterOf(header, o.KnownColumn))
	}
	return text, line, nil
}

// offsetOf returns where a line of the text starts; less than 0 if it has not so many,
// and how many it has.
func offsetOf(text *io.SectionReader, line int) (offset int64, lines int, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(text, 0, text.Size()), usualBlock)
	lines = 1
	for last := byte(0); ; offset++ {
		c, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return -1, lines, nil
		case err != nil:
			return 0, 0, err
		case last == '\n' || last == '\r' && c != '\n':
			if lines++; lines == line {
				return offset, lines, nil
			}
		}
		last = c
	}
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
		names, n := strings.Count(header, string(candidate))+1, 0
		if known != nil {
			n = knownNames(header, candidate, known)
		}
		if n > bestKnown || n == bestKnown && names > bestNames {
			best, bestKnown, bestNames = candidate, n, names
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

// lineEnds finds out whether the header's line ends as Windows has it.
func (f *File) lineEnds() error {
	before, err := part(f.text, max(0, f.start.Offset-2), 2)
	f.format.CRLF = before == "\r\n"
	return err
}

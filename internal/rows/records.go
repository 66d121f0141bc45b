package rows

import (
	"math/bits"
	"strings"
)

// table is what is known about the rows of a file. Its methods work on a text
// as if the file ended with it.
type table struct {
	delimiter byte
	columns   int   // 0 until the header is known
	addresses []int // the columns that hold e-mail addresses
}

// split appends the cells of a line without quotes. Cells are short, so it
// compares eight bytes at once rather than calling [strings.IndexByte] for each.
func split(cells []string, line string, delimiter byte) []string {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	start, i := 0, 0
	for ; i+8 <= len(line); i += 8 {
		eight := load(line[i:i+8]) ^ ones*uint64(delimiter) // zero where the delimiter is
		// The top bit of each byte that is zero, as in "Bit Twiddling Hacks".
		for hits := ^(((eight &^ tops) + ^uint64(tops)) | eight | ^uint64(tops)); hits != 0; hits &= hits - 1 {
			at := i + bits.TrailingZeros64(hits)/8
			cells = append(cells, line[start:at])
			start = at + 1
		}
	}
	for ; i < len(line); i++ {
		if line[i] == delimiter {
			cells = append(cells, line[start:i])
			start = i + 1
		}
	}
	return append(cells, line[start:])
}

// load returns eight bytes, the first as the lowest. The compiler makes it one
// instruction.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// quoted appends the cells of the record with which text begins and returns
// where the line after it starts; on trouble, where reading stopped.
func (t *table) quoted(cells []string, text string) (_ []string, end int, trouble trouble) {
	pos := 0
	for len(cells) < maxColumns {
		if pos < len(text) && text[pos] == '"' {
			end, trouble := t.closing(text, pos+1)
			if trouble != 0 {
				return cells, end, trouble
			}
			cells = append(cells, unquote(text[pos+1:end]))
			pos = end + 1
		} else {
			start := pos
			for pos < len(text) && text[pos] != '"' && !t.endsCell(text[pos]) {
				pos++
			}
			if pos < len(text) && text[pos] == '"' {
				return cells, pos, bareQuote
			}
			cells = append(cells, text[start:pos])
		}
		if pos == len(text) || text[pos] != t.delimiter {
			return cells, afterLineEnd(text, pos), 0
		}
		pos++
	}
	return cells, pos, tooManyColumns
}

// closing returns the position of the quote that closes the cell whose text
// starts at pos.
func (t *table) closing(text string, pos int) (end int, trouble trouble) {
	for {
		end = indexFrom(text, pos, '"')
		switch {
		case end == len(text):
			return end, unclosed
		case end+1 == len(text) || t.endsCell(text[end+1]):
			return end, 0
		case text[end+1] != '"':
			return end, textAfter
		}
		pos = end + 2
	}
}

// endsCell reports whether a cell ends before c.
func (t *table) endsCell(c byte) bool { return c == t.delimiter || c == '\n' || c == '\r' }

// unquote returns what stands between the quotes of a cell, with its line ends
// as line feeds.
func unquote(text string) string {
	if strings.IndexByte(text, '"') >= 0 {
		text = strings.ReplaceAll(text, `""`, `"`)
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text
}

// blank reports whether a record holds nothing, as a spreadsheet's empty row.
func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// A line ends with a line feed, a carriage return or both, each line of a file
// as it likes.

// lineEnd returns where the line with which text begins ends, and where the
// next one starts.
func lineEnd(text string) (end, after int) {
	if end = strings.IndexAny(text, "\r\n"); end < 0 {
		return len(text), len(text)
	}
	return end, afterLineEnd(text, end)
}

// afterLineEnd returns where the line end at pos ends.
func afterLineEnd(text string, pos int) int {
	switch {
	case pos == len(text):
		return pos
	case text[pos] == '\r' && pos+1 < len(text) && text[pos+1] == '\n':
		return pos + 2
	}
	return pos + 1
}

func hasLineEnd(text string) bool {
	return strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0
}

// countLines counts the line ends in text.
func countLines(text string) int {
	n := strings.Count(text, "\n")
	for i := indexFrom(text, 0, '\r'); i < len(text); i = indexFrom(text, i+1, '\r') {
		if i+1 == len(text) || text[i+1] != '\n' {
			n++
		}
	}
	return n
}

func trimLineEnds(text string) string { return strings.TrimRight(text, "\r\n") }

package rows

import (
	"fmt"
	"strings"
)

// trouble is why a record cannot be split.
type trouble uint8

const (
	bareQuote      trouble = iota + 1 // a quote inside a cell that starts without one
	textAfter                         // text between a closing quote and the delimiter
	unclosed                          // no closing quote until the end of the file
	rowsWithin                        // rows of their own within a cell
	tooLong                           // more than [maxRecord]
	tooManyColumns                    // more than [maxColumns]
)

// resume returns where records start again in text after one that cannot be
// split, whose second line starts at pos.
//
// Either the broken record ends with its first line, or it goes on as one cell
// of several lines. The next quote in the text tells: if it opens a cell of a
// record that can be read, and could not close the cell before, then the lines
// up to it are records. If it looks like the end of a cell, they are the rest
// of the broken record: text in a cell is never taken for rows. Whatever is
// passed over is part of the broken record, so that no line gets lost.
func (t *table) resume(text string, pos int) int {
	for pos < len(text) {
		quote := indexFrom(text, pos, '"')
		if quote == len(text) {
			if t.looksLikeRows(text[pos:]) {
				return pos
			}
			return len(text)
		}
		start := pos + strings.LastIndexAny(text[pos:quote], "\r\n") + 1
		if t.startsRecord(text[start:]) && (!t.closesCell(text[quote+1:]) || t.looksLikeRows(text[pos:start])) {
			return pos
		}
		_, after := lineEnd(text[quote:])
		pos = quote + after
	}
	return pos
}

// startsRecord reports whether a text seems to start with a record, be it one
// with a broken quote or a column too few of its own.
func (t *table) startsRecord(text string) bool {
	cells, _, trouble := t.quoted(nil, text)
	if trouble == 0 && t.likeHeader(cells) {
		return true
	}
	end, _ := lineEnd(text)
	return t.likeHeader(split(nil, text[:end], t.delimiter))
}

// likeHeader reports whether cells are as many as the header's, or have an
// address where one belongs.
func (t *table) likeHeader(cells []string) bool {
	return len(cells) == t.columns || t.addressed(cells)
}

// addressed reports whether cells have an address where one belongs.
func (t *table) addressed(cells []string) bool {
	for _, i := range t.addresses {
		if i < len(cells) && strings.Contains(cells[i], "@") {
			return true
		}
	}
	return false
}

// closesCell reports whether the quote before rest may close a cell, or stand
// in one doubled.
func (t *table) closesCell(rest string) bool {
	return rest == "" || rest[0] == '"' || t.endsCell(rest[0])
}

// looksLikeRows reports whether most lines of a text without quotes are like
// the header.
func (t *table) looksLikeRows(text string) bool {
	rows, others := 0, 0
	var cells []string
	for text != "" {
		end, after := lineEnd(text)
		if end > 0 {
			if cells = split(cells[:0], text[:end], t.delimiter); t.likeHeader(cells) {
				rows++
			} else {
				others++
			}
		}
		text = text[after:]
	}
	return rows >= others
}

// hidesRows reports whether a cell of several lines holds a line that is a row
// by itself, with an address where one belongs: as many columns as the header,
// or on the cell's last line as many as stand before the closing quote. Then a
// quote was lost and found again much later.
func (t *table) hidesRows(cells []string) bool {
	var inner []string
	for i, cell := range cells {
		_, text, several := strings.Cut(cell, "\n")
		for several {
			line, rest, more := strings.Cut(text, "\n")
			want := t.columns
			if !more {
				want = i + 1
			}
			if inner = split(inner[:0], line, t.delimiter); len(inner) == want && t.addressed(inner) {
				return true
			}
			text, several = rest, more
		}
	}
	return false
}

// explain says what is wrong with the record on the given line. The trouble
// was seen on another, and the record was taken to span that many lines.
func (t trouble) explain(line, seen, lines int) string {
	var text string
	switch {
	case t == unclosed:
		text = "a quote opens a cell here and is never closed: close it, or double it if it belongs to the text"
	case t == rowsWithin:
		text = "a quote opens a cell here and is not closed before other rows begin, which would become text of this cell: close it"
	case t == tooLong:
		text = fmt.Sprintf("the row does not end within %d kilobytes, and no envelope has so much to say: a quote that opens a cell is not closed, or line ends are missing", maxRecord>>10)
	case t == tooManyColumns:
		text = fmt.Sprintf("the row has more than %d columns, which is as many as a spreadsheet can have: line ends are missing", maxColumns)
	case t == textAfter && seen > line:
		text = fmt.Sprintf("a quote opens a cell here and the next one, on line %d, does not close it: close it, or double it if it belongs to the text", seen)
	case t == textAfter:
		text = "text follows a closing quote: a cell with quotes must start and end with one and double those inside"
	default:
		text = "a quote stands inside a cell that does not start with one: put the cell in quotes and double those inside"
	}
	if lines > 1 {
		text += fmt.Sprintf(". Lines %d to %d were taken for its text", line, line+lines-1)
	}
	return text
}

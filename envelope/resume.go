package envelope

import (
	"fmt"
	"strings"
)

// resume returns where records start again after one with broken quotes, whose
// second line starts at pos.
//
// Either the broken record ends with its first line, or it goes on as one cell
// of several lines. The next quote in the file tells: if it opens a cell of a
// record that can be read, and could not close the cell before, then the lines
// up to it are records. If it looks like the end of a cell, they are the rest
// of the broken record: text in a cell is never taken for rows. Whatever is
// passed over is part of the broken record, so that no line gets lost.
func (r *records) resume(pos int) int {
	for pos < len(r.text) {
		i := strings.IndexByte(r.text[pos:], '"')
		if i < 0 {
			if r.looksLikeRows(r.text[pos:]) {
				return pos
			}
			return len(r.text)
		}
		quote := pos + i
		start := pos + strings.LastIndexByte(r.text[pos:quote], '\n') + 1
		if r.startsRecord(start) && (!r.closesCell(quote) || r.looksLikeRows(r.text[pos:start])) {
			return pos
		}
		_, pos = r.lineAt(quote)
	}
	return pos
}

// startsRecord reports whether a record seems to start at pos, be it one with
// a broken quote or a column too few of its own.
func (r *records) startsRecord(pos int) bool {
	cells, _, trouble := r.quoted(nil, pos)
	if trouble == 0 && r.likeHeader(cells) {
		return true
	}
	text, _ := r.lineAt(pos)
	return r.likeHeader(strings.Split(text, string(r.comma)))
}

// likeHeader reports whether cells are as many as the header's, or have an
// address where one belongs.
func (r *records) likeHeader(cells []string) bool {
	return len(cells) == r.width || r.addressed(cells)
}

// addressed reports whether cells have an address where one belongs.
func (r *records) addressed(cells []string) bool {
	for _, i := range r.email {
		if i < len(cells) && strings.Contains(cells[i], "@") {
			return true
		}
	}
	return false
}

// closesCell reports whether the quote at pos may close a cell, or stand in
// one doubled.
func (r *records) closesCell(pos int) bool {
	rest := r.text[pos+1:]
	return strings.HasPrefix(rest, `"`) || r.ends(rest)
}

// looksLikeRows reports whether most lines of a text without quotes are like
// the header.
func (r *records) looksLikeRows(text string) bool {
	rows, others := 0, 0
	for line := range strings.Lines(text) {
		switch line = strings.TrimRight(line, "\r\n"); {
		case line == "":
		case r.likeHeader(strings.Split(line, string(r.comma))):
			rows++
		default:
			others++
		}
	}
	return rows >= others
}

// hidesRows reports whether a cell of several lines holds a line that is a row
// by itself, with an address where one belongs: as many columns as the header,
// or on the cell's last line as many as stand before the closing quote. Then a
// quote was lost and found again much later.
func (r *records) hidesRows(cells []string) bool {
	for i, cell := range cells {
		_, text, several := strings.Cut(cell, "\n")
		for several {
			line, rest, more := strings.Cut(text, "\n")
			want := r.width
			if !more {
				want = i + 1
			}
			if inner := strings.Split(line, string(r.comma)); len(inner) == want && r.addressed(inner) {
				return true
			}
			text, several = rest, more
		}
	}
	return false
}

// explain says what is wrong with the record on the given line. The trouble
// was seen on another, and the record was taken to span that many lines.
func (t quoteTrouble) explain(line, seen, lines int) *malformedError {
	var text string
	switch {
	case t == unclosed:
		text = "a quote opens a cell here and is never closed: close it, or double it if it belongs to the text"
	case t == rowsWithin:
		text = "a quote opens a cell here and is not closed before other rows begin, which would become text of this cell: close it"
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
	return &malformedError{text}
}

// malformedError is a row that cannot be read, while the next one may.
type malformedError struct{ text string }

// Error says what is wrong and how to mend it.
func (e *malformedError) Error() string { return e.text }

package rows

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"batchsend/envelope"
)

// maxColumns is how many columns a spreadsheet can have.
const maxColumns = 16_384

// Reader reads the rows of a [File]. Several Readers of one File do not disturb
// each other; one Reader serves one goroutine.
type Reader struct {
	cursor // where the next row starts, at the start of a line
	file   *File
	table  table

	end int64 // where a report's footer begins; beyond the file if there is none

	torn    int  // the line of the row whose remains the cursor is at; 0 if there are none
	midLine bool // those remains begin within a line

	named   int // how many columns there are up to the last one with a name
	rejects rejectColumns
	cells   []string // of the row that Next has returned
}

var _ envelope.RowReader = (*Reader)(nil)

// Format says how the file is written.
func (r *Reader) Format() envelope.Format { return r.file.format }

// ExpectAddresses says which columns hold e-mail addresses.
func (r *Reader) ExpectAddresses(columns []int) {
	r.table.addresses = columns
	if r.file.footer.lines > 0 && slices.ContainsFunc(columns, func(c int) bool { return c >= 0 }) {
		r.end = r.file.footer.offset
	}
}

// Seek makes the row at p the next one. p is the position of a row that Next has
// returned, but not of an [envelope.Row].Rest.
func (r *Reader) Seek(p envelope.Position) {
	r.moveTo(p.Offset, p.Line)
	r.torn, r.midLine = 0, false
}

func (r *Reader) position() envelope.Position {
	return envelope.Position{File: r.file.start.File, Line: r.line, Offset: r.at(), Sheet: r.file.start.Sheet}
}

// Next returns the next row that holds anything, or [io.EOF]. Its slice of
// cells is valid until the next call, the cells themselves are for ever.
func (r *Reader) Next() (envelope.Row, error) {
	for {
		if r.torn > 0 {
			if row, ok, err := r.remains(); ok || err != nil {
				return row, err
			}
			continue // what follows may remain of it, too
		}
		if r.at() >= r.end {
			r.file.seen.footer(r.line)
			return envelope.Row{}, io.EOF
		}
		end, after, found := r.findLine()
		switch {
		case r.ended():
			return envelope.Row{}, io.EOF
		case r.quote < end, after-r.pos > r.limit:
			if row, ok, err := r.long(); ok || err != nil {
				return row, err
			}
		case !found:
			if err := r.fill(); err != nil {
				return envelope.Row{}, err
			}
		default: // so it is nearly always: a line without quotes
			text, at := r.window[r.pos:end], r.position()
			r.pos = after
			r.line++
			if text == "" {
				continue
			}
			if len(text) > maxColumns && strings.Count(text, string(r.table.delimiter)) >= maxColumns {
				return r.unsplit(at, text, tooManyColumns.explain(0, 0, 1)), nil
			}
			r.cells = split(r.cells[:0], text, r.table.delimiter)
			if !blank(r.cells) && !r.repeatsHeader(at.Line) {
				return r.row(at), nil
			}
		}
	}
}

// long reads a row that may go on beyond its line, because there is a quote in
// it, or whose line is too long. ok is not set if the row holds nothing.
func (r *Reader) long() (row envelope.Row, ok bool, err error) {
	for {
		text, rest := r.ahead()
		cells, end, t := r.table.quoted(r.cells[:0], text)
		r.cells = cells
		switch more := end == len(text) && !rest; {
		case more && len(text) >= r.limit:
			t = tooLong
		case more && (t == 0 || t == unclosed):
			if err := r.fill(); err != nil {
				return row, false, err
			}
			continue
		}
		if t == 0 && !r.inSheet() && hasLineEnd(trimLineEnds(text[:end])) && r.table.hidesRows(cells) {
			t = rowsWithin
		}
		if t != 0 {
			row, err = r.skipBroken(t, end)
			return row, true, err
		}
		at := r.position()
		if r.advance(end); r.inSheet() {
			r.line = at.Line + 1 // whatever line breaks its cells hold
		}
		if blank(cells) || r.repeatsHeader(at.Line) {
			return row, false, nil
		}
		return r.row(at), true, nil
	}
}

// skipBroken returns a row that cannot be split and moves on to where rows begin
// again. The trouble was seen at an offset from pos.
func (r *Reader) skipBroken(t trouble, seen int) (envelope.Row, error) {
	lines, rest, err := r.linesAhead()
	if err != nil {
		return envelope.Row{}, err
	}
	at := r.position()
	seenLine := at.Line + countLines(r.window[r.pos:r.pos+seen])
	_, second := lineEnd(lines)
	text := r.take(lines, r.table.resume(lines, second), rest, at.Line)
	return r.unsplit(at, text, t.explain(at.Line, seenLine, r.line-at.Line)), nil
}

// remains returns the rest of a row that cannot be split and is too long to be
// returned at once. ok is not set if rows begin again at pos.
func (r *Reader) remains() (row envelope.Row, ok bool, err error) {
	lines, rest, err := r.linesAhead()
	if err != nil {
		return row, false, err
	}
	from := 0
	if r.midLine {
		_, from = lineEnd(lines)
	}
	at, torn := r.position(), r.torn
	text := r.take(lines, r.table.resume(lines, from), rest, torn)
	if strings.TrimSpace(text) == "" {
		return row, false, nil
	}
	row = r.unsplit(at, text, fmt.Sprintf("the text belongs to the row on line %d, which cannot be read", torn))
	row.Rest = true
	return row, true, nil
}

// take moves on by end bytes of lines and returns them. If those are all lines
// and not the rest of the file, they are part of the row on line torn, and what
// follows may be, too.
func (r *Reader) take(lines string, end int, rest bool, torn int) string {
	r.torn, r.midLine = 0, false
	if end == len(lines) && !rest {
		r.torn = torn
		r.midLine = lines[end-1] != '\n' && lines[end-1] != '\r'
	}
	r.advance(end)
	return trimLineEnds(lines[:end])
}

// row returns the cells as a row.
func (r *Reader) row(at envelope.Position) envelope.Row {
	if n := r.table.columns; n > 0 && len(r.cells) != n {
		r.fillOut(n)
	}
	row := envelope.Row{Position: at, Cells: r.cells}
	if text, ok := r.rejects.whole(r.cells); ok {
		return r.unsplit(at, text, wholeRejected)
	}
	switch n := r.table.columns; {
	case n > 0 && len(r.cells) > n && r.inSheet():
		row.Malformed = r.beyondHeader(at.Line)
	case n > 0 && len(r.cells) != n:
		row.Malformed = fmt.Sprintf("the row has %s but the header has %d: a delimiter or a quote is missing or one too many", columnCount(len(r.cells)), n)
	case r.table.unaddressed(r.cells) && isTotal(r.cells):
		row.Malformed = "the row has no address and looks like a total: remove it, or write the address of whom it is for"
	}
	return row
}

// fillOut makes a row as long as the header if that loses and invents nothing: cells
// beyond it are cut if they are empty, and empty ones are added for columns at the
// end that have no name, or that a sheet leaves out.
func (r *Reader) fillOut(columns int) {
	switch n := len(r.cells); {
	case n > columns && blank(r.cells[columns:]):
		r.cells = r.cells[:columns]
	case n < columns && (n >= r.named || r.inSheet()):
		for len(r.cells) < columns {
			r.cells = append(r.cells, "")
		}
	}
}

// wholeRejected is what is wrong with a row that a rejects file holds in one cell.
const wholeRejected = "the first cell holds the whole row as it was rejected, because it could not be split: write each of its values into the column where it belongs"

// unsplit returns a row that cannot be split.
func (r *Reader) unsplit(at envelope.Position, text, why string) envelope.Row {
	r.cells = append(r.cells[:0], text)
	return envelope.Row{Position: at, Cells: r.cells, Malformed: why}
}

func columnCount(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

package rows

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"batchsend/envelope"
)

const (
	// usualBlock is how much is read at once.
	usualBlock = 64 << 10
	// smallBlock is how much is read at once of rows that stand here and there.
	smallBlock = 4 << 10
	// maxRecord is how long a row may be, and how far reading looks ahead to find
	// out where rows begin again after one that cannot be split. It bounds the
	// memory that a Reader takes, to a few times this.
	maxRecord = 1 << 20
	// maxColumns is how many columns a spreadsheet can have.
	maxColumns = 16_384
)

// ErrShorter is a file that somebody truncates while it is read.
var ErrShorter = errors.New("the file has become shorter since it was opened")

// Reader reads the rows of a [File]. Several Readers of one File do not disturb
// each other; one Reader serves one goroutine.
type Reader struct {
	file  *File
	table table
	block int // as usualBlock and maxRecord, but for tests
	limit int

	// window is the part of the file's text in which the reader works. It is never
	// changed, only replaced, so that cells can be parts of it.
	window string
	offset int64 // of the window in the file's text
	pos    int   // where the next row starts, at the start of a line
	line   int   // the number of that line
	lf     int   // where the next line feed, carriage return and quote are, at pos or
	cr     int   // after it; len(window) if there is none, less than pos if not known
	quote  int

	end int64 // where a report's footer begins; beyond the file if there is none

	torn    int  // the line of the row whose remains are at pos; 0 if there are none
	midLine bool // those remains begin within a line

	named   int // how many columns there are up to the last one with a name
	rejects rejectColumns
	cells   []string // of the row that Next has returned
	buf     []byte   // for reading the file
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
	if in := p.Offset - r.offset; in < 0 || in > int64(len(r.window)) {
		r.window, r.offset = "", p.Offset
	}
	r.pos, r.line = int(p.Offset-r.offset), p.Line
	r.lf, r.cr, r.quote = -1, -1, -1
	r.torn, r.midLine = 0, false
}

func (r *Reader) position() envelope.Position {
	return envelope.Position{File: r.file.start.File, Line: r.line, Offset: r.offset + int64(r.pos), Sheet: r.file.start.Sheet}
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
		if r.offset+int64(r.pos) >= r.end {
			r.file.seen.footer(r.line)
			return envelope.Row{}, io.EOF
		}
		end, after, found := r.findLine()
		switch {
		case r.pos == len(r.window) && r.whole():
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

// whole reports whether the window reaches to the end of the file.
func (r *Reader) whole() bool { return r.offset+int64(len(r.window)) >= r.file.text.Size() }

// findLine returns where the line at pos ends and where the next one starts.
// They are the window's end if found is not set: then more must be read.
func (r *Reader) findLine() (end, after int, found bool) {
	if r.lf < r.pos {
		r.lf = next(r.window, r.pos, '\n')
	}
	if r.cr < r.pos {
		r.cr = next(r.window, r.pos, '\r')
	}
	if r.quote < r.pos {
		r.quote = next(r.window, r.pos, '"')
	}
	end = min(r.lf, r.cr)
	after = afterLineEnd(r.window, end)
	found = after < len(r.window) || r.whole() || r.lf < len(r.window) && r.lf == end
	return end, after, found
}

// next returns where c is in text, at from or after it; len(text) if nowhere.
func next(text string, from int, c byte) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return len(text)
}

// fill reads on, and leaves behind what lies before pos. The window grows if
// little does, so that a long row costs time in proportion to its length.
func (r *Reader) fill() error {
	left := r.window[r.pos:]
	end := r.offset + int64(len(r.window))
	n := int(min(int64(max(r.block-len(left), len(left), 1)), r.file.text.Size()-end))
	if cap(r.buf) < len(left)+n {
		r.buf = make([]byte, max(r.block, len(left)+n))
	}
	buf := r.buf[:len(left)+n]
	copy(buf, left)
	got, err := r.file.text.ReadAt(buf[len(left):], end)
	switch {
	case got == n:
	case err == nil, errors.Is(err, io.EOF):
		return ErrShorter
	default:
		return err
	}
	r.offset += int64(r.pos)
	r.window, r.pos = string(buf), 0
	r.lf, r.cr, r.quote = -1, -1, -1
	return nil
}

// ahead returns the text from pos on, as far as a row may reach, and whether
// that is the rest of the file.
func (r *Reader) ahead() (text string, rest bool) {
	text = r.window[r.pos:]
	if len(text) > r.limit {
		return text[:r.limit], false
	}
	return text, r.whole()
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
			row, err = r.recover(t, end)
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

// recover returns a row that cannot be split and moves on to where rows begin
// again. The trouble was seen at an offset from pos.
func (r *Reader) recover(t trouble, seen int) (envelope.Row, error) {
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

// linesAhead returns the lines from pos on, as far as reading looks ahead, and
// whether they are the rest of the file. A line that is longer than that comes
// without its end.
func (r *Reader) linesAhead() (lines string, rest bool, err error) {
	for len(r.window)-r.pos < r.limit && !r.whole() {
		if err := r.fill(); err != nil {
			return "", false, err
		}
	}
	lines, rest = r.ahead()
	if rest {
		return lines, true, nil
	}
	lines = strings.TrimSuffix(lines, "\r") // it may be half of a line end
	if i := strings.LastIndexAny(lines, "\r\n"); i >= 0 {
		return lines[:i+1], false, nil
	}
	return wholeCharacters(lines), false, nil
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

// advance moves on by n bytes.
func (r *Reader) advance(n int) {
	r.line += countLines(r.window[r.pos : r.pos+n])
	r.pos += n
}

// row returns the cells as a row.
func (r *Reader) row(at envelope.Position) envelope.Row {
	if n := r.table.columns; n > 0 && len(r.cells) != n {
		r.fit(n)
	}
	row := envelope.Row{Position: at, Cells: r.cells}
	if text, ok := r.rejects.whole(r.cells); ok {
		return r.unsplit(at, text, wholeRejected)
	}
	switch n := r.table.columns; {
	case n > 0 && len(r.cells) > n && r.inSheet():
		row.Malformed = r.beyondHeader(at.Line)
	case n > 0 && len(r.cells) != n:
		row.Malformed = fmt.Sprintf("the row has %s but the header has %d: a delimiter or a quote is missing or one too many", columns(len(r.cells)), n)
	case r.table.unaddressed(r.cells) && isTotal(r.cells):
		row.Malformed = "the row has no address and looks like a total: remove it, or write the address of whom it is for"
	}
	return row
}

// fit makes a row as long as the header if that loses and invents nothing: cells
// beyond it are cut if they are empty, and empty ones are added for columns at the
// end that have no name, or that a sheet leaves out.
func (r *Reader) fit(columns int) {
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

func columns(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

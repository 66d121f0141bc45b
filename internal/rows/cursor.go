package rows

import (
	"errors"
	"io"
	"strings"
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
)

// ErrShorter is a file that somebody truncates while it is read.
var ErrShorter = errors.New("the file has become shorter since it was opened")

// cursor is a place in the text of a file, and the part of the text from there on
// that has been read.
type cursor struct {
	text  *io.SectionReader
	block int // as usualBlock and maxRecord, but for tests
	limit int

	// window is a part of the text. It is never changed, only replaced, so that cells
	// can be parts of it.
	window string
	offset int64 // of the window in the text
	pos    int   // where in the window the cursor is
	line   int   // the number of the line in which that is

	// lf, cr and quote are where in the window the next line feed, carriage return and
	// quote are, at pos or after it: len(window) if there is none, less than pos if it
	// is not known.
	lf, cr, quote int

	buf []byte // for reading the text
}

// moveTo moves the cursor to an offset in the text, on the given line.
func (c *cursor) moveTo(offset int64, line int) {
	if in := offset - c.offset; in < 0 || in > int64(len(c.window)) {
		c.window, c.offset = "", offset
	}
	c.pos, c.line = int(offset-c.offset), line
	c.lf, c.cr, c.quote = -1, -1, -1
}

// at returns the cursor's offset in the text.
func (c *cursor) at() int64 { return c.offset + int64(c.pos) }

// ended reports whether the cursor is at the end of the text.
func (c *cursor) ended() bool { return c.pos == len(c.window) && c.whole() }

// whole reports whether the window reaches to the end of the file.
func (c *cursor) whole() bool { return c.offset+int64(len(c.window)) >= c.text.Size() }

// findLine returns where the line at pos ends and where the next one starts.
// They are the window's end if found is not set: then more must be read.
func (c *cursor) findLine() (end, after int, found bool) {
	if c.lf < c.pos {
		c.lf = indexFrom(c.window, c.pos, '\n')
	}
	if c.cr < c.pos {
		c.cr = indexFrom(c.window, c.pos, '\r')
	}
	if c.quote < c.pos {
		c.quote = indexFrom(c.window, c.pos, '"')
	}
	end = min(c.lf, c.cr)
	after = afterLineEnd(c.window, end)
	found = after < len(c.window) || c.whole() || c.lf < len(c.window) && c.lf == end
	return end, after, found
}

// indexFrom returns where c is in text, at from or after it; len(text) if nowhere.
func indexFrom(text string, from int, c byte) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return len(text)
}

// fill reads on, and leaves behind what lies before pos. The window grows if
// little does, so that a long row costs time in proportion to its length.
func (c *cursor) fill() error {
	left := c.window[c.pos:]
	end := c.offset + int64(len(c.window))
	n := int(min(int64(max(c.block-len(left), len(left), 1)), c.text.Size()-end))
	if cap(c.buf) < len(left)+n {
		c.buf = make([]byte, max(c.block, len(left)+n))
	}
	buf := c.buf[:len(left)+n]
	copy(buf, left)
	got, err := c.text.ReadAt(buf[len(left):], end)
	switch {
	case got == n:
	case err == nil, errors.Is(err, io.EOF):
		return ErrShorter
	default:
		return err
	}
	c.offset += int64(c.pos)
	c.window, c.pos = string(buf), 0
	c.lf, c.cr, c.quote = -1, -1, -1
	return nil
}

// ahead returns the text from pos on, as far as a row may reach, and whether
// that is the rest of the file.
func (c *cursor) ahead() (text string, rest bool) {
	text = c.window[c.pos:]
	if len(text) > c.limit {
		return text[:c.limit], false
	}
	return text, c.whole()
}

// linesAhead returns the lines from pos on, as far as reading looks ahead, and
// whether they are the rest of the file. A line that is longer than that comes
// without its end.
func (c *cursor) linesAhead() (lines string, rest bool, err error) {
	for len(c.window)-c.pos < c.limit && !c.whole() {
		if err := c.fill(); err != nil {
			return "", false, err
		}
	}
	lines, rest = c.ahead()
	if rest {
		return lines, true, nil
	}
	lines = strings.TrimSuffix(lines, "\r") // it may be half of a line end
	if i := strings.LastIndexAny(lines, "\r\n"); i >= 0 {
		return lines[:i+1], false, nil
	}
	return wholeCharacters(lines), false, nil
}

// advance moves on by n bytes.
func (c *cursor) advance(n int) {
	c.line += countLines(c.window[c.pos : c.pos+n])
	c.pos += n
}

package envelope

import (
	"fmt"
	"strings"
)

// Position is where a row stands.
type Position struct {
	File   string // as messages call it
	Line   int    // as editors and spreadsheets count, from 1; of the first line, if the row spans several
	Offset int64  // of the row's text, for its reader to find it again
	Sheet  *Sheet // of a workbook; nil if the file is none
}

// Where says where to look: file and line, or file, sheet and row.
func (p Position) Where() string {
	if p.Sheet != nil {
		return p.Sheet.where(p.File, p.Line, "")
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Row is a row as it stands in its file.
type Row struct {
	Position
	Cells []string // one for each column; of a row that cannot be split just its text
	// Malformed says why the row cannot be used and how to mend it; "" if nothing
	// is wrong with its form.
	Malformed string
	// Rest is set if the row is the end of a malformed one before it that is too long
	// to be one row.
	Rest bool
}

// cell returns what stands in a column, without surrounding space; "" if
// there is no such column.
func (r *Row) cell(column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(r.Cells[column])
}

// Format is how a file is written.
type Format struct {
	Encoding  string   // as a person calls it
	Delimiter rune     // what separates the columns
	Header    []string // as it stands in the file
	HeaderAt  Position
	CRLF      bool // lines end as Windows has it, the header's at least
	// Unended is set if the last line that holds anything has no end: the file may
	// have been cut off.
	Unended bool
}

// RowReader reads the rows of one file, in its order. Package rows has one.
type RowReader interface {
	// Format says how the file is written.
	Format() Format
	// ExpectAddresses says which columns hold e-mail addresses, before the first
	// call of Next: after a broken quote, an address where one belongs tells a row
	// from text.
	ExpectAddresses(columns []int)
	// Next returns the next row below the header that holds anything, io.EOF
	// after the last. A malformed row is no error: reading goes on. The slice
	// Cells is valid until the next call, its strings are valid for ever.
	Next() (Row, error)
	// Seek makes the row at p the next one. p is the position of a row that Next has
	// returned, but not of a [Row].Rest.
	Seek(p Position)
}

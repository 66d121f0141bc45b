package sheet

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// Writer writes a workbook with one sheet, record by record. All cells are text,
// the first record is in bold. It has the methods of [encoding/csv.Writer].
type Writer struct {
	to   io.Writer
	book *excelize.File
	out  *excelize.StreamWriter
	bold int
	rows int
	err  error
}

// writtenSheet is the name of the sheet that a Writer writes.
const writtenSheet = "Sheet1"

// NewWriter begins a workbook. Nothing is written to w before Flush.
func NewWriter(w io.Writer) (*Writer, error) {
	b := &Writer{to: w, book: excelize.NewFile()}
	var err error
	if b.bold, err = b.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return nil, err
	}
	b.out, err = b.book.NewStreamWriter(writtenSheet)
	return b, err
}

// Write adds a row. A text that is longer than a cell can hold is cut.
func (b *Writer) Write(record []string) error {
	if b.rows++; b.rows > maxRows {
		return fmt.Errorf("a sheet holds %d rows at most: write them to a .csv file", maxRows)
	}
	cells := make([]any, len(record))
	for i, text := range record {
		text = cutText(text)
		if b.rows == 1 {
			cells[i] = excelize.Cell{StyleID: b.bold, Value: text}
		} else {
			cells[i] = text
		}
	}
	return b.out.SetRow(cellName(1, b.rows), cells)
}

// Flush writes the workbook. It must be called once, at the end.
func (b *Writer) Flush() {
	if b.err = b.out.Flush(); b.err == nil {
		_, b.err = b.book.WriteTo(b.to)
	}
}

// Close removes the temporary file that many rows take, whether Flush was called or
// not.
func (b *Writer) Close() error { return b.book.Close() }

// Error returns what went wrong in Flush.
func (b *Writer) Error() error { return b.err }

// cutText makes a text fit a cell.
func cutText(text string) string {
	if !tooLong(text) {
		return text
	}
	units := 0
	for i, r := range text {
		if units += max(1, utf16.RuneLen(r)); units > maxCellCharacters-3 {
			return strings.ToValidUTF8(text[:i], "") + "..."
		}
	}
	return text
}

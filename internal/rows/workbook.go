package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/sheet"
	"batchsend/internal/spool"
)

// SheetError is a sheet that was asked for and is not there: a mistake on the command
// line.
type SheetError struct{ text string }

func (e *SheetError) Error() string { return e.text }

// maxTold is how many merged ranges are told of.
const maxTold = 10

// openWorkbook copies the sheet of a workbook as CSV to where it can be read several
// times, and says what it is like. It returns nil if the file is no workbook.
func (f *File) openWorkbook(name string, raw *io.SectionReader, o Options) (*sheet.Info, error) {
	head, err := part(raw, 0, smallBlock)
	if err != nil {
		return nil, err
	}
	is, err := sheet.Recognise([]byte(head), raw, raw.Size())
	if err != nil {
		return nil, ofSheet(name, err)
	}
	if !is {
		if o.Sheet != "" {
			return nil, &SheetError{fmt.Sprintf("--sheet %.60q: %s is no Excel workbook, so it has no sheets", o.Sheet, name)}
		}
		return nil, nil
	}
	s := &spool.Spool{}
	f.spools = append(f.spools, s)
	info, err := sheet.Convert(copied{s}, raw, raw.Size(), o.Sheet)
	if err != nil {
		return nil, ofSheet(name, err)
	}
	f.text = s.Section()
	f.format.Encoding, f.format.Delimiter = "Excel workbook", ','
	f.format.HeaderAt.Sheet = &envelope.Sheet{Name: info.Sheet}
	return info, nil
}

// ofSheet tells of an error of package sheet in the words of this one.
func ofSheet(name string, err error) error {
	if choice, ok := errors.AsType[*sheet.ChoiceError](err); ok {
		return &SheetError{fmt.Sprintf("--sheet: %s: %v", name, choice)}
	}
	bad, ok := errors.AsType[*sheet.Error](err)
	if !ok {
		return err
	}
	at := envelope.Position{File: name, Line: max(bad.Row, 1)}
	if bad.Sheet != "" && bad.Row > 0 {
		at.Sheet = &envelope.Sheet{Name: bad.Sheet}
	}
	return malformedAt(at, "%s", bad.Message)
}

// inspectSheet fails if cells of rows are merged, and notes what the operator may not
// expect of the sheet.
func (f *File) inspectSheet(info *sheet.Info) error {
	at := f.format.HeaderAt
	var problems envelope.Problems
	for _, r := range info.Merged {
		if r.LastRow < at.Line || len(problems) == maxTold {
			continue
		}
		at.Line = max(r.FirstRow, f.format.HeaderAt.Line)
		problems = append(problems, envelope.Problem{Position: at, Code: envelope.CSVMalformed, Message: fmt.Sprintf(
			"cells %.20s are merged: only the first of them holds a value, and the others would be taken for empty. Unmerge them and fill in each", r.Name)})
	}
	if len(problems) > 0 {
		return problems
	}
	note := func(format string, args ...any) { f.notes = append(f.notes, fmt.Sprintf(format, args...)) }
	if len(info.Sheets) > 1 {
		note("only sheet %q is read; the workbook has %d visible ones (--sheet NAME reads another)", info.Sheet, len(info.Sheets))
	}
	switch rows := &info.HiddenRows; {
	case rows.Len() == 1:
		note("row %s is hidden, perhaps by a filter, and is read like the others", rows.Rows())
	case rows.Len() > 1:
		note("%d rows are hidden, perhaps by a filter, and are read like the others: %s", rows.Len(), rows.Rows())
	}
	switch columns := &info.HiddenColumns; {
	case columns.Len() == 1:
		note("column %s is hidden and is read like the others", columns.Columns())
	case columns.Len() > 1:
		note("%d columns are hidden and are read like the others: %s", columns.Len(), columns.Columns())
	}
	if info.ShortDate != "" {
		note("cell %s and perhaps others are dates that each computer displays in its own way; they are read as year-month-day, such as 2026-11-29", info.ShortDate)
	}
	return nil
}

// inSheet reports whether the rows are those of a sheet. Each is one record of the
// text, without the empty cells at its end, and its number is that of the record.
func (r *Reader) inSheet() bool { return r.file.start.Sheet != nil }

// beyondHeader says which of a row's cells stands beyond the columns of the header.
func (r *Reader) beyondHeader(row int) string {
	column := r.table.columns
	for blank(r.cells[column : column+1]) {
		column++
	}
	return fmt.Sprintf("cell %s%d holds a value, but its column has no name in the header: move it to where it belongs, or name the column", sheet.ColumnName(column+1), row)
}

// newSheetRejectWriter is [NewRejectWriter] for an Excel workbook.
func newSheetRejectWriter(w io.Writer, format envelope.Format) (*RejectWriter, error) {
	out, err := sheet.NewWriter(w)
	if err != nil {
		return nil, err
	}
	r := &RejectWriter{out: out, close: out.Close, format: format, rejectColumns: rejectColumnsOf(format.Header)}
	if err := r.begin(); err != nil {
		out.Close()
		return nil, err
	}
	return r, nil
}

// NewRejectWriterFor is [NewRejectWriter] for a file whose name says what it is: an
// Excel workbook or CSV.
func NewRejectWriterFor(name string, w io.Writer, format envelope.Format) (*RejectWriter, error) {
	if IsSheet(name) {
		return newSheetRejectWriter(w, format)
	}
	return NewRejectWriter(w, format)
}

// IsSheet reports whether a file of that name is an Excel workbook.
func IsSheet(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), ".xlsx")
}

// Package rows reads input files and writes rejected rows back. It finds out how
// a file is encoded and what separates its columns, splits it into rows, and
// knows where each stands.
//
// A file is read as a stream, any number of times, in memory that does not
// depend on its size. What cannot be split is a row, too, with its text and
// what is wrong with it: every line that holds anything is part of a row.
//
// The package does not know what a row says. Which names are columns and which
// columns hold addresses, both of which help to read damaged files, it is told.
package rows

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/spool"
)

// Options help to understand a file. The zero Options know of no column.
type Options struct {
	// KnownColumn reports whether a name is surely one of a column. The delimiter
	// is the one that splits the header into the most known names. Nil knows none.
	KnownColumn func(name string) bool
	// Encoding is the name of the file's encoding, as [CheckEncoding] takes it. ""
	// finds it out.
	Encoding string
	// Delimiter separates the columns, as [ParseDelimiter] returns it. 0 finds it out.
	Delimiter rune
	// HeaderRow is the line of the header, from 1. 0 takes the first line that holds
	// anything.
	HeaderRow int
	// Sheet is the name of the sheet of a workbook to read. "" is the first visible one.
	Sheet string
}

// File is an input file that can be read several times. Its methods may be
// called from several goroutines.
type File struct {
	format envelope.Format
	text   *io.SectionReader // all rows in UTF-8, from the header on
	start  envelope.Position // of what follows the header
	spools []*spool.Spool
	guess  *Guess // nil if the encoding is known
	footer footer
	seen   seen
	notes  []string // see Notes
}

// Open finds out how a file is written and reads its header. name is what
// messages call it. It fails with [envelope.Problems] if the bytes are no CSV
// file.
//
// What r can seek in is read from there on, now and by every [Reader], so r
// must stay open as long as the File is used. What can be read only once, a
// pipe, is copied to a temporary file without a name, and so is what is not in
// UTF-8. r stays its owner's to close.
func Open(name string, r io.Reader, o Options) (*File, error) {
	f := &File{}
	if err := f.open(name, r, o); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) open(name string, r io.Reader, o Options) error {
	raw, err := f.seekable(r)
	if err != nil {
		return err
	}
	book, err := f.openWorkbook(name, raw, o)
	switch {
	case err != nil:
		return err
	case book != nil:
		if err := f.readHeader(name, 1, o); err != nil {
			return err
		}
		return f.inspectSheet(book)
	}
	text, err := f.decode(name, raw, o)
	if err != nil {
		return err
	}
	var line int
	if f.text, line, err = f.findHeader(name, text, o); err != nil {
		return err
	}
	if f.format.Unended, err = f.unended(); err != nil {
		return err
	}
	return f.readHeader(name, line, o)
}

// readHeader reads the header, which stands on that line or after it.
func (f *File) readHeader(name string, line int, o Options) error {
	f.start = envelope.Position{File: name, Line: line, Sheet: f.format.HeaderAt.Sheet}
	first := f.Rows()
	header, err := first.Next()
	for err == nil && f.start.Sheet != nil && header.Line < o.HeaderRow { // in a text the line was found before
		header, err = first.Next()
	}
	switch {
	case errors.Is(err, io.EOF) && f.start.Sheet != nil:
		return malformedAt(f.start, "the sheet is empty: its first row must name the columns (--sheet NAME reads another one)")
	case errors.Is(err, io.EOF) && o.HeaderRow > 0:
		return malformedAt(f.start, "--header-row %d: no line from there on holds anything", o.HeaderRow)
	case errors.Is(err, io.EOF):
		return malformed(name, line, "the file is empty: the first line must name the columns")
	case err != nil:
		return err
	case o.HeaderRow > 1 && header.Line != o.HeaderRow:
		asked := f.start
		asked.Line = o.HeaderRow
		return malformedAt(asked, "--header-row %d: the line is blank, the next one that holds anything is line %d", o.HeaderRow, header.Line)
	case header.Malformed != "":
		return malformedAt(header.Position, "the header cannot be read: %s", header.Malformed)
	}
	f.format.Header, f.format.HeaderAt, f.start = header.Cells, header.Position, first.position()
	if sheet := f.start.Sheet; sheet != nil {
		sheet.Header = header.Cells
	} else if err := f.lineEnds(); err != nil {
		return err
	}
	if o.HeaderRow == 0 {
		if err := f.noTitle(o.KnownColumn); err != nil {
			return err
		}
	}
	if err := f.findFooter(); err != nil {
		return err
	}
	if f.guess != nil {
		return f.showCells()
	}
	return nil
}

// Format says how the file is written.
func (f *File) Format() envelope.Format { return f.format }

// Guess says how the file was read if its encoding is a guess; nil if it is not.
func (f *File) Guess() *Guess { return f.guess }

// Notes say what the operator should know of how the file was read, and may not
// expect. None if there is nothing.
func (f *File) Notes() []string { return f.notes }

// Rows returns a reader of the rows below the header.
func (f *File) Rows() *Reader { return f.reader(usualBlock) }

// Lookup returns a reader of rows that stand here and there: it reads less at once.
func (f *File) Lookup() *Reader { return f.reader(smallBlock) }

func (f *File) reader(block int) *Reader {
	r := &Reader{
		file:    f,
		cursor:  cursor{text: f.text, block: block, limit: maxRecord},
		table:   table{delimiter: byte(f.format.Delimiter), columns: len(f.format.Header)},
		rejects: rejectColumnsOf(f.format.Header),
		end:     math.MaxInt64,
	}
	for i, name := range f.format.Header {
		if strings.TrimSpace(name) != "" {
			r.named = i + 1
		}
	}
	r.Seek(f.start)
	return r
}

// Close removes what Open has copied.
func (f *File) Close() error {
	var errs []error
	for _, s := range f.spools {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// malformed is what keeps the whole file from being read.
func malformed(file string, line int, format string, args ...any) error {
	return malformedAt(envelope.Position{File: file, Line: line}, format, args...)
}

func malformedAt(at envelope.Position, format string, args ...any) error {
	return envelope.Problems{{Position: at, Code: envelope.CSVMalformed, Message: fmt.Sprintf(format, args...)}}
}

// Package sheet reads one sheet of an Excel workbook (XLSX and its kin) as CSV.
//
// A workbook is read as a stream: memory does not depend on its size, and what a
// hostile one unpacks to is bounded. The package reads the XML by itself, for
// excelize's reader passes over XML that is cut off and over texts that are
// missing, does not tell of formulas without a result, of merged cells or hidden
// columns unless all of the sheet is in memory, and unpacks what is large into
// files with names. How numbers and dates are displayed is excelize's.
package sheet

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"batchsend/internal/spool"
)

// The limits of a workbook. The first three are Excel's own.
const (
	maxRows           = 1_048_576
	maxColumns        = 16_384
	maxCellCharacters = 32_767 // of a cell
	// maxRowBytes is how much text a row may hold, in bytes, and maxText how much a
	// sheet may, or all texts that it shares.
	maxRowBytes = 1 << 20
	maxText     = 1 << 30
	// maxShared is how many texts cells may share.
	maxShared = 1 << 23
	// maxToken is how long a tag of XML or the text between two may be, in bytes.
	maxToken = 1 << 20
	// maxSmallPart is how large a part may be that is read into memory: the list of
	// sheets, the styles. In bytes, unpacked.
	maxSmallPart = 8 << 20
	// maxPart is how large a sheet may be. What is packed better than maxRatio to 1
	// may have unpackedAnyway.
	maxPart        = 2 << 30
	maxRatio       = 200
	unpackedAnyway = 64 << 20
)

// Error is what keeps a workbook from being read.
type Error struct {
	Sheet   string // "" if it is about the whole workbook
	Row     int    // from 1; 0 if it is about the whole sheet
	Message string // what is wrong, and the cure
}

func (e *Error) Error() string { return e.Message }

// ChoiceError says that there is no sheet of the name that was asked for.
type ChoiceError struct {
	Name   string
	Sheets []string // that there are
}

func (e *ChoiceError) Error() string {
	return fmt.Sprintf("there is no sheet %q; the sheets are %s", e.Name, strings.Join(quoted(e.Sheets, 20), ", "))
}

// quoted quotes names, as many as a message can hold.
func quoted(names []string, most int) (out []string) {
	for i, name := range names {
		if i == most {
			return append(out, fmt.Sprintf("and %d more", len(names)-most))
		}
		out = append(out, fmt.Sprintf("%.60q", name))
	}
	return out
}

// Info says what was read, and what a reader of the sheet may not see or expect.
type Info struct {
	Sheet   string
	Sheets  []string // all visible ones
	LastRow int      // the last one that holds anything; 0 if none does
	// Merged are the ranges of merged cells that reach down to the header or below,
	// at most maxMerged of them.
	Merged []Range
	// HiddenRows and HiddenColumns hold values, but are not shown.
	HiddenRows, HiddenColumns Spans
	// ShortDate is the first cell whose format is the short date of whoever opens
	// the workbook, such as "C2". It is read as 2026-11-29. "" if there is none.
	ShortDate string
}

// Convert writes a sheet as CSV to w: the one of that name, or the first that is
// visible. Cells are as displayed. Each row of the sheet up to the last that holds
// anything is one record, without the empty cells at its end; a row that is empty
// is an empty line. Errors of type [*Error] and [*ChoiceError] are the workbook's.
func Convert(w io.Writer, r io.ReaderAt, size int64, name string) (info *Info, err error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged("its directory is missing or unreadable")
	}
	book, err := openBook(archive)
	if err != nil {
		return nil, err
	}
	chosen, err := book.choose(name)
	if err != nil {
		return nil, err
	}
	c := &converter{
		sheet: chosen.name,
		out:   bufio.NewWriterSize(w, 64<<10),
		info:  Info{Sheet: chosen.name, Sheets: book.visible()},
	}
	if err := c.convert(book, chosen); err != nil {
		if bad, ok := err.(*Error); ok && bad.Sheet == "" {
			bad.Sheet = chosen.name
		}
		return nil, err
	}
	return &c.info, nil
}

func (c *converter) convert(book *book, chosen listed) error {
	c.shared.text = &spool.Spool{}
	defer c.shared.text.Close()
	if part, ok := book.parts[book.sharedStrings]; ok {
		if err := c.shared.read(part); err != nil {
			return err
		}
	}
	styles, err := book.read(book.styles)
	if err != nil {
		return err
	}
	if c.formats, err = newFormats(styles, book.date1904); err != nil {
		return err
	}
	defer c.formats.close()
	part, ok := book.parts[chosen.part]
	if !ok {
		return damaged("the part that holds the sheet is missing")
	}
	if err := c.read(part); err != nil {
		return err
	}
	c.info.Merged = slices.DeleteFunc(c.info.Merged, func(r Range) bool { return r.FirstRow > c.info.LastRow })
	return c.out.Flush()
}

// damaged is a workbook that no program could have written like that.
func damaged(what string) error {
	return &Error{Message: "the workbook is damaged (" + what + "): open it in a spreadsheet program and save it again"}
}

// tooMuch is a workbook that holds more than it may.
func tooMuch(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...) + ": copy the rows into a new workbook, or save the sheet as \"CSV UTF-8\" and give that file"}
}

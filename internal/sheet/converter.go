package sheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// converter writes the rows of a sheet as CSV.
type converter struct {
	sheet   string
	shared  shared
	formats *formats
	out     *bufio.Writer
	written int64
	info    Info

	hidden  []bool   // the columns that are hidden, from 0
	cells   []string // of the row, up to the last that holds anything
	rowText int      // how much text they hold, in bytes
}

// position is where the parser is.
type position struct {
	row, column int // from 1; 0 before the first
	rowHidden   bool
	inData      bool
	inCell      bool
}

// cell is what the XML says of a cell.
type cell struct {
	kind    string // the attribute t
	style   int
	value   strings.Builder // of <v>
	inline  texts           // of <is>
	has     bool            // <v> or <is>
	formula bool
	open    string // which of its elements is being read: v, is or ""
}

func (c *converter) read(part *zip.File) error {
	p, err := openParser(part)
	if err != nil {
		return err
	}
	defer p.close()
	var at position
	var now cell
	seen := false
	for {
		token, err := p.next()
		if errors.Is(err, io.EOF) {
			if !seen {
				return damaged("the sheet holds no data")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if at.inCell {
			done, err := c.inCell(&now, &at, token)
			if err != nil {
				return err
			}
			at.inCell = !done
			continue
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "sheetData":
				if seen {
					return damaged("the sheet's data begin twice")
				}
				seen, at.inData = true, true
			case "row":
				err = c.startRow(&at, e.Attr)
			case "c":
				if at.inData && at.row > 0 {
					err = c.startCell(&now, &at, e.Attr)
				}
			case "col":
				c.hide(e.Attr)
			case "mergeCell":
				c.merge(attribute(e.Attr, "ref"))
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "sheetData":
				at.inData = false
			case "row":
				err = c.endRow(&at)
			}
		}
		if err != nil {
			return err
		}
	}
}

func attribute(attrs []xml.Attr, name string) string {
	for _, a := range attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func (c *converter) startRow(at *position, attrs []xml.Attr) error {
	if !at.inData {
		return damaged("a row stands outside of the sheet's data")
	}
	row := at.row + 1
	for _, a := range attrs {
		switch a.Name.Local {
		case "r":
			n, err := strconv.Atoi(a.Value)
			if err != nil || n < 1 {
				return damaged(fmt.Sprintf("row %.20q has no number", a.Value))
			}
			row = n
		case "hidden":
			at.rowHidden = isTrue(a.Value)
		}
	}
	switch {
	case row > maxRows:
		return damaged(fmt.Sprintf("it has a row %d, and no sheet has more than %d", row, maxRows))
	case row <= at.row:
		return damaged(fmt.Sprintf("row %d follows row %d", row, at.row))
	}
	at.row, at.column = row, 0
	c.cells, c.rowText = c.cells[:0], 0
	return nil
}

func (c *converter) startCell(now *cell, at *position, attrs []xml.Attr) error {
	column := at.column + 1
	*now = cell{}
	for _, a := range attrs {
		switch a.Name.Local {
		case "r":
			n := columnNumber(a.Value)
			if n == 0 {
				return damaged(fmt.Sprintf("row %d has a cell %.20q", at.row, a.Value))
			}
			column = n
		case "s":
			style, err := strconv.Atoi(a.Value)
			if err != nil {
				style = -1
			}
			now.style = style
		case "t":
			now.kind = a.Value
		}
	}
	if column > maxColumns {
		return damaged(fmt.Sprintf("row %d has more than %d cells", at.row, maxColumns))
	}
	if column <= at.column {
		return damaged(fmt.Sprintf("cell %s follows cell %s", cellName(column, at.row), cellName(at.column, at.row)))
	}
	at.column, at.inCell = column, true
	return nil
}

// inCell takes notice of a token within a cell. done is set at its end.
func (c *converter) inCell(now *cell, at *position, token xml.Token) (done bool, err error) {
	switch e := token.(type) {
	case xml.StartElement:
		switch name := e.Name.Local; {
		case now.open == "is":
			now.inline.see(token)
		case name == "v", name == "is":
			now.open, now.has = name, true
		case name == "f":
			now.formula = true
		case name == "c", name == "row":
			return false, damaged(fmt.Sprintf("cell %s does not end", cellName(at.column, at.row)))
		}
	case xml.EndElement:
		switch name := e.Name.Local; {
		case name == "c":
			return true, c.endCell(now, at)
		case name == now.open:
			now.open = ""
		case now.open == "is":
			now.inline.see(token)
		}
	case xml.CharData:
		switch now.open {
		case "v":
			if now.value.Len() <= maxToken {
				now.value.Write(e)
			}
		case "is":
			now.inline.see(token)
		}
	}
	return false, nil
}

// endCell puts what the cell displays into the row.
func (c *converter) endCell(now *cell, at *position) error {
	fail := func(format string, args ...any) error {
		return &Error{Row: at.row, Message: "cell " + cellName(at.column, at.row) + " " + fmt.Sprintf(format, args...)}
	}
	if now.formula && !now.has {
		return fail("holds a formula whose result is not in the file, because the program that wrote it does not calculate: open it in a spreadsheet program and save it again")
	}
	text, err := c.display(now, at)
	switch {
	case err != nil:
		return fail("cannot be read (%v): open the workbook in a spreadsheet program and save it again", err)
	case text == "":
		return nil
	case tooLong(text):
		return fail("holds more than %d characters, which is as many as a spreadsheet takes: shorten it", maxCellCharacters)
	}
	for len(c.cells) < at.column-1 {
		c.cells = append(c.cells, "")
	}
	c.cells = append(c.cells, text)
	if c.rowText += len(text); c.rowText+len(c.cells) > maxRowBytes {
		return &Error{Row: at.row, Message: fmt.Sprintf("the row holds more than %d kilobytes, and no envelope has so much to say: delete what does not belong to it", maxRowBytes>>10)}
	}
	if at.column <= len(c.hidden) && c.hidden[at.column-1] {
		c.info.HiddenColumns.add(at.column)
	}
	return nil
}

// display returns what a cell displays.
func (c *converter) display(now *cell, at *position) (string, error) {
	value := now.value.String()
	switch now.kind {
	case "s":
		if value == "" {
			return "", nil
		}
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			n = -1
		}
		text, ok, err := c.shared.at(n)
		if err == nil && !ok {
			err = errors.New("its text is missing")
		}
		return text, err
	case "str":
		return unescape(value), nil
	case "inlineStr":
		return unescape(now.inline.text.String()), nil
	case "b":
		if value == "" {
			return "", nil
		}
		if isTrue(strings.TrimSpace(value)) {
			return "TRUE", nil
		}
		return "FALSE", nil
	case "e":
		return value, nil
	case "d":
		return c.formats.isoDate(strings.TrimSpace(value), c.formats.id(now.style))
	}
	if value = strings.TrimSpace(value); value == "" {
		return "", nil
	}
	id := c.formats.id(now.style)
	if c.formats.isShortDate(id) && c.info.ShortDate == "" {
		c.info.ShortDate = cellName(at.column, at.row)
	}
	return c.formats.number(value, id)
}

// endRow writes the row, after an empty line for each row that holds nothing.
func (c *converter) endRow(at *position) error {
	hidden := at.rowHidden
	at.rowHidden = false
	if len(c.cells) == 0 {
		return nil
	}
	if hidden {
		c.info.HiddenRows.add(at.row)
	}
	for range at.row - c.info.LastRow - 1 {
		c.out.WriteByte('\n') // an error stays, and Flush returns it
	}
	c.info.LastRow = at.row
	for i, text := range c.cells {
		if i > 0 {
			c.out.WriteByte(',')
		}
		c.quote(text)
	}
	c.cells = c.cells[:0]
	if c.written += int64(c.rowText + at.column); c.written > maxText {
		return tooMuch("the sheet holds more text than a file of envelopes can")
	}
	return c.out.WriteByte('\n')
}

// quote writes a cell, in quotes if CSV needs them.
func (c *converter) quote(text string) {
	if !strings.ContainsAny(text, ",\"\r\n") {
		c.out.WriteString(text)
		return
	}
	c.out.WriteByte('"')
	c.out.WriteString(strings.ReplaceAll(text, `"`, `""`))
	c.out.WriteByte('"')
}

// hide takes notice of columns that are hidden.
func (c *converter) hide(attrs []xml.Attr) {
	first, err1 := strconv.Atoi(attribute(attrs, "min"))
	last, err2 := strconv.Atoi(attribute(attrs, "max"))
	if err1 != nil || err2 != nil || first < 1 || !isTrue(attribute(attrs, "hidden")) {
		return
	}
	last = min(last, maxColumns)
	for len(c.hidden) < last {
		c.hidden = append(c.hidden, false)
	}
	for i := first; i <= last; i++ {
		c.hidden[i-1] = true
	}
}

// merge takes notice of merged cells, such as A1:B3.
func (c *converter) merge(ref string) {
	from, to, _ := strings.Cut(ref, ":")
	first, last := rowNumber(from), rowNumber(to)
	if first == 0 || last < first || from == to || len(c.info.Merged) == maxMerged {
		return
	}
	c.info.Merged = append(c.info.Merged, Range{Name: ref, FirstRow: first, LastRow: last})
}

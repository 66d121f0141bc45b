package envelope

import (
	"strings"
)

// records splits a text into the records of a CSV file, as encoding/csv does,
// with two differences: a record knows its line, and after a broken quote the
// records that follow are found again (see [records.resume]). Cells are parts
// of the text wherever possible, so nothing is copied.
type records struct {
	text  string
	comma byte
	width int   // columns of the header; 0 until it is known
	email []int // columns that hold addresses
	pos   int   // where the next record starts, at the start of a line
	line  int   // the number of that line

	scratch []string // the cells of the record being read
	cells   room[string]
	rows    room[Row]
}

// quoteTrouble is what a record's quotes get wrong.
type quoteTrouble uint8

const (
	bareQuote  quoteTrouble = iota + 1 // inside a cell that starts without one
	textAfter                          // text between a closing quote and the delimiter
	unclosed                           // none until the end of the file
	rowsWithin                         // rows of their own within a cell
)

// next returns the next record that holds anything, nil at the end. A record
// that cannot be read comes as one cell with its text, and why.
func (r *records) next() (*Row, *malformedError) {
	for r.pos < len(r.text) {
		start, line := r.pos, r.line
		text, after := r.lineAt(start)
		if text == "" {
			r.advance(after)
			continue
		}
		cells := r.scratch[:0]
		var trouble quoteTrouble
		if strings.IndexByte(text, '"') < 0 {
			cells = r.split(cells, text)
		} else {
			var end int
			cells, end, trouble = r.quoted(cells, start)
			if trouble == 0 && end > after && r.hidesRows(cells) {
				trouble = rowsWithin
			}
			if trouble != 0 {
				seen := line + strings.Count(r.text[start:end], "\n")
				end = r.resume(after)
				r.advance(end)
				raw := strings.TrimRight(r.text[start:end], "\r\n")
				return r.row(line, []string{raw}), trouble.explain(line, seen, r.line-line)
			}
			after = end
		}
		r.advance(after)
		r.scratch = cells
		if blank(cells) {
			continue
		}
		kept := r.cells.take(len(cells))
		copy(kept, cells)
		return r.row(line, kept), nil
	}
	return nil, nil
}

// advance moves on to the line that starts at pos.
func (r *records) advance(pos int) {
	r.line += strings.Count(r.text[r.pos:pos], "\n")
	r.pos = pos
}

// ended reports whether the last line that holds anything has an end.
func (r *records) ended() bool {
	last := r.text[strings.LastIndexByte(r.text, '\n')+1:]
	return blank(r.split(nil, last))
}

// lineAt returns the line that starts at pos without its end, and where the
// next one starts.
func (r *records) lineAt(pos int) (text string, after int) {
	text, after = r.text[pos:], len(r.text)
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text, after = text[:i], pos+i+1
	}
	return strings.TrimSuffix(text, "\r"), after
}

// split appends the cells of a line without quotes.
func (r *records) split(cells []string, text string) []string {
	for {
		i := strings.IndexByte(text, r.comma)
		if i < 0 {
			return append(cells, text)
		}
		cells = append(cells, text[:i])
		text = text[i+1:]
	}
}

// quoted appends the cells of the record at pos and returns where the next
// line starts; on trouble, where reading stopped.
func (r *records) quoted(cells []string, pos int) (_ []string, after int, trouble quoteTrouble) {
	for {
		if pos < len(r.text) && r.text[pos] == '"' {
			end, trouble := r.closing(pos + 1)
			if trouble != 0 {
				return cells, end, trouble
			}
			cells = append(cells, unquote(r.text[pos+1:end]))
			pos = end + 1
		} else {
			text, _ := r.lineAt(pos)
			if i := strings.IndexByte(text, r.comma); i >= 0 {
				text = text[:i]
			}
			if i := strings.IndexByte(text, '"'); i >= 0 {
				return cells, pos + i, bareQuote
			}
			cells = append(cells, text)
			pos += len(text)
		}
		if pos < len(r.text) && r.text[pos] == r.comma {
			pos++
			continue
		}
		_, after = r.lineAt(pos)
		return cells, after, 0
	}
}

// closing returns the position of the quote that closes the cell whose text
// starts at pos.
func (r *records) closing(pos int) (end int, trouble quoteTrouble) {
	for {
		i := strings.IndexByte(r.text[pos:], '"')
		if i < 0 {
			return len(r.text), unclosed
		}
		end = pos + i
		rest := r.text[end+1:]
		switch {
		case strings.HasPrefix(rest, `"`):
			pos = end + 2
		case r.ends(rest):
			return end, 0
		default:
			return end, textAfter
		}
	}
}

// ends reports whether a cell may end before rest.
func (r *records) ends(rest string) bool {
	return rest == "" || rest[0] == r.comma || rest[0] == '\n' || rest == "\r" || strings.HasPrefix(rest, "\r\n")
}

// unquote returns what stands between the quotes of a cell.
func unquote(text string) string {
	if strings.IndexByte(text, '"') >= 0 {
		text = strings.ReplaceAll(text, `""`, `"`)
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return text
}

// row makes a row of cells.
func (r *records) row(line int, cells []string) *Row {
	row := r.rows.one()
	row.Line, row.Fields = line, cells
	return row
}

// blank reports whether a record holds nothing, as a spreadsheet's empty row.
func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	// maxMerged is how many ranges of merged cells are kept.
	maxMerged = 1000
	// maxSpans is how many spans are kept of which a message can tell.
	maxSpans = 5
)

// Range is a range of merged cells.
type Range struct {
	Name              string // as in a spreadsheet: A1:B3
	FirstRow, LastRow int
}

// Spans are rows or columns, from 1. The zero value holds none.
type Spans struct {
	spans []span
	total int
}

type span struct{ first, last int }

// Len is how many rows or columns there are.
func (s *Spans) Len() int { return s.total }

// add adds one. Rows come in order, columns may come again.
func (s *Spans) add(n int) {
	for i := range s.spans {
		switch at := &s.spans[i]; {
		case n >= at.first && n <= at.last:
			return
		case n == at.last+1 && (i+1 == len(s.spans) || n < s.spans[i+1].first):
			at.last = n
			s.total++
			return
		}
	}
	s.total++
	if len(s.spans) <= maxSpans { // one more than is told
		s.spans = append(s.spans, span{n, n})
		slices.SortFunc(s.spans, func(a, b span) int { return a.first - b.first })
	}
}

// Rows names them as rows: "5 to 9 and 12".
func (s *Spans) Rows() string { return s.list(strconv.Itoa) }

// Columns names them as columns: "C to E".
func (s *Spans) Columns() string { return s.list(ColumnName) }

func (s *Spans) list(name func(int) string) string {
	var out []string
	for i, at := range s.spans {
		switch {
		case i == maxSpans:
			out = append(out, "others")
		case at.first == at.last:
			out = append(out, name(at.first))
		default:
			out = append(out, fmt.Sprintf("%s to %s", name(at.first), name(at.last)))
		}
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

// ColumnName returns the letters of a column that a sheet can have, from 1.
func ColumnName(n int) string {
	name, _ := excelize.ColumnNumberToName(n)
	return name
}

func cellName(column, row int) string { return ColumnName(column) + strconv.Itoa(row) }

// columnNumber returns the column of a cell such as C5; 0 if it has none that
// a sheet can have.
func columnNumber(cell string) (n int) {
	for i := 0; i < len(cell); i++ {
		c := cell[i] &^ 0x20 // upper case
		if c < 'A' || c > 'Z' || cell[i] < 'A' {
			if cell[i] < '0' || cell[i] > '9' {
				return 0
			}
			break
		}
		if n = n*26 + int(c-'A'+1); n > maxColumns {
			return 0
		}
	}
	return n
}

// rowNumber returns the row of a cell such as C5; 0 if it has none.
func rowNumber(cell string) int {
	n, err := strconv.Atoi(strings.TrimLeft(strings.ReplaceAll(cell, "$", ""), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if err != nil || n < 1 || n > maxRows {
		return 0
	}
	return n
}

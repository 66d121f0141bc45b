package envelope

import (
	"fmt"
	"slices"
	"strings"
)

// Sheet is the sheet of a workbook in which rows stand. Rows of one sheet share it.
type Sheet struct {
	Name   string
	Header []string // by column, from A on; as in [Problem].Column
}

// where names a cell as spreadsheets do, Sheet1!C5, or a row if column is not in the
// header.
func (s *Sheet) where(file string, row int, column string) string {
	sheet := s.Name
	if strings.ContainsFunc(sheet, func(r rune) bool { return r < 0x80 && !isWord(r) }) {
		sheet = "'" + strings.ReplaceAll(sheet, "'", "''") + "'"
	}
	if i := slices.Index(s.Header, column); i >= 0 && column != "" {
		return fmt.Sprintf("%s: %s!%s%d", file, sheet, Letter(i), row)
	}
	where := fmt.Sprintf("%s: %s row %d", file, sheet, row)
	if column != "" {
		where += fmt.Sprintf(": column %q", Short(column))
	}
	return where
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

package rows_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// reference reads a file as simply as can be, the whole text in memory and all
// line ends made line feeds: what the stream is held against.
type reference struct {
	text      string
	delimiter string
	width     int
	addresses []int
	line      int
	header    []string
	footer    int // the line on which a footer begins; 0 if there is none
}

// lineFeeds makes all line ends line feeds.
func lineFeeds(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// found is a row as both readers tell it.
type found struct {
	Line      int
	Cells     []string
	Malformed string
}

// next returns the next row; ok is not set at the end.
func (f *reference) next() (row found, ok bool) {
	for f.text != "" {
		_, after := f.cutLine(f.text)
		cells, rest, trouble := f.record(f.text)
		if trouble == "" && len(rest) < len(after) && f.rowsWithin(cells) {
			trouble = "rows within"
		}
		start := f.line
		if trouble != "" {
			seen := start + strings.Count(f.text[:len(f.text)-len(rest)], "\n")
			raw := f.moveTo(f.resume(after))
			return found{start, []string{strings.TrimRight(raw, "\n")}, f.explain(trouble, start, seen)}, true
		}
		if f.footer > 0 && start >= f.footer {
			return found{}, false
		}
		f.moveTo(rest)
		if strings.TrimSpace(strings.Join(cells, "")) == "" || f.header != nil && slices.Equal(append([]string{strings.TrimPrefix(cells[0], "\ufeff")}, cells[1:]...), f.header) {
			continue
		}
		if f.width > 0 {
			for len(cells) > f.width && strings.TrimSpace(strings.Join(cells[f.width:], "")) == "" {
				cells = cells[:f.width]
			}
			for len(cells) < f.width && strings.TrimSpace(strings.Join(f.header[len(cells):], "")) == "" {
				cells = append(cells, "")
			}
		}
		row = found{Line: start, Cells: cells}
		switch {
		case f.width == 0:
		case len(cells) == f.width:
			if f.isTotal(cells) {
				row.Malformed = "the row has no address and looks like a total: remove it, or write the address of whom it is for"
			}
		case len(cells) == 1:
			row.Malformed = fmt.Sprintf("the row has 1 column but the header has %d: a delimiter or a quote is missing or one too many", f.width)
		default:
			row.Malformed = fmt.Sprintf("the row has %d columns but the header has %d: a delimiter or a quote is missing or one too many", len(cells), f.width)
		}
		return row, true
	}
	return found{}, false
}

// isTotal knows the words and numbers of the tests.
func (f *reference) isTotal(cells []string) bool {
	for _, i := range f.addresses {
		if cells[i] != "" {
			return false
		}
	}
	text := strings.ToLower(strings.Join(strings.Fields(strings.Join(cells, " ")), " "))
	return len(f.addresses) > 0 && regexp.MustCompile(`^[0-9. ]*(total|sum)[0-9. ]*$`).MatchString(text) && strings.ContainsAny(text, "0123456789")
}

// explain says what is wrong with the row on line start, which the reader has
// just passed.
func (f *reference) explain(trouble string, start, seen int) string {
	if trouble == "text after" && seen > start {
		trouble = "text after, later"
	}
	text := map[string]string{
		"bare":              "a quote stands inside a cell that does not start with one: put the cell in quotes and double those inside",
		"unclosed":          "a quote opens a cell here and is never closed: close it, or double it if it belongs to the text",
		"rows within":       "a quote opens a cell here and is not closed before other rows begin, which would become text of this cell: close it",
		"text after":        "text follows a closing quote: a cell with quotes must start and end with one and double those inside",
		"text after, later": fmt.Sprintf("a quote opens a cell here and the next one, on line %d, does not close it: close it, or double it if it belongs to the text", seen),
	}[trouble]
	if f.line-start > 1 {
		text += fmt.Sprintf(". Lines %d to %d were taken for its text", start, f.line-1)
	}
	return text
}

// moveTo moves on to rest and returns what lies before it.
func (f *reference) moveTo(rest string) string {
	before := f.text[:len(f.text)-len(rest)]
	f.line += strings.Count(before, "\n")
	f.text = rest
	return before
}

func (f *reference) cutLine(text string) (line, after string) {
	line, after, _ = strings.Cut(text, "\n")
	return line, after
}

// record splits the record at the start of text. rest is what follows, or on
// trouble where it was seen.
func (f *reference) record(text string) (cells []string, rest, trouble string) {
	for {
		if !strings.HasPrefix(text, `"`) {
			end := strings.IndexAny(text, f.delimiter+"\n")
			if end < 0 {
				end = len(text)
			}
			cell := text[:end]
			if i := strings.Index(cell, `"`); i >= 0 {
				return cells, text[i:], "bare"
			}
			cells, text = append(cells, cell), text[end:]
		} else {
			var cell strings.Builder
			text = text[1:]
			for {
				inner, after, closed := strings.Cut(text, `"`)
				cell.WriteString(inner)
				if !closed {
					return cells, "", "unclosed"
				}
				if !strings.HasPrefix(after, `"`) {
					if !f.ends(after) {
						return cells, text[len(inner):], "text after"
					}
					text = after
					break
				}
				cell.WriteByte('"')
				text = after[1:]
			}
			cells = append(cells, cell.String())
		}
		if !strings.HasPrefix(text, f.delimiter) {
			return cells, strings.TrimPrefix(text, "\n"), ""
		}
		text = text[1:]
	}
}

// ends reports whether a cell may end before rest.
func (f *reference) ends(rest string) bool {
	return rest == "" || rest[0] == '\n' || strings.HasPrefix(rest, f.delimiter)
}

// resume returns where rows begin again in text, which follows the first line
// of a row that cannot be split.
func (f *reference) resume(text string) string {
	for text != "" {
		before, after, more := strings.Cut(text, `"`)
		if !more {
			if f.mostlyRows(text) {
				return text
			}
			return ""
		}
		lines := before[:strings.LastIndex(before, "\n")+1]
		begin := text[len(lines):]
		cells, _, trouble := f.record(begin)
		line, _ := f.cutLine(begin)
		isRow := trouble == "" && f.likeHeader(cells) || f.likeHeader(strings.Split(line, f.delimiter))
		closes := strings.HasPrefix(after, `"`) || f.ends(after)
		if isRow && (!closes || f.mostlyRows(lines)) {
			return text
		}
		_, text = f.cutLine(text[len(before):])
	}
	return text
}

func (f *reference) likeHeader(cells []string) bool {
	return len(cells) == f.width || f.addressed(cells)
}

func (f *reference) addressed(cells []string) bool {
	for _, i := range f.addresses {
		if i < len(cells) && strings.Contains(cells[i], "@") {
			return true
		}
	}
	return false
}

// mostlyRows reports whether most lines that are not empty are like the header.
func (f *reference) mostlyRows(text string) bool {
	balance := 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			continue
		}
		if f.likeHeader(strings.Split(line, f.delimiter)) {
			balance++
		} else {
			balance--
		}
	}
	return balance >= 0
}

// rowsWithin reports whether a cell hides rows.
func (f *reference) rowsWithin(cells []string) bool {
	for i, cell := range cells {
		lines := strings.Split(cell, "\n")
		for n, line := range lines[1:] {
			want := f.width
			if n == len(lines)-2 {
				want = i + 1
			}
			if inner := strings.Split(line, f.delimiter); len(inner) == want && f.addressed(inner) {
				return true
			}
		}
	}
	return false
}

package rows

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"batchsend/envelope"
)

// Reports and files put together hold lines that are no rows: a title above the
// header, the header again, totals, and a footer that says who made the report.

// aheadLines is how many lines below the first may be a title's, and footerLines how
// many a footer may have that hold anything.
const (
	aheadLines  = 20
	footerLines = 20
)

// noTitle fails if a line further down looks more like a header than the first one
// does.
func (f *File) noTitle(known func(name string) bool) error {
	if known == nil {
		return nil
	}
	taken := 0
	for _, name := range f.format.Header {
		if known(strings.TrimSpace(name)) {
			taken++
		}
	}
	text, err := part(f.text, f.start.Offset, usualBlock)
	if err != nil {
		return err
	}
	for line, left := f.start.Line, aheadLines; text != "" && left > 0; line++ {
		end, after := lineEnd(text)
		if strings.TrimSpace(text[:end]) != "" {
			left--
			for _, delimiter := range delimiters {
				if n := knownNames(text[:end], delimiter, known); n >= 2 && n > 2*taken {
					return malformedAt(f.format.HeaderAt, "%[1]s %[2]d is taken for the header, but %[1]s %[3]d looks like it: --header-row %[3]d", f.lineWord(), f.format.HeaderAt.Line, line)
				}
			}
		}
		text = text[after:]
	}
	return nil
}

// knownNames counts the known names of columns on a line.
func knownNames(line string, delimiter byte, known func(name string) bool) (n int) {
	for name := range strings.SplitSeq(line, string(delimiter)) {
		if known(strings.Trim(name, "\" ")) {
			n++
		}
	}
	return n
}

// footer is where a report's footer stands in the text.
type footer struct {
	offset int64
	lines  int    // from its first line to its last one; 0 if there is no footer
	first  string // its first line
}

// findFooter looks for a footer at the end of the file: below a blank line, lines
// with at most one cell that holds anything, and no address. A row of the table has
// more, or is no use.
func (f *File) findFooter() error {
	if len(f.format.Header) < 2 {
		return nil
	}
	from := max(f.start.Offset, f.text.Size()-usualBlock)
	text, err := part(f.text, from, usualBlock)
	if err != nil {
		return err
	}
	if from > f.start.Offset { // it may begin within a line
		_, after := lineEnd(text)
		from, text = from+int64(after), text[after:]
	}
	type line struct {
		offset int
		text   string // "" if it is blank
	}
	var tail []line // blank lines and such of a footer, at the end
	t := table{delimiter: byte(f.format.Delimiter)}
	for offset := 0; offset < len(text); {
		end, after := lineEnd(text[offset:])
		switch cell, ok := t.footerCell(text[offset : offset+end]); {
		case ok:
			tail = append(tail, line{offset, cell})
		default:
			tail = tail[:0]
		}
		offset += after
	}
	above := slices.IndexFunc(tail, func(l line) bool { return l.text == "" })
	if above < 0 {
		return nil
	}
	tail = tail[above:]
	for len(tail) > 0 && tail[0].text == "" {
		tail = tail[1:]
	}
	filled := 0
	for i, l := range tail {
		if l.text != "" {
			filled++
			f.footer.lines = i + 1
		}
	}
	if filled == 0 || filled > footerLines {
		f.footer = footer{}
		return nil
	}
	f.footer.offset, f.footer.first = from+int64(tail[0].offset), tail[0].text
	f.format.Unended = false // the rows end well above
	return nil
}

// footerCell returns the only cell of a line that holds anything, "" if none does. ok
// is not set if the line cannot be a footer's.
func (t *table) footerCell(line string) (cell string, ok bool) {
	if strings.IndexByte(line, '@') >= 0 {
		return "", false
	}
	cells, _, trouble := t.quoted(nil, line)
	if trouble != 0 {
		return "", false
	}
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if c != "" && cell != "" {
			return "", false
		}
		cell += c
	}
	return cell, true
}

// seen is what readers have come across that is no row.
type seen struct {
	mu         sync.Mutex
	headers    []int // the lines that repeat the header
	footerLine int   // where the footer begins; 0 if no reader has reached it
}

// maxHeaders is how many repeated headers are remembered.
const maxHeaders = 1000

func (s *seen) header(line int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, again := slices.BinarySearch(s.headers, line); !again && len(s.headers) < maxHeaders {
		s.headers = slices.Insert(s.headers, i, line)
	}
}

func (s *seen) footer(line int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.footerLine = line
}

// lineWord is what a person calls a line of the file: a workbook has rows.
func (f *File) lineWord() string {
	if f.start.Sheet != nil {
		return "row"
	}
	return "line"
}

// Ignored is what a file holds besides rows.
type Ignored struct {
	Line int // the first one
	What string
}

// Ignored tells what readers have passed over so far, in the order of the file.
func (f *File) Ignored() (all []Ignored) {
	f.seen.mu.Lock()
	defer f.seen.mu.Unlock()
	line := f.lineWord()
	if lines := f.seen.headers; len(lines) > 0 {
		what := fmt.Sprintf("%s %d repeats the header: it is ignored", line, lines[0])
		if more := len(lines) - 1; more > 0 {
			what = fmt.Sprintf("%s %d repeats the header, and so do %d more, up to %s %d: they are ignored", line, lines[0], more, line, lines[more])
		}
		all = append(all, Ignored{lines[0], what})
	}
	if first := f.seen.footerLine; first > 0 {
		where := fmt.Sprintf("%s %d looks", line, first)
		if n := f.footer.lines; n > 1 {
			where = fmt.Sprintf("%ss %d to %d look", line, first, first+n-1)
		}
		all = append(all, Ignored{first, fmt.Sprintf("%s like a report's footer (%q): ignored", where, envelope.Short(f.footer.first))})
	}
	return all
}

// repeatsHeader reports whether the cells are the header's, as where files were put
// together, and notes the line.
func (r *Reader) repeatsHeader(line int) bool {
	header := r.file.format.Header
	if len(header) != len(r.cells) || len(r.cells[0]) < len(header[0]) ||
		strings.TrimPrefix(r.cells[0], byteOrderMark) != header[0] || !slices.Equal(r.cells[1:], header[1:]) {
		return false
	}
	r.file.seen.header(line)
	return true
}

// unaddressed reports whether there are columns of addresses and all are empty.
func (t *table) unaddressed(cells []string) bool {
	none := false
	for _, i := range t.addresses {
		if i < 0 || i >= len(cells) {
			continue
		}
		if cells[i] != "" {
			return false
		}
		none = true
	}
	return none
}

// totals are the words with which a row of totals begins, in lower case.
var totals = []string{
	"total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "zwischensumme", "somme", "sous-total", "total général",
	"totale", "totaal", "suma", "razem", "summa", "sammanlagt", "totalt", "i alt", "yhteensä", "celkem", "spolu", "összesen", "итого", "toplam", "合計",
}

// isTotal reports whether a row holds a total: a word for it, numbers, nothing else.
func isTotal(cells []string) bool {
	word, numbers := false, 0
	for _, cell := range cells {
		cell = strings.ToLower(strings.Trim(cell, " :\t\u00a0"))
		switch {
		case cell == "":
		case slices.Contains(totals, cell):
			word = true
		case isNumber(cell):
			numbers++
		default:
			return false
		}
	}
	return word && numbers > 0
}

// isNumber takes sums of money and percentages for numbers, too.
func isNumber(text string) bool {
	digits := 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !unicode.IsSpace(r) && !unicode.Is(unicode.Sc, r) && !strings.ContainsRune(".,'’+-−%", r):
			return false
		}
	}
	return digits > 0
}

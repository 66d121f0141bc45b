package report

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"batchsend/envelope"
	"batchsend/internal/censor"
)

// tableRows is how many envelopes the table shows; a results file has all.
const tableRows = 20

// The widest that cells of the table are shown, so that most tables fit a
// terminal of 80 columns. What is to be copied is never cut.
const (
	labelWidth = 16
	nameWidth  = 20
)

// WriteTable writes a short table of what became of envelopes, of which shown are
// some. several says that a line number alone does not say which row.
func WriteTable(w io.Writer, shown []Entry, counts Counts, several bool) error {
	if len(shown) > 0 {
		rows := [][]string{{"LINE", "ENVELOPE", "RECIPIENTS", "STATUS", "ENVELOPE ID"}}
		for _, e := range shown {
			line := strconv.Itoa(e.Draft.Position().Line)
			if several {
				line = e.Draft.Position().Where()
			}
			rows = append(rows, []string{
				printable(line), Cut(Dash(e.Draft.Label), labelWidth), recipients(e.Draft),
				printable(status(e.Outcome)), Dash(string(e.Outcome.ID)),
			})
		}
		if err := Columns(w, rows); err != nil {
			return err
		}
	}
	switch hidden := Number(counts.Total() - len(shown)); {
	case hidden == "0":
	case len(shown) == 0:
		fmt.Fprintln(w, "--results FILE writes what became of each envelope")
	default:
		fmt.Fprintf(w, "... and %s more; --results FILE writes them all\n", hidden)
	}
	_, err := fmt.Fprintln(w, counts)
	return err
}

// Notable picks the envelopes that a table shows, by their numbers. If all fit, it
// picks all, in their order. Else it picks those that need attention, the most urgent
// first, then those that are not done, and none of which all is well.
func Notable(statuses iter.Seq2[int, envelope.Status]) (picked []int) {
	byUrgency := make([][]int, len(urgent)+1)
	var first []int
	total := 0
	for n, status := range statuses {
		if total++; total <= tableRows {
			first = append(first, n)
		}
		i := slices.Index(urgent, status)
		switch {
		case i >= 0:
		case slices.Contains(well, status):
			continue
		default:
			i = len(urgent)
		}
		if len(byUrgency[i]) < tableRows {
			byUrgency[i] = append(byUrgency[i], n)
		}
	}
	if total <= tableRows {
		return first
	}
	picked = slices.Concat(byUrgency...)
	return picked[:min(len(picked), tableRows)]
}

// well are the statuses of envelopes of which nobody need know more.
var well = []envelope.Status{envelope.Sent, envelope.AlreadySent, envelope.Valid}

func status(out envelope.Outcome) string {
	if out.Code == "" {
		return string(out.Status)
	}
	return string(out.Status) + " " + out.Code
}

// recipients names the first recipient and counts the rest.
func recipients(d *envelope.Draft) string {
	name := ""
	for i := range d.Recipients {
		if name = d.Recipients[i].Name(); name != "" {
			break
		}
	}
	more := ""
	if len(d.Recipients) > 1 {
		more = " +" + strconv.Itoa(len(d.Recipients)-1)
	}
	return Cut(Dash(name), nameWidth-len(more)) + more
}

// printable keeps a cell from steering the terminal, or the eye: what turns
// text around is replaced as well.
func printable(s string) string { return censor.Visible(s) }

// Width returns how many columns of a terminal a text takes.
func Width(s string) int { return uniseg.StringWidth(s) }

// Cut shortens a text to n columns of a terminal. It takes no character apart, whatever it is
// composed of.
func Cut(s string, n int) string {
	if Width(s) <= n {
		return s
	}
	n-- // for the ellipsis
	rest, state := s, -1
	for rest != "" {
		_, after, columns, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if n -= columns; n < 0 {
			break
		}
		rest, state = after, next
	}
	return s[:len(s)-len(rest)] + "…"
}

// Dash returns s for a terminal, or a dash for nothing.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

// String says in one line how many envelopes came to what.
func (c Counts) String() string {
	var parts []string
	for _, s := range Statuses() {
		if n := c[s]; n > 0 {
			parts = append(parts, Number(n)+" "+strings.ReplaceAll(string(s), "-", " "))
		}
	}
	if len(parts) == 0 {
		return "no envelopes"
	}
	return Plural(c.Total(), "envelope") + ": " + strings.Join(parts, ", ")
}

// Number writes n with a comma between thousands.
func Number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural counts a noun: "1 envelope", "2,000 envelopes".
func Plural(n int, noun string) string { return Number(n) + " " + PluralWord(n, noun) }

// PluralWord returns the noun as it follows n.
func PluralWord(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// Columns writes rows as an aligned table; the first is the heading.
func Columns(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-Width(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Local writes a time as the operator's clock shows it.
func Local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

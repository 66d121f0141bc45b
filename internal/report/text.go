package report

import (
	"fmt"
	"io"
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

// WriteTable writes a short table of what became of the envelopes. If there
// are more than fit, those that need attention are chosen first.
func WriteTable(w io.Writer, entries []Entry) error {
	shown, hidden := choose(entries)
	if len(shown) > 0 {
		rows := [][]string{{"LINE", "ENVELOPE", "RECIPIENTS", "STATUS", "ENVELOPE ID"}}
		several := severalFiles(entries)
		for _, e := range shown {
			line := strconv.Itoa(e.Draft.Position().Line)
			if several {
				line = e.Draft.Position().Where()
			}
			rows = append(rows, []string{
				printable(line), cut(Dash(e.Draft.Label), labelWidth), recipients(e.Draft),
				printable(status(e.Outcome)), Dash(string(e.Outcome.ID)),
			})
		}
		if err := Columns(w, rows); err != nil {
			return err
		}
	}
	if hidden > 0 {
		fmt.Fprintf(w, "... and %s more; --results FILE writes them all\n", Number(hidden))
	}
	_, err := fmt.Fprintln(w, Total(entries))
	return err
}

// severalFiles reports whether a line number alone does not say which row.
func severalFiles(entries []Entry) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Draft.In != entries[0].Draft.In })
}

// choose picks the entries that the table shows, in input order.
func choose(entries []Entry) (shown []Entry, hidden int) {
	urgency := func(e Entry) int {
		return max(slices.Index([]envelope.Status{envelope.Rejected, envelope.Failed, envelope.Unknown}, e.Outcome.Status), -1)
	}
	picked := make([]int, len(entries))
	for i := range picked {
		picked[i] = i
	}
	slices.SortStableFunc(picked, func(a, b int) int { return urgency(entries[b]) - urgency(entries[a]) })
	picked = picked[:min(len(picked), tableRows)]
	slices.Sort(picked)
	for _, i := range picked {
		shown = append(shown, entries[i])
	}
	return shown, len(entries) - len(shown)
}

func status(out envelope.Outcome) string {
	if out.Code == "" {
		return string(out.Status)
	}
	return string(out.Status) + " " + out.Code
}

// recipients names the first recipient and counts the rest.
func recipients(d *envelope.Draft) string {
	name := ""
	for i := range d.Parts {
		if name = d.Parts[i].Name(); name != "" {
			break
		}
	}
	more := ""
	if len(d.Parts) > 1 {
		more = " +" + strconv.Itoa(len(d.Parts)-1)
	}
	return cut(Dash(name), nameWidth-len(more)) + more
}

// printable keeps a cell from steering the terminal, or the eye: what turns
// text around is replaced as well.
func printable(s string) string { return censor.Visible(s) }

// width returns how many columns of a terminal a text takes.
func width(s string) int { return uniseg.StringWidth(s) }

// cut shortens a text to n columns. It takes no character apart, whatever it is
// composed of.
func cut(s string, n int) string {
	if width(s) <= n {
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

// Total says in one line how many envelopes came to what.
func Total(entries []Entry) string {
	counts := Count(entries)
	var parts []string
	for _, s := range Statuses() {
		if n := counts[s]; n > 0 {
			parts = append(parts, Number(n)+" "+strings.ReplaceAll(string(s), "-", " "))
		}
	}
	if len(parts) == 0 {
		return "no envelopes"
	}
	return Plural(len(entries), "envelope") + ": " + strings.Join(parts, ", ")
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
			widths[i] = max(widths[i], width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
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

package report

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"batchsend/envelope"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"number": Number,
	"words":  func(s envelope.Status) string { return strings.ReplaceAll(string(s), "-", " ") },
}).Parse(page))

// pageRow is one recipient in the page's table.
type pageRow struct {
	File, Envelope, Role, Name, Email string
	Line                              int
	Outcome                           envelope.Outcome
}

// WriteHTML writes one page that can be mailed or kept: the counts, the
// problems, and a line for each recipient. several says that a line number alone does
// not say which row.
func WriteHTML(w io.Writer, s *Summary, entries Entries, several bool) (err error) {
	rows := func(yield func(pageRow) bool) {
		for e, failed := range entries {
			if failed != nil {
				err = failed
				return
			}
			for i := range e.Draft.Recipients {
				p := &e.Draft.Recipients[i]
				row := pageRow{
					File: e.Draft.In.Name(), Envelope: e.Draft.Label, Line: p.Row.Line,
					Role: p.Role, Name: p.Name(), Email: p.Email(), Outcome: e.forRow(p.Row),
				}
				if !yield(row) {
					return
				}
			}
		}
	}
	written := pageTemplate.Execute(w, map[string]any{
		"Summary": s, "Rows": rows, "Several": several, "Statuses": Statuses(), "Total": s.Counts.String(),
		"When": time.Now().Format("2006-01-02 15:04 MST"),
	})
	return cmp.Or(err, written)
}

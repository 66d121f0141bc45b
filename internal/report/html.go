package report

import (
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
// problems, and a line for each recipient.
func WriteHTML(w io.Writer, s *Summary, entries []Entry) error {
	var rows []pageRow
	for _, line := range inOrder(entries) {
		rows = append(rows, pageRow{
			File: line.entry.Draft.In.Name, Envelope: line.entry.Draft.Label, Line: line.part.Row.Line,
			Role: line.part.Role, Name: line.part.Name(), Email: line.part.Email(), Outcome: line.entry.forRow(line.part.Row),
		})
	}
	return pageTemplate.Execute(w, map[string]any{
		"Summary": s, "Rows": rows, "Several": severalFiles(entries), "Statuses": Statuses(), "Total": Total(entries),
		"When": time.Now().Format("2006-01-02 15:04 MST"),
	})
}

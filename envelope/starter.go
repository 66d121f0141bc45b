package envelope

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"batchsend/template"
)

// Starter is the beginning of a CSV file for a template: a header, and the rows of one
// envelope in which the people and their values are still to be filled in.
type Starter struct {
	Header []string
	Rows   [][]string
	// Notes say what the file cannot hold, or why no envelope can be sent.
	Notes []string
}

// NewStarter returns the starter file of a template in a form, Long or Wide. Recipients
// whom the template itself names get neither row nor column. Cells for tabs are empty,
// also those of lists: a value that nobody chose must not be sent. The error says why
// the form cannot be used for the template.
func NewStarter(t *template.Template, form Form) (*Starter, error) {
	s := &Starter{}
	var roles []*template.Role
	for _, r := range t.Placeholders() {
		if problem := unusable(t, r); problem != nil {
			s.note("no envelope can be sent: %s", problem.text)
			continue
		}
		if r.Check == template.PhoneCheckBlank {
			s.note("no envelope can be sent: %s must prove by telephone who they are, and the template has no number", r.Title())
		}
		roles = append(roles, r)
	}
	if t.NoDocument {
		s.note("no envelope can be sent: template %q has no document", t.Name)
	}
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			s.note("no envelope can be sent: the sender must fill field %q on document %q (prefill), and a file cannot", tab.Label, t.Documents[i].Name)
		}
	}
	if form == Wide {
		for _, r := range roles {
			switch {
			case t.Shared(r):
				return nil, fmt.Errorf("template %q has several roles called %q, which a file with one row per envelope cannot tell apart: use one row per recipient", t.Name, r.Name)
			case strings.Contains(r.Name, roleMark) || strings.HasSuffix(r.Name, ":"):
				return nil, fmt.Errorf("role %q cannot stand before %q in a column's name: use one row per recipient", r.Name, roleMark)
			}
		}
		s.wide(roles)
	} else {
		s.long(roles)
	}
	for _, f := range t.Fields {
		if s.fits("envelope custom field", f.Name) {
			s.column(fieldPrefix + f.Name)
		}
	}
	for i := range s.Rows {
		s.Rows[i] = append(s.Rows[i], make([]string, len(s.Header)-len(s.Rows[i]))...)
	}
	for _, cell := range slices.Concat(append(s.Rows, s.Header)...) {
		if strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@") {
			s.note("%q looks like a formula: a spreadsheet must open the file with all columns as text", cell)
		}
	}
	return s, nil
}

func (s *Starter) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(s.Notes, text) {
		s.Notes = append(s.Notes, text)
	}
}

// column adds a column unless there is one that would be read as the same.
func (s *Starter) column(name string) {
	if !slices.Contains(s.Header, name) {
		s.Header = append(s.Header, name)
	}
}

// fits reports whether a label can stand in a column's name, and notes if it cannot.
func (s *Starter) fits(what, label string) bool {
	trimmed := strings.TrimSpace(label)
	if trimmed == "" || strings.HasPrefix(trimmed, ":") {
		s.note("%s %q cannot stand in a column's name: it keeps the template's value", what, label)
		return false
	}
	return true
}

// long lays out one row for each recipient.
func (s *Starter) long(roles []*template.Role) {
	s.Header = []string{colEnvelope, colRole, colOrder, colName, colEmail}
	if slices.ContainsFunc(roles, func(r *template.Role) bool { return r.NeedsAccessCode }) {
		s.column(colAccessCode)
	}
	for _, r := range roles {
		s.Rows = append(s.Rows, []string{"1", r.Name, strconv.Itoa(r.RoutingOrder)})
		for _, label := range r.Labels() {
			if s.fits("tab", label) {
				s.column(tabPrefix + strings.TrimSpace(label))
			}
		}
	}
}

// wide lays out one row for each envelope.
func (s *Starter) wide(roles []*template.Role) {
	s.Header, s.Rows = []string{colEnvelope}, [][]string{{"1"}}
	for _, r := range roles {
		of := r.Name + roleMark
		s.column(of + "Name")
		s.column(of + "Email")
		if r.NeedsAccessCode {
			s.column(of + colAccessCode)
		}
		for _, label := range r.Labels() {
			if !s.fits("tab", label) {
				continue
			}
			label = strings.TrimSpace(label)
			if _, marked := prefixed(label, tabPrefix); marked || slices.Contains(recipientNames, canonical(label)) {
				label = tabPrefix + label // else it would be read as something else
			}
			s.column(of + label)
		}
	}
}

// Records returns the header and the rows.
func (s *Starter) Records() [][]string { return append([][]string{s.Header}, s.Rows...) }

// Write writes the file as CSV.
func (s *Starter) Write(w io.Writer) error { return csv.NewWriter(w).WriteAll(s.Records()) }

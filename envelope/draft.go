package envelope

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Draft is an envelope in the making: the rows that belong to one envelope
// and, once a [Checker] has seen them, what came of it.
type Draft struct {
	In    *Input
	Label string // the cell of the envelope column, or ""
	Rows  []*Row // in the order of the file
	Parts []Part // the recipients as given

	// TemplateID is the template that the rows or the defaults name, once the
	// draft has been checked.
	TemplateID string
	// Identity is set once the draft has been checked, whether or not anything is
	// wrong with it, unless a row cannot be read.
	Identity Identity
	// Envelope is set if nothing is wrong, Problems otherwise, in the order of
	// their lines.
	Envelope *Envelope
	Problems []Problem
	// Repeats is the code for which the envelope would have been rejected, had
	// the operator not allowed repeats; "" if there is none.
	Repeats Code

	// What belongs to the envelope and may stand on any of its rows.
	values []said // by index in valueColumns
	fields []said // by index among the layout's custom fields

	malformed bool      // a row cannot be read
	read      []Problem // found in reading
	fit       *fit      // to its template, once known
	blank     []*wanted // tabs left empty without which nobody can sign
}

// said is a value of the envelope and the row it stood on.
type said struct {
	index int // which value
	value string
	row   *Row
}

// Position is where the draft's first row stands.
func (d *Draft) Position() Position { return d.Rows[0].Position }

// reject records a problem with a row.
func (d *Draft) reject(row *Row, column string, code Code, format string, args ...any) {
	d.Problems = append(d.Problems, Problem{
		Position: row.Position, Column: column, Code: code, Message: fmt.Sprintf(format, args...),
	})
}

// sort puts the problems in the order of their lines.
func (d *Draft) sort() {
	slices.SortStableFunc(d.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// Reject rejects the whole draft for a reason that its file does not show.
func (d *Draft) Reject(code Code, message string) {
	d.Problems = append(d.Problems, Problem{Position: d.Position(), Code: code, Message: message})
	d.Envelope = nil
}

// addParts makes of a row its recipients: one, or in a wide file one a role.
func (d *Draft) addParts(g *grouper, row *Row) {
	l := d.In.layout
	if d.Parts == nil {
		n := d.usualRows()
		d.Rows, d.Parts = g.rows.take(n)[:0], g.parts.take(len(l.roles) * n)[:0]
	}
	for _, p := range l.roles {
		part := Part{Row: row, Role: p.role, place: p}
		if l.form == Long {
			part.Role = row.Cells[p.roleName]
		}
		d.Parts = append(d.Parts, part)
	}
}

// usualRows is how many rows a draft mostly has.
func (d *Draft) usualRows() int {
	if d.In.Form == Long && d.Label != "" {
		return 2
	}
	return 1
}

// merge takes over what a row says of its envelope. Rows may leave such cells
// empty but must not disagree.
func (d *Draft) merge(g *grouper, row *Row, rec *record) {
	l := d.In.layout
	if l.values > 0 {
		for i, value := range [...]string{ // as valueColumns
			rec.TemplateID, rec.EmailSubject, rec.EmailBlurb, rec.ReminderDelay, rec.ReminderFrequency, rec.ExpireAfter, rec.ExpireWarn,
		} {
			if value = strings.TrimSpace(value); value == "" {
				continue
			}
			if valueColumns[i] == colTemplate {
				value = templateID(value)
			}
			d.values = d.mergeValue(g, d.values, l.values, said{i, value, row}, valueColumns[i])
		}
	}
	for i, f := range l.fields {
		if value := row.cell(f.column); value != "" {
			d.fields = d.mergeValue(g, d.fields, len(l.fields), said{i, value, row}, l.names[f.column])
		}
	}
}

// mergeValue adds a column's value to those of earlier rows, of which there
// are at most room.
func (d *Draft) mergeValue(g *grouper, all []said, room int, v said, column string) []said {
	for i := range all {
		first := &all[i]
		if first.index != v.index {
			continue
		}
		if first.value != v.value {
			d.reject(v.row, d.In.heading(column), RowDisagrees, "%q here but %q on line %d, and both rows belong to envelope %q: this value is the envelope's, give it once or alike",
				v.value, first.value, first.row.Line, d.Label)
		}
		return all
	}
	if all == nil {
		all = g.said.take(room)[:0]
	}
	return append(all, v)
}

// templateID returns an ID as the account spells it.
func templateID(text string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(text), "{}"))
}

// said returns what the rows say of a column of the envelope; nil if nothing.
func (d *Draft) said(column string) *said {
	for i := range d.values {
		if valueColumns[d.values[i].index] == column {
			return &d.values[i]
		}
	}
	return nil
}

// value returns what the rows give for a column of the envelope.
func (d *Draft) value(column string) string {
	if v := d.said(column); v != nil {
		return v.value
	}
	return ""
}

// place returns the row that fills a column of the envelope, and the column
// as the header calls it; the first row and "" if none does.
func (d *Draft) place(column string) (row *Row, heading string) {
	if v := d.said(column); v != nil {
		return v.row, d.In.heading(column)
	}
	return d.Rows[0], ""
}

// heading returns the header's text for one of a recipient's columns.
func (d *Draft) heading(p *Part, column string) string {
	if p.place.role != "" {
		column = p.place.role + roleMark + column
	}
	return d.In.heading(column)
}

package envelope

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Draft is an envelope in the making: the rows that belong to one envelope
// and, once a [Checker] has seen them, what came of it.
//
// A draft may be used again for another envelope. Then all that it has handed out
// but strings is overwritten.
type Draft struct {
	In         *Input
	Label      string         // the cell of the envelope column, or ""
	Rows       []Row          // in the order of the file
	Recipients []RecipientRow // the recipients as given

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
	// Warnings tell what is odd about cells and no reason to reject them, whether or
	// not Envelope is set.
	Warnings []Problem

	// What belongs to the envelope and may stand on any of its rows.
	values [valueCount]cellValue
	fields []cellValue // as far as rows give any

	malformed bool           // a row cannot be read
	fit       *fit           // to its template
	blank     []*requiredTab // tabs left empty without which nobody can sign

	cells   []string // of all rows
	checked Envelope // where Envelope points
}

// RecipientRow is one recipient as a row gives it, before anything is checked.
type RecipientRow struct {
	Row  *Row
	Role string // as the cell or the column's name has it; "" in a [Bare] file

	columns      *recipientColumns // nil if the row is malformed
	surnameFirst bool              // set by the check
}

// Name returns the recipient's name as given, without surrounding space.
func (p *RecipientRow) Name() string {
	if p.columns == nil {
		return ""
	}
	if len(p.columns.moreNames) > 0 {
		return p.joinedName()
	}
	return p.Row.cell(p.columns.name)
}

// joinedName returns the name that stands in several columns.
func (p *RecipientRow) joinedName() string {
	parts := []string{p.Row.cell(p.columns.name)}
	for _, column := range p.columns.moreNames {
		parts = append(parts, p.Row.cell(column))
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

// Email returns the address as given, without surrounding space.
func (p *RecipientRow) Email() string {
	if p.columns == nil {
		return ""
	}
	return p.Row.cell(p.columns.email)
}

// cellValue is a value of the envelope and the row it stood on; nil if no row gives it.
type cellValue struct {
	index int // of a custom field, among the layout's
	value string
	row   *Row
}

// reset makes d an empty draft of a file. It keeps its memory.
func (d *Draft) reset(in *Input) {
	d.In, d.Label, d.TemplateID, d.Identity = in, "", "", Identity{}
	d.Rows, d.Recipients, d.cells = d.Rows[:0], d.Recipients[:0], d.cells[:0]
	d.Envelope, d.Problems, d.Warnings = nil, d.Problems[:0], d.Warnings[:0]
	d.malformed, d.fit = false, nil
}

// add adds a row.
func (d *Draft) add(row *Row) {
	n := len(d.cells)
	d.cells = append(d.cells, row.Cells...)
	d.Rows = append(d.Rows, *row)
	d.Rows[len(d.Rows)-1].Cells = d.cells[n:len(d.cells):len(d.cells)]
}

// addRecipients makes of the rows their recipients: one a row, or in a wide file
// one a role.
func (d *Draft) addRecipients() {
	l := d.In.layout
	d.Recipients = d.Recipients[:0]
	for i := range d.Rows {
		row := &d.Rows[i]
		if row.Malformed != "" {
			d.malformed = true
			d.Recipients = append(d.Recipients, RecipientRow{Row: row})
			continue
		}
		for _, p := range l.roles {
			recipient := RecipientRow{Row: row, Role: p.role, columns: p}
			if l.form == Long && p.roleName >= 0 {
				recipient.Role = row.Cells[p.roleName]
			}
			d.Recipients = append(d.Recipients, recipient)
		}
	}
}

// Position is where the draft's first row stands.
func (d *Draft) Position() Position { return d.Rows[0].Position }

// Malformed reports whether a row cannot be read.
func (d *Draft) Malformed() bool { return d.malformed }

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

// merge takes over what a row says of its envelope. Rows may leave such cells
// empty but must not disagree.
func (d *Draft) merge(row *Row, rec *record) {
	l := d.In.layout
	if l.values > 0 {
		for i, value := range [...]string{ // as valueColumns
			rec.TemplateID, rec.EmailSubject, rec.EmailBlurb, rec.ReminderDelay, rec.ReminderFrequency, rec.ExpireAfter, rec.ExpireWarn,
		} {
			if value = strings.TrimSpace(value); value == "" {
				continue
			}
			if i == valueTemplate {
				value = templateID(value)
			}
			if first := &d.values[i]; first.row == nil {
				*first = cellValue{i, value, row}
			} else {
				d.agree(first, row, value, valueColumns[i])
			}
		}
	}
	for i, f := range l.fields {
		value := row.cell(f.column)
		if value == "" {
			continue
		}
		if at := slices.IndexFunc(d.fields, func(s cellValue) bool { return s.index == i }); at < 0 {
			d.fields = append(d.fields, cellValue{i, value, row})
		} else {
			d.agree(&d.fields[at], row, value, l.names[f.column])
		}
	}
}

// agree rejects a row whose value for a column is another than that of an earlier row.
func (d *Draft) agree(first *cellValue, row *Row, value, column string) {
	if first.value != value {
		d.reject(row, d.In.heading(column), RowDisagrees, "%q here but %q on line %d, and both rows belong to envelope %q: this value is the envelope's, give it once or alike",
			value, first.value, first.row.Line, d.Label)
	}
}

// templateID returns an ID as the account spells it.
func templateID(text string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(text), "{}"))
}

// template returns which template the rows name, "" if none.
func (d *Draft) template() string {
	for i := range d.Rows {
		if row := &d.Rows[i]; row.Malformed == "" {
			if value := row.cell(d.In.layout.template); value != "" {
				return templateID(value)
			}
		}
	}
	return ""
}

// givenOn returns the row that fills a column of the envelope, by its index in
// valueColumns, and the column as the header calls it; the first row and "" if none
// does.
func (d *Draft) givenOn(value int) (row *Row, heading string) {
	if row := d.values[value].row; row != nil {
		return row, d.In.heading(valueColumns[value])
	}
	return &d.Rows[0], ""
}

// heading returns the header's text for one of a recipient's columns.
func (d *Draft) heading(p *RecipientRow, column string) string {
	if p.columns.role != "" {
		column = p.columns.role + roleMark + column
	}
	return d.In.heading(column)
}

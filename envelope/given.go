package envelope

import (
	"slices"
	"strings"
)

// givenValues are what the rows of a draft give for the envelope as a whole: each of
// these values may stand on any of its rows.
type givenValues struct {
	values [valueCount]cellValue // of valueColumns
	fields []cellValue           // custom fields, of which rows give any
}

// cellValue is a value of the envelope and the row it stood on; nil if no row gives it.
type cellValue struct {
	index int // of a custom field, among the layout's
	value string
	row   *Row
}

func (g *givenValues) reset() { g.values, g.fields = [valueCount]cellValue{}, g.fields[:0] }

// value returns a value by its index in valueColumns, "" if no row gives it.
func (g *givenValues) value(i int) string { return g.values[i].value }

// field returns the value of the layout's custom field i, "" if no row gives it.
func (g *givenValues) field(i int) string {
	for _, v := range g.fields {
		if v.index == i {
			return v.value
		}
	}
	return ""
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
			if first := &d.given.values[i]; first.row == nil {
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
		if at := slices.IndexFunc(d.given.fields, func(s cellValue) bool { return s.index == i }); at < 0 {
			d.given.fields = append(d.given.fields, cellValue{i, value, row})
		} else {
			d.agree(&d.given.fields[at], row, value, l.names[f.column])
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

// givenOn returns the row that fills a column of the envelope, by its index in
// valueColumns, and the column as the header calls it; the first row and "" if none
// does.
func (d *Draft) givenOn(value int) (row *Row, heading string) {
	if row := d.given.values[value].row; row != nil {
		return row, d.In.heading(valueColumns[value])
	}
	return &d.Rows[0], ""
}

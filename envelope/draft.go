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
	// Envelope is set if nothing is wrong.
	Envelope *Envelope
	Findings

	given  givenValues    // for the envelope as a whole
	fit    *fit           // to its template
	blank  []*requiredTab // tabs left empty without which nobody can sign
	memory draftMemory
}

// Findings are what a check has found out about a draft.
type Findings struct {
	// Problems are why the envelope is rejected, in the order of their lines.
	Problems []Problem
	// Warnings tell what is odd about cells and no reason to reject them, whether or
	// not there are Problems.
	Warnings []Problem
}

func (f *Findings) reset() { f.Problems, f.Warnings = f.Problems[:0], f.Warnings[:0] }

// reject records a problem with a row.
func (f *Findings) reject(row *Row, column string, code Code, format string, args ...any) {
	f.Problems = append(f.Problems, problemOn(row, column, code, format, args...))
}

// warn records a warning about a row.
func (f *Findings) warn(row *Row, column string, code Code, format string, args ...any) {
	f.Warnings = append(f.Warnings, problemOn(row, column, code, format, args...))
}

func problemOn(row *Row, column string, code Code, format string, args ...any) Problem {
	return Problem{Position: row.Position, Column: column, Code: code, Message: fmt.Sprintf(format, args...)}
}

// sort puts the problems in the order of their lines.
func (f *Findings) sort() {
	slices.SortStableFunc(f.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// draftMemory is what a draft that is used again for another envelope overwrites.
type draftMemory struct {
	cells    []string // of all rows
	envelope Envelope // where [Draft.Envelope] points
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

// reset makes d an empty draft of a file. It keeps its memory.
func (d *Draft) reset(in *Input) {
	d.In, d.Label, d.TemplateID, d.Identity = in, "", "", Identity{}
	d.Rows, d.Recipients, d.memory.cells = d.Rows[:0], d.Recipients[:0], d.memory.cells[:0]
	d.Envelope, d.fit = nil, nil
	d.Findings.reset()
}

// add adds a row.
func (d *Draft) add(row *Row) {
	all := d.memory.cells
	n := len(all)
	all = append(all, row.Cells...)
	d.Rows = append(d.Rows, *row)
	d.Rows[len(d.Rows)-1].Cells = all[n:len(all):len(all)]
	d.memory.cells = all
}

// addRecipients makes of the rows their recipients: one a row, or in a wide file
// one a role.
func (d *Draft) addRecipients() {
	l := d.In.layout
	d.Recipients = d.Recipients[:0]
	for i := range d.Rows {
		row := &d.Rows[i]
		if row.Malformed != "" {
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
func (d *Draft) Malformed() bool {
	for i := range d.Rows {
		if d.Rows[i].Malformed != "" {
			return true
		}
	}
	return false
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

// heading returns the header's text for one of a recipient's columns.
func (d *Draft) heading(p *RecipientRow, column string) string {
	if p.columns.role != "" {
		column = p.columns.role + roleMark + column
	}
	return d.In.heading(column)
}

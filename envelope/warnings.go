package envelope

import "fmt"

// Oddities gathers the warnings of drafts, in memory that does not grow with the
// file. The zero value has none.
type Oddities struct {
	warnings []Problem
	kinds    map[oddity]*told
	names    map[*recipientColumns]*nameOrder
	columns  []*recipientColumns // of names, in the order in which they came up
}

// oddity is what a warning is of.
type oddity struct {
	file, column string
	code         Code
}

// told is how often a kind of warning came up.
type told struct {
	count int
	last  int // of Oddities.warnings
}

// mostOddities is how many warnings of one column are told one by one, and
// mostColumns of how many columns any are.
const (
	mostOddities = 100
	mostColumns  = 50
)

// nameOrder counts the names of a column.
type nameOrder struct {
	names, surnameFirst int
	first               Problem // at the first name with the surname first
}

// Add takes note of a checked draft. Rows of one envelope may come in several drafts,
// but each row only once.
func (o *Oddities) Add(d *Draft) {
	for _, w := range d.Warnings {
		o.add(w)
	}
	for i := range d.Recipients {
		if p := &d.Recipients[i]; p.columns != nil {
			o.addName(d, p)
		}
	}
}

func (o *Oddities) add(w Problem) {
	key := oddity{w.File, w.Column, w.Code}
	kind := o.kinds[key]
	if kind == nil {
		if len(o.kinds) == mostColumns {
			return
		}
		if o.kinds == nil {
			o.kinds = map[oddity]*told{}
		}
		kind = new(told)
		o.kinds[key] = kind
	}
	if kind.count++; kind.count <= mostOddities {
		kind.last = len(o.warnings)
		o.warnings = append(o.warnings, w)
	}
}

// addName counts how a name is written.
func (o *Oddities) addName(d *Draft, p *RecipientRow) {
	column := o.names[p.columns]
	if column == nil {
		if o.names == nil {
			o.names = map[*recipientColumns]*nameOrder{}
		}
		column = new(nameOrder)
		o.names[p.columns] = column
		o.columns = append(o.columns, p.columns)
	}
	column.names++
	if !p.surnameFirst {
		return
	}
	if column.surnameFirst++; column.surnameFirst == 1 {
		column.first = Problem{Position: p.Row.Position, Column: d.heading(p, colName), Code: TextInvalid, Message: p.Name()}
	}
}

// Warnings returns the warnings in the order in which they came up; then one for each
// column of names of which at least half have the surname first.
func (o *Oddities) Warnings() []Problem {
	for _, kind := range o.kinds {
		if more := kind.count - mostOddities; more > 0 {
			o.warnings[kind.last].Message += fmt.Sprintf(". There are %d more warnings of this column further down", more)
			kind.count = mostOddities
		}
	}
	all := o.warnings
	for _, c := range o.columns {
		if n := o.names[c]; n.surnameFirst > 1 && 2*n.surnameFirst >= n.names {
			w := n.first
			w.Message = fmt.Sprintf("%d of %d names have a comma, of which %q is the first: DocuSign shows names as they stand; write given name and surname in the order in which the document shall show them", n.surnameFirst, n.names, Short(w.Message))
			all = append(all[:len(all):len(all)], w)
		}
	}
	return all
}

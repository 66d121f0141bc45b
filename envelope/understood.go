package envelope

import (
	"fmt"
	"strings"
)

// Letter returns what a spreadsheet calls a column: A, B, ... Z, AA, for 0, 1, ... 25, 26.
func Letter(column int) string {
	letters := ""
	for column++; column > 0; column = (column - 1) / 26 {
		letters = string(rune('A'+(column-1)%26)) + letters
	}
	return letters
}

// purposes are what the columns hold, as a person would say it.
var purposes = map[string]string{
	colEnvelope: "envelope", colRole: "role", colOrder: "routing order", colName: "name", colEmail: "e-mail",
	colTemplate: "template", colSubject: "subject of the e-mail", colBlurb: "text of the e-mail",
	colDelay: "first reminder", colFrequency: "later reminders", colExpire: "expiration", colWarn: "warning of expiration",
	colNote: "private message", colAccessCode: "access code", colPhone: "phone",
	ColRejectCode: "nothing (a rejects file says why)", ColRejectMessage: "nothing (a rejects file says why)",
}

// Mapped reports whether a mapping has given columns other names than the header.
func (in *Input) Mapped() bool {
	for i := range in.layout.headings {
		if in.layout.headings[i].mapped {
			return true
		}
	}
	return false
}

// Columns says of each column how it was understood, such as
//
//	column C "Signer Email" -> role Tenant, e-mail
func (in *Input) Columns() (lines []string) {
	l := in.layout
	for i := range l.headings {
		if h := &l.headings[i]; !h.empty() {
			lines = append(lines, fmt.Sprintf("column %s %q -> %s", Letter(i), Short(h.raw), l.purpose(i)))
		}
	}
	return lines
}

// purpose says what column i holds.
func (l *layout) purpose(i int) string {
	h := &l.headings[i]
	switch {
	case h.joins:
		for j := range l.headings {
			for _, more := range l.headings[j].joined {
				if more == i {
					return l.purpose(j) + ", continued"
				}
			}
		}
	case h.ignored:
		return "ignored"
	case l.misread(i), len(l.problems) > 0 && l.open(i):
		return "not understood"
	}
	name, role := l.names[i], ""
	if before, after, ok := strings.Cut(name, roleMark); ok && l.form == Wide {
		role, name = "role "+before+", ", after
	}
	if label, ok := strings.CutPrefix(name, tabPrefix); ok {
		return fmt.Sprintf("%stab %q", role, label)
	}
	if field, ok := strings.CutPrefix(name, fieldPrefix); ok {
		return fmt.Sprintf("envelope custom field %q", field)
	}
	return role + purposes[name]
}

// open reports whether it may still be asked what column i is: it is unknown, or
// only a template can tell whether it has a tab of that name.
func (l *layout) open(i int) bool {
	return l.misread(i) || l.form == Bare && strings.HasPrefix(l.names[i], tabPrefix) && !isTab(l.headings[i].name)
}

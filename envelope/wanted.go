package envelope

import (
	"fmt"
	"slices"

	"batchsend/template"
)

// wanted is a tab that must not stay empty and to which the template gives no
// value.
type wanted struct {
	role *template.Role
	tab  *template.Tab
	// unreachable is set if no value for the label gets there: DocuSign would
	// fill another tab, or none.
	unreachable bool

	// Of a tab without which DocuSign sends but nobody can sign: how many
	// envelopes leave it empty, and the first of them.
	empty int
	first *Draft
}

// wantedTabs finds the tabs that must not stay empty, each label once.
func wantedTabs(t *template.Template) []*wanted {
	var all []*wanted
	for i := range t.Roles {
		role := &t.Roles[i]
		for j := range role.Tabs {
			tab := &role.Tabs[j]
			if tab.Filled || !tab.SenderRequired && !tab.Unsignable() {
				continue
			}
			w := &wanted{role: role, tab: tab}
			w.unreachable = !tab.Type.Fillable() || tab.Alone() && slices.ContainsFunc(role.Tabs[:j], w.isLike)
			again := slices.ContainsFunc(all, func(o *wanted) bool {
				return o.role == role && o.isLike(*tab) && o.unreachable == w.unreachable && o.tab.SenderRequired == tab.SenderRequired
			})
			if !again {
				all = append(all, w)
			}
		}
	}
	return all
}

// isLike reports whether a tab of the same role bears the same label.
func (w *wanted) isLike(tab template.Tab) bool {
	return tab.Type == w.tab.Type && tab.Label == w.tab.Label
}

// checkWanted rejects the draft if it leaves a tab empty that the sender must
// fill, and notes the tabs that it leaves empty for ever.
func (d *Draft) checkWanted(s *scratch) {
	for _, w := range d.fit.wanted {
		i := slices.Index(s.roles, w.role)
		if i < 0 && w.role.Placeholder() {
			continue // nobody has the role, which is a problem by itself
		}
		row, column := d.Rows[0], ""
		if i >= 0 {
			var filled bool
			if row, column, filled = d.columnOf(&d.Parts[i], w); filled && !w.unreachable {
				continue
			}
		}
		if !w.tab.SenderRequired {
			d.blank = append(d.blank, w)
			continue
		}
		d.reject(row, column, TabValue, "tab %q of %s has no value, and the template says that the sender must give one: DocuSign would refuse the envelope (ENVELOPE_IS_INCOMPLETE); %s",
			w.tab.Label, w.role.Title(), w.cure(d.In))
	}
}

// columnOf returns where a part says what goes in the tab, and whether it says
// anything.
func (d *Draft) columnOf(p *Part, w *wanted) (row *Row, column string, filled bool) {
	columns := d.fit.tabs[p.place.index][roleIndex(d.fit.source.Template, w.role)]
	for i, c := range p.place.tabs {
		if slices.Contains(columns[i], w.tab) {
			return p.Row, d.In.Header[c.column], p.Row.cell(c.column) != ""
		}
	}
	return p.Row, "", false
}

// cure says how the tab gets its value.
func (w *wanted) cure(in *Input) string {
	switch {
	case w.unreachable && w.tab.Type.Fillable():
		return "several tabs bear the label and only the first can be filled: give this one another label in the template"
	case w.unreachable || w.role.Refusal() != nil:
		return "no file can fill it: give it a value in the template, or let its recipient fill it"
	case in.Form == Wide:
		return fmt.Sprintf("fill a column \"%s%s%s\"", w.role.Name, roleMark, w.tab.Label)
	}
	return fmt.Sprintf("fill a column \"%s%s\"", tabPrefix, w.tab.Label)
}

// unsignable warns of tabs that accepted envelopes leave empty and that their
// recipients must fill and cannot: once a tab, at the first envelope.
func unsignable(drafts []*Draft) (warnings []Problem) {
	var all []*wanted
	for _, d := range drafts {
		if d.Envelope == nil {
			continue
		}
		for _, w := range d.blank {
			if w.empty++; w.empty == 1 {
				w.first = d
				all = append(all, w)
			}
		}
	}
	for _, w := range all {
		var where string
		if w.empty > 1 {
			where = fmt.Sprintf(" in %d envelopes, of which this is the first", w.empty)
		}
		warnings = append(warnings, Problem{
			Position: w.first.Position(), Code: TabValue,
			Message: fmt.Sprintf("tab %q of %s has no value%s, and its recipient must give one and cannot (required and locked in the template): nobody could finish signing; %s",
				w.tab.Label, w.role.Title(), where, w.cure(w.first.In)),
		})
	}
	return warnings
}

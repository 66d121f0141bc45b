package envelope

import (
	"cmp"
	"fmt"
	"slices"

	"batchsend/template"
)

// requiredTab is a tab that must not stay empty and to which the template gives no
// value.
type requiredTab struct {
	role *template.Role
	tab  *template.Tab
	// unreachable is set if no value for the label gets there: DocuSign would
	// fill another tab, or none.
	unreachable bool
}

// requiredTabs finds the tabs that must not stay empty, each label once.
func requiredTabs(t *template.Template) []*requiredTab {
	var all []*requiredTab
	for i := range t.Roles {
		role := &t.Roles[i]
		for j := range role.Tabs {
			tab := &role.Tabs[j]
			if tab.Filled || !tab.SenderRequired && !tab.Unsignable() {
				continue
			}
			w := &requiredTab{role: role, tab: tab}
			w.unreachable = !tab.Type.Fillable() || tab.Alone() && slices.ContainsFunc(role.Tabs[:j], w.isLike)
			again := slices.ContainsFunc(all, func(o *requiredTab) bool {
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
func (w *requiredTab) isLike(tab template.Tab) bool {
	return tab.Type == w.tab.Type && tab.Label == w.tab.Label
}

// checkRequired rejects the draft if it leaves a tab empty that the sender must
// fill, and notes the tabs that it leaves empty for ever.
func (d *Draft) checkRequired(s *Scratch) {
	for _, w := range d.fit.demand.required {
		i := slices.Index(s.roles, w.role)
		if i < 0 && w.role.Placeholder() {
			continue // nobody has the role, which is a problem by itself
		}
		row, column := &d.Rows[0], ""
		if i >= 0 {
			var filled bool
			if row, column, filled = d.columnOf(&d.Recipients[i], w); filled && !w.unreachable {
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

// columnOf returns where a recipient says what goes in the tab, and whether it says
// anything.
func (d *Draft) columnOf(p *RecipientRow, w *requiredTab) (row *Row, column string, filled bool) {
	columns := d.fit.tabs[p.columns.index][roleIndex(d.fit.source.Template, w.role)]
	for i, c := range p.columns.tabs {
		if slices.Contains(columns[i], w.tab) {
			return p.Row, d.In.Header[c.column], p.Row.cell(c.column) != ""
		}
	}
	return p.Row, "", false
}

// cure says how the tab gets its value.
func (w *requiredTab) cure(in *Input) string {
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

// Unsignable gathers the tabs that accepted envelopes leave empty and that their
// recipients must fill and cannot. The zero value has none.
type Unsignable struct{ tabs []emptyTab }

// emptyTab is a tab that envelopes leave empty.
type emptyTab struct {
	*requiredTab
	in        *Input
	envelopes []int32 // their numbers
}

// Add takes note of a checked draft, which is that of envelope n.
func (u *Unsignable) Add(n int, d *Draft) {
	if d.Envelope == nil {
		return
	}
	for _, w := range d.blank {
		i := slices.IndexFunc(u.tabs, func(t emptyTab) bool { return t.requiredTab == w })
		if i < 0 {
			i = len(u.tabs)
			u.tabs = append(u.tabs, emptyTab{requiredTab: w, in: d.In})
		}
		u.tabs[i].envelopes = append(u.tabs[i].envelopes, int32(n))
	}
}

// Forget takes back what was added of some envelopes: they are to be added again, with
// all their rows.
func (u *Unsignable) Forget(some func(n int) bool) {
	for i := range u.tabs {
		t := &u.tabs[i]
		t.envelopes = slices.DeleteFunc(t.envelopes, func(n int32) bool { return some(int(n)) })
	}
	u.tabs = slices.DeleteFunc(u.tabs, func(t emptyTab) bool { return len(t.envelopes) == 0 })
}

// Warnings returns a warning for each tab, at the first envelope, in the order of
// those. at returns where an envelope stands.
func (u *Unsignable) Warnings(at func(n int) Position) (warnings []Problem) {
	slices.SortStableFunc(u.tabs, func(a, b emptyTab) int { return cmp.Compare(a.first(), b.first()) })
	for _, t := range u.tabs {
		var where string
		if n := len(t.envelopes); n > 1 {
			where = fmt.Sprintf(" in %d envelopes, of which this is the first", n)
		}
		warnings = append(warnings, Problem{
			Position: at(t.first()), Code: TabValue,
			Message: fmt.Sprintf("tab %q of %s has no value%s, and its recipient must give one and cannot (required and locked in the template): nobody could finish signing; %s",
				t.tab.Label, t.role.Title(), where, t.cure(t.in)),
		})
	}
	return warnings
}

func (t *emptyTab) first() int { return int(slices.Min(t.envelopes)) }

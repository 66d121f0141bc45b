package envelope

import (
	"fmt"
	"slices"

	"batchsend/reminders"
	"batchsend/template"
)

// Group is what all envelopes of a lot must have in common: it is set in the lot's draft,
// and a copy cannot change it.
type Group struct {
	TemplateID   string
	Overrides    bool // Notification does not come from the template
	Notification reminders.Settings
	Lists        string // the values of list custom fields
}

// Group returns the group in whose lots env can go.
func (env *Envelope) Group() Group {
	g := Group{TemplateID: env.TemplateID}
	if env.Notification != nil {
		g.Overrides, g.Notification = true, *env.Notification
	}
	for _, f := range env.Fields {
		if f.List {
			g.Lists += f.Name + "\x00" + f.Value + "\x00"
		}
	}
	return g
}

// Alone says why env cannot go in a lot; "" if it can. Source: DocuSign "Bulk
// Send", schema "bulkSendingCopy": a copy names its recipients by role, and
// fills text, radio and list tabs by their label.
func (env *Envelope) Alone() string {
	if env.OnlySingly != "" {
		return env.OnlySingly
	}
	for i := range env.Recipients {
		r := &env.Recipients[i]
		switch {
		case r.Phone != (Phone{}):
			return "it tells recipients by text message (phone)"
		case r.SharedRole:
			return fmt.Sprintf("the template has several roles called %q", r.Role)
		}
		for j, t := range r.Tabs {
			again := slices.ContainsFunc(r.Tabs[:j], func(o Tab) bool { return o.Label == t.Label })
			switch {
			case !bulkTabs[t.Type]:
				return fmt.Sprintf("tab %q of role %q is neither text, radio buttons nor list", t.Label, r.Role)
			case t.All, t.First, again:
				return fmt.Sprintf("several tabs of role %q bear the label %q", r.Role, t.Label)
			}
		}
	}
	return ""
}

// bulkTabs are the kinds of tabs that a copy can fill.
var bulkTabs = map[template.TabType]bool{template.Text: true, template.Radio: true, template.List: true}

// usesVisibility says why no envelope of a template can go in a lot whose signers see
// only some of the documents.
const usesVisibility = "the account uses Document Visibility"

// SinglyBecause says what of a template, and of its account's rules, keeps envelopes from
// going in a lot: those that fill any of what it names go singly. Nil if all can go in
// lots.
func SinglyBecause(t *template.Template, rules Rules) (reasons []string) {
	add := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	if rules.hides(t) {
		add(usesVisibility)
	}
	for _, r := range t.Placeholders() {
		if t.Shared(r) {
			add("several roles are called %q", r.Name)
		}
		if r.Texted {
			add("the template tells %s by text message", r.Title())
		}
		for i, tab := range r.Tabs {
			switch {
			case !tab.Type.Fillable():
			case !bulkTabs[tab.Type]:
				add("tab %q of role %q, if it is filled, is neither text, radio buttons nor list", tab.Label, r.Name)
			case slices.ContainsFunc(r.Tabs[:i], func(o template.Tab) bool { return o.Type.Fillable() && o.Label == tab.Label }):
				add("several tabs of role %q, if they are filled, bear the label %q", r.Name, tab.Label)
			}
		}
	}
	return reasons
}

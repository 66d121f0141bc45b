package envelope

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"batchsend/template"
)

// fit is how the columns of one file meet one template: what is the same for
// all drafts, found out once.
type fit struct {
	err    error // why the template cannot be used; then the rest is empty
	source *Source
	rules  Rules
	demand demand
	columnTargets
	problems []Problem // with the header, and so with every draft
	warnings []Problem
}

// demand is what a template adds to every envelope and asks of it.
type demand struct {
	// named counts the recipients whom the template itself names, texted those whom
	// it tells by text message.
	named, texted int
	onlySingly    string                  // why its envelopes cannot go in bulk lists; "" if they can
	shared        map[*template.Role]bool // roles whose name is not theirs alone
	required      []*requiredTab
}

// demandOf finds out what a template demands.
func demandOf(t *template.Template, rules Rules) demand {
	d := demand{required: requiredTabs(t)}
	for i := range t.Roles {
		role := &t.Roles[i]
		if !role.Placeholder() {
			d.named++
		}
		if role.Texted {
			d.texted++
			d.onlySingly = fmt.Sprintf("the template tells %s by text message", role.Title())
		}
		if t.Shared(role) {
			if d.shared == nil {
				d.shared = map[*template.Role]bool{}
			}
			d.shared[role] = true
		}
	}
	if rules.hides(t) {
		d.onlySingly = usesVisibility
	}
	return d
}

// columnTargets are what a file's columns fill in a template.
type columnTargets struct {
	// assigned says, for each of the layout's recipient columns, which role they fill.
	// It is empty for a long file, in which each row says so itself.
	assigned []assignedRole
	// tabs are, by recipient columns, role and labelled column, the tabs that it fills.
	tabs [][][][]*template.Tab
	// fields are the layout's custom fields as the template has them, nil for
	// those that it does not have.
	fields  []*template.Field
	unknown []labelled // columns of a bare file that fill no tab
}

// assignedRole is the role that a recipient's columns fill, or why there is none.
type assignedRole struct {
	role *template.Role
	err  *matchError // nil also if the header's problems say it
}

// fitKey tells fits apart.
type fitKey struct {
	in       *Input
	template string
}

// Use is a file and the templates that its rows want, in the order in which they
// come up.
type Use struct {
	In        *Input
	Templates []string // IDs; "" where none is named
}

// Prepare finds out how the columns of files meet the templates that their rows
// want, and returns what is odd about that and yet will be sent.
func (c *Checker) Prepare(uses []Use) (warnings []Problem) {
	c.fits = map[fitKey]*fit{}
	for _, use := range uses {
		for _, id := range use.Templates {
			c.fits[fitKey{use.In, id}] = c.newFit(use.In, id)
		}
		c.suggest(use)
		for _, id := range use.Templates {
			f := c.fits[fitKey{use.In, id}]
			for _, column := range f.unknown {
				if !c.knownElsewhere(use, column) {
					f.rejectColumn(use.In, column)
				}
			}
			warnings = append(warnings, f.warnings...)
		}
	}
	return warnings
}

// suggest finds out how a header that was not understood may be meant, by the first
// template that the rows want.
func (c *Checker) suggest(use Use) {
	if len(use.Templates) == 0 {
		return // the file has no rows
	}
	f := c.fits[fitKey{use.In, use.Templates[0]}]
	roleless := use.In.Form == Bare && f.err == nil && f.assigned[0].role == nil
	if len(use.In.layout.problems) == 0 && !roleless {
		return
	}
	var t *template.Template
	if f.err == nil {
		t = f.source.Template
	}
	if c.suggested == nil {
		c.suggested = map[*Input]Mapping{}
	}
	c.suggested[use.In] = use.In.suggest(t)
}

// Suggested returns a mapping with which a file may be understood whose header was
// not; nil if it was, or nothing is known.
func (c *Checker) Suggested(in *Input) Mapping { return c.suggested[in] }

// knownElsewhere reports whether another template of the file has the tab.
// Then it is wrong only where a cell fills it.
func (c *Checker) knownElsewhere(use Use, column labelled) bool {
	return slices.ContainsFunc(use.Templates, func(id string) bool {
		f := c.fits[fitKey{use.In, id}]
		return f.err == nil && len(f.assigned) == 1 && f.assigned[0].role != nil && !slices.Contains(f.unknown, column)
	})
}

// newFit lays a file's columns against a template.
func (c *Checker) newFit(in *Input, id string) *fit {
	source := c.Sources[id]
	switch {
	case id == "":
		return &fit{err: errors.New("no template is named: add a templateId column or give --template ID")}
	case source == nil:
		return unread(id)
	case source.Err != nil:
		return &fit{err: source.Err}
	}
	t, l := source.Template, in.layout
	f := &fit{source: source, rules: c.Rules, demand: demandOf(t, c.Rules)}
	f.checkTemplate(in)
	switch in.Form {
	case Wide:
		for _, p := range l.roles {
			f.assigned = append(f.assigned, wideRole(in, t, p))
		}
	case Bare:
		f.assigned = []assignedRole{f.bareRole(in, t)}
	}
	for _, p := range l.roles {
		byRole := make([][][]*template.Tab, len(t.Roles))
		for i := range t.Roles {
			if len(f.assigned) == 0 || f.assigned[p.index].role == &t.Roles[i] {
				byRole[i] = f.tabsOf(in, p, &t.Roles[i])
			}
		}
		f.tabs = append(f.tabs, byRole)
	}
	for _, column := range l.fields {
		field, _ := t.Field(column.label)
		if i := slices.Index(f.fields, field); i >= 0 && field != nil {
			f.repeated(in, l.fields[i].column, column.column, fmt.Sprintf("custom field %q", field.Name))
		}
		f.fields = append(f.fields, field)
	}
	return f
}

// unread is for a template that nobody expected.
func unread(id string) *fit { return &fit{err: fmt.Errorf("template %s was not read", id)} }

// wideRole finds the role of a recipient's columns in a wide file.
func wideRole(in *Input, t *template.Template, p *recipientColumns) assignedRole {
	name := p.role
	if role, ok := t.RoleByHeader(name); ok {
		name = role.Name
	}
	role, err := match(t, name, 0)
	if err != nil {
		err.column = p.role + roleMark + colName
	}
	return assignedRole{role, err}
}

// bareRole finds the one role that a bare file fills. If there is none, or it
// cannot be filled, the header is at fault.
func (f *fit) bareRole(in *Input, t *template.Template) assignedRole {
	roles := t.Placeholders()
	if len(roles) != 1 {
		named := make([]string, len(roles))
		for i, role := range roles {
			named[i] = strconv.Quote(role.Name)
		}
		f.reject(in, "", RoleUnknown, fmt.Sprintf("template %q has %d roles to fill (%s), so columns must say whose they are: add a roleName column, or call them \"Role::Name\", \"Role::Email\"", t.Name, len(roles), strings.Join(named, ", ")))
		return assignedRole{}
	}
	role := roles[0]
	if problem := unusable(t, role); problem != nil {
		f.reject(in, "", problem.code, problem.text)
		return assignedRole{}
	}
	return assignedRole{role: role}
}

// tabsOf finds the tabs that the labelled columns of a recipient fill if it is
// role's.
func (f *fit) tabsOf(in *Input, p *recipientColumns, role *template.Role) [][]*template.Tab {
	all := make([][]*template.Tab, len(p.tabs))
	for i, column := range p.tabs {
		tabs := role.TabsByHeader(column.label)
		all[i] = tabs
		if len(tabs) == 0 {
			if in.Form == Bare {
				f.unknown = append(f.unknown, column)
			}
			continue
		}
		for j := range i {
			if len(all[j]) > 0 && all[j][0] == tabs[0] {
				f.repeated(in, p.tabs[j].column, column.column, fmt.Sprintf("tab %q", tabs[0].Label))
			}
		}
		if n := unfilled(tabs); n > 0 {
			f.warnings = append(f.warnings, Problem{
				Position: in.HeaderAt, Column: in.Header[column.column], Code: TabValue,
				Message: fmt.Sprintf("%d tabs of role %q bear the label %q. DocuSign fills several at once only if their label has no space and they are no radio buttons, and else the first: rename them in the template, or check that the others follow", n+1, role.Name, tabs[0].Label),
			})
		}
	}
	return all
}

// unfilled counts the tabs of one label that DocuSign leaves empty because it
// fills the first of their type only.
func unfilled(tabs []*template.Tab) (n int) {
	for i, tab := range tabs {
		if tab.Type.Fillable() && tab.Alone() && slices.ContainsFunc(tabs[:i], func(o *template.Tab) bool { return o.Type == tab.Type }) {
			n++
		}
	}
	return n
}

// reject records a problem of the header.
func (f *fit) reject(in *Input, column string, code Code, message string) {
	p := Problem{Position: in.HeaderAt, Column: column, Code: code, Message: message}
	if !slices.Contains(f.problems, p) {
		f.problems = append(f.problems, p)
	}
}

// repeated records that two columns fill the same thing.
func (f *fit) repeated(in *Input, first, again int, what string) {
	f.reject(in, in.Header[again], ColumnRepeated, fmt.Sprintf("the column fills %s as column %d, %q, does: only one of them could count; remove one", what, first+1, in.Header[first]))
}

// rejectColumn records a column of a bare file that is neither one of ours nor
// a tab.
func (f *fit) rejectColumn(in *Input, column labelled) {
	t, role := f.source.Template, f.assigned[0].role
	message := fmt.Sprintf("there is no such column, and template %q has no tab of this label for role %q", t.Name, role.Name)
	known := slices.Concat(recipientNames, envelopeColumns, []string{colRole}, role.Labels())
	if i := template.Nearest(column.label, known); i >= 0 {
		message += fmt.Sprintf(": did you mean %q?", known[i])
	} else {
		message += strings.TrimSuffix(nearestLabel(column.label, role.Labels()), ".")
	}
	f.reject(in, in.Header[column.column], ColumnUnknown, message)
}

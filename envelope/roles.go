package envelope

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"batchsend/template"
)

// matchError is why a recipient matches no role.
type matchError struct {
	column string // of the recipient, or "" for the whole row
	code   Code
	text   string
	role   *template.Role // that it names but may not fill
}

// match finds the role of that name and order; 0 is any.
func match(t *template.Template, name string, order int) (*template.Role, *matchError) {
	role, err := t.Match(name, order)
	if err == nil {
		return role, nil
	}
	found := &matchError{column: colRole, code: RoleUnknown, text: err.Error()}
	var fixed *template.FixedRoleError
	var kind *template.KindError
	var wrong *template.OrderError
	var several *template.AmbiguousRoleError
	switch {
	case errors.As(err, &fixed):
		found.code, found.role = RoleFixed, fixed.Role
	case errors.As(err, &kind):
		found.code, found.role = RoleKind, kind.Role
	case errors.As(err, &wrong), errors.As(err, &several):
		found.column, found.code = colOrder, RoutingMismatch
	}
	return nil, found
}

// match finds a recipient's role. role and err are both nil if the header's
// problems say why there is none.
func (d *Draft) match(p *RecipientRow) (role *template.Role, err *matchError) {
	if d.In.Form != Long {
		s := d.fit.assigned[p.columns.index]
		return s.role, s.err
	}
	if p.columns.roleName < 0 { // the header's problems say so
		return nil, nil
	}
	if strings.TrimSpace(p.Role) == "" {
		return nil, &matchError{column: colRole, code: RoleUnknown, text: "the role's name is missing: every row must say which role of the template it fills"}
	}
	order := 0
	if text := p.Row.cell(p.columns.order); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, &matchError{column: colOrder, code: RoutingMismatch, text: fmt.Sprintf("%q is no routing order: it is a whole number from 1, or empty for the template's own", text)}
		}
		order = n
	}
	return match(d.fit.source.Template, p.Role, order)
}

// matchRoles finds the template's role for each recipient, nil where there is none.
// Those that were meant for some role and missed it are the strays.
func (d *Draft) matchRoles(s *Scratch) {
	s.roles, s.strays = s.roles[:0], s.strays[:0]
	for i := range d.Recipients {
		p := &d.Recipients[i]
		if p.columns == nil { // a malformed row
			s.roles, s.strays = append(s.roles, nil), append(s.strays, p)
			continue
		}
		role, err := d.match(p)
		switch {
		case err != nil:
			d.reject(p.Row, d.headingOf(p, err.column), err.code, "%s", err.text)
			if err.role == nil {
				s.strays = append(s.strays, p)
			}
		case role == nil:
		default:
			p.Role = role.Name
			if j := slices.Index(s.roles, role); j >= 0 {
				d.rejectRepeated(p, &d.Recipients[j])
				s.strays = append(s.strays, p)
				role = nil
			}
		}
		s.roles = append(s.roles, role)
	}
}

// headingOf returns the header's text for a column that a [matchError] names.
func (d *Draft) headingOf(p *RecipientRow, column string) string {
	if d.In.Form == Wide {
		return d.In.heading(column) // it names the role already
	}
	return d.heading(p, column)
}

func (d *Draft) rejectRepeated(p, first *RecipientRow) {
	where := fmt.Sprintf("on line %d", first.Row.Line)
	if d.Label != "" {
		where += fmt.Sprintf(" of envelope %q", d.Label)
	}
	column := colRole
	if d.In.Form != Long {
		column = colName
	}
	d.reject(p.Row, d.heading(p, column), RoleRepeated, "role %q is filled already, %s. DocuSign would add this recipient without the role's fields; give the row another role or another envelope",
		p.Role, where)
}

// checkMissing reports the placeholder roles that nobody fills. A row that
// missed its role is a problem already and accounts for one of them.
func (d *Draft) checkMissing(s *Scratch) {
	t := d.fit.source.Template
	if d.In.Form == Bare && d.fit.assigned[0].role == nil || d.In.Form == Long && d.In.layout.roles[0].roleName < 0 {
		return // the header is at fault
	}
	var missing []*template.Role
	for i := range t.Roles {
		role := &t.Roles[i]
		if !role.Placeholder() || slices.Contains(s.roles, role) {
			continue
		}
		if problem := unusable(t, role); problem != nil {
			told := slices.ContainsFunc(d.Problems, func(p Problem) bool { return p.Message == problem.text })
			if !told && !d.names(role, s) { // else the row that does is at fault
				d.reject(&d.Rows[0], "", problem.code, "%s", problem.text)
			}
			continue
		}
		missing = append(missing, role)
	}
	strays := slices.Clone(s.strays)
	missing = slices.DeleteFunc(missing, func(role *template.Role) bool {
		i := slices.IndexFunc(strays, func(p *RecipientRow) bool {
			return p.Role == role.Name || template.Nearest(p.Role, []string{role.Name}) >= 0
		})
		if i >= 0 {
			strays = slices.Delete(strays, i, i+1)
		}
		return i >= 0
	})
	for _, role := range missing[min(len(strays), len(missing)):] {
		d.reject(&d.Rows[0], "", RoleMissing, "nobody is given for role %q (routing order %d) of template %q. DocuSign would drop the role or refuse the envelope; %s",
			role.Name, role.RoutingOrder, t.Name, d.howToAdd())
	}
}

// unusable says why nobody can be given for a role that the template leaves
// open; nil if somebody can.
func unusable(t *template.Template, role *template.Role) *matchError {
	var kind *template.KindError
	twins := t.Twins(role)
	switch err := role.Refusal(); {
	case role.Name == "":
		return &matchError{code: RoleMissing, text: fmt.Sprintf("template %q has a recipient with neither a role name nor a person: nobody can be given for it; name the role in the template", t.Name)}
	case len(twins) > 1:
		return &matchError{code: RoleMissing, text: (&template.AmbiguousRoleError{Name: role.Name, Roles: twins}).Error()}
	case errors.As(err, &kind):
		return &matchError{code: RoleKind, text: err.Error()}
	case err != nil:
		return &matchError{code: RoleFixed, text: fmt.Sprintf("role %q is locked in the template, which names nobody for it: unlock it there, or settle who fills it", role.Name)}
	}
	return nil
}

// names reports whether some row names the role and fills none of that name.
func (d *Draft) names(role *template.Role, s *Scratch) bool {
	for i := range d.Recipients {
		if d.Recipients[i].Role == role.Name && s.roles[i] == nil {
			return true
		}
	}
	return false
}

// howToAdd says how a recipient is added to the draft.
func (d *Draft) howToAdd() string {
	switch {
	case d.In.Form == Wide:
		return "add its columns"
	case d.Label != "":
		return fmt.Sprintf("add a row for it with envelope %q", d.Label)
	case d.In.layout.envelope >= 0:
		return "the row's envelope cell is empty, so it stands alone: give it the value that the envelope's other rows have"
	}
	return "without an envelope column every row is an envelope of its own: add one that gives the rows of an envelope the same value"
}

// checkSamePerson reports one address in two places of an envelope, be it a
// row's or the template's own.
func (c *Checker) checkSamePerson(d *Draft, env *Envelope, s *Scratch) {
	for i := range env.Recipients {
		r := &env.Recipients[i]
		if r.Email == "" || s.roles[i] == nil {
			continue
		}
		for j := range i {
			first := &env.Recipients[j]
			if s.roles[j] != nil && s.addresses[i] == s.addresses[j] && c.reject(d, &d.Recipients[i], r, first.RoutingOrder, fmt.Sprintf("role %q (line %d)", first.Role, first.Line)) {
				break
			}
		}
		t := d.fit.source.Template
		for j := range t.Roles {
			if fixed := &t.Roles[j]; fixed.Person.Email != "" && NormalAddress(fixed.Person.Email) == s.addresses[i] {
				c.reject(d, &d.Recipients[i], r, fixed.RoutingOrder, fixed.Title()+", whom the template itself names")
			}
		}
	}
}

// reject rejects a recipient who is also another in the envelope, at the given
// routing order, unless that is allowed.
func (c *Checker) reject(d *Draft, p *RecipientRow, r *Recipient, order int, other string) bool {
	switch {
	case r.RoutingOrder == order:
		d.reject(p.Row, d.heading(p, colEmail), DuplicateRecipient, "%q is also %s, at the same routing order %d. DocuSign would refuse the envelope or let one person sign for two; correct the address",
			r.Email, other, order)
	case !c.AllowSamePerson:
		d.reject(p.Row, d.heading(p, colEmail), DuplicateRecipient, "%q is also %s. DocuSign would mail this person twice; correct the address, or give --allow-same-person if one person does hold both roles",
			r.Email, other)
	default:
		return false
	}
	return true
}

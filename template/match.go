package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Match finds the role with this very name and routing order; order 0 means
// that none was given. It fails with [*UnknownRoleError], [*OrderError],
// [*AmbiguousRoleError], [*FixedRoleError] or [*KindError], each of which says
// what DocuSign would have done: it accepts most of these, and mails them.
func (t *Template) Match(name string, order int) (*Role, error) {
	var first, role *Role
	fits := 0
	for i := range t.Roles {
		r := &t.Roles[i]
		if r.Name != name || name == "" {
			continue
		}
		if first == nil {
			first = r
		}
		if order == 0 || order == r.RoutingOrder {
			role = r
			fits++
		}
	}
	switch {
	case first == nil:
		return nil, &UnknownRoleError{Name: name, Near: t.near(name), Template: t}
	case fits == 0:
		return nil, &OrderError{Role: first, Order: order}
	case fits > 1:
		return nil, &AmbiguousRoleError{Name: name, Roles: t.named(name)}
	}
	if err := role.Refusal(); err != nil {
		return nil, err
	}
	return role, nil
}

// Refusal says why nobody may be given for the role, with [*FixedRoleError] or
// [*KindError]; nil if somebody may.
func (r *Role) Refusal() error {
	switch {
	case r.Fixed() || r.Locked:
		return &FixedRoleError{Role: r}
	case !r.Kind.Fillable():
		return &KindError{Role: r}
	}
	return nil
}

// named returns all roles of that name.
func (t *Template) named(name string) []*Role {
	var roles []*Role
	for i := range t.Roles {
		if t.Roles[i].Name == name {
			roles = append(roles, &t.Roles[i])
		}
	}
	return roles
}

// RoleByHeader finds a role as a column's name gives it, where case, spaces
// and underscores do not matter. ok is false if none or several come near.
func (t *Template) RoleByHeader(name string) (*Role, bool) {
	i := find(name, len(t.Roles), func(i int) string { return t.Roles[i].Name })
	if i < 0 {
		return nil, false
	}
	return &t.Roles[i], true
}

// near returns the role that name was most likely meant to be, or nil.
func (t *Template) near(name string) *Role {
	names := make([]string, len(t.Roles))
	for i := range t.Roles {
		names[i] = t.Roles[i].Name
	}
	if i := Nearest(name, names); i >= 0 {
		return &t.Roles[i]
	}
	return nil
}

// UnknownRoleError is a role name that the template does not have.
type UnknownRoleError struct {
	Name     string
	Near     *Role // the likeliest meant, or nil
	Template *Template
}

// Error tells the operator what is wrong and what DocuSign would make of it.
func (e *UnknownRoleError) Error() string {
	var b strings.Builder
	if e.Near != nil {
		fmt.Fprintf(&b, "%q %s; the template has %q, routing order %d", e.Name, Difference(e.Name, e.Near.Name), e.Near.Name, e.Near.RoutingOrder)
	} else {
		var roles []string
		for _, r := range e.Template.Placeholders() {
			name := strconv.Quote(r.Name)
			if r.Name == "" {
				name = r.Title()
			}
			roles = append(roles, name)
		}
		fmt.Fprintf(&b, "%q is no role of template %q, which has %s", e.Name, e.Template.Name, list(roles))
	}
	b.WriteString(". DocuSign would add an extra recipient without any fields and mail the envelope")
	return b.String()
}

// OrderError is a routing order other than the template's.
type OrderError struct {
	Role  *Role
	Order int
}

// Error tells the operator what is wrong and what DocuSign would make of it.
func (e *OrderError) Error() string {
	return fmt.Sprintf("role %q has routing order %d in the template, not %d. DocuSign would take this for another recipient, without the role's fields, and mail the envelope",
		e.Role.Name, e.Role.RoutingOrder, e.Order)
}

// AmbiguousRoleError is a name that several roles share, given without order.
type AmbiguousRoleError struct {
	Name  string
	Roles []*Role
}

// Error tells the operator what is wrong and what DocuSign would make of it.
func (e *AmbiguousRoleError) Error() string {
	var orders []string
	for _, r := range e.Roles {
		order := fmt.Sprint(r.RoutingOrder)
		if slices.Contains(orders, order) {
			return fmt.Sprintf("the template has several roles %q at routing order %s, and nothing tells them apart: rename all but one in the template", e.Name, order)
		}
		orders = append(orders, order)
	}
	return fmt.Sprintf("the template has role %q at routing orders %s: say which in routingOrder, one row per recipient", e.Name, list(orders))
}

// FixedRoleError is a role whose recipient the template settles by itself.
type FixedRoleError struct{ Role *Role }

// Error tells the operator what is wrong and what DocuSign would make of it.
func (e *FixedRoleError) Error() string {
	if !e.Role.Fixed() {
		return fmt.Sprintf("role %q is locked in the template: the sender may not fill it", e.Role.Name)
	}
	who := e.Role.Person.Email
	if who == "" {
		who = "a signing group"
	}
	return fmt.Sprintf("role %q is fixed in the template (%s) and is sent to as it stands: leave it out. DocuSign would mail that recipient and this one as well",
		e.Role.Name, who)
}

// KindError is a role of a kind that a file cannot fill.
type KindError struct{ Role *Role }

// Error tells the operator what is wrong and what DocuSign would make of it.
func (e *KindError) Error() string {
	return fmt.Sprintf("role %q is for %s, which a name and an e-mail address cannot fill: settle it in the template", e.Role.Name, article(e.Role.Kind.String()))
}

func article(noun string) string {
	if noun == "" {
		return "an unknown kind of recipient"
	}
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// list joins items as a sentence does.
func list(items []string) string {
	switch len(items) {
	case 0:
		return "none"
	case 1:
		return items[0]
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

// Nearest returns the index of the name most like want, or -1 if none is like
// it: equal but for case, spaces and invisible characters, else at most a
// third of its letters away, and never all of them.
func Nearest(want string, names []string) int {
	plain := visible(want)
	best, found := 1<<31, -1
	for i, name := range names {
		other := visible(name)
		d := distance(plain, other)
		if d < best && d <= max(1, len(other)/3) && d < max(len(plain), len(other)) {
			best, found = d, i
		}
	}
	return found
}

// visible is what an eye takes from a name: no case, no spaces, no invisible
// characters, compatibility forms (ligatures, full-width letters) folded.
func visible(s string) []rune {
	var out []rune
	for _, r := range norm.NFKC.String(s) {
		if r == '_' || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			continue
		}
		out = append(out, unicode.ToLower(r))
	}
	return out
}

// Difference says how got differs from want, in words that fit after got, so
// that what the eye cannot see is named.
func Difference(got, want string) string {
	for i, r := range []rune(got) {
		if r != ' ' && !unicode.IsPrint(r) && !strings.ContainsRune(want, r) {
			return fmt.Sprintf("has an invisible character (%U) at position %d", r, i+1)
		}
	}
	switch {
	case strings.Trim(got, " ") == want:
		switch {
		case strings.TrimLeft(got, " ") == got:
			return "has a trailing space"
		case strings.TrimRight(got, " ") == got:
			return "has a leading space"
		}
		return "has spaces around it"
	case norm.NFC.String(got) == norm.NFC.String(want):
		return "writes its accents in another way (Unicode form)"
	case strings.EqualFold(got, want):
		return "differs in upper and lower case"
	case strings.EqualFold(strings.Join(strings.Fields(got), ""), strings.Join(strings.Fields(want), "")):
		return "differs in its spaces"
	case Loose(got) == Loose(want):
		return "differs in its spaces and underscores"
	}
	if text := lookalike([]rune(got), []rune(want)); text != "" {
		return text
	}
	if slices.Equal(visible(got), visible(want)) {
		return "looks alike but has other characters"
	}
	return "is not a role"
}

// lookalike names the first of a few characters that come from another script
// or typeface, such as a Cyrillic letter or a long dash.
func lookalike(got, want []rune) string {
	if len(got) != len(want) {
		return ""
	}
	text, foreign := "", 0
	for i, r := range got {
		switch {
		case unicode.ToLower(r) == unicode.ToLower(want[i]):
		case r < 0x80 && want[i] < 0x80:
			return "" // an ordinary slip of the keyboard
		default:
			foreign++
			if text == "" {
				text = fmt.Sprintf("has %q (%U) at position %d, where the template has %q", r, r, i+1, want[i])
			}
		}
	}
	if foreign > max(1, len(want)/3) {
		return ""
	}
	return text
}

// distance is how many letters must be changed, added, left out or swapped
// with their neighbour to make b of a.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

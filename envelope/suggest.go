package envelope

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"batchsend/template"
)

// suggest proposes a mapping for a header that was not understood: it fills what a
// recipient cannot do without and the template's own fields, and ignores the rest. t
// is nil if the template is not known.
func (in *Input) suggest(t *template.Template) Mapping {
	s := suggester{in: in, form: in.Form, taken: map[string]bool{}}
	if t != nil {
		s.roles = t.Placeholders()
		slices.SortStableFunc(s.roles, func(a, b *template.Role) int { return cmp.Compare(a.RoutingOrder, b.RoutingOrder) })
	}
	if len(s.roles) == 0 {
		s.roles = []*template.Role{{}}
	}
	l := in.layout
	for i, name := range l.names {
		if l.open(i) {
			if near := nearestColumn(l.headings[i].name); l.form == Bare && (near == colRole || near == colOrder) {
				s.form = Long // but for a slip
			}
			continue
		}
		s.taken[strings.ToLower(name)] = true
		if s.form == Bare && len(s.roles) > 1 {
			s.taken[strings.ToLower(s.roles[0].Name+roleMark+name)] = true
		}
	}
	for i, name := range l.names {
		switch {
		case l.open(i):
			s.propose(i, t)
		case s.form == Bare && len(s.roles) > 1 && slices.Contains(recipientNames, name): // it does not say whose it is
			role, _ := s.roleOf(nil)
			s.out = append(s.out, Rename{Column: l.headings[i].raw, To: role.Name + roleMark + strings.ToUpper(name[:1]) + name[1:]})
		}
	}
	return s.out
}

// suggester finds out what columns may hold.
type suggester struct {
	in    *Input
	form  Form
	roles []*template.Role // those to be filled, in their routing order
	taken map[string]bool  // names that a column has, in lower case
	out   Mapping
}

// propose appends what column i may be called.
func (s *suggester) propose(i int, t *template.Template) {
	raw := s.in.layout.headings[i].raw
	words := wordsOf(s.in.layout.headings[i].name)
	role, rest := s.roleOf(words)
	to := ""
	switch {
	case isEmail(rest):
		to = s.take(role, "Email")
	case isName(rest):
		to = s.take(role, "Name")
	case isFirstName(rest), isLastName(rest):
		if s.partOfName(role, raw) {
			return
		}
	default:
		to = s.field(role, rest, t)
	}
	s.out = append(s.out, Rename{Column: raw, To: to})
}

// take returns the name of a role's column, unless another column has it already.
func (s *suggester) take(role *template.Role, attribute string) string {
	name := attribute
	switch {
	case s.form == Wide || s.form == Bare && len(s.roles) > 1:
		name = role.Name + roleMark + attribute
	case canonical(attribute) != "":
		name = canonical(attribute)
	case s.form == Long:
		name = tabPrefix + attribute
	}
	for _, taken := range []string{name, tabPrefix + name} {
		if s.taken[strings.ToLower(taken)] {
			return ""
		}
	}
	s.taken[strings.ToLower(name)] = true
	return name
}

// field returns what a column with these words may be called: the tab or custom field
// whose name stands in them, or in a long file the column that they nearly name. ""
// if there is none.
func (s *suggester) field(role *template.Role, words []string, t *template.Template) string {
	if near := nearestColumn(strings.Join(words, "")); near != "" && s.form == Long {
		return s.take(role, near)
	}
	best := ""
	for _, label := range role.Labels() {
		if within(wordsOf(label), words) && len(label) > len(best) {
			best = label
		}
	}
	if best != "" {
		return s.take(role, best)
	}
	if t != nil {
		for _, f := range t.Fields {
			if within(wordsOf(f.Name), words) {
				return fieldPrefix + f.Name
			}
		}
	}
	return ""
}

// roleOf returns the role that a column's words name, and the words beside its name. If
// they name none it is the first role.
func (s *suggester) roleOf(words []string) (role *template.Role, rest []string) {
	for _, role := range s.roles {
		if names := wordsOf(role.Name); len(names) > 0 && within(names, words) {
			return role, slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(names, w) })
		}
	}
	return s.roles[0], words
}

// partOfName proposes to join the columns of a role's first and last name. raw is the
// name of one of them. It reports whether they are joined.
func (s *suggester) partOfName(role *template.Role, raw string) bool {
	first, last := s.find(role, isFirstName), s.find(role, isLastName)
	if first == "" || last == "" {
		return false
	}
	join := first + "+" + last
	if slices.ContainsFunc(s.out, func(r Rename) bool { return r.Column == join }) {
		return true
	}
	to := s.take(role, "Name")
	if to == "" {
		return false
	}
	s.out = append(s.out, Rename{Column: join, To: to})
	return true
}

// find returns the first column of that role for whose words is holds; "" if there is
// none.
func (s *suggester) find(role *template.Role, is func(words []string) bool) string {
	l := s.in.layout
	for i := range l.headings {
		if of, rest := s.roleOf(wordsOf(l.headings[i].raw)); of == role && l.open(i) && is(rest) {
			return l.headings[i].raw
		}
	}
	return ""
}

// What other programs call these columns, without the words that say whose it is.
var (
	emailWords = []string{"email", "emailaddress", "mail", "emails"}
	nameWords  = []string{"name", "fullname", "displayname"}
	firstWords = []string{"firstname", "givenname", "forename", "first", "given", "vorname"}
	lastWords  = []string{"lastname", "surname", "familyname", "last", "family", "nachname"}
	// noise are words that say whose or what kind it is.
	noise = []string{"address", "signer", "signers", "recipient", "contact", "work", "business", "primary", "your", "their", "the", "full", "s", "of", "1"}
)

func isEmail(words []string) bool     { return isOne(words, emailWords) }
func isName(words []string) bool      { return isOne(words, nameWords) }
func isFirstName(words []string) bool { return isOne(words, firstWords) }
func isLastName(words []string) bool  { return isOne(words, lastWords) }

// isOne reports whether words, without those of no meaning, are one of names: in one
// word, or in several.
func isOne(words, names []string) bool {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(noise, w) })
	return slices.Contains(names, strings.Join(words, ""))
}

// wordsOf returns the words of a name in lower case; "e-mail" is one.
func wordsOf(name string) []string {
	name = strings.NewReplacer("e-mail", "email", "e mail", "email").Replace(strings.ToLower(name))
	return strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// within reports whether all words of some are among others.
func within(some, others []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(w string) bool { return !slices.Contains(others, w) })
}

// nearestColumn returns the column of a long file that a name nearly is; "" if there
// is none.
func nearestColumn(name string) string {
	lower := make([]string, len(longColumns))
	for i, column := range longColumns {
		lower[i] = strings.ToLower(column)
	}
	if i := template.Nearest(template.Loose(name), lower); i >= 0 {
		return longColumns[i]
	}
	return ""
}

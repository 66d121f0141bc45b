package envelope

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"batchsend/template"
)

// plain reports whether a text is printable ASCII, as most are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unprintable names the first character of a text that cannot be sent or has
// been lost before: control characters but those allowed, and the mark that a
// failed conversion leaves. "" if there is none.
func unprintable(s, allowed string) string {
	if plain(s) {
		return ""
	}
	for _, r := range s {
		switch {
		case r == '\n' && allowed == "":
			return "a line break"
		case (r == '\u2028' || r == '\u2029') && allowed == "":
			return fmt.Sprintf("a line break (%U)", r)
		case r == utf8.RuneError:
			return fmt.Sprintf("a character that an earlier conversion has lost (%U)", r)
		case unicode.IsControl(r) && !strings.ContainsRune(allowed, r):
			return fmt.Sprintf("a control character (%U)", r)
		}
	}
	return ""
}

// invisible reports whether a text shows nothing at all.
func invisible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) < 0
}

// firstInvisible finds the first character that cannot be seen, by its
// position in characters; -1 if there is none.
func firstInvisible(s string) (int, rune) {
	for i, r := range []rune(s) {
		if r != ' ' && !unicode.IsPrint(r) {
			return i, r
		}
	}
	return -1, 0
}

// checkText holds a text that may have several lines against a limit and
// against what can be sent.
func (d *Draft) checkText(row *Row, column string, code Code, text string, limit int) {
	if why := d.checkValue(row, column, code, text); why != "" {
		d.reject(row, column, code, "%s", why)
	} else if what := unprintable(text, "\n\t"); what != "" {
		d.reject(row, column, code, "the text holds %s, which DocuSign cannot take: type it anew", what)
	}
	d.checkLength(row, column, text, limit)
}

// checkLength holds a text against DocuSign's limit in characters.
func (d *Draft) checkLength(row *Row, column, text string, limit int) {
	if len(text) <= limit {
		return
	}
	if n := template.Length(text); n > limit {
		d.reject(row, column, TooLong, "%d characters are too many: DocuSign takes %d and refuses the envelope otherwise", n, limit)
	}
}

// customFields fills env's custom fields, and s.given with those that rows
// gave.
func (d *Draft) customFields(env *Envelope, s *Scratch) {
	s.given = s.given[:0]
	t := d.fit.source.Template
	for _, f := range d.given.fields {
		column, field := d.In.Header[d.In.layout.fields[f.index].column], d.fit.fields[f.index]
		if field == nil {
			d.unknownField(f, column)
			continue
		}
		value, err := field.Accept(f.value)
		if err != nil && damaged(f.value, scan(f.value)) == "" { // else that says why
			d.reject(f.row, column, FieldValue, "%v", err)
		}
		d.checkText(f.row, column, FieldValue, f.value, 100)
		s.given = append(s.given, Field{Name: field.Name, Value: value})
	}
	for i, f := range t.Fields {
		value := f.Value
		if j := slices.IndexFunc(s.given, func(g Field) bool { return g.Name == f.Name }); j >= 0 {
			value = s.given[j].Value
		} else if f.Required && value == "" {
			d.reject(&d.Rows[0], "", FieldValue, "template %q requires a value for custom field %q: DocuSign would refuse the envelope (ENVELOPE_CUSTOM_FIELD_MISSING); fill a column \"field:%s\"", t.Name, f.Name, f.Name)
		}
		env.Fields[i] = Field{Name: f.Name, Value: value, Show: f.Show, Required: f.Required, List: f.List}
	}
}

// unknownField rejects a custom field that the template does not have.
func (d *Draft) unknownField(f cellValue, column string) {
	t := d.fit.source.Template
	label := d.In.layout.fields[f.index].label
	names := make([]string, len(t.Fields))
	for i := range t.Fields {
		names[i] = t.Fields[i].Name
	}
	message := fmt.Sprintf("template %q has no envelope custom field %q", t.Name, label)
	if i := template.Nearest(label, names); i >= 0 {
		message += fmt.Sprintf(": did you mean %q?", names[i])
	} else if len(names) > 0 {
		message += "; it has " + strings.Join(names, ", ")
	}
	d.reject(f.row, column, FieldUnknown, "%s", message)
}

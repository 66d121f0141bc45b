package report

import (
	"fmt"
	"io"
	"strings"

	"batchsend/envelope"
	"batchsend/reminders"
	"batchsend/template"
)

// WriteTemplateDetails shows a person all that a template asks for, on 80 columns as
// far as its names allow. rules are the account's, and bulkForbidden says that the account may not send in bulk.
func WriteTemplateDetails(w io.Writer, t *template.Template, base reminders.Settings, rules envelope.Rules, bulkForbidden bool) error {
	var b strings.Builder
	line := func(indent, format string, args ...any) { wrap(&b, indent, fmt.Sprintf(format, args...)) }
	line("", "%s (%s)", t.Name, t.ID)
	line("", "%s", base)
	if t.MessageLocked {
		line("", "Subject and message are locked.")
	}
	b.WriteString("\nRoles, in routing order:\n")
	for i := range t.Roles {
		r := &t.Roles[i]
		line("  ", "%d %s: %s, %s", r.RoutingOrder, r.Title(), r.Kind, filledBy(r))
		if r.NeedsAccessCode {
			line("      ", "needs an access code (column accessCode)")
		}
		if r.Check == template.PhoneCheckBlank {
			line("      ", "must prove by telephone who they are, and the template has no number")
		}
		for j := range r.Tabs {
			if tab := &r.Tabs[j]; tab.Type.Fillable() {
				line("      ", "tab %q: %s", tab.Label, asked(tab))
			}
		}
	}
	if len(t.Fields) > 0 {
		b.WriteString("\nEnvelope custom fields:\n")
	}
	for _, f := range t.Fields {
		text := "text"
		if f.List {
			text = "one of " + quotedList(f.Options)
		}
		if f.Required {
			text += ", required"
		}
		if f.Value != "" {
			text += fmt.Sprintf(", %q if a row gives none", f.Value)
		}
		line("  ", "%q: %s", f.Name, text)
	}
	b.WriteString("\nDocuments:\n")
	if t.NoDocument {
		line("  ", "none: no envelope of the template can be sent")
	}
	for i := range t.Documents {
		d := &t.Documents[i]
		line("  ", "%s", d.Name)
		if !d.Read {
			line("      ", "DocuSign has not told of its fields")
		}
		for j := range d.Prefill {
			line("      ", "prefill field %q: %s", d.Prefill[j].Label, asked(&d.Prefill[j]))
		}
		for _, tab := range d.Unfilled() {
			line("      ", "%q has no value and must have one: no envelope can be sent before the template gives it one", tab.Label)
		}
	}
	b.WriteString("\nIn bulk:\n")
	reasons := envelope.SinglyBecause(t, rules)
	if bulkForbidden {
		reasons = append([]string{"the account does not allow it"}, reasons...)
	}
	for _, reason := range reasons {
		line("  ", "singly: %s", reason)
	}
	if len(reasons) == 0 {
		line("  ", "nothing in the template stands against it")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// filledBy says who settles the recipient of a role.
func filledBy(r *template.Role) string {
	switch {
	case r.Person.Group != "" && r.Person.Email == "":
		return fmt.Sprintf("fixed: signing group %s", r.Person.Group)
	case r.Fixed():
		return "fixed: " + strings.TrimSpace(r.Person.Name+" <"+r.Person.Email+">")
	case r.Locked:
		return "locked: nobody can be given for it"
	case !r.Kind.Fillable():
		return "cannot be filled from a file"
	}
	return "to be filled"
}

// asked says what a tab takes.
func asked(t *template.Tab) string {
	parts := []string{strings.TrimSuffix(strings.TrimSuffix(string(t.Type), "Tabs"), "Group")}
	if t.Type == template.Radio || t.Type == template.List {
		parts = append(parts, "one of "+quotedList(t.Options))
	}
	if t.MaxLength > 0 {
		parts = append(parts, fmt.Sprintf("at most %s", Plural(t.MaxLength, "character")))
	}
	if t.Pattern != "" {
		parts = append(parts, "pattern "+t.Pattern)
	}
	switch {
	case t.SenderRequired:
		parts = append(parts, "required of the sender")
	case t.Required:
		parts = append(parts, "required of the recipient")
	}
	if t.Locked {
		parts = append(parts, "locked for the recipient")
	}
	if t.Filled {
		parts = append(parts, "has a value in the template")
	}
	return strings.Join(parts, ", ")
}

func quotedList(items []string) string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = fmt.Sprintf("%q", item)
	}
	return strings.Join(out, ", ")
}

// wrap writes text in lines of at most 80 columns, further ones indented by two more.
func wrap(b *strings.Builder, indent, text string) {
	width := 0
	for i, word := range strings.Split(text, " ") {
		n := len([]rune(word))
		switch {
		case i == 0:
			b.WriteString(indent)
			width = len(indent)
		case width+1+n > 80:
			b.WriteString("\n" + indent + "  ")
			width = len(indent) + 2
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
	}
	b.WriteByte('\n')
}

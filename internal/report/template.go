package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"batchsend/reminders"
	"batchsend/template"
)

// WriteTemplates lists templates for a person.
func WriteTemplates(w io.Writer, list []template.Listed) error {
	rows := [][]string{{"TEMPLATE ID", "MODIFIED", "NAME"}}
	for _, t := range list {
		rows = append(rows, []string{t.ID, t.Modified.Format("2006-01-02"), t.Name})
	}
	return Columns(w, rows)
}

// WriteTemplate shows a person what a file must and may give for a template. base is
// what applies to an envelope that overrides nothing.
func WriteTemplate(w io.Writer, t *template.Template, base reminders.Settings) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", t.Name, base)
	rows := [][]string{{"ROLE", "ROUTING ORDER", "KIND", "TO BE FILLED", "TABS"}}
	for i := range t.Roles {
		r := &t.Roles[i]
		rows = append(rows, []string{r.Name, fmt.Sprint(r.RoutingOrder), r.Kind.String(), filling(r), strings.Join(r.Labels(), ", ")})
	}
	if err := Columns(&b, rows); err != nil {
		return err
	}
	if t.NoDocument {
		b.WriteString("\nThe template has no document: no envelope of it can be sent.\n")
	}
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			fmt.Fprintf(&b, "\nThe sender must fill field %q on document %q before sending (prefill), and it has no value:\nno envelope can be sent before the template gives it one.\n", tab.Label, t.Documents[i].Name)
		}
	}
	for _, f := range t.Fields {
		fmt.Fprintf(&b, "custom field %s %s\n", f.Name, strings.Join(f.Options, ", "))
	}
	b.WriteString("\nA header to start from:\n")
	header := csv.NewWriter(&b)
	if err := header.Write(startingHeader(t)); err != nil {
		return err
	}
	header.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

// filling says whether a file must say who fills a role.
func filling(r *template.Role) string {
	switch {
	case r.Fixed():
		return "no: " + r.Person.Email
	case r.Locked:
		return "no: locked"
	case !r.Kind.Fillable():
		return "no: not possible from a file"
	}
	return "yes"
}

// startingHeader is a header in the long form for a template.
func startingHeader(t *template.Template) []string {
	columns := []string{"envelope", "roleName", "routingOrder", "name", "email"}
	seen := map[string]bool{}
	for _, r := range t.Placeholders() {
		for _, label := range r.Labels() {
			if !seen[label] {
				seen[label] = true
				columns = append(columns, "tab:"+label)
			}
		}
	}
	for _, f := range t.Fields {
		columns = append(columns, "field:"+f.Name)
	}
	return columns
}

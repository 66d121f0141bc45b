package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/report"
	"batchsend/reminders"
	"batchsend/template"
)

func (a *app) templateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "template [ID]",
		Short: "List the templates, or show the roles and tabs of one",
		Long: `template lists the templates that the user may use. With an ID it shows what a
CSV file must and may give: the roles with their routing order, the tabs of
each, the envelope custom fields, and a header line to start from.`,
		Args: cmdline.AtMost(1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.asking(cmd.Context(), func(ctx context.Context, l limits) error {
				conn, err := a.connect(ctx, l)
				if err != nil {
					return err
				}
				defer conn.leave()
				a.recallShared(ctx, conn)
				if len(args) == 0 {
					return a.listTemplates(ctx, conn)
				}
				return a.showTemplate(ctx, conn, args[0])
			})
		},
	}
}

func (a *app) listTemplates(ctx context.Context, conn *connection) error {
	rows := [][]string{{"TEMPLATE ID", "MODIFIED", "NAME"}}
	list, err := conn.templates.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range list {
		rows = append(rows, []string{t.ID, t.Modified.Format("2006-01-02"), t.Name})
	}
	return report.Columns(a.Stdout, rows)
}

func (a *app) showTemplate(ctx context.Context, conn *connection, id string) error {
	id = strings.Trim(id, "{}")
	if !job.IsTemplateID(id) {
		why, meant := conn.templates.Explain(ctx, id)
		wrong := usageError("%q: %s", id, why)
		if meant != "" {
			return &exitError{exitUsage, &adviceError{wrong.Error(), a.command("template", meant) + " shows it"}}
		}
		return wrong
	}
	source, err := conn.templates.Source(ctx, strings.ToLower(id), reminders.Stored{})
	if err != nil {
		return err
	}
	if source.Err != nil {
		return source.Err
	}
	t := source.Template
	fmt.Fprintf(a.Stdout, "%s\n%s\n\n", t.Name, source.Base)
	rows := [][]string{{"ROLE", "ROUTING ORDER", "KIND", "TO BE FILLED", "TABS"}}
	for i := range t.Roles {
		r := &t.Roles[i]
		rows = append(rows, []string{r.Name, fmt.Sprint(r.RoutingOrder), r.Kind.String(), filling(r), strings.Join(r.Labels(), ", ")})
	}
	if err := report.Columns(a.Stdout, rows); err != nil {
		return err
	}
	if t.NoDocument {
		fmt.Fprintln(a.Stdout, "\nThe template has no document: no envelope of it can be sent.")
	}
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			fmt.Fprintf(a.Stdout, "\nThe sender must fill field %q on document %q before sending (prefill), and it has no value:\nno envelope can be sent before the template gives it one.\n", tab.Label, t.Documents[i].Name)
		}
	}
	for _, f := range t.Fields {
		fmt.Fprintf(a.Stdout, "custom field %s %s\n", f.Name, strings.Join(f.Options, ", "))
	}
	_, err = fmt.Fprintf(a.Stdout, "\nA header to start from:\n%s\n", startingHeader(t))
	return err
}

// filling says who settles the role's recipient.
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

// startingHeader is a header in the long form for the template.
func startingHeader(t *template.Template) string {
	columns := []string{"envelope", "roleName", "routingOrder", "name", "email"}
	seen := map[string]bool{}
	for _, r := range t.Placeholders() {
		for _, label := range r.Labels() {
			if !seen[label] {
				seen[label] = true
				columns = append(columns, cell("tab:"+label))
			}
		}
	}
	for _, f := range t.Fields {
		columns = append(columns, cell("field:"+f.Name))
	}
	return strings.Join(columns, ",")
}

// cell quotes a header cell where CSV asks for it.
func cell(text string) string {
	if strings.ContainsAny(text, "\",\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// checkTemplate returns the template for rows that name none. It fails if the
// setting --template cannot be the ID of one.
func (a *app) checkTemplate(ctx context.Context, c *connection) (id string, err error) {
	id = strings.Trim(c.template, "{}")
	if id == "" || job.IsTemplateID(id) {
		return id, nil
	}
	why, meant := c.templates.Explain(ctx, id)
	wrong := a.wrong("template", "%s", why)
	if meant == "" {
		return "", wrong
	}
	return "", &exitError{exitUsage, &adviceError{wrong.Error(), "give --template " + meant}}
}

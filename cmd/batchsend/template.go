package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/report"
	"batchsend/internal/usage"
	"batchsend/reminders"
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
				defer conn.close()
				a.recall(ctx, conn)
				if len(args) == 0 {
					return a.listTemplates(ctx, conn)
				}
				return a.showTemplate(ctx, conn, args[0])
			})
		},
	}
}

func (a *app) listTemplates(ctx context.Context, conn *connection) error {
	list, err := conn.templates.List(ctx)
	if err != nil {
		return err
	}
	return report.WriteTemplates(a.Stdout, list)
}

func (a *app) showTemplate(ctx context.Context, conn *connection, text string) error {
	id, err := conn.templates.ID(ctx, text)
	if bad, ok := errors.AsType[*job.TemplateIDError](err); ok {
		wrong := &usage.Error{Text: fmt.Sprintf("%q: %s", bad.Text, bad.Why)}
		if bad.Meant != "" {
			wrong.Cure = a.command("template", bad.Meant) + " shows it"
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
	return report.WriteTemplate(a.Stdout, source.Template, source.Base)
}

// checkTemplate returns the template for rows that name none, "" if there is none. It
// fails if the setting --template cannot be the ID of one.
func (a *app) checkTemplate(ctx context.Context, c *connection) (id string, err error) {
	if c.template == "" {
		return "", nil
	}
	id, err = c.templates.ID(ctx, c.template)
	if bad, ok := errors.AsType[*job.TemplateIDError](err); ok {
		wrong := &usage.Error{Text: a.wrong("template", "%s", bad.Why).Error()}
		if bad.Meant != "" {
			wrong.Cure = "give --template " + bad.Meant
		}
		return "", wrong
	}
	return id, err
}

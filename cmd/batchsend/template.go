package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/report"
	"batchsend/internal/templatefile"
	"batchsend/internal/usage"
)

func (a *app) templateCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "template [ID]",
		Short: "List the templates, show what one asks for, or begin a file for it",
		Long: `template lists the templates that the user may use. With an ID it shows what a
CSV file must and may give: the roles with their routing order, the tabs of
each, the envelope custom fields, and a header line to start from.`,
		Example:     "  batchsend template --sandbox\n  batchsend template 1b2c...",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        cmdline.AtMost(1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listTemplates(cmd.Context(), asJSON)
			}
			if asJSON {
				return a.showTemplate(cmd.Context(), args[0], asJSON)
			}
			return a.withTemplate(cmd.Context(), args[0], func(f *templatefile.File) error {
				return report.WriteTemplate(a.Stdout, f.Template, f.Base)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, of one template as template show does")
	cmd.AddCommand(a.templateListCommand(), a.templateShowCommand(), a.templateCSVCommand(), a.templatePullCommand())
	return cmd
}

func (a *app) templateListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:         "list",
		Short:       "List the templates that the user may use",
		Example:     "  batchsend template list --sandbox",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        cmdline.AtMost(0, ""),
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.listTemplates(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) templateShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all that a template asks for",
		Long: `show tells what a template asks for: the roles in routing order and who fills
them, every tab with its kind, choices and limits, the fields of documents
that the sender must fill, reminders and expiration, and what keeps its
envelopes out of bulk lists.`,
		Example:     "  batchsend template show 1b2c...",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        oneID,
		RunE:        func(cmd *cobra.Command, args []string) error { return a.showTemplate(cmd.Context(), args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// showTemplate shows all that a template asks for.
func (a *app) showTemplate(ctx context.Context, id string, asJSON bool) error {
	return a.withTemplate(ctx, id, func(f *templatefile.File) error {
		if asJSON {
			return report.WriteJSON(a.Stdout, report.Details(f.Template, f.Base, f.Account.Rules, f.Account.BulkForbidden))
		}
		return report.WriteTemplateDetails(a.Stdout, f.Template, f.Base, f.Account.Rules, f.Account.BulkForbidden)
	})
}

func (a *app) templateCSVCommand() *cobra.Command {
	var wide bool
	var output string
	cmd := &cobra.Command{
		Use:   "csv ID",
		Short: "Begin a CSV file for a template",
		Long: `csv writes a CSV file to start from: the columns, and one envelope whose
people and values are still to be filled in, one row for each role, or with
--wide one row in all. Recipients whom the template itself names are left out.
Cells of tabs are empty, also those of lists: "batchsend template show ID"
tells the choices.`,
		Example:     "  batchsend template csv 1b2c... -o offers.csv",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withTemplate(cmd.Context(), args[0], func(f *templatefile.File) error {
				starter, err := job.NewStarter(f.Template, wide, a)
				if err != nil {
					return &usage.Error{Text: err.Error(), Cure: a.command("template csv", f.Template.ID)}
				}
				return a.writeTo(output, starter.Write)
			})
		},
	}
	cmd.Flags().BoolVar(&wide, "wide", false, "one row for each envelope, as in DocuSign's Bulk Send lists")
	bindOutput(cmd, &output)
	return cmd
}

func (a *app) templatePullCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "pull ID -o FILE",
		Short: "Save a template to check files without credentials or network",
		Long: `pull writes a template, and what its account asks of envelopes, to a JSON file
for "batchsend send --dry-run --template-file FILE", which needs neither
credentials nor network. The file holds no secrets, but the addresses of
recipients whom the template itself names.`,
		Example:     "  batchsend template pull 1b2c... -o offer.json\n  batchsend send --dry-run --template-file offer.json offers.csv",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withTemplate(cmd.Context(), args[0], func(f *templatefile.File) error { return a.writeTo(output, f.Write) })
		},
	}
	bindOutput(cmd, &output)
	return cmd
}

// oneID demands a template's ID.
func oneID(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("template %s needs the ID of a template: `batchsend template` lists them", cmd.Name())
	}
	return cmdline.AtMost(1, "ID")(cmd, args)
}

func bindOutput(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "", "write to `FILE`, whole or not at all (default: standard output)")
}

// writeTo writes a file, or standard output if path is "" or "-".
func (a *app) writeTo(path string, write func(io.Writer) error) error {
	return report.Save(path, a.Stdout, a.precious(), write)
}

// withConnection signs in and does something with the connection.
func (a *app) withConnection(ctx context.Context, do func(context.Context, *connection) error) error {
	return a.asking(ctx, func(ctx context.Context, l limits) error {
		conn, err := a.connect(ctx, l)
		if err != nil {
			return err
		}
		defer conn.close()
		a.recall(ctx, conn)
		return do(ctx, conn)
	})
}

func (a *app) listTemplates(ctx context.Context, asJSON bool) error {
	return a.withConnection(ctx, func(ctx context.Context, conn *connection) error {
		list, err := conn.templates.List(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return report.WriteJSON(a.Stdout, report.ListTemplates(list))
		}
		return report.WriteTemplates(a.Stdout, list)
	})
}

// withTemplate reads a template and does something with it.
func (a *app) withTemplate(ctx context.Context, text string, do func(*templatefile.File) error) error {
	return a.withConnection(ctx, func(ctx context.Context, conn *connection) error {
		file, err := job.Pull(ctx, conn.Login.AccountID, conn.Client, conn.templates, text)
		if err != nil {
			return err
		}
		return do(file)
	})
}

// checkTemplate returns the template for rows that name none, "" if there is none. It
// fails if the setting --template cannot be the ID of one.
func (a *app) checkTemplate(ctx context.Context, c *connection) (id string, err error) {
	if c.template == "" {
		return "", nil
	}
	id, err = c.templates.ID(ctx, c.template)
	if bad, ok := errors.AsType[*job.TemplateIDError](err); ok {
		return "", bad.AsValueOf("--template", a.wrong("template", "%s", bad.Why))
	}
	return id, err
}

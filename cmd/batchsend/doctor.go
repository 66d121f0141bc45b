package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Walk the whole chain from the key to the ledger and say what is wrong",
		Long: `doctor checks, one after the other, what send needs: key, sign-in and consent,
account, allowance, templates, ledger. It sends nothing.`,
		Args: atMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

// doctor prints a line for each step. The first that fails ends the walk,
// because the later ones need it.
func (a *app) doctor(ctx context.Context) error {
	ok := func(step, format string, args ...any) {
		fmt.Fprintf(a.stdout, "ok    %-10s %s\n", step, fmt.Sprintf(format, args...))
	}
	fail := func(step string, err error) error {
		fmt.Fprintf(a.stdout, "FAIL  %-10s %v\n", step, err)
		return err
	}
	conn, err := a.connect(ctx, limits{concurrency: 1})
	if err != nil {
		return fail("sign-in", err)
	}
	defer conn.leave()
	ok("sign-in", "as %s <%s>", conn.login.UserName, conn.login.UserEmail)
	ok("account", "%s (%s) at %s", conn.login.AccountName, conn.login.AccountID, conn.login.BaseURI)
	info, err := conn.accountInfo(ctx)
	switch {
	case errors.Is(err, docusign.ErrNotReadable):
		ok("settings", "not readable for this user: going on without them")
	case err != nil:
		return fail("settings", err)
	case info.MaySend() != nil:
		return fail("settings", info.MaySend())
	default:
		if a := info.Allowance; a.Known && !a.Unlimited {
			ok("allowance", "%s left of %s", report.Plural(a.Left(), "envelope"), report.Number(a.Allowed))
		} else {
			ok("allowance", "unlimited or not told")
		}
	}
	if err := a.doctorTemplates(ctx, conn, info, ok); err != nil {
		return fail("template", err)
	}
	state := conn.limiter.State()
	if state.Hour.Told {
		ok("limits", "%s calls left of %s this hour", report.Number(state.Hour.Left), report.Number(state.Hour.Limit))
	}
	db, err := ledger.OpenReadOnly(ctx, conn.ledger)
	if err != nil {
		return fail("ledger", err)
	}
	defer db.Close()
	ok("ledger", "%s", conn.ledger)
	return nil
}

func (a *app) doctorTemplates(ctx context.Context, conn *connection, info docusign.AccountInfo, ok func(step, format string, args ...any)) error {
	if conn.template == "" {
		list, err := conn.client.Templates(ctx)
		if err != nil {
			return err
		}
		ok("templates", "%s readable", report.Plural(len(list), "template"))
		return nil
	}
	if err := a.checkTemplate(ctx, conn); err != nil {
		return err
	}
	source, err := conn.source(ctx, conn.template, info)
	if err == nil {
		err = source.Err
	}
	if err != nil {
		return err
	}
	ok("template", "%q, %s to fill", source.Template.Name, report.Plural(len(source.Template.Placeholders()), "role"))
	return nil
}

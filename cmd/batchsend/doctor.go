package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/secretfile"
	"batchsend/internal/signin"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Walk the whole chain from the key to the ledger and say what is wrong",
		Long: `doctor checks, one after the other, what send needs: key, sign-in and consent,
account, allowance, templates, ledger, disk. It goes on after what fails, as far
as that is possible. It sends nothing and changes nothing.`,
		Args: cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.asking(cmd.Context(), a.doctor) },
	}
}

// doctor prints a line for each step, and what to do about those that fail. The
// worst decides the exit code.
func (a *app) doctor(ctx context.Context, l limits) error {
	doctor := job.Doctor{
		Key:    a.describeKey,
		SignIn: func(ctx context.Context) (*job.SignedIn, error) { return a.signIn(ctx, l) },
		Ledger: a.probeLedger,
	}
	failed, err := doctor.Print(ctx, a.Stdout)
	verdict := verdictOf(err)
	for _, err := range failed {
		a.explainError(err)
		verdict = job.Worst(verdict, verdictOf(err))
	}
	return cmp.Or(err, exitWith(verdict))
}

// describeKey reads what signing in takes from this machine.
func (a *app) describeKey() (string, error) {
	client := a.newClient()
	if a.cfg.sandbox {
		a.sandboxIdentity(client)
		if loggedIn, err := a.useLogin(client); err != nil || !loggedIn {
			return "the sandbox's own", err
		}
	} else if err := a.credentials(client); err != nil {
		return "", err
	}
	if login, ok := client.Refresh.(*signin.Stored); ok {
		return login.String(), nil
	}
	description := docusign.DescribeKey(client.Key, a.cfg.privateKey, a.place("private-key"))
	if unchecked := secretfile.Unchecked(a.cfg.privateKey); unchecked != "" && !docusign.IsKeyText(a.cfg.privateKey) {
		description += "; " + unchecked
	}
	return description, nil
}

// signIn signs in.
func (a *app) signIn(ctx context.Context, l limits) (*job.SignedIn, error) {
	conn, err := a.connect(ctx, l)
	if err != nil {
		return nil, err
	}
	a.recall(ctx, conn)
	return &job.SignedIn{
		Login: conn.Login, Account: conn.Client, Retry: conn.Retry, Limits: conn.Limiter.State,
		Template:  func(ctx context.Context) (string, error) { return a.checkTemplate(ctx, conn) },
		Templates: conn.templates, Close: conn.close,
	}, nil
}

func (a *app) probeLedger(ctx context.Context) (path string, found ledger.Probed, err error) {
	if path, err = a.ledgerPath(); err != nil {
		return path, found, err
	}
	found, err = ledger.Probe(ctx, path)
	return path, found, err
}

package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"batchsend/internal/access"
	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/secretfile"
	"batchsend/internal/signin"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	json       bool // --json
	requestLog bool // --request-log
	goLive     bool // --go-live
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Walk the whole chain from the key to the ledger and say what is wrong",
		Long: `doctor checks, one after the other, what send needs: configuration, key, proxy,
network, clock, consent, sign-in, account, rights, allowance, templates, limits,
ledger, disk. It goes on after what fails, as far as that is possible, and says
what to do about it. It sends nothing and changes nothing. The exit code is 0
only if sending would work.

--request-log does something else: it has DocuSign log this user's next 50
calls, by whatever program, and shows those logged so far, for DocuSign Support.
Tokens and what concerns people are hidden.

--go-live asks nobody: it counts the integration key's last calls, as the ledger
has recorded them, against DocuSign's rule for a key that is to go live: 20
calls in a row without an error, within 24 hours, and no envelope asked about
twice within 15 minutes.`,
		Example:     "  batchsend doctor\n  batchsend doctor --profile production\n  batchsend doctor --go-live",
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 5"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.requestLog && o.goLive:
				return usageError("--request-log and --go-live are two questions: give one")
			case o.requestLog:
				return a.showRequestLog(cmd.Context(), o.json)
			case o.goLive:
				return a.showGoLive(cmd.Context(), o)
			}
			return a.asking(cmd.Context(), func(ctx context.Context, l limits) error { return a.doctor(ctx, l, o) })
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&o.requestLog, "request-log", false, "have DocuSign log this user's calls, and show what is logged")
	cmd.Flags().BoolVar(&o.goLive, "go-live", false, "count the integration key's last calls against the rule for going live")
	return cmd
}

// sheet is where doctor writes what it finds.
func (a *app) sheet(o doctorOptions) job.Sheet {
	return job.Sheet{
		Writer: a.Stdout, Columns: a.Columns, JSON: o.json, Again: a.command("doctor"),
		ExitCode: func(v job.Verdict) int { return exitCodes[v] },
	}
}

// showGoLive shows how far the integration key's calls allow it to go live.
func (a *app) showGoLive(ctx context.Context, o doctorOptions) error {
	client := a.newClient()
	if err := a.identify(client); err != nil {
		return err
	}
	return a.readLedger(ctx, func(db *ledger.DB) error {
		verdict, err := job.WriteGoLive(ctx, db, access.Application(client), a.command("send"), a.sheet(o))
		return cmp.Or(err, exitWith(verdict))
	})
}

// showRequestLog shows DocuSign's log of the user's calls.
func (a *app) showRequestLog(ctx context.Context, asJSON bool) error {
	return a.withConnection(ctx, func(ctx context.Context, conn *connection) error {
		return job.RequestLog{
			DocuSign: conn.Client, Retry: conn.Retry, Teller: a, Again: a.command("doctor", "--request-log"),
		}.Show(ctx, a.Stdout, asJSON)
	})
}

// doctor prints a line for each step, and what to do about those that fail. The
// worst decides the exit code.
func (a *app) doctor(ctx context.Context, l limits, o doctorOptions) error {
	doctor := job.Doctor{
		Settings: a.describeSettings, Key: a.describeKey, Proxy: a.proxy,
		Reach: func(ctx context.Context) (docusign.Reached, error) {
			r, err := a.reach(ctx)
			l.waited = r.Took
			return r, err
		},
		SignIn: func(ctx context.Context) (*job.SignedIn, error) { return a.signIn(ctx, l) },
		Ledger: a.probeLedger, Complete: a.composer().Complete,
	}
	found, err := doctor.Write(ctx, a.sheet(o))
	if err != nil {
		return err
	}
	for _, err := range found.Failed {
		if a.Columns == 0 { // else the person has just read it
			a.explainError(err)
		}
	}
	return exitWith(found.Verdict)
}

// describeSettings tells what was set, or what is wrong with it.
func (a *app) describeSettings() (s job.Settings, err error) {
	s.File, s.Profile = a.settings.Used()
	for _, place := range a.settings.Trimmed() {
		s.Doubts = append(s.Doubts, "taken without what stood around it: "+place)
	}
	if a.cfg.sandbox {
		s.Environment = "the embedded sandbox"
		return s, a.misread
	}
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	if err != nil {
		return s, usageError("%s: %v", a.place("auth-server"), err)
	}
	s.Environment = server.Describe()
	return s, cmp.Or(
		a.misread,
		job.CheckGUID("integration key", a.place("integration-key"), a.cfg.integrationKey),
		job.CheckUserID(a.place("user-id"), a.cfg.userID),
	)
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

// proxy tells which proxy the calls take.
func (a *app) proxy() (docusign.ProxySetting, error) {
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	if a.cfg.sandbox || err != nil {
		return docusign.ProxySetting{}, nil
	}
	return docusign.ProxyFor(a.env, server)
}

// reach calls the sign-in server without credentials.
func (a *app) reach(ctx context.Context) (r docusign.Reached, err error) {
	c, client := &connection{}, a.newClient()
	if a.cfg.sandbox {
		if err := a.enterSandbox(c, client); err != nil {
			return r, err
		}
		defer c.sandbox.Close()
	} else if client.Auth, err = docusign.ParseAuthServer(a.cfg.authServer); err != nil {
		return r, err
	}
	if client.Transport == nil {
		client.Transport = access.NewTransport(1, a.env)
	}
	return client.Reach(ctx)
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

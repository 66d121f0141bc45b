package main

import (
	"crypto/rsa"
	"log/slog"
	"net/http"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/cmdline"
	"batchsend/internal/console"
	"batchsend/internal/manual"
	"batchsend/internal/settings"
)

// app is what all commands share: the process's surroundings and the
// configuration.
type app struct {
	*console.Terminal
	env        map[string]string
	transport  http.RoundTripper // nil: the network
	newSandbox sandboxMaker

	root     *cobra.Command   // all commands
	verb     string           // the command that runs
	cfg      config           // the values of the flags that most commands have
	settings *settings.Values // of the command that runs
	misread  error            // settings that could not be read, if the command shows them all
	key      *rsa.PrivateKey  // once it is loaded
	log      *slog.Logger
}

// config is what every command may be told. Field comments name the flag.
type config struct {
	authServer     string // --auth-server
	integrationKey string // --integration-key
	userID         string // --user-id
	privateKey     string // --private-key
	redirectURI    string // --redirect-uri
	account        string // --account
	ledger         string // --ledger
	template       string // --template
	sandbox        bool   // --sandbox
	logFormat      string // --log-format
	quiet          bool   // --quiet
	verbose        bool   // -v
}

// buildCommands make the commands that serve the building of releases.
var buildCommands []func() *cobra.Command

// rootCommand makes the tree of commands, which the app keeps to name them in
// messages.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "batchsend",
		Short: "Send DocuSign envelopes in batches from CSV files",
		Long: `batchsend sends one DocuSign envelope for each group of rows in a CSV file.

Everything that can be checked is checked before anything is sent, nothing is
sent twice, and a run that was stopped goes on where it stopped.`,
		Example: `  batchsend send --sandbox samples/offer-letters.csv
  batchsend doctor`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.configure(cmd) },
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("there is no command %q", args[0]) // after --; else checkCommand has said so
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(cmdline.FlagError)
	a.bindConnection(root.PersistentFlags())
	root.AddCommand(
		a.sendCommand(), a.doctorCommand(), a.templateCommand(), a.sandboxCommand(),
		a.statusCommand(), a.reportCommand(), a.reconcileCommand(), a.limitsCommand(), a.loginCommand(), a.logoutCommand(),
		a.configCommand(), a.explainCommand(), a.schemaCommand(), a.versionCommand(),
	)
	for _, command := range buildCommands {
		root.AddCommand(command())
	}
	manual.Install(root, schema.Variable)
	a.offerValues(root)
	a.root = root
	return root
}

// bindConnection declares the flags that say whom to talk to and where to
// remember it.
func (a *app) bindConnection(flags *pflag.FlagSet) {
	c := &a.cfg
	flags.StringVar(&c.authServer, "auth-server", "demo", "`WHERE` to sign in: demo, production or a URL")
	flags.StringVar(&c.integrationKey, "integration-key", "", "integration key (client ID) of the DocuSign app, a `GUID`")
	flags.StringVar(&c.userID, "user-id", "", "`GUID` of the user to send as")
	flags.StringVar(&c.privateKey, "private-key", "", "`FILE` with the app's RSA private key (PEM)")
	flags.StringVar(&c.redirectURI, "redirect-uri", "", "redirect `URI` of the DocuSign app, for the consent address and for login")
	flags.StringVar(&c.account, "account", "", "account `GUID` (default: the user's default account)")
	flags.StringVar(&c.ledger, "ledger", "", "`PATH` of the ledger (default: $XDG_STATE_HOME/batchsend/ledger.db)")
	flags.StringVar(&c.template, "template", "", "template `ID` for rows that name none")
	flags.BoolVar(&c.sandbox, "sandbox", false, "use the embedded sandbox: no DocuSign account needed, nothing is mailed")
	flags.String("config", "", "configuration `FILE` (default: $XDG_CONFIG_HOME/batchsend/config.toml)")
	flags.String("profile", "", "`NAME` of the section [profile.NAME] of the configuration file")
	flags.StringVar(&c.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	flags.BoolVar(&c.quiet, "quiet", false, "say nothing on stderr but problems")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "log every retry, renewal and look-up")
}

// configure completes flags from environment and files, then sets up logging.
func (a *app) configure(cmd *cobra.Command) error {
	a.verb = cmd.Name()
	if err := a.resolve(cmd.Flags()); err != nil {
		if a.verb != "config" && a.verb != "doctor" && cmd.Parent().Name() != "config" { // which show what is wrong
			return err
		}
		a.misread = err
	}
	a.Quiet = a.cfg.quiet
	var known bool
	if a.log, known = a.Logger(a.cfg.logFormat, a.cfg.verbose); !known {
		return a.wrong("log-format", "it must be text or json")
	}
	a.sources().WarnOfMisspelt(a.Warn, debugVariable)
	return nil
}

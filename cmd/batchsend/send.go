package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/cmdline"
	"batchsend/internal/job"
	"batchsend/internal/notify"
	"batchsend/internal/sendflags"
)

// sendOptions are what send was told.
type sendOptions struct{ sendflags.Flags }

func (a *app) bindSend(flags *pflag.FlagSet, o *sendOptions) { o.Bind(flags) }

func (a *app) sendCommand() *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send [flags] FILE...",
		Short: "Send one envelope for each group of rows",
		Long: `send checks the rows of CSV files and Excel workbooks against the template,
shows what it will do, and sends one envelope for each group of rows. Given
again, it sends only what is missing. "-" reads standard input.

Every flag can also be set in the environment (BATCHSEND_ and its name, such as
BATCHSEND_ON_INVALID) or in the configuration file.`,
		Annotations: map[string]string{cmdline.ExitCodes: "0 1 2 3 4 5"},
		Example: `  batchsend send --sandbox samples/offer-letters.csv
  batchsend send --dry-run --rejects bad.csv contracts.csv
  batchsend send --template 1b2c... --results out.csv contracts.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("send needs the name of a CSV file, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Files.Paths = args
			return a.watched(cmd.Context(), &o)
		},
	}
	o.Bind(cmd.Flags())
	return cmd
}

// send is the main job: read, check, plan, send, report.
func (a *app) send(ctx context.Context, o *sendOptions, n *notify.Notifier) (err error) {
	o.Files.Paths, o.Files.Stdin, o.Files.AcceptGuess = job.ExpandPatterns(o.Files.Paths), a.Stdin, a.Typed && a.Watched
	if err := cmp.Or(o.Check(a.settings, a.cfg.authServer, a.cfg.sandbox), o.Read(a.settings)); err != nil {
		return err
	}
	s := &sending{app: a, o: o, notifier: n}
	if s.offline, err = job.OpenOffline(o.TemplateFiles, a.cfg.template); err != nil {
		return err
	}
	if s.faults, err = a.parseFaults(o.Faults); err != nil {
		return err
	}
	end, err := o.End(a.settings)
	if err != nil {
		return err
	}
	ctx, cancel := job.WithEnd(ctx, end)
	defer cancel()
	ctx, s.giveUp = context.WithCancelCause(ctx)
	defer s.giveUp(nil)
	return s.run(ctx)
}

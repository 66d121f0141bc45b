package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/sandbox"
)

// sampleFile is there for those who have the source.
const sampleFile = "samples/offer-letters.csv"

func (a *app) sandboxCommand() *cobra.Command {
	var dir, addr, faults string
	var tls bool
	var hourly, burst int
	var rate float64
	var delay time.Duration
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an imitation of DocuSign on this machine, to practise on",
		Long: `sandbox serves OAuth and the REST API as DocuSign would, with its limits and
its dangerous habits, and mails nothing: its page shows what would have gone
out.

It keeps a key, a template and its records in --dir and writes there an .env
file to source in another terminal.`,
		Example: `  batchsend sandbox --addr 127.0.0.1:0 --dir practice
  # in another terminal:
  . practice/.env && batchsend send samples/offer-letters.csv`,
		Annotations: map[string]string{cmdline.HidesFlags: "sign-in"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			going, err := a.parseFaults(faults)
			if err != nil {
				return err
			}
			if err := sandbox.CheckAddr(addr); err != nil {
				return usageError("%s: %v", a.place("addr"), err)
			}
			server, _, err := a.newSandbox(dir)
			if err != nil {
				return err
			}
			if err := server.Open(); err != nil {
				return err
			}
			defer server.Close()
			server.HourlyLimit, server.BurstLimit, server.BulkRate, server.Faults = hourly, burst, rate, going
			server.IndexDelay = delay
			return a.serveSandbox(cmd.Context(), server, addr, dir, tls)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&addr, "addr", "127.0.0.1:8720", "loopback `ADDRESS` to listen on; port 0 takes a free one")
	flags.StringVar(&dir, "dir", "sandbox", "`DIR` for key, template, records and the .env file")
	flags.BoolVar(&tls, "tls", false, "serve https with a certificate of its own (DIR/ca.pem), as the official SDKs want")
	flags.IntVar(&hourly, "calls-per-hour", sandbox.UsualHourly, "`N` calls an hour are answered; 0: any number")
	flags.IntVar(&burst, "calls-per-burst", sandbox.UsualBurst, "`N` calls in 30 seconds are answered; 0: any number")
	flags.Float64Var(&rate, "bulk-rate", 0, "`N` copies of a bulk list are sent a second (default 20)")
	flags.DurationVar(&delay, "search-delay", 0, "how long searches do not find a new envelope (`DURATION`)")
	flags.StringVar(&faults, "faults", "", "what goes wrong and how often, a `LIST` such as drop-after=0.2,503=0.1,slow=50ms")
	return cmd
}

// serveSandbox serves until the context ends.
func (a *app) serveSandbox(ctx context.Context, server *sandbox.Server, addr, dir string, tls bool) error {
	next := a.command("doctor")
	if _, err := os.Stat(sampleFile); err == nil {
		next = a.command("send", "--dry-run", sampleFile)
	}
	ready := func(url string) error { return server.Announce(a.Stdout, dir, url, next) }
	if tls {
		return server.ListenAndServeTLS(ctx, addr, dir, ready)
	}
	return server.ListenAndServe(ctx, addr, ready)
}

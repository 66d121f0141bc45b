package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/reminders"
)

// sendOptions are the flags of send.
type sendOptions struct {
	limits
	job.Options   // what is sent, and how
	report.Wanted // the files to write
	folders       job.Folders
	dryRun        bool
	json          bool
	yes           bool
	templateFiles []string
	faults        string

	// Texts that stand for values of the options.
	onInvalid   string
	delimiter   string
	maps        []string
	days        [4]string // by reminderFlags
	until       string
	maxDuration time.Duration
	ifMissing   string
}

// reminderFlags are the flags that stand in for empty cells.
var reminderFlags = [4]struct {
	name  string
	field reminders.Field
	help  string
}{
	{"reminder-delay", reminders.Delay, "`DAYS` to the first reminder, for rows that say nothing"},
	{"reminder-frequency", reminders.Frequency, "`DAYS` between later reminders (0: none), for rows that say nothing"},
	{"expire-after", reminders.Expire, "`DAYS` until an envelope expires, for rows that say nothing"},
	{"expire-warn", reminders.Warn, "`DAYS` before expiry to warn (0: never), for rows that say nothing"},
}

func (a *app) bindSend(flags *pflag.FlagSet, o *sendOptions) {
	flags.BoolVar(&o.dryRun, "dry-run", false, "check everything and show the plan, but send nothing")
	flags.StringVar(&o.Files.Batch, "batch", "", "`NAME` under which the envelopes are remembered (default: the file's base name; for an Excel workbook with its sheet, such as offers.xlsx:Sheet1)")
	flags.StringVar(&o.Files.Sheet, "sheet", "", "`NAME` of the sheet to read of an Excel workbook (default: the first that is visible)")
	flags.StringVar(&o.Results, "results", "", "write what became of every row to `FILE` (CSV; - is standard output)")
	flags.StringVar(&o.Rejects, "rejects", "", "write the rejected rows to `FILE` (CSV, or an Excel workbook if its name ends in .xlsx; - is standard output), to be corrected and given back")
	flags.StringVar(&o.HTML, "report", "", "write a report to `FILE` (HTML)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object instead of the table")
	flags.StringVar(&o.onInvalid, "on-invalid", "abort", "what one bad row means: `abort|skip` (send nothing, or all the others)")
	flags.StringVar(&o.Via, "via", batch.Auto, "how to send: `auto|single|two-step|bulk` (two-step makes drafts first: twice the calls, less in doubt; bulk has DocuSign make many from one list; auto takes single or bulk, whichever is done first)")
	flags.IntVar(&o.Concurrency, "concurrency", 8, "`N` envelopes under way at once")
	flags.IntVar(&o.Hourly, "hourly-limit", 0, "at most `N` calls an hour (headers may lower it)")
	flags.IntVar(&o.Burst, "burst-limit", 0, "at most `N` calls in 30 seconds (headers may lower it)")
	flags.IntVar(&o.Reserve, "reserve", 0, "leave `PCT` percent of the hourly calls to other apps on the account")
	flags.DurationVar(&o.Settle, "settle", job.DefaultSettle, "how long DocuSign must not know an envelope before it is sent again (`DURATION`)")
	flags.IntVar(&o.Limit, "limit", 0, "send only the first `N` envelopes")
	flags.IntVar(&o.MaxErrors, "max-errors", 10, "stop after `N` failures in a row")
	flags.StringVar(&o.until, "until", "", "stop at `TIME` (15:04 today or tomorrow, or RFC 3339)")
	flags.DurationVar(&o.maxDuration, "max-duration", 0, "stop after `D`, such as 90m")
	for i, f := range reminderFlags {
		flags.StringVar(&o.days[i], f.name, "", f.help)
	}
	flags.StringArrayVar(&o.maps, "map", nil, "`COLUMN=OURS` says what a column of the file is, \"E-mail address=email\"; \"First Name+Last Name=name\" joins two, \"COLUMN=\" ignores one (repeatable; also a table [columns] in the configuration file)")
	flags.BoolVar(&o.AllowSamePerson, "allow-same-person", false, "let one address hold two roles at different routing orders")
	flags.BoolVar(&o.AllowRepeat, "allow-repeat", false, "send content that was sent under another name already")
	flags.BoolVar(&o.AllowChanged, "allow-changed-template", false, "go on with a batch although its template has changed since it was begun")
	flags.StringArrayVar(&o.templateFiles, "template-file", nil, "with --dry-run: check against a `FILE` of template pull, without credentials or network (may be repeated)")
	flags.StringVar(&o.folders.Archive, "archive", "", "move files all of whose envelopes were sent into the folder `DIR`, with their results")
	flags.StringVar(&o.folders.Rejected, "rejected", "", "move files with rejected rows into the folder `DIR`, with their results and those rows")
	flags.BoolVar(&o.yes, "yes", false, "do not ask before sending")
	flags.DurationVar(&o.Files.MinAge, "min-age", 0, "leave files alone that changed less than `DURATION` ago: they may still be being written")
	flags.StringVar(&o.ifMissing, "if-missing", "error", "what a file that does not exist means: `error|ok` (ok leaves it out; also a pattern that matches nothing)")
	flags.StringVar(&o.Files.Reading.Encoding, "encoding", "", "how the files are encoded: `NAME`, such as utf-8, windows-1250, macintosh or ibm850 (default: found out; a guess is shown)")
	flags.StringVar(&o.delimiter, "delimiter", "", "what separates the columns: `C`, one character, or comma, semicolon, tab or pipe (default: found out)")
	flags.IntVar(&o.Files.Reading.HeaderRow, "header-row", 0, "the columns are named on line `N`, as an editor counts, below a title (default: the first line that holds anything)")
	flags.StringVar(&o.faults, "faults", "", "with --sandbox: what goes wrong and how often, a `LIST` such as drop-after=0.2,503=0.1,slow=50ms,kill-after=100")
}

func (a *app) sendCommand() *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send [flags] FILE...",
		Short: "Send one envelope for each group of rows",
		Long: `send checks the rows of CSV files and Excel workbooks against the template, shows what it will do,
and sends one envelope for each group of rows. Given again, it sends only what
is missing. "-" reads standard input.

Every flag can also be set in the environment (BATCHSEND_ and its name, such as
BATCHSEND_ON_INVALID) or in the configuration file.

` + exitHelp,
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
			return a.send(cmd.Context(), &o, args)
		},
	}
	a.bindSend(cmd.Flags(), &o)
	return cmd
}

// send is the main job: read, check, plan, send, report.
func (a *app) send(ctx context.Context, o *sendOptions, files []string) (err error) {
	o.Files.Paths, o.Files.MissingOK = job.ExpandPatterns(files), o.ifMissing == "ok"
	if err := a.checkOptions(o); err != nil {
		return err
	}
	if err := a.readOptions(o); err != nil {
		return err
	}
	s := &sending{app: a, o: o}
	if s.offline, err = job.OpenOffline(o.templateFiles, a.cfg.template); err != nil {
		return err
	}
	if s.faults, err = a.parseFaults(o.faults); err != nil {
		return err
	}
	end, err := cmdline.ParseEnd(o.until, o.maxDuration, time.Now())
	if err != nil {
		return a.wrong("until", "%v", err)
	}
	ctx, cancel := job.WithEnd(ctx, end)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	o.concurrency, o.brief, o.giveUp = o.Concurrency, o.dryRun, giveUp
	return s.run(ctx)
}

// checkOptions finds mistakes on the command line that parsing cannot.
func (a *app) checkOptions(o *sendOptions) error {
	switch {
	case o.onInvalid != "abort" && o.onInvalid != "skip":
		return a.wrong("on-invalid", "it must be abort or skip")
	case o.ifMissing != "error" && o.ifMissing != "ok":
		return a.wrong("if-missing", "it must be error or ok")
	case o.Limit == 0 && !a.settings.Default("limit"):
		return usageError("%s 0 would send nothing: leave it out to send all", a.place("limit"))
	case o.Files.MinAge > 0 && slices.Contains(o.Files.Paths, "-"):
		return usageError("%s says nothing of standard input: name a file", a.place("min-age"))
	case rows.IsSheet(o.Results):
		return usageError("%s writes CSV: give the file a name that ends in .csv, which spreadsheets open, too", a.place("results"))
	case o.until != "" && o.maxDuration != 0:
		return usageError("%s and %s say the same thing: give one", a.place("until"), a.place("max-duration"))
	case len(o.templateFiles) > 0 && !o.dryRun:
		return usageError("%s is for dry runs: give --dry-run too", a.place("template-file"))
	case len(o.templateFiles) > 0 && a.cfg.sandbox:
		return usageError("%s and %s exclude each other: a check against a file asks nobody", a.place("template-file"), a.place("sandbox"))
	case o.faults != "" && !a.cfg.sandbox:
		return usageError("%s is for rehearsals: give --sandbox too", a.place("faults"))
	}
	return cmp.Or(
		a.settings.Check("via", batch.CheckVia(o.Via)),
		a.settings.Check("concurrency", job.CheckConcurrency(o.Concurrency)),
		a.settings.Check("reserve", o.CheckReserve()),
		o.Files.Check(o.dryRun),
		a.checkSettle(o.Settle),
		o.folders.Check(),
	)
}

// checkSettle finds mistakes in --settle.
func (a *app) checkSettle(settle time.Duration) error {
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	return a.settings.Check("settle", job.CheckSettle(settle, a.cfg.sandbox || err == nil && server.Local()))
}

// readOptions gives the options the values that the flags have as texts.
func (a *app) readOptions(o *sendOptions) (err error) {
	plan := &o.Defaults
	for i, to := range []*reminders.Days{&plan.Delay, &plan.Frequency, &plan.Expire, &plan.Warn} {
		f := reminderFlags[i]
		if *to, err = reminders.Parse(f.field, o.days[i]); err != nil {
			return usageError("%s: %v", a.place(f.name), err)
		}
	}
	if err := plan.Check(); err != nil {
		return usageError("the flags for reminders and expiry: %v", err)
	}
	in := &o.Files
	if in.Mapping, err = envelope.ParseMapping(o.maps, a.settings.Columns()); err != nil {
		return usageError("%s %v", a.place("map"), err)
	}
	if in.Reading.Encoding != "" {
		if err := rows.CheckEncoding(in.Reading.Encoding); err != nil {
			return a.wrong("encoding", "%v", err)
		}
	}
	if o.delimiter != "" {
		if in.Reading.Delimiter, err = rows.ParseDelimiter(o.delimiter); err != nil {
			return a.wrong("delimiter", "%v", err)
		}
	}
	in.Stdin, in.AcceptGuess = a.Stdin, a.Typed && a.Watched
	o.SkipInvalid = o.onInvalid == "skip"
	return nil
}

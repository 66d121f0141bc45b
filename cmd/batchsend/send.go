package main

import (
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
	"batchsend/internal/rows"
	"batchsend/reminders"
)

// sendOptions are the flags of send.
type sendOptions struct {
	limits
	dryRun          bool
	batch           string
	sheet           string
	results         string
	rejects         string
	reportHTML      string
	json            bool
	onInvalid       string
	via             string
	settle          time.Duration
	limit           int
	maxErrors       int
	until           string
	maxDuration     time.Duration
	days            [4]string // of reminders and expiry, by reminderFlags
	maps            []string
	allowSamePerson bool
	allowRepeat     bool
	allowChanged    bool
	folders         job.Folders
	yes             bool
	minAge          time.Duration
	faults          string
	encoding        string
	delimiter       string
	headerRow       int
	templateFiles   []string
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

// checkSettle finds mistakes in --settle.
func (a *app) checkSettle(settle time.Duration) error {
	server, err := docusign.ParseAuthServer(a.cfg.authServer)
	if err := job.CheckSettle(settle, a.cfg.sandbox || err == nil && server.Local()); err != nil {
		return a.wrong("settle", "%v", err)
	}
	return nil
}

func (a *app) bindSend(flags *pflag.FlagSet, o *sendOptions) {
	flags.BoolVar(&o.dryRun, "dry-run", false, "check everything and show the plan, but send nothing")
	flags.StringVar(&o.batch, "batch", "", "`NAME` under which the envelopes are remembered (default: the file's base name; for an Excel workbook with its sheet, such as offers.xlsx:Sheet1)")
	flags.StringVar(&o.sheet, "sheet", "", "`NAME` of the sheet to read of an Excel workbook (default: the first that is visible)")
	flags.StringVar(&o.results, "results", "", "write what became of every row to `FILE` (CSV; - is standard output)")
	flags.StringVar(&o.rejects, "rejects", "", "write the rejected rows to `FILE` (CSV, or an Excel workbook if its name ends in .xlsx; - is standard output), to be corrected and given back")
	flags.StringVar(&o.reportHTML, "report", "", "write a report to `FILE` (HTML)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object instead of the table")
	flags.StringVar(&o.onInvalid, "on-invalid", "abort", "what one bad row means: `abort|skip` (send nothing, or all the others)")
	flags.StringVar(&o.via, "via", "auto", "how to send: `auto|single|two-step|bulk` (two-step makes drafts first: twice the calls, less in doubt; bulk has DocuSign make many from one list; auto takes single or bulk, whichever is done first)")
	flags.IntVar(&o.concurrency, "concurrency", 8, "`N` envelopes under way at once")
	flags.IntVar(&o.Hourly, "hourly-limit", 0, "at most `N` calls an hour (headers may lower it)")
	flags.IntVar(&o.Burst, "burst-limit", 0, "at most `N` calls in 30 seconds (headers may lower it)")
	flags.IntVar(&o.Reserve, "reserve", 0, "leave `PCT` percent of the hourly calls to other apps on the account")
	flags.DurationVar(&o.settle, "settle", job.DefaultSettle, "how long DocuSign must not know an envelope before it is sent again (`DURATION`)")
	flags.IntVar(&o.limit, "limit", 0, "send only the first `N` envelopes")
	flags.IntVar(&o.maxErrors, "max-errors", 10, "stop after `N` failures in a row")
	flags.StringVar(&o.until, "until", "", "stop at `TIME` (15:04 today or tomorrow, or RFC 3339)")
	flags.DurationVar(&o.maxDuration, "max-duration", 0, "stop after `D`, such as 90m")
	for i, f := range reminderFlags {
		flags.StringVar(&o.days[i], f.name, "", f.help)
	}
	flags.StringArrayVar(&o.maps, "map", nil, "`COLUMN=OURS` says what a column of the file is, \"E-mail address=email\"; \"First Name+Last Name=name\" joins two, \"COLUMN=\" ignores one (repeatable; also a table [columns] in the configuration file)")
	flags.BoolVar(&o.allowSamePerson, "allow-same-person", false, "let one address hold two roles at different routing orders")
	flags.BoolVar(&o.allowRepeat, "allow-repeat", false, "send content that was sent under another name already")
	flags.BoolVar(&o.allowChanged, "allow-changed-template", false, "go on with a batch although its template has changed since it was begun")
	flags.StringArrayVar(&o.templateFiles, "template-file", nil, "with --dry-run: check against a `FILE` of template pull, without credentials or network (may be repeated)")
	flags.StringVar(&o.folders.Archive, "archive", "", "move files all of whose envelopes were sent into the folder `DIR`, with their results")
	flags.StringVar(&o.folders.Rejected, "rejected", "", "move files with rejected rows into the folder `DIR`, with their results and those rows")
	flags.BoolVar(&o.yes, "yes", false, "do not ask before sending")
	flags.DurationVar(&o.minAge, "min-age", 0, "leave files alone that changed less than `DURATION` ago: they may still be being written")
	flags.StringVar(&o.encoding, "encoding", "", "how the files are encoded: `NAME`, such as utf-8, windows-1250, macintosh or ibm850 (default: found out; a guess is shown)")
	flags.StringVar(&o.delimiter, "delimiter", "", "what separates the columns: `C`, one character, or comma, semicolon, tab or pipe (default: found out)")
	flags.IntVar(&o.headerRow, "header-row", 0, "the columns are named on line `N`, as an editor counts, below a title (default: the first line that holds anything)")
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
	defaults, err := a.checkOptions(o, files)
	if err != nil {
		return err
	}
	mapping, err := a.mapping(o)
	if err != nil {
		return err
	}
	reading, err := a.reading(o)
	if err != nil {
		return err
	}
	pulled, err := a.templateFiles(o)
	if err != nil {
		return err
	}
	faults, err := a.rehearsal(o)
	if err != nil {
		return err
	}
	end, err := a.end(o, time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := job.WithEnd(ctx, end)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	o.brief, o.giveUp = o.dryRun, giveUp
	s := &sending{app: a, o: o, files: files, faults: faults, pulled: pulled, start: time.Now()}
	defer s.close()
	s.options = job.Options{
		Files:    job.Files{Paths: files, Stdin: a.Stdin, Batch: o.batch, Sheet: o.sheet, MinAge: o.minAge, Mapping: mapping, Reading: reading, AcceptGuess: a.Typed && a.Watched},
		Defaults: defaults, Via: o.via, SkipInvalid: o.onInvalid == "skip",
		AllowSamePerson: o.allowSamePerson, AllowRepeat: o.allowRepeat, AllowChanged: o.allowChanged,
		Limit: o.limit, MaxErrors: o.maxErrors, Concurrency: o.concurrency, Settle: o.settle,
	}
	return s.run(ctx)
}

// checkOptions finds mistakes on the command line that parsing cannot.
func (a *app) checkOptions(o *sendOptions, files []string) (defaults reminders.Plan, err error) {
	switch {
	case o.onInvalid != "abort" && o.onInvalid != "skip":
		return defaults, a.wrong("on-invalid", "it must be abort or skip")
	case !slices.Contains([]string{batch.Auto, batch.Single, batch.TwoStep, batch.InBulk}, o.via):
		return defaults, a.wrong("via", "it must be auto, single, two-step or bulk")
	case o.limit == 0 && !a.settings.Default("limit"):
		return defaults, usageError("%s 0 would send nothing: leave it out to send all", a.place("limit"))
	case o.concurrency < 1 || o.concurrency > 100:
		return defaults, a.wrong("concurrency", "it must be 1 to 100")
	case o.Reserve < 0 || o.Reserve > 90:
		return defaults, a.wrong("reserve", "it must be 0 to 90 percent")
	case o.batch == "" && !o.dryRun && slices.Contains(files, "-"):
		return defaults, usageError("standard input has no name: give --batch NAME, under which the envelopes are remembered")
	case o.minAge > 0 && slices.Contains(files, "-"):
		return defaults, usageError("%s says nothing of standard input: name a file", a.place("min-age"))
	case rows.IsSheet(o.results):
		return defaults, usageError("%s writes CSV: give the file a name that ends in .csv, which spreadsheets open, too", a.place("results"))
	case o.until != "" && o.maxDuration != 0:
		return defaults, usageError("%s and %s say the same thing: give one", a.place("until"), a.place("max-duration"))
	}
	if err := a.checkSettle(o.settle); err != nil {
		return defaults, err
	}
	if err := o.folders.Check(); err != nil {
		return defaults, err
	}
	if err := job.CheckPaths(files); err != nil {
		return defaults, err
	}
	for i, to := range []*reminders.Days{&defaults.Delay, &defaults.Frequency, &defaults.Expire, &defaults.Warn} {
		f := reminderFlags[i]
		if *to, err = reminders.Parse(f.field, o.days[i]); err != nil {
			return defaults, usageError("%s: %v", a.place(f.name), err)
		}
	}
	if err := defaults.Check(); err != nil {
		return defaults, usageError("the flags for reminders and expiry: %v", err)
	}
	return defaults, nil
}

// mapping reads what flags and configuration say of the files' columns.
func (a *app) mapping(o *sendOptions) (mapping envelope.Mapping, err error) {
	for _, text := range o.maps {
		r, err := envelope.ParseRename(text)
		if err != nil {
			return nil, usageError("%s %q: %v", a.place("map"), text, err)
		}
		mapping = append(mapping, r)
	}
	for column, name := range a.settings.Columns() {
		mapping = append(mapping, envelope.Rename{Column: column, To: name, Anywhere: true})
	}
	return mapping, nil
}

// reading returns what the operator says of how the files are written.
func (a *app) reading(o *sendOptions) (r rows.Options, err error) {
	if o.encoding != "" {
		if err := rows.CheckEncoding(o.encoding); err != nil {
			return r, a.wrong("encoding", "%v", err)
		}
	}
	if o.delimiter != "" {
		if r.Delimiter, err = rows.ParseDelimiter(o.delimiter); err != nil {
			return r, a.wrong("delimiter", "%v", err)
		}
	}
	r.Encoding, r.HeaderRow = o.encoding, o.headerRow
	return r, nil
}

// end returns when the run must end; zero if it need not.
func (a *app) end(o *sendOptions, now time.Time) (end time.Time, err error) {
	switch {
	case o.maxDuration > 0:
		return now.Add(o.maxDuration), nil
	case o.until == "":
		return end, nil
	}
	if end, err = cmdline.ParseUntil(o.until, now); err != nil {
		err = a.wrong("until", "%v", err)
	}
	return end, err
}

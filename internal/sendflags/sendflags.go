// Package sendflags has the flags of send: it binds them, finds those that cannot be
// meant together, and reads those that stand for something else as texts.
package sendflags

import (
	"cmp"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"batchsend/envelope"
	"batchsend/internal/access"
	"batchsend/internal/batch"
	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/notify"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/internal/settings"
	"batchsend/internal/usage"
	"batchsend/reminders"
)

// Flags are the values of the flags. Those that stand for options as texts are given to
// the options by [Flags.Read].
type Flags struct {
	job.Options   // what is sent, and how
	access.Limits // of the calls
	report.Wanted // the files to write
	Folders       job.Folders
	Notify        notify.Wanted // who learns what the run came to
	DryRun        bool
	JSON          bool
	Yes           bool // nobody is asked
	TemplateFiles []string
	Faults        string // of the embedded sandbox

	texts texts
}

// texts are flags that stand for values of the options.
type texts struct {
	onInvalid   string
	ifMissing   string
	delimiter   string
	maps        []string
	days        [4]string // by reminderFlags
	until       string
	maxDuration time.Duration
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

// Bind declares the flags.
func (o *Flags) Bind(flags *pflag.FlagSet) {
	flags.BoolVar(&o.DryRun, "dry-run", false, "check everything and show the plan, but send nothing")
	flags.StringVar(&o.Files.Batch, "batch", "", "`NAME` under which the envelopes are remembered (default: the file's base name; for an Excel workbook with its sheet, such as offers.xlsx:Sheet1)")
	flags.StringVar(&o.Files.Sheet, "sheet", "", "`NAME` of the sheet to read of an Excel workbook (default: the first that is visible)")
	flags.StringVar(&o.Results, "results", "", "write what became of every row to `FILE` (CSV; - is standard output)")
	flags.StringVar(&o.Rejects, "rejects", "", "write the rejected rows to `FILE` (CSV, or an Excel workbook if its name ends in .xlsx; - is standard output), to be corrected and given back")
	flags.StringVar(&o.HTML, "report", "", "write a report to `FILE` (HTML)")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON object instead of the table")
	flags.StringVar(&o.texts.onInvalid, "on-invalid", "abort", "what one bad row means: `abort|skip` (send nothing, or all the others)")
	flags.StringVar(&o.Via, "via", batch.Auto, "how to send, a `MODE`: auto (single or bulk, whichever is done first), single (one call an envelope), two-step (drafts first: twice the calls, less in doubt) or bulk (DocuSign makes many from one list)")
	flags.IntVar(&o.Concurrency, "concurrency", 8, "`N` envelopes under way at once")
	flags.IntVar(&o.Hourly, "hourly-limit", 0, "at most `N` calls an hour (headers may lower it)")
	flags.IntVar(&o.Burst, "burst-limit", 0, "at most `N` calls in 30 seconds (headers may lower it)")
	flags.IntVar(&o.Reserve, "reserve", 0, "leave `PCT` percent of the hourly calls to other apps on the account")
	flags.DurationVar(&o.Settle, "settle", job.DefaultSettle, "how long DocuSign must not know an envelope before it is sent again (`DURATION`)")
	flags.IntVar(&o.Limit, "limit", 0, "send only the first `N` envelopes")
	flags.IntVar(&o.MaxErrors, "max-errors", 10, "stop after `N` failures in a row")
	flags.StringVar(&o.texts.until, "until", "", "stop at `TIME` (15:04 today or tomorrow, or RFC 3339)")
	flags.DurationVar(&o.texts.maxDuration, "max-duration", 0, "stop after `D`, such as 90m")
	for i, f := range reminderFlags {
		flags.StringVar(&o.texts.days[i], f.name, "", f.help)
	}
	flags.StringArrayVar(&o.texts.maps, "map", nil, "`COLUMN=OURS` says what a column of the file is, \"E-mail address=email\"; \"First Name+Last Name=name\" joins two, \"COLUMN=\" ignores one (repeatable; also a table [columns] in the configuration file)")
	flags.BoolVar(&o.AllowSamePerson, "allow-same-person", false, "let one address hold two roles at different routing orders")
	flags.BoolVar(&o.AllowRepeat, "allow-repeat", false, "send content that was sent under another name already")
	flags.BoolVar(&o.AllowChanged, "allow-changed-template", false, "go on with a batch although its template has changed since it was begun")
	flags.StringArrayVar(&o.TemplateFiles, "template-file", nil, "with --dry-run: check against a `FILE` of template pull, without credentials or network (may be repeated)")
	flags.StringVar(&o.Folders.Archive, "archive", "", "move files all of whose envelopes were sent into the folder `DIR`, with their results")
	flags.StringVar(&o.Folders.Rejected, "rejected", "", "move files with rejected rows into the folder `DIR`, with their results and those rows")
	flags.BoolVar(&o.Yes, "yes", false, "do not ask before sending")
	flags.DurationVar(&o.Files.MinAge, "min-age", 0, "leave files alone that changed less than `DURATION` ago: they may still be being written")
	flags.StringVar(&o.texts.ifMissing, "if-missing", "error", "what a file that does not exist means: `error|ok` (ok leaves it out; also a pattern that matches nothing)")
	flags.StringVar(&o.Files.Reading.Encoding, "encoding", "", "how the files are encoded: `NAME`, such as utf-8, windows-1250, macintosh or ibm850 (default: found out; a guess is shown)")
	flags.StringVar(&o.texts.delimiter, "delimiter", "", "what separates the columns: `C`, one character, or comma, semicolon, tab or pipe (default: found out)")
	flags.IntVar(&o.Files.Reading.HeaderRow, "header-row", 0, "the columns are named on line `N`, as an editor counts, below a title (default: the first line that holds anything)")
	flags.StringVar(&o.Notify.Metrics, "metrics-file", "", "write metrics of the run to `FILE` for Prometheus (the textfile collector of node_exporter reads names that end in .prom); anybody may read it")
	flags.StringVar(&o.Notify.Command, "notify-command", "", "at the end of a run have the shell run `CMD`, with the object of --json on its standard input and no secrets in its environment")
	flags.StringVar(&o.Notify.Ping, "ping-url", "", "call `URL`/start when the run begins, URL when all is done, and URL/fail when a person is needed, as services such as healthchecks.io expect")
	flags.StringVar(&o.Faults, "faults", "", "with --sandbox: what goes wrong and how often, a `LIST` such as drop-after=0.2,503=0.1,slow=50ms,kill-after=100")
}

// Check finds flags that cannot be meant together, and values that cannot be used although
// they can be parsed. v says where each came from.
func (o *Flags) Check(v *settings.Values, authServer string, sandbox bool) error {
	switch {
	case o.texts.onInvalid != "abort" && o.texts.onInvalid != "skip":
		return v.Wrong("on-invalid", "it must be abort or skip")
	case o.texts.ifMissing != "error" && o.texts.ifMissing != "ok":
		return v.Wrong("if-missing", "it must be error or ok")
	case o.Limit == 0 && !v.Default("limit"):
		return usage.Errorf("%s 0 would send nothing: leave it out to send all", v.Place("limit"))
	case o.Files.MinAge > 0 && slices.Contains(o.Files.Paths, "-"):
		return usage.Errorf("%s says nothing of standard input: name a file", v.Place("min-age"))
	case rows.IsSheet(o.Results):
		return usage.Errorf("%s writes CSV: give the file a name that ends in .csv, which spreadsheets open, too", v.Place("results"))
	case o.texts.until != "" && o.texts.maxDuration != 0:
		return usage.Errorf("%s and %s say the same thing: give one", v.Place("until"), v.Place("max-duration"))
	case len(o.TemplateFiles) > 0 && !o.DryRun:
		return usage.Errorf("%s is for dry runs: give --dry-run too", v.Place("template-file"))
	case len(o.TemplateFiles) > 0 && sandbox:
		return usage.Errorf("%s and %s exclude each other: a check against a file asks nobody", v.Place("template-file"), v.Place("sandbox"))
	case o.Faults != "" && !sandbox:
		return usage.Errorf("%s is for rehearsals: give --sandbox too", v.Place("faults"))
	}
	return cmp.Or(
		v.Check("via", batch.CheckVia(o.Via)),
		v.Check("concurrency", job.CheckConcurrency(o.Concurrency)),
		v.Check("reserve", o.CheckReserve()),
		o.Files.Check(o.DryRun),
		CheckSettle(v, o.Settle, authServer, sandbox),
		o.Folders.Check(),
	)
}

// CheckSettle finds mistakes in --settle.
func CheckSettle(v *settings.Values, settle time.Duration, authServer string, sandbox bool) error {
	server, err := docusign.ParseAuthServer(authServer)
	return v.Check("settle", job.CheckSettle(settle, sandbox || err == nil && server.Local()))
}

// Read gives the options the values that flags have as texts.
func (o *Flags) Read(v *settings.Values) (err error) {
	plan := &o.Defaults
	for i, to := range []*reminders.Days{&plan.Delay, &plan.Frequency, &plan.Expire, &plan.Warn} {
		f := reminderFlags[i]
		if *to, err = reminders.Parse(f.field, o.texts.days[i]); err != nil {
			return usage.Errorf("%s: %v", v.Place(f.name), err)
		}
	}
	if err := plan.Check(); err != nil {
		return usage.Errorf("the flags for reminders and expiry: %v", err)
	}
	in := &o.Files
	if in.Mapping, err = envelope.ParseMapping(o.texts.maps, v.Columns()); err != nil {
		return usage.Errorf("%s %v", v.Place("map"), err)
	}
	if in.Reading.Encoding != "" {
		if err := rows.CheckEncoding(in.Reading.Encoding); err != nil {
			return v.Wrong("encoding", "%v", err)
		}
	}
	if o.texts.delimiter != "" {
		if in.Reading.Delimiter, err = rows.ParseDelimiter(o.texts.delimiter); err != nil {
			return v.Wrong("delimiter", "%v", err)
		}
	}
	in.MissingOK, o.SkipInvalid = o.texts.ifMissing == "ok", o.texts.onInvalid == "skip"
	return nil
}

// End returns when the run must end; zero if it need not.
func (o *Flags) End(v *settings.Values) (time.Time, error) {
	end, err := cmdline.ParseEnd(o.texts.until, o.texts.maxDuration, time.Now())
	if err != nil {
		return end, v.Wrong("until", "%v", err)
	}
	return end, nil
}

// Chosen lists the settings that are not the default ones, without secrets.
func Chosen(v *settings.Values) (facts []report.Fact) {
	for setting := range v.All() {
		if !v.Default(setting.Name) {
			facts = append(facts, report.Fact{Name: setting.Name, Value: setting.Value, From: setting.From})
		}
	}
	return facts
}

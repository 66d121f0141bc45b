package notify

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"batchsend/internal/report"
	"batchsend/internal/usage"
)

// batchLabel is the label that every metric has: without it the files of two cron lines
// would hold the same series, and node_exporter would refuse both.
const batchLabel = "batch"

// lastSuccess is the metric that outlives a run that was no success.
const lastSuccess = "batchsend_last_success_timestamp_seconds"

// checkMetrics fails if the file cannot be written or is one that must stay.
func checkMetrics(path string, precious map[string]string) error {
	if report.Standard(path) >= 0 {
		return usage.Errorf("--metrics-file is replaced as a whole and cannot be %s: name a file", path)
	}
	if err := report.Spare(path, precious); err != nil {
		return err
	}
	f, err := report.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if f.Streams() {
		return usage.Errorf("--metrics-file is replaced as a whole and cannot be the device or pipe %s: name a file", path)
	}
	return nil
}

// writeMetrics writes the metrics of a run in Prometheus's text format, as the textfile
// collector of node_exporter reads them. Three lines a metric need no library:
// client_golang makes the program 2 MB larger than it may be. The file is written whole,
// and with mode 0644, because the exporter is another user and the file has no personal
// data.
func writeMetrics(path, batches string, sum *report.Summary, now time.Time) error {
	var text bytes.Buffer
	gauge := func(name, help string) { fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %[1]s gauge\n", name, help) }
	of := func(name, help string, value float64) {
		gauge(name, help)
		fmt.Fprintf(&text, "%s{%s=%s} %s\n", name, batchLabel, quoted(batches), number(value))
	}
	gauge("batchsend_envelopes", "Envelopes of the last run, by what became of them.")
	for _, status := range report.Statuses() {
		fmt.Fprintf(&text, "batchsend_envelopes{%s=%s,status=%s} %d\n", batchLabel, quoted(batches), quoted(string(status)), sum.Counts[status])
	}
	of("batchsend_run_exit_code", "Exit code of the last run: 0 done, 1 could not run, 2 usage, 3 rows rejected, 4 envelopes failed, 5 the next run goes on by itself.", float64(sum.ExitCode))
	of("batchsend_run_duration_seconds", "How long the last run took.", sum.Seconds)
	dry := 0.
	if sum.DryRun {
		dry = 1
	}
	of("batchsend_run_dry", "1 if the last run was a dry run, which sends nothing.", dry)
	of("batchsend_last_run_timestamp_seconds", "When the last run ended.", seconds(now))
	calls := sum.Calls
	if calls == nil {
		calls = &report.Calls{}
	}
	of("batchsend_run_api_calls", "Calls of DocuSign's API that the last run made, refused ones included.", float64(calls.Made))
	of("batchsend_run_api_calls_refused", "Calls that DocuSign refused in the last run because a limit was reached.", float64(calls.Refused))
	const help = "When a run last ended with exit code 0. Dry runs do not count."
	if outcomeOf(sum.ExitCode) == finished && !sum.DryRun {
		of(lastSuccess, help, seconds(now))
	} else if lines := successes(path); len(lines) > 0 {
		gauge(lastSuccess, help)
		text.WriteString(strings.Join(lines, ""))
	}
	f, err := report.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := text.WriteTo(f); err != nil {
		return err
	}
	if err := f.Share(); err != nil {
		return err
	}
	return f.Commit()
}

// quoted is the value of a label as Prometheus's text format has it.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// successes returns the lines that tell when runs were last a success, as they are in the
// file at path; none if it is not there or no metrics file.
func successes(path string) (lines []string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if successLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

var successLine = regexp.MustCompile(`^` + lastSuccess + `\{` + batchLabel + `="([^"\\]|\\.)*"\} [0-9.e+]+\n$`)

// seconds is a time as Prometheus has it: Unix time with fractions.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

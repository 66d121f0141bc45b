// Package notify tells other programs what a run of send came to: a monitoring system
// by a file of metrics, a command of the operator by the run's summary, and a service
// that watches for runs that do not happen by a call of its URL.
//
// Whatever goes wrong here is said and changes nothing about the run: its envelopes are
// sent, and its exit code stays. What a run means is the business of others.
package notify

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchsend/internal/report"
)

// Wanted says who is to be told; "" is nobody.
type Wanted struct {
	Metrics string // the path of the metrics file
	Command string // a command line for the system's shell
	Ping    string // a URL, which may be a secret
}

// Notifier tells of one run.
type Notifier struct {
	Wanted
	Program string            // and version, as it is called in calls of the URL
	Batch   string            // the name that the operator has given; "" if none
	DryRun  bool              // the run sends nothing
	Env     map[string]string // of the process
	// Precious are the files that the metrics file may not replace, and what each is.
	Precious  map[string]string
	Transport http.RoundTripper // carries the calls of the URL
	Output    io.Writer         // takes what the command prints
	Say       func(format string, args ...any)
	Warn      func(format string, args ...any)

	// Summary is what the run came to, before End.
	Summary *report.Summary

	started time.Time
}

// Check fails if the metrics file cannot be written or would replace a file that must
// stay. It is asked before the run, so that nothing is sent unwatched.
func (n *Notifier) Check() error {
	if n.Metrics == "" {
		return nil
	}
	return checkMetrics(n.Metrics, n.Precious)
}

// Begin tells that the run begins. A dry run calls no URL: the service that watches it
// would take the dry run for the run that it waits for.
func (n *Notifier) Begin(ctx context.Context) {
	n.started = time.Now()
	if n.Ping == "" || n.DryRun {
		return
	}
	if err := n.ping("start").call(ctx); err != nil {
		n.Say("%v", err) // the call at the end says whether anybody must mend something
	}
}

// End tells what the run came to, also if ctx has ended. The metrics file and the
// command tell of a dry run, too, and say that it was one.
func (n *Notifier) End(ctx context.Context) {
	ctx, sum := context.WithoutCancel(ctx), n.Summary
	if sum.Seconds == 0 {
		sum.Seconds = time.Since(n.started).Seconds()
	}
	if n.Metrics != "" {
		if err := writeMetrics(n.Metrics, n.batches(sum), sum, time.Now()); err != nil {
			n.Warn("--metrics-file: %v", err)
		}
	}
	if n.Command != "" {
		if err := (command{n.Command, withoutSecrets(n.Env), n.Output, commandLimit}).run(ctx, sum); err != nil {
			n.Warn("--notify-command: %v; the run and its exit code stay as they are", err)
		}
	}
	if n.Ping == "" || n.DryRun {
		return
	}
	switch outcomeOf(sum.ExitCode) {
	case finished:
		n.end(ctx, n.ping(""), sum)
	case failed:
		n.end(ctx, n.ping("fail"), sum)
	}
}

// end calls the URL at the end of the run.
func (n *Notifier) end(ctx context.Context, p ping, sum *report.Summary) {
	p.body = describe(sum)
	if err := p.call(ctx); err != nil {
		n.Warn("%v; whoever watches it may raise an alarm", err)
	}
}

// batches names the batches of a run, or what they would be called if it has not come
// to that.
func (n *Notifier) batches(sum *report.Summary) string {
	names := slices.Clone(sum.Batches)
	switch {
	case len(names) > 0:
	case n.Batch != "":
		names = []string{n.Batch}
	default:
		for _, path := range sum.Files {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

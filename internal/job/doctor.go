package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Doctor checks, one after the other, what sending needs. It sends nothing and
// changes nothing.
type Doctor struct {
	// Settings tells what was set, and what is doubtful in it.
	Settings func() (Settings, error)
	// Key reads what signing in takes from this machine, and describes the private
	// key.
	Key func() (description string, err error)
	// Proxy tells which proxy the calls take.
	Proxy func() (docusign.ProxySetting, error)
	// Reach calls the sign-in server without credentials.
	Reach func(ctx context.Context) (docusign.Reached, error)
	// SignIn signs in.
	SignIn func(ctx context.Context) (*SignedIn, error)
	// Ledger tries whether a run could use the ledger at path.
	Ledger func(ctx context.Context) (path string, found ledger.Probed, err error)
	// Complete returns a text whose commands stand in back quotes with what was typed
	// for this run; see [Commands].
	Complete func(text string) string
}

// Settings are what a run is told.
type Settings struct {
	Environment string   // the sign-in server, in words
	File        string   // path of the configuration file; "" if there is none
	Profile     string   // of the file; "" if none is chosen
	Doubts      []string // what was set and is doubtful
}

// SignedIn is what a [Doctor] can ask once it is signed in.
type SignedIn struct {
	Login    docusign.Login
	Account  AccountReader
	Retry    throttle.Policy
	Limits   func() throttle.State // of the call budget
	Template func(ctx context.Context) (id string, err error)
	// Templates reads the Template, or the list if there is none.
	Templates *Templates
	Close     func()
}

// AccountReader tells of the account and of the user who is signed in.
type AccountReader interface {
	Accounts
	// Rights tells what the user may do. What DocuSign does not tell is no error.
	Rights(ctx context.Context) (docusign.Rights, error)
}

// Diagnosis is what a [Doctor] has found.
type Diagnosis struct {
	Steps   []report.Step
	Failed  []error // of the steps that failed, in their order
	Verdict Verdict
}

// Sheet is where a diagnosis is written.
type Sheet struct {
	io.Writer
	Columns  int    // of the terminal that it is; 0 if it is none. See [report.WriteStep]
	JSON     bool   // one JSON object when all is done, instead of a line a step
	Again    string // the command to type once something was mended
	ExitCode func(Verdict) int
}

// Write examines all, and writes what it finds. Its error is that of the sheet.
func (d Doctor) Write(ctx context.Context, to Sheet) (found Diagnosis, err error) {
	for step, err := range d.Examine(ctx) {
		if err != nil {
			found.Failed = append(found.Failed, err)
			found.Verdict = Worst(found.Verdict, VerdictOf(err))
		}
		found.Steps = append(found.Steps, step)
		if to.JSON {
			continue
		}
		if err := report.WriteStep(to, step, to.Columns); err != nil {
			return found, err
		}
	}
	all := report.Steps{Works: found.Verdict == AllDone, ExitCode: to.ExitCode(found.Verdict), Steps: found.Steps}
	return found, report.Show(to, all, to.JSON, func(w io.Writer, all report.Steps) error {
		return report.WriteSteps(w, all, to.Again, to.Columns)
	})
}

// Examine goes through the steps as they are done, with the error of each that failed. It
// goes on after what fails, as far as that is possible.
func (d Doctor) Examine(ctx context.Context) iter.Seq2[report.Step, error] {
	return func(yield func(report.Step, error) bool) {
		var k known
		defer func() {
			if k.access != nil {
				k.access.Close()
			}
		}()
		var skipped []string
		for _, e := range examinations {
			if e.online && k.access == nil {
				skipped = append(skipped, e.name)
				continue
			}
			findings := e.do(ctx, d, &k)
			if findings == nil {
				skipped = append(skipped, e.name)
				continue
			}
			if len(findings) == 0 {
				continue
			}
			if len(skipped) > 0 && !yield(skippedSteps(skipped), nil) {
				return
			}
			skipped = nil
			for _, f := range findings {
				step, err := f.step(ctx, e.name)
				if d.Complete != nil {
					step.Cure = d.Complete(step.Cure)
				}
				if !yield(step, err) {
					return
				}
			}
		}
	}
}

// known is what the steps before have found, for those that need it.
type known struct {
	nowhere bool      // it is not known where to sign in
	keyless bool      // there is nothing to sign in with
	told    bool      // that nobody can be signed in, and why
	cut     bool      // no call arrives
	access  *SignedIn // nil: nobody is signed in
	info    docusign.AccountInfo
	rights  docusign.Rights
}

// examination is a step: one look at one thing. do returns nil if it cannot be done after
// what has failed, and no findings if there is nothing to say.
type examination struct {
	name   string
	online bool // it asks DocuSign, and needs somebody to be signed in
	do     func(ctx context.Context, d Doctor, k *known) []finding
}

// examinations are the steps in their order: what others need comes before them.
var examinations = []examination{
	{name: "configuration", do: examineSettings},
	{name: "key", do: examineKey},
	{name: "proxy", do: examineProxy},
	{name: "network", do: examineNetwork},
	{name: "sign-in", do: examineSignIn},
	{name: "account", online: true, do: examineAccount},
	{name: "sending", online: true, do: examineSending},
	{name: "bulk", online: true, do: examineBulk},
	{name: "allowance", online: true, do: examineAllowance},
	{name: "template", online: true, do: examineTemplate},
	{name: "limits", online: true, do: examineLimits},
	{name: "ledger", do: examineLedger},
}

// finding is what a step has found. With an err it has failed.
type finding struct {
	name  string // "": that of the examination
	state report.StepState
	text  string
	cure  string
	err   error
}

func ok(format string, args ...any) []finding {
	return []finding{{state: report.StepOK, text: fmt.Sprintf(format, args...)}}
}

func warning(cure, format string, args ...any) []finding {
	return []finding{{state: report.StepWarning, text: fmt.Sprintf(format, args...), cure: cure}}
}

func failed(err error) []finding { return []finding{{err: err}} }

// ofStep is findings that are not of the step that found them.
func ofStep(name string, all []finding) []finding {
	for i := range all {
		all[i].name = name
	}
	return all
}

// step is the finding as it is shown. It has failed with its error, or because ctx has
// ended.
func (f finding) step(ctx context.Context, name string) (report.Step, error) {
	if f.name != "" {
		name = f.name
	}
	err := f.err
	if err == nil {
		return report.Step{Name: name, State: f.state, Detail: f.text, Cure: f.cure}, nil
	}
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return report.Step{Name: name, State: report.StepFailed, Detail: err.Error(), Cure: HintOf(err)}, err
}

// skippedSteps is one line for steps that were skipped.
func skippedSteps(names []string) report.Step {
	return report.Step{State: report.StepSkipped, Detail: strings.Join(names, ", ") + ": not looked at, because of what failed"}
}

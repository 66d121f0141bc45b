package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Doctor checks, one after the other, what sending needs. It sends nothing and
// changes nothing.
type Doctor struct {
	// Key reads what signing in takes from this machine, and describes the private
	// key.
	Key func() (description string, err error)
	// SignIn signs in.
	SignIn func(ctx context.Context) (*SignedIn, error)
	// Ledger tries whether a run could use the ledger at path.
	Ledger func(ctx context.Context) (path string, found ledger.Probed, err error)
}

// SignedIn is what a [Doctor] can ask once it is signed in.
type SignedIn struct {
	Login    docusign.Login
	Account  Accounts
	Retry    throttle.Policy
	Limits   func() throttle.State // of the call budget
	Template func(ctx context.Context) (id string, err error)
	// Templates reads the Template, or the list if there is none.
	Templates *Templates
	Close     func()
}

// Examine goes through the steps as they are done, with the error of each that
// failed. It goes on after what fails, as far as that is possible.
func (d Doctor) Examine(ctx context.Context) iter.Seq2[report.Step, error] {
	return func(yield func(report.Step, error) bool) {
		for _, part := range []func(context.Context) iter.Seq2[report.Step, error]{d.docusign, d.ledger} {
			for step, err := range part(ctx) {
				if !yield(step, err) {
					return
				}
			}
		}
	}
}

// Print writes a line for each step as it is done, and returns the errors of those that
// failed. Its own error is that of w.
func (d Doctor) Print(ctx context.Context, w io.Writer) (failed []error, err error) {
	for step, err := range d.Examine(ctx) {
		if err := report.WriteStep(w, step); err != nil {
			return failed, err
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed, nil
}

func stepOK(name, format string, args ...any) (report.Step, error) {
	return report.Step{Name: name, State: report.StepOK, Detail: fmt.Sprintf(format, args...)}, nil
}

func stepSkipped(why string) (report.Step, error) {
	return report.Step{State: report.StepSkipped, Detail: why}, nil
}

// stepFailed is a step that failed with err, or because ctx has ended.
func stepFailed(ctx context.Context, name string, err error) (report.Step, error) {
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return report.Step{Name: name, State: report.StepFailed, Detail: err.Error()}, err
}

// docusign checks the way to DocuSign, and what it allows.
func (d Doctor) docusign(ctx context.Context) iter.Seq2[report.Step, error] {
	return func(yield func(report.Step, error) bool) {
		const unreached = "account, settings and template cannot be asked for without it"
		description, err := d.Key()
		if err != nil {
			name := "sign-in"
			if _, bad := errors.AsType[*docusign.KeyError](err); bad {
				name = "key"
			}
			_ = yield(stepFailed(ctx, name, err)) && yield(stepSkipped(unreached))
			return
		}
		if !yield(stepOK("key", "%s", description)) {
			return
		}
		access, err := d.SignIn(ctx)
		if err != nil {
			_ = yield(stepFailed(ctx, "sign-in", err)) && yield(stepSkipped(unreached))
			return
		}
		defer access.Close()
		login := access.Login
		if !yield(stepOK("sign-in", "as %s <%s>", login.UserName, login.UserEmail)) ||
			!yield(stepOK("account", "%s (%s) at %s", login.AccountName, login.AccountID, login.BaseURI)) {
			return
		}
		info, err := throttle.Ask(ctx, access.Retry, access.Account.AccountInfo)
		if !yield(examineSettings(ctx, info, err)) || !yield(access.examineTemplate(ctx, info)) {
			return
		}
		if state := access.Limits(); state.Hour.Told {
			yield(stepOK("limits", "%s calls left of %s this hour", report.Number(state.Hour.Left), report.Number(state.Hour.Limit)))
		}
	}
}

// examineSettings checks what the account allows, if err does not say that it could
// not be asked for.
func examineSettings(ctx context.Context, info docusign.AccountInfo, err error) (report.Step, error) {
	allowance := info.Allowance
	switch {
	case errors.Is(err, docusign.ErrNotReadable):
		return stepOK("settings", "not readable for this user: going on without them")
	case err != nil:
		return stepFailed(ctx, "settings", err)
	case info.MaySend() != nil:
		return stepFailed(ctx, "settings", info.MaySend())
	case allowance.Known && !allowance.Unlimited:
		return stepOK("allowance", "%s left of %s", report.Plural(allowance.Left(), "envelope"), report.Number(allowance.Allowed))
	}
	return stepOK("allowance", "unlimited or not told")
}

// examineTemplate reads the template for rows that name none, or else the list of
// templates.
func (a *SignedIn) examineTemplate(ctx context.Context, info docusign.AccountInfo) (report.Step, error) {
	if ctx.Err() != nil {
		return stepSkipped("template needs DocuSign's answer")
	}
	id, err := a.Template(ctx)
	if err != nil {
		return stepFailed(ctx, "template", err)
	}
	if id == "" {
		list, err := a.Templates.List(ctx)
		if err != nil {
			return stepFailed(ctx, "templates", err)
		}
		return stepOK("templates", "%s readable", report.Plural(len(list), "template"))
	}
	source, err := a.Templates.Source(ctx, id, info.Notification)
	if err == nil {
		err = source.Err
	}
	if err != nil {
		return stepFailed(ctx, "template", err)
	}
	return stepOK("template", "%q, %s to fill", source.Template.Name, report.Plural(len(source.Template.Placeholders()), "role"))
}

// ledger checks whether a run could use the ledger, and its disk. It does so even if
// ctx has ended, because a wait for DocuSign was given up.
func (d Doctor) ledger(ctx context.Context) iter.Seq2[report.Step, error] {
	return func(yield func(report.Step, error) bool) {
		path, found, err := d.Ledger(context.WithoutCancel(ctx))
		if err != nil {
			yield(stepFailed(ctx, "ledger", err))
			return
		}
		about := path
		switch {
		case !found.There:
			about += " is not there yet: the first run makes it"
		case found.Older:
			about += ", of an earlier release: the next run brings it up to date"
		}
		if yield(stepOK("ledger", "%s", about)) && found.Free >= 0 {
			yield(examineDisk(ctx, found.Free))
		}
	}
}

// leastFree is how much room the ledger's disk should have, in bytes: an envelope
// takes about one KiB.
const leastFree = 4 << 20

// DiskError says that the disk of the ledger is nearly full.
type DiskError struct {
	Free int64 // bytes
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%s KiB are left on the disk of the ledger, of which an envelope takes about one", report.Number(int(e.Free>>10)))
}

// Hint says what to do about it.
func (e *DiskError) Hint() string {
	return "make room before you send: nothing is sent that cannot be recorded"
}

// examineDisk checks the room on the ledger's disk, in bytes.
func examineDisk(ctx context.Context, free int64) (report.Step, error) {
	if free < leastFree {
		return stepFailed(ctx, "disk", &DiskError{free})
	}
	return stepOK("disk", "%s MiB free beside the ledger", report.Number(int(free>>20)))
}

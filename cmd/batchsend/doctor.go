package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Walk the whole chain from the key to the ledger and say what is wrong",
		Long: `doctor checks, one after the other, what send needs: key, sign-in and consent,
account, allowance, templates, ledger, disk. It goes on after what fails, as far
as that is possible. It sends nothing and changes nothing.`,
		Args: cmdline.AtMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.asking(cmd.Context(), a.doctor) },
	}
}

// doctor prints a line for each step, and what to do about those that fail. The
// worst decides the exit code.
func (a *app) doctor(ctx context.Context, l limits) error {
	x := &examination{app: a, given: func(err error) error { return givenUp(ctx, err) }}
	if x.key() {
		x.docusign(ctx, l)
	} else {
		x.skip("account, settings and template cannot be asked for without it")
	}
	x.ledger(context.WithoutCancel(ctx)) // also when a wait for DocuSign was given up
	if x.unwritten != nil {
		return x.unwritten
	}
	code := exitDone
	for _, err := range x.failed {
		a.explainError(err)
		code = worst(code, exitCode(err))
	}
	return exitWith(code)
}

// examination is the walk of doctor.
type examination struct {
	*app
	failed []error
	// unwritten is why the result could not be printed.
	unwritten error
	given     func(error) error // see [givenUp]
}

func (x *examination) ok(step, format string, args ...any) {
	x.print("ok    %-10s %s\n", step, fmt.Sprintf(format, args...))
}

func (x *examination) fail(step string, err error) {
	if errors.Is(err, context.Canceled) {
		err = x.given(err)
	}
	x.print("FAIL  %-10s %v\n", step, err)
	x.failed = append(x.failed, err)
}

func (x *examination) skip(why string) { x.print("--    %s\n", why) }

func (x *examination) print(format string, args ...any) {
	_, err := fmt.Fprintf(x.Stdout, format, args...)
	x.unwritten = cmp.Or(x.unwritten, err)
}

// key checks what signing in takes from this machine.
func (x *examination) key() bool {
	if x.cfg.sandbox {
		x.ok("key", "the sandbox's own")
		return true
	}
	client := &docusign.Client{}
	err := x.credentials(client)
	if _, bad := errors.AsType[*docusign.KeyError](err); bad {
		x.fail("key", err)
		return false
	} else if err != nil {
		x.fail("sign-in", err)
		return false
	}
	from := x.cfg.privateKey
	if docusign.IsKeyText(from) {
		from = "the text in " + x.place("private-key")
	}
	x.ok("key", "RSA, %d bits, %s", client.Key.N.BitLen(), from)
	return true
}

// docusign signs in and asks what an account and its templates allow.
func (x *examination) docusign(ctx context.Context, l limits) {
	conn, err := x.connect(ctx, l)
	if err != nil {
		x.fail("sign-in", err)
		x.skip("account, settings and template cannot be asked for without it")
		return
	}
	defer conn.leave()
	x.recallShared(ctx, conn)
	x.ok("sign-in", "as %s <%s>", conn.login.UserName, conn.login.UserEmail)
	x.ok("account", "%s (%s) at %s", conn.login.AccountName, conn.login.AccountID, conn.login.BaseURI)
	info, err := throttle.Ask(ctx, conn.retry, conn.client.AccountInfo)
	switch {
	case errors.Is(err, docusign.ErrNotReadable):
		x.ok("settings", "not readable for this user: going on without them")
	case err != nil:
		x.fail("settings", err)
	case info.MaySend() != nil:
		x.fail("settings", info.MaySend())
	default:
		if a := info.Allowance; a.Known && !a.Unlimited {
			x.ok("allowance", "%s left of %s", report.Plural(a.Left(), "envelope"), report.Number(a.Allowed))
		} else {
			x.ok("allowance", "unlimited or not told")
		}
	}
	if ctx.Err() != nil {
		x.skip("template needs DocuSign's answer")
	} else {
		x.template(ctx, conn, info)
	}
	if state := conn.limiter.State(); state.Hour.Told {
		x.ok("limits", "%s calls left of %s this hour", report.Number(state.Hour.Left), report.Number(state.Hour.Limit))
	}
}

// template reads the template of the setting, or the list of templates.
func (x *examination) template(ctx context.Context, conn *connection, info docusign.AccountInfo) {
	if conn.template == "" {
		list, err := conn.templates.List(ctx)
		if err != nil {
			x.fail("templates", err)
			return
		}
		x.ok("templates", "%s readable", report.Plural(len(list), "template"))
		return
	}
	id, err := x.checkTemplate(ctx, conn)
	if err != nil {
		x.fail("template", err)
		return
	}
	source, err := conn.templates.Source(ctx, id, info.Notification)
	if err == nil {
		err = source.Err
	}
	if err != nil {
		x.fail("template", err)
		return
	}
	x.ok("template", "%q, %s to fill", source.Template.Name, report.Plural(len(source.Template.Placeholders()), "role"))
}

// leastFree is how much room the ledger's disk should have, in bytes: an
// envelope takes about one KiB.
const leastFree = 4 << 20

// ledger tries whether a run could use the ledger, and its disk.
func (x *examination) ledger(ctx context.Context) {
	path, err := x.ledgerPath()
	if err != nil {
		x.fail("ledger", err)
		return
	}
	probed, err := ledger.Probe(ctx, path)
	switch {
	case err != nil:
		x.fail("ledger", err)
		return
	case !probed.There:
		x.ok("ledger", "%s is not there yet: the first run makes it", path)
	case probed.Older:
		x.ok("ledger", "%s, of an earlier release: the next run brings it up to date", path)
	default:
		x.ok("ledger", "%s", path)
	}
	switch {
	case probed.Free < 0: // not known here
	case probed.Free < leastFree:
		x.fail("disk", &adviceError{
			text: fmt.Sprintf("%s KiB are left on the disk of the ledger, of which an envelope takes about one", report.Number(int(probed.Free>>10))),
			hint: "make room before you send: nothing is sent that cannot be recorded",
		})
	default:
		x.ok("disk", "%s MiB free beside the ledger", report.Number(int(probed.Free>>20)))
	}
}

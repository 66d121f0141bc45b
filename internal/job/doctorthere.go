package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/report"
	"batchsend/template"
	"batchsend/throttle"
)

// What a [Doctor] asks DocuSign.

func examineNetwork(ctx context.Context, d Doctor, k *known) []finding {
	if k.nowhere || k.cut {
		return nil
	}
	r, err := d.Reach(ctx)
	if err != nil {
		k.cut = true
		return failed(err)
	}
	how := "without encryption"
	if r.TLS != "" {
		how = r.TLS
		if r.Issuer != "" {
			how += fmt.Sprintf(", certificate by %q", r.Issuer)
		}
	}
	found := ok("%s answers in %v, %s", r.Host, max(r.Took.Round(time.Millisecond), time.Millisecond), how)
	return append(found, ofStep("clock", examineClock(r))...)
}

// The clock may be off by as much. Calls are held back until windows end by DocuSign's
// clock, and assertions are dated a minute back.
const (
	oddSkew = 10 * time.Second
	badSkew = 2 * time.Minute
)

// ClockError says how wrong this machine's clock is.
type ClockError struct{ Skew time.Duration } // ahead, or behind if negative

func (e *ClockError) Error() string { return "this machine's clock is " + offBy(e.Skew) }

// Hint says how to set it.
func (e *ClockError) Hint() string {
	return "set the clock: timedatectl set-ntp true, or ask who runs this machine; DocuSign refuses sign-ins that are dated wrongly, and waits for call limits would end at wrong times"
}

// offBy says how far the clock is from DocuSign's.
func offBy(skew time.Duration) string {
	if skew < 0 {
		return fmt.Sprintf("%v behind DocuSign's", -skew)
	}
	return fmt.Sprintf("%v ahead of DocuSign's", skew)
}

func examineClock(r docusign.Reached) []finding {
	switch off := r.Skew.Abs(); {
	case !r.Dated:
		return ok("DocuSign's answer does not tell the time")
	case off >= badSkew:
		return failed(&ClockError{r.Skew})
	case off >= oddSkew:
		return warning("timedatectl set-ntp true keeps it right", "%s", offBy(r.Skew))
	case off > time.Second:
		return ok("%s", offBy(r.Skew))
	}
	return ok("that of DocuSign, to a second")
}

func examineSignIn(ctx context.Context, d Doctor, k *known) []finding {
	switch {
	case k.told:
		return []finding{}
	case k.keyless, k.cut:
		return nil
	}
	access, err := d.SignIn(ctx)
	if err != nil {
		return ofStep(signInStep(err), failed(err))
	}
	k.access = access
	consent := ofStep("consent", ok("given to this integration key"))
	return append(consent, ok("as %s <%s>", access.Login.UserName, access.Login.UserEmail)...)
}

// signInStep names the step that an error of signing in belongs to.
func signInStep(err error) string {
	refused, ok := errors.AsType[*docusign.AuthError](err)
	if !ok {
		return "sign-in"
	}
	switch refused.Reason {
	case docusign.ConsentRequired:
		return "consent"
	case docusign.NoAccount, docusign.AccountUnknown, docusign.BadBaseURI:
		return "account"
	}
	return "sign-in"
}

func examineAccount(_ context.Context, _ Doctor, k *known) []finding {
	login := k.access.Login
	var others []string
	for _, a := range login.Accounts {
		if a.ID != login.AccountID {
			others = append(others, fmt.Sprintf("%s (%s)", a.Name, a.ID))
		}
	}
	text := fmt.Sprintf("%s (%s) at %s", login.AccountName, login.AccountID, login.BaseURI)
	if len(others) > 0 {
		text += "; the user is also in " + strings.Join(others, ", ")
	}
	return ok("%s", text)
}

// examineSending checks what the account and the user's rights allow. That they cannot be
// read is no failure.
func examineSending(ctx context.Context, _ Doctor, k *known) []finding {
	info, err := throttle.Ask(ctx, k.access.Retry, k.access.Account.AccountInfo)
	k.info = info
	unreadable := errors.Is(err, docusign.ErrNotReadable)
	if refused, ok := errors.AsType[*docusign.Error](err); ok && refused.ErrorCode() == "USER_LACKS_MEMBERSHIP" {
		return ofStep("membership", failed(err))
	}
	if err != nil && !unreadable {
		return ofStep("settings", failed(err))
	}
	if err := info.MaySend(); err != nil {
		return failed(err)
	}
	if k.rights, err = throttle.Ask(ctx, k.access.Retry, k.access.Account.Rights); err != nil {
		return failed(err)
	}
	switch err := k.rights.MaySend(k.access.Login); {
	case err != nil:
		return failed(err)
	case k.rights.Told && k.rights.Profile != "":
		return ok("allowed (permission profile %q)", k.rights.Profile)
	case k.rights.Told:
		return ok("allowed")
	case unreadable:
		return ok("this user may not read the settings: the first envelope will show")
	}
	return ok("DocuSign does not tell this user's rights: the first envelope will show")
}

func examineBulk(_ context.Context, _ Doctor, k *known) []finding {
	const single = "envelopes go one by one"
	switch {
	case k.info.BulkForbidden:
		return ok("not allowed in this account or for this user: %s", single)
	case k.rights.Told && k.rights.BulkForbidden:
		return ok("not allowed for this user: %s", single)
	case !k.info.BulkTold:
		return ok("not told: a run tries it where it saves calls")
	case k.info.BulkCopies > 0:
		return ok("allowed, %s in a list", report.Plural(k.info.BulkCopies, "envelope"))
	}
	return ok("allowed")
}

// AllowanceError says that the plan leaves no envelope to send.
type AllowanceError struct {
	docusign.Allowance
	Plan string // its name; "" if it is not told
}

func (e *AllowanceError) Error() string {
	text := fmt.Sprintf("all %s of this billing period are used up (%s sent)", report.Plural(e.Allowed, "envelope"), report.Number(e.Sent))
	if e.DaysLeft > 0 {
		text += fmt.Sprintf("; the next period begins in %s", report.Plural(e.DaysLeft, "day"))
	}
	return text
}

// Hint says what can be done.
func (e *AllowanceError) Hint() string {
	return "wait for the next period, or have an administrator buy envelopes under Billing and Usage; if the plan lets the allowance be exceeded, `batchsend send --limit 1` shows it"
}

// fewEnvelopes is the part of the allowance, in percent, at which its end is near.
const fewEnvelopes = 10

func examineAllowance(_ context.Context, _ Doctor, k *known) []finding {
	a, plan := k.info.Allowance, ""
	if k.info.Plan != "" {
		plan = fmt.Sprintf(" (plan %q)", k.info.Plan)
	}
	switch {
	case !a.Known:
		return ok("not told%s", plan)
	case a.Unlimited:
		return ok("unlimited%s", plan)
	case a.Left() == 0:
		return failed(&AllowanceError{a, k.info.Plan})
	}
	text := fmt.Sprintf("%s left of %s%s", report.Plural(a.Left(), "envelope"), report.Number(a.Allowed), plan)
	if a.DaysLeft > 0 {
		text += fmt.Sprintf(", %s until the next period", report.Plural(a.DaysLeft, "day"))
	}
	if a.Left()*100 < a.Allowed*fewEnvelopes {
		return warning("", "%s", text)
	}
	return ok("%s", text)
}

func examineLimits(_ context.Context, _ Doctor, k *known) []finding {
	hour := k.access.Limits().Hour
	switch {
	case !hour.Told:
		return []finding{}
	case hour.Left == 0:
		return warning("a run waits for the next hour by itself", "no calls left of %s this hour", report.Number(hour.Limit))
	}
	return ok("%s calls left of %s this hour", report.Number(hour.Left), report.Number(hour.Limit))
}

// examineTemplate reads the template for rows that name none, or else the list of
// templates.
func examineTemplate(ctx context.Context, _ Doctor, k *known) []finding {
	if ctx.Err() != nil {
		return []finding{{state: report.StepSkipped, text: "needs DocuSign's answer"}}
	}
	id, err := k.access.Template(ctx)
	if err != nil {
		return failed(err)
	}
	if id == "" {
		list, err := k.access.Templates.List(ctx)
		switch {
		case err != nil:
			return ofStep("templates", failed(err))
		case len(list) == 0:
			return ofStep("templates", warning("have one shared with the user, or make one", "the user may use none in this account"))
		}
		return ofStep("templates", ok("%s readable", report.Plural(len(list), "template")))
	}
	source, err := k.access.Templates.Source(ctx, id, k.info.Notification)
	if err == nil {
		err = source.Err
	}
	if err != nil {
		return failed(err)
	}
	t := source.Template
	text := fmt.Sprintf("%q, %s to fill", t.Name, report.Plural(len(t.Placeholders()), "role"))
	if names := embedded(t); len(names) > 0 {
		return warning("take the client user ID (embedded signing) off these recipients in the template, unless another application calls them to sign",
			"%s; DocuSign will not mail %s, who sign within another application", text, strings.Join(names, ", "))
	}
	return ok("%s", text)
}

// embedded names the recipients of a template whom DocuSign does not mail.
func embedded(t *template.Template) (names []string) {
	for i := range t.Roles {
		if t.Roles[i].Embedded {
			names = append(names, fmt.Sprintf("%q", t.Roles[i].Name))
		}
	}
	return names
}

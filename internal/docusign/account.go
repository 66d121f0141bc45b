package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/reminders"
)

// AccountInfo is what an account allows. What DocuSign did not tell is zero.
type AccountInfo struct {
	Name, Number, Plan string
	Allowance          Allowance
	SendingBlocked     bool // DocuSign: envelopeSendingBlocked
	Suspended          bool
	// Notification holds the account's own reminders and expiration.
	Notification reminders.Stored
	// OverrideForbidden is set if senders may not depart from Notification.
	// DocuSign: accountNotification.userOverrideEnabled.
	OverrideForbidden bool
	BulkRules
	// Rules are what the account demands of envelopes.
	Rules envelope.Rules
}

// BulkRules are what an account says of bulk sending.
type BulkRules struct {
	// BulkForbidden is set if DocuSign has told that the account, or this user,
	// may not send in bulk; BulkTold if it has told anything of that. DocuSign:
	// allowBulkSend, bulkSend.
	BulkForbidden, BulkTold bool
	BulkCopies              int // in one list; DocuSign: bulkSendMaxCopiesInBatch
	BulkQueue               int // unsent in all lists; DocuSign: bulkSendMaxUnprocessedEnvelopesCount
}

// BlockedError says that DocuSign takes no envelope from the account.
type BlockedError struct {
	Account   string // its name
	Suspended bool
}

func (e *BlockedError) Error() string {
	if e.Suspended {
		return fmt.Sprintf("account %q is suspended: DocuSign would refuse every envelope", e.Account)
	}
	return fmt.Sprintf("sending is blocked for account %q: DocuSign would refuse every envelope", e.Account)
}

// Hint says who can mend it.
func (e *BlockedError) Hint() string {
	if e.Suspended {
		return Hint("ACCOUNT_SUSPENDED")
	}
	return "an administrator of the account sees why under Billing and Usage, or asks DocuSign Support; then " + envelope.RunAgain
}

// MaySend returns a [*BlockedError] if the account takes no envelopes.
func (a *AccountInfo) MaySend() error {
	if a.Suspended || a.SendingBlocked {
		return &BlockedError{a.Name, a.Suspended}
	}
	return nil
}

// Allowance is what the plan leaves to send in this billing period. Many plans
// let it be exceeded.
type Allowance struct {
	Known         bool // false: this user is not told
	Unlimited     bool
	Allowed, Sent int
	DaysLeft      int // until the next period
}

// Left is how many envelopes remain; it is 0 if that is not known.
func (a Allowance) Left() int { return max(a.Allowed-a.Sent, 0) }

// AccountInfo reads the account and its settings, in one call, or in two if the
// first does not tell of the settings: that something is not told does not mean
// that it is not so. The error is [ErrNotReadable] if this user may read neither.
func (c *Client) AccountInfo(ctx context.Context) (AccountInfo, error) {
	var got wireAccount
	err := c.do(ctx, call{
		op: "read account", method: http.MethodGet,
		query: url.Values{"include_account_settings": {"true"}},
	}, &got)
	if err != nil && !notReadable(err) {
		return AccountInfo{}, err
	}
	if got.Settings.AllowBulk == "" {
		apart := c.do(ctx, call{op: "read account settings", method: http.MethodGet, path: "/settings"}, &got.Settings)
		switch e, _ := errors.AsType[*Error](apart); {
		case apart == nil:
			err = nil
		case e == nil || e.Kind != Refused:
			return AccountInfo{}, apart
		}
	}
	if err != nil {
		return AccountInfo{}, err
	}
	return got.info(), nil
}

// notReadable reports whether err means that this user has no right to read
// what was asked for, and gives it [ErrNotReadable] as its cause.
func notReadable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Refused {
		return false
	}
	rightless := slices.Contains([]int{http.StatusForbidden, http.StatusNotFound}, e.Status) ||
		strings.Contains(normal(e.Code), "LACKSPERMISSIONS") || strings.Contains(normal(e.Code), "NOTACCOUNTADMIN")
	if rightless && e.Cause == nil {
		e.Cause = ErrNotReadable
	}
	return rightless
}

type wireAccount struct {
	Name       text         `json:"accountName"`
	Number     text         `json:"externalAccountId"`
	Plan       text         `json:"planName"`
	Allowed    text         `json:"billingPeriodEnvelopesAllowed"`
	Sent       text         `json:"billingPeriodEnvelopesSent"`
	DaysLeft   text         `json:"billingPeriodDaysRemaining"`
	Blocked    text         `json:"envelopeSendingBlocked"`
	Suspension text         `json:"suspensionStatus"`
	Settings   wireSettings `json:"accountSettings"`
}

// wireSettings is the schema "accountSettingsInformation", as far as sending
// depends on it.
type wireSettings struct {
	Notification struct {
		wireNotification
		Override text `json:"userOverrideEnabled"`
	} `json:"accountNotification"`
	AllowBulk   text           `json:"allowBulkSend"`
	UserBulk    text           `json:"bulkSend"`
	BulkCopies  text           `json:"bulkSendMaxCopiesInBatch"`
	BulkQueue   text           `json:"bulkSendMaxUnprocessedEnvelopesCount"`
	AllowHiding text           `json:"allowDocumentVisibility"`
	Visibility  text           `json:"documentVisibility"`
	AccessCode  wireCodeFormat `json:"accessCodeFormat"`
	AllowSMS    text           `json:"allowSMSDelivery"`
	SMSBeside   text           `json:"enableSMSDeliveryAdditionalNotification"`
}

type wireCodeFormat struct {
	Required text `json:"formatRequired"`
	Length   text `json:"minimumLength"`
	Letter   text `json:"letterRequired"`
	Number   text `json:"numberRequired"`
	Special  text `json:"specialCharacterRequired"`
}

// no reports whether t says so, which is more than not saying yes.
func (t text) no() bool { return t != "" && !t.true() }

func (w *wireAccount) info() AccountInfo {
	set := &w.Settings
	return AccountInfo{
		Name: string(w.Name), Number: string(w.Number), Plan: string(w.Plan),
		Allowance: Allowance{
			Known:     w.Allowed != "",
			Unlimited: strings.EqualFold(string(w.Allowed), "unlimited") || w.Allowed.int() < 0,
			Allowed:   w.Allowed.int(), Sent: w.Sent.int(), DaysLeft: w.DaysLeft.int(),
		},
		SendingBlocked:    w.Blocked.true(),
		Suspended:         w.suspended(),
		Notification:      set.Notification.stored(),
		OverrideForbidden: set.Notification.Override.no(),
		BulkRules: BulkRules{
			BulkForbidden: set.AllowBulk.no() || set.UserBulk.no(),
			BulkTold:      set.AllowBulk != "" || set.UserBulk != "",
			BulkCopies:    set.BulkCopies.int(), BulkQueue: set.BulkQueue.int(),
		},
		Rules: set.rules(),
	}
}

// suspended reports whether the account is. Which words DocuSign uses is not
// documented.
func (w *wireAccount) suspended() bool {
	status := normal(string(w.Suspension))
	return w.Suspension.true() || strings.HasPrefix(status, "SUSPEND") || strings.HasSuffix(status, "SUSPENDED") && !strings.HasPrefix(status, "NOT") && !strings.HasPrefix(status, "UN")
}

func (w *wireSettings) rules() envelope.Rules {
	rules := envelope.Rules{NoText: w.AllowSMS.no() || w.SMSBeside.no()}
	if f := w.AccessCode; !f.Required.no() {
		rules.AccessCode = envelope.AccessCodeFormat{
			Length: f.Length.int(), Letter: f.Letter.true(), Number: f.Number.true(), Special: f.Special.true(),
		}
	}
	mode := normal(string(w.Visibility))
	switch {
	case w.AllowHiding.no(), mode == "", mode == "OFF": // without the first the mode has no effect
	case strings.HasPrefix(mode, "SENDERCANSET"):
		rules.Visibility = envelope.VisibilityChosen
	default:
		rules.Visibility = envelope.VisibilityAlways
	}
	return rules
}

// wireNotification is the schema "notification", and most of
// "accountNotification".
type wireNotification struct {
	UseAccountDefaults text             `json:"useAccountDefaults,omitempty"`
	Reminders          *wireReminders   `json:"reminders,omitempty"`
	Expirations        *wireExpirations `json:"expirations,omitempty"`
}

type wireReminders struct {
	Enabled   text `json:"reminderEnabled"`
	Delay     text `json:"reminderDelay"`
	Frequency text `json:"reminderFrequency"`
}

type wireExpirations struct {
	Enabled text `json:"expireEnabled"`
	After   text `json:"expireAfter"`
	Warn    text `json:"expireWarn"`
}

func (w *wireNotification) stored() reminders.Stored {
	if w == nil {
		return reminders.Stored{}
	}
	s := reminders.Stored{UseAccountDefaults: w.UseAccountDefaults.true()}
	if r := w.Reminders; r != nil {
		s.Reminder = &reminders.Reminder{Enabled: r.Enabled.true(), Delay: r.Delay.int(), Frequency: r.Frequency.int()}
	}
	if x := w.Expirations; x != nil {
		s.Expiration = &reminders.Expiration{Enabled: x.Enabled.true(), After: x.After.int(), Warn: x.Warn.int()}
	}
	return s
}

// complete is settings as a request carries them: nothing is left to defaults.
func complete(s *reminders.Settings) *wireNotification {
	if s == nil {
		return nil
	}
	return &wireNotification{
		UseAccountDefaults: boolean(false),
		Reminders:          &wireReminders{boolean(s.Delay != 0 || s.Frequency != 0), number(s.Delay), number(s.Frequency)},
		Expirations:        &wireExpirations{boolean(true), number(s.Expire), number(s.Warn)},
	}
}

package docusign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	BulkAllowed       bool // DocuSign: allowBulkSend
	BulkCopies        int  // in one list; DocuSign: bulkSendMaxCopiesInBatch
	BulkQueue         int  // unsent in all lists; DocuSign: bulkSendMaxUnprocessedEnvelopesCount
	// DocumentVisibility is the account's mode; "" or "Off" if it has none. In
	// the others every signer must have a field.
	DocumentVisibility string
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

// AccountInfo reads the account and its settings, in one call. The error is
// [ErrNotReadable] if this user has no right to.
func (c *Client) AccountInfo(ctx context.Context) (AccountInfo, error) {
	var got wireAccount
	err := c.do(ctx, call{
		op: "read account", method: http.MethodGet,
		query: url.Values{"include_account_settings": {"true"}},
	}, &got)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Refused {
		rightless := slices.Contains([]int{http.StatusForbidden, http.StatusNotFound}, e.Status) ||
			strings.Contains(normal(e.Code), "LACKSPERMISSIONS") || strings.Contains(normal(e.Code), "NOTACCOUNTADMIN")
		if rightless && e.Cause == nil {
			e.Cause = ErrNotReadable
		}
	}
	if err != nil {
		return AccountInfo{}, err
	}
	return got.info(), nil
}

type wireAccount struct {
	Name       text `json:"accountName"`
	Number     text `json:"externalAccountId"`
	Plan       text `json:"planName"`
	Allowed    text `json:"billingPeriodEnvelopesAllowed"`
	Sent       text `json:"billingPeriodEnvelopesSent"`
	DaysLeft   text `json:"billingPeriodDaysRemaining"`
	Blocked    text `json:"envelopeSendingBlocked"`
	Suspension text `json:"suspensionStatus"`
	Settings   struct {
		Notification struct {
			wireNotification
			Override text `json:"userOverrideEnabled"`
		} `json:"accountNotification"`
		AllowBulk   text `json:"allowBulkSend"`
		BulkCopies  text `json:"bulkSendMaxCopiesInBatch"`
		BulkQueue   text `json:"bulkSendMaxUnprocessedEnvelopesCount"`
		AllowHiding text `json:"allowDocumentVisibility"`
		Visibility  text `json:"documentVisibility"`
	} `json:"accountSettings"`
}

func (w *wireAccount) info() AccountInfo {
	set := &w.Settings
	info := AccountInfo{
		Name: string(w.Name), Number: string(w.Number), Plan: string(w.Plan),
		Allowance: Allowance{
			Known:     w.Allowed != "",
			Unlimited: strings.EqualFold(string(w.Allowed), "unlimited") || w.Allowed.int() < 0,
			Allowed:   w.Allowed.int(), Sent: w.Sent.int(), DaysLeft: w.DaysLeft.int(),
		},
		SendingBlocked:    w.Blocked.true(),
		Suspended:         w.Suspension.true() || strings.HasPrefix(strings.ToLower(string(w.Suspension)), "suspend"),
		Notification:      set.Notification.stored(),
		OverrideForbidden: set.Notification.Override != "" && !set.Notification.Override.true(),
		BulkAllowed:       set.AllowBulk.true(),
		BulkCopies:        set.BulkCopies.int(), BulkQueue: set.BulkQueue.int(),
	}
	if set.AllowHiding == "" || set.AllowHiding.true() { // else the mode has no effect
		info.DocumentVisibility = string(set.Visibility)
	}
	return info
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

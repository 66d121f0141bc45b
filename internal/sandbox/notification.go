package sandbox

import (
	"encoding/json"
	"strconv"
)

// systemExpiry is the life of an envelope, in days, where nobody said.
const systemExpiry = 120

// Who decided about reminders and expiration.
const (
	fromRequest  = "request"
	fromTemplate = "template"
	fromAccount  = "account"
	fromSystem   = "system"
)

// resolve decides about reminders and expiration, in DocuSign's precedence: a
// request that says something wins; useAccountDefaults in it makes the account
// win; a request that says nothing leaves it to the template, or without one to
// the system.
func (s *Server) resolve(request json.RawMessage, b *blueprint) (Notification, error) {
	asked, err := readNotification(request)
	if err != nil {
		return Notification{}, err
	}
	var stored *wireNotification
	if b != nil {
		stored = b.notification
	}
	switch {
	case s.NoOverride, asked != nil && asked.UseAccountDefaults.yes():
		return s.accountDefaults(), nil
	case asked != nil && (asked.Reminders != nil || asked.Expirations != nil):
		return s.requested(asked, stored), nil
	case stored != nil && stored.UseAccountDefaults.yes():
		return s.accountDefaults(), nil
	case stored != nil:
		return s.settle(stored, fromTemplate), nil
	}
	return Notification{Source: fromSystem, Expires: true, ExpireAfter: systemExpiry}, nil
}

// accountDefaults is the account's own notification.
func (s *Server) accountDefaults() Notification {
	n := s.AccountNotification
	n.Source = fromAccount
	if !n.Expires {
		n.Expires, n.ExpireAfter, n.ExpireWarn = true, systemExpiry, 0
	}
	return n
}

// requested applies a request's settings. What becomes of the half that it
// leaves out over a template is not documented, hence the switch.
func (s *Server) requested(asked, stored *wireNotification) Notification {
	whole := *asked
	if s.PartialNotification == PartialTemplate && stored != nil {
		if whole.Reminders == nil {
			whole.Reminders = stored.Reminders
		}
		if whole.Expirations == nil {
			whole.Expirations = stored.Expirations
		}
	}
	return s.settle(&whole, fromRequest)
}

// settle reads settings that were checked. Without an enabled expiration the
// account's applies: envelopes never live for ever.
func (s *Server) settle(w *wireNotification, source string) Notification {
	n := Notification{Source: source}
	if r := w.Reminders; r != nil && r.Enabled.yes() {
		n.Reminders, n.ReminderDelay, n.ReminderFrequency = true, days(r.Delay), days(r.Frequency)
	}
	if e := w.Expirations; e != nil && e.Enabled.yes() {
		n.Expires, n.ExpireAfter, n.ExpireWarn = true, days(e.After), days(e.Warn)
	}
	if !n.Expires || n.ExpireAfter == 0 {
		account := s.accountDefaults()
		n.Expires, n.ExpireAfter, n.ExpireWarn = true, account.ExpireAfter, account.ExpireWarn
	}
	return n
}

func days(t text) int {
	n, _ := strconv.Atoi(string(t))
	return n
}

// readNotification reads and checks the notification of a request; nil if it
// has none.
func readNotification(raw json.RawMessage) (*wireNotification, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var w wireNotification
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, invalidBody(err.Error())
	}
	type check struct {
		name string
		days text
		min  int
	}
	var checks []check
	if r := w.Reminders; r != nil {
		checks = append(checks,
			check{"reminderDelay", r.Delay, least(r.Enabled)}, check{"reminderFrequency", r.Frequency, 0})
	}
	if e := w.Expirations; e != nil {
		checks = append(checks,
			check{"expireAfter", e.After, least(e.Enabled)}, check{"expireWarn", e.Warn, 0})
	}
	for _, c := range checks {
		if c.days == "" {
			continue
		}
		if n, err := strconv.Atoi(string(c.days)); err != nil || n < c.min || n > 999 {
			return nil, invalidParameter("%s must be a number of days from %d to 999, not %q.", c.name, c.min, string(c.days))
		}
	}
	return &w, nil
}

// least is the smallest number of days for a setting that is on, or off.
func least(enabled text) int {
	if enabled.yes() {
		return 1
	}
	return 0
}

// answer writes the settings as the REST API does.
func (n Notification) answer() notificationAnswer {
	return notificationAnswer{
		UseAccountDefaults: flag(n.Source == fromAccount),
		Reminders:          remindersAnswer{flag(n.Reminders), strconv.Itoa(n.ReminderDelay), strconv.Itoa(n.ReminderFrequency)},
		Expirations:        expirationsAnswer{flag(n.Expires), strconv.Itoa(n.ExpireAfter), strconv.Itoa(n.ExpireWarn)},
	}
}

type (
	notificationAnswer struct {
		UseAccountDefaults string            `json:"useAccountDefaults,omitempty"`
		Reminders          remindersAnswer   `json:"reminders"`
		Expirations        expirationsAnswer `json:"expirations"`
		UserOverride       string            `json:"userOverrideEnabled,omitempty"` // in account settings only
	}
	remindersAnswer struct {
		Enabled   string `json:"reminderEnabled"`
		Delay     string `json:"reminderDelay"`
		Frequency string `json:"reminderFrequency"`
	}
	expirationsAnswer struct {
		Enabled string `json:"expireEnabled"`
		After   string `json:"expireAfter"`
		Warn    string `json:"expireWarn"`
	}
)

package reminders

// Stored is a notification object as a template or an account keeps it. A nil
// half was not given. Source: REST v2.1 schemas "notification" and
// "accountNotification".
type Stored struct {
	UseAccountDefaults bool // the account's values count, the halves do not
	Reminder           *Reminder
	Expiration         *Expiration
}

// Reminder is the half that reminds. Days count only if it is enabled.
type Reminder struct {
	Enabled          bool
	Delay, Frequency int // days
}

// Expiration is the half that ends an envelope. Days count only if enabled.
type Expiration struct {
	Enabled     bool
	After, Warn int // days
}

// Base returns what applies to an envelope whose request says nothing: the
// template's settings; where it leaves a half open or points to the account,
// the account's; where that is silent too, DocuSign's own: no reminders,
// expiry after [SystemExpiry].
//
// An expiry that is switched off in the template is open in this sense: every
// envelope expires, and DocuSign then takes the account's.
func Base(template, account Stored) Settings {
	reminder, expiration := template.Reminder, template.Expiration
	if template.UseAccountDefaults || reminder == nil {
		reminder = account.Reminder
	}
	if template.UseAccountDefaults || expiration == nil || !expiration.Enabled {
		expiration = account.Expiration
	}
	s := Settings{Expire: int(SystemExpiry)}
	if reminder != nil && reminder.Enabled {
		s.Delay, s.Frequency = reminder.Delay, reminder.Frequency
	}
	if expiration != nil && expiration.Enabled && expiration.After > 0 {
		s.Expire, s.Warn = expiration.After, expiration.Warn
	}
	return s
}

package reminders_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"batchsend/reminders"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		field reminders.Field
		text  string
		want  reminders.Days
		bad   bool
	}{
		{reminders.Delay, "", 0, false},
		{reminders.Delay, " 3 ", 3, false},
		{reminders.Delay, "007", 7, false},
		{reminders.Delay, "999", 999, false},
		{reminders.Delay, "0", 0, true},
		{reminders.Expire, "0", 0, true},
		{reminders.Frequency, "0", reminders.Off, false},
		{reminders.Warn, "0", reminders.Off, false},
		{reminders.Warn, "1000", 0, true},
		{reminders.Warn, "-1", 0, true},
		{reminders.Warn, "+1", 0, true},
		{reminders.Warn, "1.0", 0, true},
		{reminders.Warn, "70000", 0, true},
		{reminders.Warn, "two", 0, true},
		{reminders.Warn, "\uff11", 0, true},
	} {
		got, err := reminders.Parse(tt.field, tt.text)
		if got != tt.want || (err != nil) != tt.bad {
			t.Errorf("Parse(%s, %q) = %d, %v, want %d", tt.field, tt.text, got, err, tt.want)
		}
	}
}

func TestResolve(t *testing.T) {
	base := reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 3}
	for _, tt := range []struct {
		name string
		plan reminders.Plan
		base reminders.Settings
		want string // what will happen, or the field in conflict
	}{
		{"nothing said", reminders.Plan{}, base, "first reminder after 2 days, then every 3 days; expires after 30 days, warned 3 days before"},
		{"all said", reminders.Plan{Delay: 1, Frequency: 1, Expire: 14, Warn: 1}, base, "first reminder after 1 day, then every 1 day; expires after 14 days, warned 1 day before"},
		{"one reminder, no warning", reminders.Plan{Frequency: reminders.Off, Warn: reminders.Off}, base, "one reminder after 2 days; expires after 30 days"},
		{"a template without reminders", reminders.Plan{Warn: 5}, reminders.Settings{Expire: 120}, "no reminders; expires after 120 days, warned 5 days before"},
		{"frequency alone", reminders.Plan{Frequency: 3}, reminders.Settings{Expire: 120}, "reminderFrequency"},
		{"delay at expiry", reminders.Plan{Delay: 30}, base, "reminderDelay"},
		{"expiry at the template's delay", reminders.Plan{Expire: 2}, base, "reminderDelay"},
		{"warning at expiry", reminders.Plan{Warn: 30}, base, "expireWarn"},
		{"expiry at the template's warning", reminders.Plan{Expire: 3}, base, "expireWarn"},
		{"expiry before the warning that is off", reminders.Plan{Expire: 3, Warn: reminders.Off}, base, "first reminder after 2 days, then every 3 days; expires after 3 days"},
		{"a template's own mistake is left alone", reminders.Plan{Frequency: 5}, reminders.Settings{Delay: 9, Expire: 5}, "first reminder after 9 days, then every 5 days; expires after 5 days"},
	} {
		got, err := tt.plan.Resolve(tt.base)
		text := got.String()
		var conflict *reminders.ConflictError
		if errors.As(err, &conflict) {
			text = string(conflict.Field)
		}
		if text != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, text, err, tt.want)
		}
	}
}

// TestRowOverFlag: what a row says holds; what it leaves open is the flag's.
func TestRowOverFlag(t *testing.T) {
	days := rapid.Map(rapid.IntRange(-1, 20), func(n int) reminders.Days { return reminders.Days(n) })
	plan := rapid.Custom(func(t *rapid.T) reminders.Plan {
		return reminders.Plan{Delay: days.Draw(t, "delay"), Frequency: days.Draw(t, "frequency"), Expire: days.Draw(t, "expire"), Warn: days.Draw(t, "warn")}
	})
	rapid.Check(t, func(t *rapid.T) {
		row, flag, profile := plan.Draw(t, "row"), plan.Draw(t, "flag"), plan.Draw(t, "profile")
		if row.Or(flag).Or(profile) != row.Or(flag.Or(profile)) {
			t.Error("the order in which plans are laid over each other counts")
		}
		if row.Or(reminders.Plan{}) != row || (reminders.Plan{}).Or(row) != row || row.Or(row) != row {
			t.Error("saying nothing says something")
		}
		got := row.Or(flag)
		for _, d := range [][3]reminders.Days{{got.Delay, row.Delay, flag.Delay}, {got.Frequency, row.Frequency, flag.Frequency}, {got.Expire, row.Expire, flag.Expire}, {got.Warn, row.Warn, flag.Warn}} {
			if d[1] != 0 && d[0] != d[1] || d[1] == 0 && d[0] != d[2] {
				t.Errorf("row %d over flag %d is %d", d[1], d[2], d[0])
			}
		}
		if s, err := got.Resolve(reminders.Settings{Expire: 120}); err == nil && (s.Delay >= s.Expire && got.Delay != 0 || s.Warn >= s.Expire && got.Warn != 0) {
			t.Errorf("%+v is accepted as %+v", got, s)
		}
	})
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		plan reminders.Plan
		want reminders.Field // that is to be changed; "" if nothing is
	}{
		{"nothing said", reminders.Plan{}, ""},
		{"all that fits together", reminders.Plan{Delay: 2, Frequency: 3, Expire: 5, Warn: 4}, ""},
		{"a frequency for whatever delay there is", reminders.Plan{Frequency: 3}, ""},
		{"an expiry that a template's delay may not suit", reminders.Plan{Expire: 1}, ""},
		{"a frequency and no reminder", reminders.Plan{Delay: reminders.Off, Frequency: 3}, reminders.Frequency},
		{"a frequency and no time for a reminder", reminders.Plan{Frequency: 3, Expire: 1}, reminders.Delay},
		{"a reminder after expiry", reminders.Plan{Delay: 5, Expire: 5}, reminders.Delay},
		{"a warning before the start", reminders.Plan{Expire: 5, Warn: 9}, reminders.Warn},
	} {
		err := tt.plan.Check()
		var conflict *reminders.ConflictError
		if errors.As(err, &conflict) != (tt.want != "") || tt.want != "" && conflict.Field != tt.want {
			t.Errorf("%s: %v, want a conflict of %q", tt.name, err, tt.want)
		}
	}
}

// TestCheckIsOfAllSettings: what contradicts itself resolves over nothing, and
// all else over something.
func TestCheckIsOfAllSettings(t *testing.T) {
	days := rapid.Map(rapid.IntRange(-1, 6), func(n int) reminders.Days { return reminders.Days(n) })
	rapid.Check(t, func(t *rapid.T) {
		plan := reminders.Plan{Delay: days.Draw(t, "delay"), Frequency: days.Draw(t, "frequency"), Expire: days.Draw(t, "expire"), Warn: days.Draw(t, "warn")}
		resolves := false
		for delay := range 9 {
			for warn := range 9 {
				if _, err := plan.Resolve(reminders.Settings{Delay: delay, Frequency: 1, Expire: 9, Warn: warn}); err == nil {
					resolves = true
				}
			}
		}
		if err := plan.Check(); (err == nil) != resolves {
			t.Errorf("%+v: Check = %v, but it resolves over some settings: %t", plan, err, resolves)
		}
	})
}

func TestBase(t *testing.T) {
	on, off := &reminders.Reminder{Enabled: true, Delay: 2, Frequency: 3}, &reminders.Reminder{Delay: 9}
	month, open := &reminders.Expiration{Enabled: true, After: 30, Warn: 3}, &reminders.Expiration{After: 5}
	account := reminders.Stored{Reminder: &reminders.Reminder{Enabled: true, Delay: 7}, Expiration: &reminders.Expiration{Enabled: true, After: 60}}
	for _, tt := range []struct {
		name              string
		template, account reminders.Stored
		want              reminders.Settings
	}{
		{"silence", reminders.Stored{}, reminders.Stored{}, reminders.Settings{Expire: 120}},
		{"the template's", reminders.Stored{Reminder: on, Expiration: month}, account, reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 3}},
		{"the account's where the template is silent", reminders.Stored{Reminder: on}, account, reminders.Settings{Delay: 2, Frequency: 3, Expire: 60}},
		{"the account's if the template points there", reminders.Stored{UseAccountDefaults: true, Reminder: on, Expiration: month}, account, reminders.Settings{Delay: 7, Expire: 60}},
		{"reminders switched off", reminders.Stored{Reminder: off, Expiration: month}, account, reminders.Settings{Expire: 30, Warn: 3}},
		{"an expiry switched off is the account's", reminders.Stored{Reminder: off, Expiration: open}, account, reminders.Settings{Expire: 60}},
	} {
		if got := reminders.Base(tt.template, tt.account); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

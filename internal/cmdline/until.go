package cmdline

import (
	"errors"
	"time"

	"batchsend/internal/settings"
)

// ParseEnd returns when a run must end that is to stop at until, see [ParseUntil], or
// after longest; zero if it need not.
func ParseEnd(until string, longest time.Duration, now time.Time) (end time.Time, err error) {
	switch {
	case longest > 0:
		return now.Add(longest), nil
	case until == "":
		return end, nil
	}
	return ParseUntil(until, now)
}

// ParseUntil reads a time of day (the next one) or a full time.
func ParseUntil(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			if !t.After(now) {
				return t, errors.New("that time has passed")
			}
			return t, nil
		}
	}
	t, err := time.ParseInLocation("15:04", text, now.Location())
	if err != nil {
		return t, errors.New("it must be a time such as 17:30 or 2026-11-21T17:30:00+01:00")
	}
	t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
	if !t.After(now) {
		t = t.AddDate(0, 0, 1)
	}
	return t, nil
}

// ParseDays reads --from and --to, days or full times, which v says where they came from;
// the zero time for "". The day --to ends at midnight.
func ParseDays(v *settings.Values, from, to string) (since, until time.Time, err error) {
	if since, err = ParseDay(from, time.Local, 0); err != nil {
		return since, until, v.Wrong("from", "%v", err)
	}
	if until, err = ParseDay(to, time.Local, 1); err != nil {
		return since, until, v.Wrong("to", "%v", err)
	}
	if !until.IsZero() && !since.Before(until) {
		return since, until, v.Wrong("to", "it is before --from")
	}
	return since, until, nil
}

// ParseDay reads a day, to which it adds days, or a full time; the zero time if text is
// "".
func ParseDay(text string, location *time.Location, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation("2006-01-02", text, location); err == nil {
		return t.AddDate(0, 0, days), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, location); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("it must be a day such as 2026-11-21, or a time such as 2026-11-21T17:30")
}

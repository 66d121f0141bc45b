package throttle

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 28, 23, 50, 0, 0, time.Local)
	for after, want := range map[time.Duration]string{
		0:                    "23:50:00",
		9 * time.Minute:      "23:59:00",
		10 * time.Minute:     "2026-11-29 00:00:00",
		365 * 24 * time.Hour: "2027-11-28 23:50:00",
		-24 * time.Hour:      "2026-11-27 23:50:00",
	} {
		if got := Clock(now.Add(after), now); got != want {
			t.Errorf("Clock in %v = %q, want %q", after, got, want)
		}
	}
	if got := Clock(now.UTC(), now); got != "23:50:00" {
		t.Errorf("Clock of a UTC time = %q", got)
	}
}

package docusign

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Window is one of the two in which DocuSign counts an account's calls.
type Window string

// The windows.
const (
	Hour  Window = "hourly" // the hour of the clock
	Burst Window = "burst"  // 30 seconds
)

// burstWindow is how long a used-up burst window lasts at most.
const burstWindow = 30 * time.Second

// longestWait is how long an answer may make anybody wait: no window lasts
// longer.
const longestWait = time.Hour

// Limits is what an answer says about the account's calls. What it does not
// say is -1.
type Limits struct {
	HourLimit  int           // calls an hour
	HourLeft   int           // of them
	HourReset  time.Duration // until the hour ends, by the server's clock
	BurstLimit int           // calls in 30 s
	BurstLeft  int           // of them
}

// ReadLimits reads the headers of an answer that came now. Their names are
// written as [http.Header] has them, to be found without making them canonical.
func ReadLimits(h http.Header, now time.Time) Limits {
	l := Limits{
		HourLimit: count(h, "X-Ratelimit-Limit"), HourLeft: count(h, "X-Ratelimit-Remaining"), HourReset: -1,
		BurstLimit: count(h, "X-Burstlimit-Limit"), BurstLeft: count(h, "X-Burstlimit-Remaining"),
	}
	if reset, err := strconv.ParseUint(strings.TrimSpace(h.Get("X-Ratelimit-Reset")), 10, 40); err == nil {
		l.HourReset = min(max(time.Unix(int64(reset), 0).Sub(dated(h, now)), 0), time.Hour)
	}
	return l
}

func count(h http.Header, name string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(h.Get(name)), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// dated is when the server says it gave the answer.
func dated(h http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return now
}

// wait is how long a window that an answer calls used up stays so. What the
// answer asks for wins, but for more than the window can last.
func wait(w Window, h http.Header, now time.Time) time.Duration {
	lasts := burstWindow
	if w == Hour {
		if lasts = ReadLimits(h, now).HourReset; lasts <= 0 {
			at := dated(h, now)
			lasts = at.Truncate(time.Hour).Add(time.Hour).Sub(at)
		}
	}
	if after, ok := retryAfter(h, now); ok {
		return min(after, lasts)
	}
	return lasts
}

// retryAfter reads the header Retry-After, seconds or a date, up to
// [longestWait]. DocuSign does not document that it sends one.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait), true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(dated(h, now)), 0), longestWait), true
	}
	return 0, false
}

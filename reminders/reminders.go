// Package reminders decides how often an envelope reminds its recipients and
// when it expires: which days are possible, how a row's wish, a flag's and the
// template's own settings combine, and which combinations make sense.
//
// It knows neither JSON nor envelopes nor the clock; days are counted by
// DocuSign, from a recipient's receipt of the envelope.
package reminders

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Days is a whole number of days, the only unit the API takes: 1 to [Max].
// Zero means that nothing was said, [Off] that none is wanted.
type Days int16

const (
	// Off asks for none at all: no reminder after the first, no warning.
	Off Days = -1
	// Max is the longest time DocuSign's account settings accept.
	Max Days = 999
	// SystemExpiry is when an envelope expires if neither the request, the
	// template nor the account says anything. DocuSign: 120 days.
	SystemExpiry Days = 120
)

// count is the number of days as DocuSign writes it: none is 0.
func (d Days) count() int { return max(int(d), 0) }

// Field names one of the four numbers of a [Plan]. Its text is the name that
// the column has in a CSV file and that the API gives the number.
type Field string

// The four numbers. DocuSign: reminders.reminderDelay and reminderFrequency,
// expirations.expireAfter and expireWarn.
const (
	Delay     Field = "reminderDelay"
	Frequency Field = "reminderFrequency"
	Expire    Field = "expireAfter"
	Warn      Field = "expireWarn"
)

// Parse reads a cell. An empty one says nothing (0). Frequency and Warn may be
// "0", which is [Off]; an envelope always expires, and a first reminder after
// no days is none, so the other two start at 1.
func Parse(f Field, text string) (Days, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	lowest := 1
	if f == Frequency || f == Warn {
		lowest = 0
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || int(n) < lowest || n > uint64(Max) {
		return 0, fmt.Errorf("%s is %q: it must be a whole number of days from %d to %d", f, text, lowest, Max)
	}
	if n == 0 {
		return Off, nil
	}
	return Days(n), nil
}

// Plan overrides a template's reminders and expiration for one envelope. A
// zero field keeps what lies below it: the flag's value under the row's, the
// template's under both. Source: REST v2.1 schemas "reminders", "expirations".
type Plan struct {
	Delay     Days // from receipt to the first reminder
	Frequency Days // between later reminders; Off: only the first
	Expire    Days // how long the envelope stays active
	Warn      Days // the warning, counted back from expiry; Off: none
}

// IsZero reports whether p overrides nothing.
func (p Plan) IsZero() bool { return p == Plan{} }

// Or returns p with what it leaves open taken from below.
func (p Plan) Or(below Plan) Plan {
	return Plan{
		Delay:     or(p.Delay, below.Delay),
		Frequency: or(p.Frequency, below.Frequency),
		Expire:    or(p.Expire, below.Expire),
		Warn:      or(p.Warn, below.Warn),
	}
}

func or(d, below Days) Days {
	if d == 0 {
		return below
	}
	return d
}

// Settings are what really applies to an envelope, complete, in days.
type Settings struct {
	Delay     int // 0: no reminders at all
	Frequency int // 0: no reminder after the first
	Expire    int // always set once resolved
	Warn      int // 0: no warning
}

// String says what will happen in an operator's words.
func (s Settings) String() string {
	var b strings.Builder
	switch {
	case s.Delay == 0:
		b.WriteString("no reminders")
	case s.Frequency == 0:
		fmt.Fprintf(&b, "one reminder after %s", days(s.Delay))
	default:
		fmt.Fprintf(&b, "first reminder after %s, then every %s", days(s.Delay), days(s.Frequency))
	}
	fmt.Fprintf(&b, "; expires after %s", days(s.Expire))
	if s.Warn > 0 {
		fmt.Fprintf(&b, ", warned %s before", days(s.Warn))
	}
	return b.String()
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

// Resolve lays p over base and returns what will apply. It is a
// [*ConflictError] if p makes something that DocuSign would accept and that yet
// cannot work: reminders or a warning at or after expiry, a frequency without
// a first reminder. What base gets wrong by itself is the template's business.
func (p Plan) Resolve(base Settings) (Settings, error) {
	s := base
	set(&s.Delay, p.Delay)
	set(&s.Frequency, p.Frequency)
	set(&s.Expire, p.Expire)
	set(&s.Warn, p.Warn)
	switch {
	case p.Frequency > 0 && s.Delay == 0:
		return s, &ConflictError{Frequency, Delay, fmt.Sprintf("%s is %d but there is no first reminder to follow: DocuSign would send none; set %s too",
			Frequency, s.Frequency, Delay)}
	case (p.Delay != 0 || p.Expire != 0) && s.Delay >= s.Expire:
		return s, &ConflictError{Delay, Expire, fmt.Sprintf("the first reminder is due after %s but the envelope expires after %s: it would never be sent; %s must be less than %s",
			days(s.Delay), days(s.Expire), Delay, Expire)}
	case (p.Warn != 0 || p.Expire != 0) && s.Warn >= s.Expire:
		return s, &ConflictError{Warn, Expire, fmt.Sprintf("the warning is due %s before expiry but the envelope expires after %s: %s must be less than %s",
			days(s.Warn), days(s.Expire), Warn, Expire)}
	}
	return s, nil
}

// Check fails with a [*ConflictError] if p contradicts itself, so that it could
// not be resolved over any settings at all.
func (p Plan) Check() error {
	lenient := Settings{Expire: math.MaxInt}
	if p.Frequency > 0 {
		lenient.Delay = 1 // the shortest there is
	}
	_, err := p.Resolve(lenient)
	return err
}

func set(to *int, d Days) {
	if d != 0 {
		*to = d.count()
	}
}

// ConflictError says which number cannot stand beside which other.
type ConflictError struct {
	Field Field // the one to change
	Other Field // the one that it collides with
	text  string
}

// Error says what would happen and which numbers would do.
func (e *ConflictError) Error() string { return e.text }

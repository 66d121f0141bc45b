package throttle

import "time"

// Window names one of the two windows in which a server counts calls.
type Window string

const (
	Hourly Window = "hourly" // the clock hour
	Burst  Window = "burst"  // 30 s
)

// Reading is what one answer told about the windows, as it stood when the
// server had counted that call. A negative field was not told; [NoReading] is
// where to start from, for the zero Reading tells of empty windows.
type Reading struct {
	HourLimit  int           // calls an hour, of all apps on the account
	HourLeft   int           // calls left in this hour
	HourReset  time.Duration // from the answer until the hour ends
	BurstLimit int           // calls in 30 s, of all apps on the account
	BurstLeft  int           // calls left in these 30 s
}

// NoReading is an answer that told nothing.
var NoReading = Reading{HourLimit: -1, HourLeft: -1, HourReset: -1, BurstLimit: -1, BurstLeft: -1}

// Wait is calls being held back.
type Wait struct {
	// Window is the one that has no place for them. Empty: a call under way
	// elsewhere, perhaps another run's, must be answered first.
	Window Window
	// Until is when the first of them may leave, as far as is known now; the zero
	// time if Window is empty.
	Until time.Time
}

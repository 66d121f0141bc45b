// Package throttletest helps tests to judge how well calls are paced.
package throttletest

import (
	"math"
	"time"
)

// Minimum returns the least time from the first of that many calls to the last
// that a server allows, if calls take no time and no other app calls: hourLeft
// calls may leave until untilReset, then hourLimit every hour, and never more
// than burstLimit in 30 s. A limit of 0 is none.
func Minimum(calls, hourLimit, hourLeft int, untilReset time.Duration, burstLimit int) time.Duration {
	if hourLimit <= 0 {
		hourLimit, hourLeft = math.MaxInt, math.MaxInt
	}
	if burstLimit <= 0 {
		burstLimit = math.MaxInt
	}
	now, hourEnd := time.Duration(0), untilReset
	burstLeft := burstLimit
	type burst struct {
		calls int
		end   time.Duration
	}
	var bursts []burst
	for calls > 0 {
		for ; hourLimit < math.MaxInt && hourEnd <= now; hourEnd += time.Hour {
			hourLeft = hourLimit
		}
		for len(bursts) > 0 && bursts[0].end <= now {
			burstLeft += bursts[0].calls
			bursts = bursts[1:]
		}
		n := min(calls, hourLeft, burstLeft)
		calls -= n
		if hourLimit < math.MaxInt {
			hourLeft -= n
		}
		if burstLimit < math.MaxInt {
			burstLeft -= n
			bursts = append(bursts, burst{n, now + 30*time.Second})
		}
		switch {
		case calls == 0:
		case hourLeft == 0:
			now = hourEnd
		default:
			now = bursts[0].end
		}
	}
	return now
}

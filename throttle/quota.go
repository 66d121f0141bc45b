package throttle

import (
	"cmp"
	"time"
)

// Quota is how much of one window a [Limiter] may use.
type Quota struct {
	// Limit is how many calls the window takes, of all apps on the account, until an
	// answer tells, whether that is more or less. 0 assumes the cap, or none.
	Limit int
	// Cap is how many calls of ours may be counted in the window, whatever the server
	// allows. 0 is no cap.
	Cap int
	// Reserve is the percentage of the limit that is left to other apps: no call
	// leaves when only so much remains. It ends at 99.
	Reserve int
}

// quotas are those of each window.
type quotas struct{ hour, burst Quota }

// ceiling is what is common to all windows: how many calls they take.
type ceiling struct {
	Limit     int           // as told or assumed, the cap at least; 0 none
	LimitTold bool          // an answer told it
	Closed    time.Duration // the server refused a call: nothing leaves before this

	quota Quota
}

// assume takes a quota for the limiter that asks next. What an answer has told
// stands; what was assumed until then is for each limiter to assume. It reports
// whether the limit is assumed.
func (c *ceiling) assume(q Quota) bool {
	c.quota = q
	if !c.LimitTold {
		c.Limit = cmp.Or(q.Limit, q.Cap)
	}
	return !c.LimitTold
}

// learn takes the limit from an answer. It is 0 or less if the answer did not tell it.
func (c *ceiling) learn(limit int) {
	if limit > 0 {
		c.Limit, c.LimitTold = limit, true
	}
}

func (c *ceiling) limited() bool { return c.Limit > 0 }

// reserve is how many calls of a window are left to others.
func (c *ceiling) reserve() int {
	return c.Limit * min(max(c.quota.Reserve, 0), 99) / 100
}

// spare is how many places of a window stay free if others may make margin calls.
// These never keep more than half of it.
func (c *ceiling) spare(margin int) int {
	return max(c.reserve(), min(margin, c.Limit/2))
}

// share is how many calls of a window may be ours, 0 if there is no limit.
func (c *ceiling) share() int {
	share := c.Limit - c.reserve()
	if c.quota.Cap > 0 {
		share = min(share, c.quota.Cap)
	}
	return share
}

// budget returns what is known of the window but for its calls. at makes a time of
// the clock of a time of the window.
func (c *ceiling) budget(now time.Duration, at func(time.Duration) time.Time) Budget {
	b := Budget{Limit: c.Limit, Told: c.LimitTold, Share: c.share()}
	if now < c.Closed {
		b.Closed = at(c.Closed)
	}
	return b
}

// restore takes over what another limiter knew. since is the reverse of at.
func (c *ceiling) restore(b Budget, since func(time.Time) time.Duration) {
	if b.Told {
		c.learn(b.Limit)
	}
	c.Closed = since(b.Closed)
}

// plausible reports whether nothing worse can come of the window than a wait of an
// hour, if it was written at that time.
func (c *ceiling) plausible(written time.Duration) bool {
	return plausibleCounts(c.Limit) && c.Closed <= written+time.Hour+hourMargin
}

// plausibleCounts reports whether so many calls can be.
func plausibleCounts(counts ...int) bool {
	const most = 1 << 40
	for _, n := range counts {
		if n < 0 || n > most {
			return false
		}
	}
	return true
}

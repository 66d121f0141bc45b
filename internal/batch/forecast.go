package batch

import (
	"context"
	"sort"
	"time"

	"batchsend/internal/remote"
)

// forecast says how fast DocuSign works through lots, as far as was seen.
type forecast struct {
	bulk    Bulk
	through time.Time     // when DocuSign was done with the last lot that it is done with
	lag     time.Duration // until DocuSign's searches show what it has sent
}

// pace is how fast DocuSign works through a lot.
type pace struct {
	status   remote.LotStatus // when it was last asked for
	followed time.Time        // since when this run has waited for it
	moved    time.Time        // when copies were last seen to be made
	left     int              // copies not yet made
	from     time.Time        // when left was right; zero if that is not known
	expect   time.Time        // when DocuSign should be done with it
	// If a lot was slower or faster than expected, it is visited at these times, and
	// no earlier or later; zero if it was not.
	earliest, latest time.Time
}

// longestUnseen is after how long a lot is visited first, at the latest.
const longestUnseen = time.Hour

// longestPause is how long a lot that does not move is left to itself.
const longestPause = 10 * time.Minute

// schedule works out when DocuSign should be done with each lot, and so when to visit
// it: DocuSign takes one after the other.
func (f *forecast) schedule(lots []*lot) {
	free := f.through
	for _, l := range lots {
		if l.stage != processing || l.from.IsZero() {
			continue
		}
		l.expect = later(l.from, free).Add(f.bulk.takes(l.left))
		l.next = l.expect.Add(f.bulk.slack(l.left))
		if most := l.followed.Add(longestUnseen); l.status.Size == 0 && l.next.After(most) {
			l.next = most // what was seen of another lot may not hold for this one
		}
		if early := l.followed.Add(firstVisit); f.bulk.guessed && early.Before(l.next) {
			l.next = early
		}
		if !l.latest.IsZero() && l.next.After(l.latest) {
			l.next = l.latest
		}
		l.next = later(l.next, l.earliest)
		free = l.expect
	}
}

// inTime returns how many of so many further copies DocuSign should have made, and its
// searches should show, before the run must end. lots are those that it has to make
// before. More must not be asked for: DocuSign would send them after the run.
func (f *forecast) inTime(ctx context.Context, lots []*lot, copies int) int {
	end, limited := ctx.Deadline()
	if !limited {
		return copies
	}
	begin := later(time.Now(), f.through)
	for _, l := range lots {
		if l.stage == processing {
			begin = later(begin, l.expect)
		}
	}
	const collecting = 5 * time.Second
	const fewest = 10 // copies that are worth a list which is cut for want of time
	n := sort.Search(copies, func(n int) bool {
		return !begin.Add(f.bulk.takes(n+1) + f.bulk.slack(n+1) + f.lag + collecting).Before(end)
	})
	if n < min(fewest, copies) {
		return 0
	}
	return n
}

// learn takes note of the status of a lot with which DocuSign is not done. It reports
// whether no copy was made for so long that the lot is no longer waited for.
func (f *forecast) learn(l *lot) (stuck bool) {
	now := time.Now()
	left := max(l.status.Size-l.status.Sent-l.status.Failed, 1)
	made, known := l.left-left, !l.from.IsZero()
	took, waited := now.Sub(later(l.from, f.through)), now.Sub(later(l.followed, f.through))
	l.left, l.from = left, now
	l.earliest, l.latest = time.Time{}, time.Time{}
	switch {
	case !known:
	case made > 0:
		l.moved = now
		if took > 0 {
			f.bulk.Speed = max(float64(made)/took.Seconds(), min(slowest, f.bulk.Speed))
		}
		l.latest = now.Add(2 * waited) // it may have begun a moment ago
		if f.bulk.guessed {
			l.latest = l.latest.Add(2 * waited)
		}
		f.bulk.guessed = false
	case now.Sub(later(l.moved, f.through)) >= longestStandstill:
		return true
	default: // others' copies are before it
		l.earliest = now.Add(min(waited, longestPause))
	}
	return false
}

// speedOf returns how many copies a second were made, from the times at which they were
// sent; 0 if these do not tell.
func speedOf(copies []remote.Copy) float64 {
	const few = 20
	var first, last time.Time
	n := 0
	for _, c := range copies {
		if c.Sent.IsZero() {
			continue
		}
		n++
		if first.IsZero() || c.Sent.Before(first) {
			first = c.Sent
		}
		last = later(last, c.Sent)
	}
	if n < few || !last.After(first) {
		return 0
	}
	return float64(n-1) / last.Sub(first).Seconds()
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

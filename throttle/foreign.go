package throttle

import (
	"math"
	"slices"
	"time"
)

// foreignTraffic is what is known of other apps that call on the same account.
// The server only tells how many calls it has counted; what it has counted
// beyond our own calls is theirs.
type foreignTraffic struct {
	Calls     int           // noticed so far
	Suspected bool          // the hour was in use when we came, perhaps by an earlier run of ours
	Judged    bool          // we have seen what they do during a pause of ours
	Latency   time.Duration // of our own calls, on the average of late
	Now, Past traffic       // in this hour and in the one before

	// Counts are what the server told, in order. A gap between two of them is calls
	// of others, unless a call of ours that is still under way was counted there. The
	// gaps up to FinalCount are known to be final when no call is Awaited any more.
	Counts     []int
	FinalCount int
	AwaitedSeq uint64
	Awaited    int // calls with a number below AwaitedSeq that are under way
}

// traffic is what others do in an hour.
type traffic struct {
	Beside int     // calls noticed while we called
	Jump   int     // the most calls between two of ours
	Rate   float64 // the most calls a second during a pause of ours
}

// pauseLength is the least time between two counts that shows what others do
// while we do nothing.
const pauseLength = 2 * time.Second

// recent is the most that others did in this hour or in the one before.
func (f *foreignTraffic) recent() traffic {
	n, p := &f.Now, &f.Past
	return traffic{max(n.Beside, p.Beside), max(n.Jump, p.Jump), max(n.Rate, p.Rate)}
}

// present reports whether there are others, or may be for all we know.
func (f *foreignTraffic) present() bool {
	return !f.Judged || f.Suspected || f.noticed()
}

// noticed reports whether others called lately.
func (f *foreignTraffic) noticed() bool { return f.recent() != traffic{} }

// hidden is how many calls of others the server may have counted beside so many of
// ours that are under way: before each of these, as many as ever came at once.
func (f *foreignTraffic) hidden(inFlight int) int {
	if !f.present() {
		return 0
	}
	return inFlight * max(f.recent().Jump, 1)
}

// margin is how many calls others may make before our next one is counted, if
// the last count was told so long ago.
func (f *foreignTraffic) margin(age time.Duration, limit int) int {
	if !f.noticed() {
		return 0
	}
	t := f.recent()
	margin := t.Jump + t.Jump/4 + 1 // the most so far is not the most there can be
	if mean := t.Rate * (age + f.Latency).Seconds(); mean > 0.02 {
		// Calls at random, some at once, rarely exceed their mean by three deviations.
		// But one busy moment must not close the rest of an hour.
		const most = 10 // percent
		margin += min(int(math.Ceil(mean+3*math.Sqrt(mean*float64(max(t.Jump, 1))))), limit*most/100)
	}
	return margin
}

// notice records that the server had counted so many calls in this hour: so many
// of others' since the last count, and so many of ours are still under way. The
// next to leave has that number.
func (f *foreignTraffic) notice(used, calls int, since time.Duration, inFlight int, next uint64) {
	f.Calls += calls
	t := &f.Now
	if since > pauseLength {
		f.Judged = true
		t.Rate = max(t.Rate, float64(calls)/max(since, 5*time.Second).Seconds())
		f.Counts, f.FinalCount = f.Counts[:0], 0 // what is between these has come in the pause
	} else {
		t.Beside += calls
	}
	i, _ := slices.BinarySearch(f.Counts, used)
	f.Counts = slices.Insert(f.Counts, i, used)
	const most = 512 // for a call that takes very long
	final := len(f.Counts) - most
	if f.Awaited <= 0 {
		final = max(final, 0)
		for final+1 < len(f.Counts) && (inFlight == 0 || f.Counts[final+1] <= f.FinalCount) {
			final++
		}
		f.await(inFlight, next)
	}
	if final <= 0 {
		return
	}
	for i := range final {
		if t.Beside+f.Past.Beside > 0 { // else a call of ours has not been told of
			t.Jump = max(t.Jump, f.Counts[i+1]-f.Counts[i]-1)
		}
	}
	f.Counts = slices.Delete(f.Counts, 0, final)
}

// await waits for the calls that are under way: when they are completed, the gaps that
// there are now are final.
func (f *foreignTraffic) await(inFlight int, next uint64) {
	if n := len(f.Counts); n > 0 {
		f.FinalCount = f.Counts[n-1]
	}
	f.AwaitedSeq, f.Awaited = next, inFlight
}

// completed records that calls are not under way any more.
func (f *foreignTraffic) completed(seq uint64, calls int) {
	if seq < f.AwaitedSeq {
		f.Awaited -= calls
	}
}

// answered records how long an answer took.
func (f *foreignTraffic) answered(latency time.Duration) {
	if f.Latency == 0 {
		f.Latency = latency
	}
	f.Latency += (latency - f.Latency) / 8
}

// beginHour begins an hour.
func (f *foreignTraffic) beginHour() {
	f.Past, f.Now, f.Counts, f.FinalCount = f.Now, traffic{}, nil, 0
}

// plausible reports whether all counts can be.
func (f *foreignTraffic) plausible() bool {
	return plausibleCounts(f.Calls, f.Now.Beside, f.Past.Beside, f.Now.Jump, f.Past.Jump, int(f.Latency)) &&
		plausibleCounts(f.Counts...) && min(f.Now.Rate, f.Past.Rate) >= 0
}

package throttle

import (
	"math"
	"slices"
	"time"
)

// others is what is known of other apps that call on the same account. The
// server only tells a count; what it counts between two of our calls is theirs.
type others struct {
	calls    int     // noticed so far
	suspect  bool    // somebody, perhaps an earlier run of ours, has called before
	judged   bool    // there was a pause, so that it is known what they do in one
	jump     int     // most calls between two of ours, in this hour
	past     int     // the same in the hour before
	rate     float64 // most calls a second while none of ours left, in this hour
	pastRate float64 // the same in the hour before
	latency  time.Duration

	marks   []mark // counts told, in order: answers overtake each other
	excused int    // gaps that are calls of ours without an answer
	upto    int    // between the marks up to this count none is missing, once
	before  uint64 // the calls before this number
	older   int    // have landed; so many have not
}

// mark is a count the server told, and when.
type mark struct {
	used int
	at   time.Duration
}

// manyMarks is how many marks wait for their neighbours at most: more than calls
// are answered while a slow one is under way.
const manyMarks = 512

// pauseLength is from where on a gap tells what others do while we do nothing.
const pauseLength = 2 * time.Second

// present reports whether others have been noticed, or may be there for all that
// is known.
func (o *others) present() bool { return !o.judged || o.suspect || o.most() > 0 }

func (o *others) most() int { return max(o.jump, o.past) }

// weight is how many calls each of ours under way may stand for.
func (o *others) weight() int {
	if !o.present() {
		return 1
	}
	return 1 + max(o.most(), 1)
}

// margin is how many calls others may make before our next one is counted, if
// the last count was told so long ago.
func (o *others) margin(age time.Duration, limit int) int {
	rate := max(o.rate, o.pastRate)
	if o.most() == 0 && rate == 0 {
		return 0
	}
	margin := o.most() + 1 + o.most()/4 // the largest so far is not the largest there is
	if mean := rate * (age + o.latency).Seconds(); mean > 0.02 {
		// Calls at random rarely exceed their mean by three deviations. But one
		// busy moment must not close the rest of an hour.
		const most = 10 // percent
		margin += min(int(math.Ceil(mean+3*math.Sqrt(mean))), limit*most/100)
	}
	return margin
}

// came takes in calls that were noticed.
func (o *others) came(calls int) {
	o.calls += calls
	o.jump = max(o.jump, min(calls, 1)) // how many came at once the marks will tell
}

// took takes in how long an answer took.
func (o *others) took(d time.Duration) {
	if o.latency == 0 {
		o.latency = d
	}
	o.latency += (d - o.latency) / 8
}

// turn begins an hour, in which the server counts from 0.
func (o *others) turn(start time.Duration) {
	o.past, o.jump = o.jump, 0
	o.pastRate, o.rate = o.rate, 0
	o.forget()
	o.marks = append(o.marks, mark{0, start})
}

// forget drops the marks.
func (o *others) forget() {
	o.marks = o.marks[:0]
	o.excused, o.upto = 0, 0
}

// land takes in that a call is not under way any more.
func (o *others) land(seq uint64) {
	if seq < o.before {
		o.older--
	}
}

// await lets the marks there are wait for the calls under way: those may have
// been counted between them, and no later ones.
func (o *others) await(flying int, next uint64) {
	if n := len(o.marks); n > 0 {
		o.upto = o.marks[n-1].used
	}
	o.before, o.older = next, flying
}

// mark takes in a count, when so many calls are still under way.
func (o *others) mark(used int, now time.Duration, flying int, next uint64) {
	i := len(o.marks)
	for i > 0 && o.marks[i-1].used > used {
		i--
	}
	o.marks = slices.Insert(o.marks, i, mark{used, now})
	n := len(o.marks) - manyMarks
	if o.older <= 0 {
		for n = max(n, 0); n+1 < len(o.marks) && (flying == 0 || o.marks[n+1].used <= o.upto); n++ {
		}
		o.await(flying, next)
	}
	if n <= 0 {
		return
	}
	for i := range n {
		o.gap(o.marks[i], o.marks[i+1])
	}
	o.marks = slices.Delete(o.marks, 0, n)
}

// gap learns from two neighbouring counts.
func (o *others) gap(a, b mark) {
	calls := max(0, b.used-a.used-1)
	excused := min(calls, o.excused)
	o.excused -= excused
	calls -= excused
	if d := b.at - a.at; d >= pauseLength {
		o.judged = true
		o.rate = max(o.rate, float64(calls)/max(d, 5*time.Second).Seconds())
	} else {
		o.jump = max(o.jump, calls)
	}
}

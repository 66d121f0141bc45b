// Package progress shows how far a run has come while it sends, also while it waits:
// on a terminal by a view of a few lines that is always up to date, elsewhere by a
// line a minute and one at each change of state.
//
// A [Tracker] is told what happens. What is shown of a moment follows from its
// [Snapshot] alone.
package progress

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Tracker counts what a run has done and remembers what it waits for. Its methods are
// safe for concurrent use.
type Tracker struct {
	task   report.Plan
	limits func() throttle.State
	begun  time.Time

	mu       sync.Mutex
	sent     int
	failed   int
	recent   recent
	waits    []Wait
	waited   []span // ended waits, and those that last, as far as they do not overlap
	lists    []list
	problem  Problem
	stopping bool
}

// recentSpan is the time of which [Snapshot].Recent tells.
const recentSpan = time.Minute

// recent counts what was done in each of the last seconds.
type recent [recentSpan / time.Second]struct {
	second int64 // since 1970
	n      int
}

func (r *recent) add(now time.Time) {
	second := now.Unix()
	if s := &r[second%int64(len(r))]; s.second == second {
		s.n++
	} else {
		s.second, s.n = second, 1
	}
}

func (r *recent) count(now time.Time) (n int) {
	for _, s := range r {
		if age := now.Unix() - s.second; age >= 0 && age < int64(len(r)) {
			n += s.n
		}
	}
	return n
}

// span is a time in which the run waited for something that holds everything up.
type span struct{ from, to time.Time }

// list is envelopes that were handed over to DocuSign together.
type list struct {
	id       string
	made, of int
	asked    time.Time // when that many were made
	through  time.Time // when all should be
}

// Wait is something that a run waits for.
type Wait struct {
	Reason string
	Until  time.Time // zero if that is not known
	// Limit is true if nothing leaves meanwhile. Else it concerns some envelopes only.
	Limit bool
}

// Problem is what went wrong.
type Problem struct {
	Text string
	// Again is when what failed is tried again; zero if it is not.
	Again time.Time
}

// NewTracker follows a run that begins now and does what a plan says.
func NewTracker(task report.Plan, limits func() throttle.State) *Tracker {
	return &Tracker{task: task, limits: limits, begun: time.Now()}
}

// Outcome is told what became of an envelope that stands at a place in the input.
func (t *Tracker) Outcome(at envelope.Position, out envelope.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch out.Status {
	case envelope.Sent:
		t.sent++
	case envelope.Failed, envelope.Rejected:
		t.failed++
	case envelope.Unknown: // it is looked up, and counts when it is resolved
	default:
		return // nothing went wrong, and nothing was done
	}
	if out.Status != envelope.Unknown {
		t.recent.add(time.Now())
	}
	if out.Status != envelope.Sent {
		t.problem = Problem{Text: at.Where() + ": " + cmp.Or(out.Code, string(out.Status)) + ": " + out.Message}
	}
	t.waits = slices.DeleteFunc(t.waits, func(w Wait) bool { return w.Until.IsZero() }) // an answer has come
}

// List is told how many envelopes DocuSign has made of a list that was handed over, and
// when it should have made all.
func (t *Tracker) List(id string, made, of int, through time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := list{id, made, of, time.Now(), through}
	if i := slices.IndexFunc(t.lists, func(l list) bool { return l.id == id }); i >= 0 {
		t.lists[i] = now
	} else {
		t.lists = append(t.lists, now)
	}
}

// Waiting is told what the run waits for.
func (t *Tracker) Waiting(w Wait) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = append(slices.DeleteFunc(t.waits, func(old Wait) bool { return old.Reason == w.Reason }), w)
	if now := time.Now(); w.Limit && w.Until.After(now) {
		if n := len(t.waited); n > 0 && t.waited[n-1].to.After(now) {
			t.waited[n-1].to = latest(t.waited[n-1].to, w.Until)
		} else {
			t.waited = append(t.waited, span{now, w.Until})
		}
	}
}

// Trouble is told what went wrong, and when it is tried again.
func (t *Tracker) Trouble(p Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problem = p
}

// Stopping is told that the run ends as soon as what is under way has ended.
func (t *Tracker) Stopping() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopping = true
}

// Snapshot returns how far the run has come.
func (t *Tracker) Snapshot(now time.Time) Snapshot {
	limits := t.limits()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = slices.DeleteFunc(t.waits, func(w Wait) bool { return !w.Until.IsZero() && !w.Until.After(now) })
	s := Snapshot{
		Now: now, Plan: t.task, Limits: limits, Sent: t.sent, Failed: t.failed,
		Waits: slices.Clone(t.waits), Problem: t.problem, Stopping: t.stopping,
	}
	active := now.Sub(t.begun)
	s.Recent, s.RecentSpan = t.recent.count(now), min(active, recentSpan).Round(time.Second)
	for _, w := range t.waited {
		if w.from.Before(now) {
			active -= earliest(w.to, now).Sub(w.from)
		}
	}
	if active > 0 {
		s.Rate = float64(t.sent+t.failed) / active.Seconds()
	}
	var free time.Time // when DocuSign is through with the lists before
	for _, l := range t.lists {
		s.Lists.Count++
		s.Lists.Envelopes += l.of
		s.Lists.Made += l.madeBy(now, free)
		free = latest(free, l.through)
	}
	s.Lists.Through = free
	return s
}

// madeBy is how many envelopes of a list DocuSign should have made. It takes one list
// after the other.
func (l list) madeBy(now, free time.Time) int {
	from := latest(l.asked, free)
	takes := l.through.Sub(from)
	if takes <= 0 || !now.After(from) {
		return l.made
	}
	part := min(now.Sub(from).Seconds()/takes.Seconds(), 1)
	return l.made + int(part*float64(l.of-l.made))
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

package batch

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"batchsend/throttle"
)

// The engines: ways in which envelopes are sent.
const (
	Single  = "single"   // one call an envelope
	TwoStep = "two-step" // a draft each, then sent: two calls
	InBulk  = "bulk"     // copies of a draft, made by DocuSign from a list
	Split   = "bulk+single"
	Auto    = "auto" // whichever of single and bulk is best
)

// CheckVia fails if via is neither an engine that can be asked for nor Auto.
func CheckVia(via string) error {
	switch via {
	case Auto, Single, TwoStep, InBulk:
		return nil
	}
	return errors.New("it must be auto, single, two-step or bulk")
}

// Terms are what a plan is made under.
type Terms struct {
	Via       string // an engine, or Auto
	Forbidden bool   // the account does not allow bulk sending
	Untold    bool   // DocuSign does not tell whether the account allows it
	Bulk      Bulk
	State     throttle.State // of the call budget
	Now       time.Time
	Templates int // that are read again once an hour
	// Obstacle says which envelope is the first that can only go singly, and why, as
	// [Groups.Of] does; "" leaves that out of [Plan].Why.
	Obstacle string
	// Concurrency is how many envelopes are sent at once; 0 means 1.
	Concurrency int
}

// Plan says how envelopes are sent, and what that takes.
type Plan struct {
	Engine string
	Why    []string // it was chosen, for the operator: a line each
	Calls  int
	Finish time.Time // if no other app calls, and DocuSign makes copies as fast as before
	// InLots says, by the number of a group, how many of its envelopes go in lots:
	// always the first ones. The rest of the group goes singly, and so do all groups
	// beyond the end of InLots.
	InLots []int32
	Copies int // envelopes that go in lots
	Lists  int // the lots
}

// Calls that sending takes, besides one an envelope, or two.
const (
	callsPerGroup = 2   // draft and test
	callsPerLot   = 5   // list, send, status, copies, and the list's removal
	callsToBegin  = 4   // draft, list, test, send
	draftsPerCall = 100 // to be removed, and a call to look at them first
)

// Choose plans how envelopes are sent: as the operator wants it, or in the way that is
// done first. groups are the groups of the envelopes, see [Item], in the order of the
// files. If no engine has to wait for another hour, single is chosen, because its
// outcomes are known at once.
func Choose(groups []int32, t Terms) Plan {
	t.Bulk = t.Bulk.withDefaults()
	single := t.single(len(groups), 1)
	switch t.Via {
	case Single:
		single.Why = []string{"one call an envelope"}
		return single
	case TwoStep:
		p := t.single(len(groups), 2)
		p.Engine, p.Why = TwoStep, []string{"two calls an envelope"}
		return p
	}
	wanted := t.Via == InBulk
	fits := t.State.Hour.Limit == 0 || len(groups) <= t.State.Hour.Open
	switch {
	case t.Forbidden:
		single.Why = []string{"one call an envelope; the account does not allow bulk sending"}
		return single
	case fits && !wanted:
		single.Why = []string{"one call an envelope"}
		return single
	}
	bulk := t.inBulk(groups, wanted)
	switch {
	case bulk.Lists == 0:
		single.Why = append([]string{"one call an envelope; bulk sending would save none"}, bulk.Why...)
		return single
	case !wanted && !bulk.Finish.Before(single.Finish):
		single.Why = []string{"one call an envelope; bulk sending would be done no sooner, " + throttle.Clock(bulk.Finish, t.Now)}
		return single
	}
	why := fmt.Sprintf("%s; one by one it would take until %s", lists(bulk.Lists), throttle.Clock(single.Finish, t.Now))
	bulk.Why = append([]string{why}, bulk.Why...)
	if t.Untold {
		bulk.Why = append(bulk.Why, "DocuSign does not tell whether the account allows bulk sending: if it does not, they go one by one")
	}
	return bulk
}

func lists(n int) string {
	if n == 1 {
		return "1 list that DocuSign works through by itself"
	}
	return fmt.Sprintf("%d lists that DocuSign works through by itself", n)
}

// single plans to send one by one, in so many calls each.
func (t Terms) single(envelopes, calls int) Plan {
	p := Plan{Engine: Single, Calls: envelopes * calls}
	p.Calls += t.rereads(t.State.Finish(p.Calls, t.Now))
	p.Finish = t.answered(p.Calls)
	return p
}

// answered is when the last of so many calls has been answered.
func (t Terms) answered(calls int) time.Time {
	last := t.State.Finish(calls, t.Now)
	before := sort.Search(calls, func(n int) bool { return !t.State.Finish(n+1, t.Now).Before(last) })
	return later(last.Add(t.takes(calls-before)), t.Now.Add(t.takes(calls)))
}

// takes is how long so many calls take that need not wait for the limits.
func (t Terms) takes(calls int) time.Duration {
	return time.Duration(math.Ceil(float64(calls)/float64(max(t.Concurrency, 1)))) * t.State.Latency
}

// rereads is how many calls reading templates again takes until then: one each
// after every hour that was waited for.
func (t Terms) rereads(until time.Time) int {
	if t.State.Hour.Limit == 0 || !until.After(t.State.Hour.Ends) {
		return 0
	}
	return t.Templates * int(math.Ceil(until.Sub(t.State.Hour.Ends).Hours()))
}

// inBulk plans to send in lots what can go in lots, and where that saves calls
// unless it is wanted anyhow, and the rest one by one.
func (t Terms) inBulk(groups []int32, wanted bool) Plan {
	p := Plan{Engine: InBulk}
	var members []int // by group
	unable := 0
	for _, g := range groups {
		if g < 0 {
			unable++
			continue
		}
		for int(g) >= len(members) {
			members = append(members, 0)
		}
		members[g]++
	}
	p.InLots = make([]int32, len(members))
	var sizes []int
	drafts := 0
	for g, n := range members {
		lots := (n + t.Bulk.Copies - 1) / t.Bulk.Copies
		if rest := n - (lots-1)*t.Bulk.Copies; !wanted && lots > 1 && rest <= callsPerLot {
			lots, n = lots-1, n-rest // a list of its own would take more calls
		}
		if n == 0 || !wanted && n <= callsPerGroup+callsPerLot*lots {
			continue
		}
		drafts++
		p.Copies += n
		p.Calls += callsPerGroup + callsPerLot*lots
		p.InLots[g] = int32(n)
		for ; n > 0; n -= t.Bulk.Copies {
			sizes = append(sizes, min(n, t.Bulk.Copies))
		}
	}
	p.Lists = len(sizes)
	p.Calls += 2 * ((drafts + draftsPerCall - 1) / draftsPerCall)
	if t.Bulk.guessed && len(sizes) > 0 && t.Bulk.takes(sizes[0])+t.Bulk.slack(sizes[0]) > firstVisit {
		p.Calls++
	}
	rest := len(groups) - p.Copies
	if rest > 0 && p.Copies > 0 {
		p.Engine = Split
		p.Calls += rest
		p.Why = append(p.Why, fmt.Sprintf("%d of them go one by one", rest))
	}
	if unable > 0 && t.Obstacle != "" {
		p.Why = append(p.Why, t.Obstacle)
	}
	last, end := t.Bulk.pass(sizes)
	// Templates are read again before what is claimed an hour later: envelopes
	// that wait for calls, lots that wait for room in the queue.
	p.Calls += max(t.rereads(t.State.Finish(p.Calls, t.Now)), t.Templates*int(last/time.Hour))
	p.Finish = t.finish(p.Calls, end)
	return p
}

// finish is when so many calls have left and lots are through for which
// DocuSign takes that long from the first one's sending.
func (t Terms) finish(calls int, lots time.Duration) time.Time {
	begun := t.State.Finish(min(calls, callsToBegin), t.Now).Add(callsToBegin * t.State.Latency)
	return later(t.State.Finish(calls, t.Now), begun.Add(lots))
}

// pass works out when the last of lots of these sizes can be asked for, and
// when it is known that DocuSign is through, as [forecast.schedule] does.
func (b Bulk) pass(sizes []int) (last, end time.Duration) {
	var free time.Duration // DocuSign is through with what was asked for
	waiting, first := 0, 0 // copies in the queue, and of which lot on
	known := make([]time.Duration, len(sizes))
	var now time.Duration
	for i, size := range sizes {
		for waiting > 0 && waiting+size > b.Queue {
			now = max(now, known[first])
			waiting -= sizes[first]
			first++
		}
		last = now
		free = max(free, now) + b.takes(size)
		known[i] = free + b.slack(size)
		waiting += size
	}
	if len(sizes) > 0 {
		end = known[len(sizes)-1]
	}
	return last, end
}

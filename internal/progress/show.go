package progress

import (
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/console"
	"batchsend/internal/report"
	"batchsend/throttle"
)

const (
	every = time.Minute // how often a line is written where there is no view
	// As long as nothing comes of the envelopes, as in a wait whose end was said, only
	// every so many of these lines is written: a mail of cron stays short.
	sparse = 15
	// A short wait for the same reason is not said again for some time: the line of
	// each minute tells of it.
	short  = time.Minute
	seldom = 10 * time.Minute
)

// Display shows a run that sends. It must be closed.
type Display struct {
	*Tracker
	say  func(format string, args ...any)
	view *console.View // nil: lines are said
	quit chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	closed bool
	told   map[string]time.Time // when a wait was said, by its reason
	until  time.Time            // the end of the wait that was said last; zero if it is over, and that was said
}

// Begin begins to show a run that does what a plan says.
func Begin(on *console.Terminal, plan report.Plan, limits func() throttle.State) *Display {
	d := &Display{Tracker: NewTracker(plan, limits), say: on.Say, quit: make(chan struct{}), told: make(map[string]time.Time)}
	if plan.Envelopes == 0 { // only what earlier runs have left is looked up
		return d
	}
	d.view = on.Show(func(width, height int) []console.Line { return d.Snapshot(time.Now()).View(width, height, on.UTF8) })
	if d.view == nil && !on.Quiet {
		on.Say("sending %s", report.Plural(plan.Envelopes, "envelope"))
		d.done.Go(d.sayEachMinute)
	}
	return d
}

func (d *Display) sayEachMinute() {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var said string
	left := 0 // lines that are not written if nothing has changed
	for {
		select {
		case <-d.quit:
			return
		case <-tick.C:
			s := d.Snapshot(time.Now())
			if counts := s.counts(); counts != said || left == 0 {
				d.say("%s", s.Line())
				said, left = counts, sparse
			}
			left--
		}
	}
}

// Shown reports whether all that is told stays to be seen, so that it need not be said.
func (d *Display) Shown() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown()
}

func (d *Display) shown() bool { return d.view != nil && !d.closed }

// Outcome is told what became of an envelope.
func (d *Display) Outcome(at envelope.Position, out envelope.Outcome) {
	d.Tracker.Outcome(at, out)
	d.mu.Lock()
	over := !d.until.IsZero() && !time.Now().Before(d.until)
	if over {
		d.until = time.Time{}
	}
	d.mu.Unlock()
	if over && d.view == nil {
		s := d.Snapshot(time.Now())
		d.say("going on: %s", s.counts())
	}
}

// Waits is told what some of the envelopes wait for. It reports whether that need not
// be said.
func (d *Display) Waits(reason string, until time.Time) (shown bool) {
	return d.Waiting(reason, until, false)
}

// Waiting is told what the run waits for; limit is true if no call leaves meanwhile. It
// reports whether that need not be said.
func (d *Display) Waiting(reason string, until time.Time, limit bool) (shown bool) {
	w := Wait{Reason: reason, Until: until, Limit: limit}
	d.Tracker.Waiting(w)
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.shown() || w.Limit && !d.closed && w.Until.Sub(now) < short && now.Sub(d.told[w.Reason]) < seldom {
		return true
	}
	d.told[w.Reason] = now
	d.until = latest(d.until, w.Until)
	return false
}

// Repeating is told of a call that failed, and when it is repeated. It reports whether
// that need not be said.
func (d *Display) Repeating(err error, at time.Time) (shown bool) {
	d.Trouble(Problem{Text: err.Error(), Again: at})
	return d.Shown()
}

// Close ends the showing.
func (d *Display) Close() {
	close(d.quit)
	d.done.Wait()
	d.view.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

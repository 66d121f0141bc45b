// Package waits tells a person of every wait of more than a few seconds, and gives
// up the waits that are not worth it: longer than a command that sends nothing
// should take, or past the time at which a run must end.
//
// When a call may leave and when it is repeated is the business of package throttle.
package waits

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"batchsend/internal/docusign"
	"batchsend/throttle"
)

const (
	patience     = time.Minute      // how long a Brief command waits, in all
	worthTelling = 3 * time.Second  // the shortest wait that is told
	slowAnswer   = 10 * time.Second // how long nothing is said of an answer that does not come
	seldom       = 30 * time.Second // how often the same trouble is told
)

// Monitor is told of the waits of one run. Its methods are safe for concurrent use.
// The zero Monitor with a Say gives up nothing.
type Monitor struct {
	// Say tells the person.
	Say func(format string, args ...any)
	// GiveUp ends the run's context because of an [*Error]; nil: no wait is given up.
	GiveUp context.CancelCauseFunc
	// End is when the run must end; zero: no such time is set.
	End time.Time
	// Brief is true for a command that waits no longer than a minute in all.
	Brief bool
	// Waited is how long the command has waited before.
	Waited time.Duration

	mu       sync.Mutex
	display  Display              // nil: there is none
	waited   time.Duration        // since then
	told     map[string]time.Time // the end of the wait that was told last, by its reason
	trouble  time.Time            // when an error was told that is being repeated
	stopping *time.Timer          // gives up waiting for another run's call
}

// Display shows the waits of a run for as long as they last.
type Display interface {
	// Waiting is told what the run waits for, and until when; zero if that is not known.
	// limit is true if no call leaves meanwhile. It reports whether that need not be
	// said.
	Waiting(reason string, until time.Time, limit bool) (shown bool)
	// Repeating is told of a call that failed, and when it is repeated. It reports
	// whether that need not be said.
	Repeating(err error, at time.Time) (shown bool)
}

// ShowOn has waits shown on a display; nil: no more.
func (m *Monitor) ShowOn(d Display) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.display = d
}

// tell tells of a wait, where it is shown or else by saying it.
func (m *Monitor) tell(reason string, until time.Time, limit bool) {
	switch {
	case m.display != nil && m.display.Waiting(reason, until, limit):
	case until.IsZero():
		m.Say("waiting: %s", reason)
	default:
		m.Say("waiting until %s: %s", throttle.Clock(until, time.Now()), reason)
	}
}

// left is how long a brief command still waits.
func (m *Monitor) left() time.Duration { return patience - m.Waited - m.waited }

// Held is told of calls that are held back for a limit; see [throttle.Limiter].
func (m *Monitor) Held(h throttle.Wait) {
	if h.Window != "" {
		m.wait(&Error{reason: usedUp(string(h.Window)), until: h.Until}, true)
		return
	}
	const reason = "another call is under way, perhaps another run's, whose answer shows what is left"
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell(reason, time.Time{}, false)
	if m.Brief && m.stopping == nil {
		m.stopping = time.AfterFunc(m.left(), func() { m.giveUp(&Error{reason: reason}) })
	}
}

// usedUp says which limit is waited for.
func usedUp(window string) string { return fmt.Sprintf("the %s limit of calls is used up", window) }

// Repeating is told of a call that failed and will be repeated after a pause; see
// [throttle.Policy].
func (m *Monitor) Repeating(err error, pause time.Duration) {
	until := time.Now().Add(pause)
	limited, ok := errors.AsType[*docusign.Error](err)
	if ok && limited.Kind == docusign.Limited && limited.Window != "" {
		m.wait(&Error{reason: usedUp(string(limited.Window)), until: until}, true)
		return
	}
	m.wait(&Error{until: until, err: err}, false)
}

// Until is told of a wait for a reason.
func (m *Monitor) Until(reason string, until time.Time) {
	m.wait(&Error{reason: reason, until: until}, false)
}

// wait tells of a wait, or gives it up. limit is true if no call leaves meanwhile.
func (m *Monitor) wait(w *Error, limit bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	lasts := w.until.Sub(now)
	short := lasts < worthTelling
	if last := m.told[w.reason]; !short && w.until.Before(last.Add(worthTelling)) {
		return // it is the same wait
	}
	if short && w.err == nil {
		return
	}
	switch {
	case m.GiveUp == nil:
	case !m.End.IsZero() && !w.until.Before(m.End):
		w.end = m.End
		m.giveUp(w)
		return
	case m.Brief && lasts > m.left():
		m.giveUp(w)
		return
	}
	m.waited += lasts
	switch {
	case w.err == nil:
		m.remember(w.reason, w.until)
		m.tell(w.reason, w.until, limit)
	case m.display != nil && m.display.Repeating(w.err, w.until):
	case !short:
		m.remember("", w.until)
		m.trouble = now
		m.Say("trying again at %s: %v", throttle.Clock(w.until, now), w.err)
	case now.Sub(m.trouble) >= seldom:
		m.trouble = now
		m.Say("trying again: %v", w.err)
	}
}

func (m *Monitor) remember(reason string, until time.Time) {
	if m.told == nil {
		m.told = map[string]time.Time{}
	}
	m.told[reason] = until
}

func (m *Monitor) giveUp(why *Error) {
	if m.GiveUp != nil {
		m.GiveUp(why)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"batchsend/internal/docusign"
	"batchsend/throttle"
)

const (
	// patience is how long a command that sends nothing waits, in all.
	patience = time.Minute
	// worthTelling is how long a wait is that is told.
	worthTelling = 3 * time.Second
	// slowAnswer is how long an answer is waited for in silence.
	slowAnswer = 10 * time.Second
	// seldom is how often the same trouble is told.
	seldom = 30 * time.Second
)

// waits tells of every wait of more than a few seconds, and gives up those that
// are not worth it: longer than a command has patience for, or past the time at
// which a run must end.
type waits struct {
	say    func(format string, args ...any)
	giveUp context.CancelCauseFunc // ends the command's context; nil: nothing does
	end    time.Time               // of the run; zero: none is set
	brief  bool                    // the command has but little patience

	mu       sync.Mutex
	left     time.Duration        // of it
	told     map[string]time.Time // until when each reason has been told of
	trouble  time.Time            // when an error was told that is being repeated
	stopping *time.Timer          // at the end of the patience with another run's call
}

func newWaits(ctx context.Context, a *app, l limits) *waits {
	w := &waits{say: a.Say, giveUp: l.giveUp, brief: l.brief, left: patience, told: map[string]time.Time{}}
	if l.giveUp != nil {
		w.end, _ = ctx.Deadline()
	}
	return w
}

// waitError is a wait that was given up.
type waitError struct {
	reason string
	until  time.Time // zero if that is not known: never if there is an err
	end    time.Time // of the run, if that is why; else there was no patience for it
	err    error     // that would have been repeated after the wait; nil if it was for a limit
}

func (e *waitError) Error() string {
	now, text := time.Now(), e.reason
	switch {
	case e.err != nil:
		text = fmt.Sprintf("%v; the next try is due at %s", e.err, throttle.Clock(e.until, now))
	case !e.until.IsZero():
		text += " until " + throttle.Clock(e.until, now)
	}
	if !e.end.IsZero() {
		return fmt.Sprintf("%s, and this run must end at %s (--until, --max-duration)", text, throttle.Clock(e.end, now))
	}
	return fmt.Sprintf("DocuSign could not be asked: %s. This command waits no longer than a minute", text)
}

// Unwrap returns what would have been repeated.
func (e *waitError) Unwrap() error { return e.err }

// Hint tells when it can go on.
func (e *waitError) Hint() string {
	if hint := hintOf(e.err); hint != "" && !e.passes() {
		return hint
	}
	if e.until.IsZero() {
		return "run the same command again later"
	}
	return fmt.Sprintf("run the same command again after %s", throttle.Clock(e.until, time.Now()))
}

// passes reports whether another run goes on by itself: a limit or an outage
// passes, a network that does not work wants somebody.
func (e *waitError) passes() bool {
	answer, answered := errors.AsType[*docusign.Error](e.err)
	sign, _ := errors.AsType[*docusign.AuthError](e.err)
	return e.err == nil || answered && answer.Status != 0 || sign != nil && sign.Status != 0
}

// usedUp says which limit is waited for.
func usedUp(window string) string { return fmt.Sprintf("the %s limit of calls is used up", window) }

// hold is told of calls that are held back for a limit.
func (w *waits) hold(h throttle.Wait) {
	if h.Window != "" {
		w.wait(usedUp(string(h.Window)), h.Until, nil)
		return
	}
	const reason = "another call is under way, perhaps another run's, whose answer shows what is left"
	w.mu.Lock()
	defer w.mu.Unlock()
	w.say("waiting: %s", reason)
	if w.brief && w.stopping == nil {
		w.stopping = time.AfterFunc(w.left, func() { w.stop(&waitError{reason: reason}) })
	}
}

// repeat is told of a call that failed and will be repeated after a pause.
func (w *waits) repeat(err error, pause time.Duration) {
	until := time.Now().Add(pause)
	limited, ok := errors.AsType[*docusign.Error](err)
	if ok && limited.Kind == docusign.Limited && limited.Window != "" {
		w.wait(usedUp(string(limited.Window)), until, nil)
		return
	}
	w.wait("", until, err)
}

// wait tells of a wait for a reason, or to repeat a call that failed with err.
func (w *waits) wait(reason string, until time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	short := until.Sub(now) < worthTelling
	if told := w.told[reason]; !short && until.Before(told.Add(worthTelling)) {
		return // it is the same wait
	}
	if short && err == nil {
		return
	}
	given := &waitError{reason: reason, until: until, err: err}
	switch {
	case w.giveUp == nil:
	case !w.end.IsZero() && !until.Before(w.end):
		given.end = w.end
		w.stop(given)
		return
	case w.brief && until.Sub(now) > w.left:
		w.stop(given)
		return
	}
	w.left -= until.Sub(now)
	switch {
	case err == nil:
		w.told[reason] = until
		w.say("waiting until %s: %s", throttle.Clock(until, now), reason)
	case !short:
		w.told[""], w.trouble = until, now
		w.say("trying again at %s: %v", throttle.Clock(until, now), err)
	case now.Sub(w.trouble) >= seldom:
		w.trouble = now
		w.say("trying again: %v", err)
	}
}

func (w *waits) stop(why *waitError) {
	if w.giveUp != nil {
		w.giveUp(why)
	}
}

// watch returns a transport that carries calls by base and tells of answers that
// do not come.
func (w *waits) watch(base http.RoundTripper) http.RoundTripper { return &watched{base, w} }

type watched struct {
	base  http.RoundTripper
	waits *waits
}

// RoundTrip implements [http.RoundTripper].
func (t *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	defer t.waits.leaves(req.URL.Hostname())()
	return t.base.RoundTrip(req)
}

// leaves is told that a call leaves, and returns what is to be told when it is
// answered.
func (w *waits) leaves(host string) (answered func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopping != nil { // it had its turn
		w.stopping.Stop()
		w.stopping = nil
	}
	slow := time.AfterFunc(slowAnswer, func() { w.slow(host) })
	if !w.brief {
		return func() { slow.Stop() }
	}
	began := time.Now()
	stop := time.AfterFunc(max(w.left, slowAnswer), func() {
		w.stop(&waitError{reason: host + " does not answer"})
	})
	return func() {
		slow.Stop()
		stop.Stop()
		if took := time.Since(began); took >= worthTelling {
			w.mu.Lock()
			w.left -= took
			w.mu.Unlock()
		}
	}
}

// slow tells of an answer that is long in coming.
func (w *waits) slow(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	reason := host + " has not answered for " + slowAnswer.String()
	if now := time.Now(); now.Sub(w.told[reason]) >= seldom {
		w.told[reason] = now
		w.say("waiting: %s", reason)
	}
}

// asking runs a command that sends nothing and does not wait long. If a wait was
// given up the error says which.
func (a *app) asking(ctx context.Context, do func(context.Context, limits) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return givenUp(ctx, do(ctx, limits{concurrency: 1, brief: true, giveUp: giveUp}))
}

// givenUp returns the wait that was given up instead of err, which came of that.
func givenUp(ctx context.Context, err error) error {
	wait, ok := errors.AsType[*waitError](context.Cause(ctx))
	if exit, said := errors.AsType[*exitError](err); !ok || err == nil || said && exit.err == nil {
		return err // nothing was given up, or all has been said
	}
	return wait
}

package batch

import (
	"context"
	"errors"
)

// gate checks before each call that sends something, or creates what is to be sent,
// whether sending may go on.
type gate struct {
	before func(context.Context) error // [Runner].BeforeClaim
	stale  func() bool                 // [Runner].Stale
	stop   context.CancelCauseFunc
}

// errStale is why a call gives its place back: BeforeClaim must be asked first.
var errStale = errors.New("too much time has gone by since it was looked whether sending may go on")

// check asks BeforeClaim, and stops the run if that returns an error.
func (g *gate) check(ctx context.Context) error {
	if g.before == nil {
		return nil
	}
	err := g.before(ctx)
	if err != nil {
		g.stop(err)
	}
	return err
}

// pass makes a call. It asks BeforeClaim before the call waits for its place, and ready
// when the call has its place, just before it leaves. If the wait was so long that
// BeforeClaim must be asked again, the call gives its place back and waits once more;
// but only once, or it might never leave.
func (g *gate) pass(ctx context.Context, ready Leaving, call func(context.Context, Leaving) error) error {
	for again := false; ; again = true {
		if err := g.check(ctx); err != nil {
			return withheld(err)
		}
		err := call(ctx, func(ctx context.Context) error {
			if !again && g.stale != nil && g.stale() {
				return errStale
			}
			return ready(ctx)
		})
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

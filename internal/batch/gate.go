package batch

import (
	"context"
	"errors"
)

// gate lets calls pass that send something, or create what is to be sent.
type gate struct {
	before func(context.Context) error // [Runner].BeforeClaim
	stale  func() bool                 // [Runner].Stale
	stop   context.CancelCauseFunc
}

// errStale gives a call's place back: BeforeClaim must be asked first.
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

// pass makes a call. BeforeClaim is asked before the call waits for its place, and
// ready when it has it, just before it leaves. If the wait was so long that
// BeforeClaim must be asked again, the place is given back for that; but not twice, or
// the call might never leave.
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

package batch

import (
	"context"
	"iter"
	"time"

	"github.com/sourcegraph/conc/pool"

	"batchsend/throttle"
)

// claimer writes down, of one thing that is done once, whether it may be being done.
type claimer interface {
	// claim writes down that the call that does it is about to leave, which it must
	// not if claim returns an error.
	claim(ctx context.Context) error
	// check returns an error unless the claim is still this run's.
	check(ctx context.Context) error
	// giveBack writes down that the call has done nothing. It returns an error if that
	// cannot be written down, which has stopped the run.
	giveBack(ctx context.Context) error
}

// attempt makes a call that must not be made twice. It is claimed when the call has
// its place, just before that leaves: while it waits nobody need wonder whether it was
// made. Who makes an attempt settles it.
type attempt struct {
	claimer claimer
	gate    *gate
	retry   throttle.Policy
	claimed bool      // and not given back
	ended   time.Time // when the last call ended
}

// call makes a call, and repeats it if it has done nothing. One that is refused for
// now, or did not arrive, gives its claim back before it waits to be repeated.
func (a *attempt) call(ctx context.Context, call func(context.Context, Leaving) error) error {
	return a.retry.Do(ctx, func(ctx context.Context) error {
		err := a.gate.pass(ctx, a.ready, call)
		a.ended = time.Now()
		if !a.claimed || !effectOf(err).Repeatable() {
			return err
		}
		if a.claimer.giveBack(ctx) != nil {
			return &LedgerError{err}
		}
		a.claimed = false
		return err
	})
}

// ready claims as the call is about to leave. If it is claimed already, because the
// token of its first call was refused, or because this is a further call of the same
// attempt, the claim must still be ours.
func (a *attempt) ready(ctx context.Context) error {
	if a.claimed {
		return withheld(a.claimer.check(ctx))
	}
	if err := a.claimer.claim(ctx); err != nil {
		return withheld(err)
	}
	a.claimed = true
	return nil
}

// each does something with each of the numbers, so many at once; 0 means 1. It begins
// with no further one when ctx ends. A panic in one stops the run.
func (b *bookkeeper) each(ctx context.Context, atOnce int, numbers iter.Seq[int32], do func(ctx context.Context, i int)) {
	p := pool.New().WithMaxGoroutines(max(atOnce, 1))
	for i := range numbers {
		if ctx.Err() != nil {
			break
		}
		p.Go(func() {
			b.stopOnPanic(func() {
				if ctx.Err() == nil {
					do(ctx, int(i))
				}
			})
		})
	}
	p.Wait()
}

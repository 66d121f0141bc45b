package batch

import (
	"context"
	"iter"
	"time"

	"github.com/sourcegraph/conc/pool"

	"batchsend/throttle"
)

// claimer records that something is about to be done which must not be done twice.
type claimer interface {
	// claim records that the call is about to leave. If it returns an error the call
	// must not leave.
	claim(ctx context.Context) error
	// check returns an error unless the claim is still this run's.
	check(ctx context.Context) error
	// giveBack records that the call has done nothing. If that cannot be recorded, it
	// stops the run and returns an error.
	giveBack(ctx context.Context) error
}

// attempt makes a call that must not be made twice. It claims when the call has its
// place, just before the request is sent: if the run dies while the call waits, nothing
// has to be looked up. Whoever makes an attempt records what came of it.
type attempt struct {
	claimer claimer
	gate    *gate
	retry   throttle.Policy
	claimed bool      // and not given back
	ended   time.Time // when the last call ended
}

// call makes a call, and repeats it if it has done nothing. A call that is refused for
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

// ready claims as the call is about to leave. It only checks the claim if there is one
// already, because the call leaves again with another token, or is a further call of
// the same attempt.
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

// each calls do for each of the numbers, atOnce of them at the same time; 0 means 1.
// After ctx has ended it calls do for no further one. A panic in do stops the run.
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

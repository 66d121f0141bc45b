package throttle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Policy says whether and when an operation is repeated. The zero Policy tries
// 8 times, with pauses that grow from about 1 s to at most 1 min.
//
// An error invites a repeat by the method
//
//	RetryAfter() (wait time.Duration, ok bool)
//
// anywhere in its chain: without it, or when ok is false, the error is final.
// A positive wait is kept to, up to an hour; otherwise the policy chooses the pause, at random
// around a value that doubles, so that callers refused together do not return
// together.
type Policy struct {
	Initial time.Duration // the first pause; 0 means 1 s
	Max     time.Duration // no pause of the policy's own is longer; 0 means 1 min
	Tries   int           // how often the operation is tried at most; 0 means 8
	// Notify, if not nil, is told of every failure that will be repeated and
	// of the pause before that.
	Notify func(err error, wait time.Duration)
}

// longestAsked is the longest pause that an error can ask for: whatever a server
// says, its windows last no longer.
const longestAsked = time.Hour

// inviter is an error that says whether to try again.
type inviter interface {
	error
	RetryAfter() (wait time.Duration, ok bool)
}

// Do runs op until it succeeds, fails for good, has been tried often enough, or
// ctx ends; op is not begun after that.
//
// The operation's last error can be found in what Do returns, by [errors.As]
// and [errors.Is]. If ctx ended the wait for another try, so can ctx's error
// and its cause.
func (p Policy) Do(ctx context.Context, op func(context.Context) error) error {
	if ctx.Err() != nil {
		return ended(ctx, nil)
	}
	pauses := p.pauses()
	for {
		err := op(ctx)
		if err == nil {
			return nil
		}
		again, ok := errors.AsType[inviter](err)
		if !ok {
			return err
		}
		wait, ok := again.RetryAfter()
		if !ok {
			return err
		}
		own := pauses.NextBackOff()
		if own == backoff.Stop {
			return fmt.Errorf("gave up after %d tries: %w", p.tries(), err)
		}
		if wait = min(wait, longestAsked); wait <= 0 {
			wait = own
		}
		if ctx.Err() != nil {
			return ended(ctx, err)
		}
		if p.Notify != nil {
			p.Notify(err, wait)
		}
		if !pause(ctx, wait) {
			return ended(ctx, err)
		}
	}
}

// Ask is [Policy.Do] for an operation that has an answer: the one of its last try.
func Ask[T any](ctx context.Context, p Policy, op func(context.Context) (T, error)) (answer T, err error) {
	err = p.Do(ctx, func(ctx context.Context) (err error) {
		answer, err = op(ctx)
		return err
	})
	return answer, err
}

func (p Policy) tries() int {
	if p.Tries == 0 {
		return 8
	}
	return max(p.Tries, 1)
}

// pauses returns the pauses of one operation: backoff's policies are not safe
// for concurrent use and remember how far they have come.
func (p Policy) pauses() backoff.BackOff {
	longest := p.Max
	if longest <= 0 {
		longest = time.Minute
	}
	first := p.Initial
	if first <= 0 {
		first = time.Second
	}
	const spread = 0.5
	return backoff.WithMaxRetries(backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(min(first, longest)),
		backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(spread),
		backoff.WithMaxInterval(time.Duration(float64(longest)/(1+spread))), // backoff spreads after capping
		backoff.WithMaxElapsedTime(0),                                       // its default is 15 minutes
	), uint64(p.tries()-1))
}

// pause waits, and reports whether ctx let it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// endedError is the end of a context before something was done, and what had
// gone wrong until then.
type endedError struct {
	ctx   error // context.Canceled or context.DeadlineExceeded
	cause error
	last  error // may be nil
}

func ended(ctx context.Context, last error) error {
	return &endedError{ctx: ctx.Err(), cause: context.Cause(ctx), last: last}
}

func (e *endedError) Error() string {
	if e.last == nil {
		return e.cause.Error()
	}
	return fmt.Sprintf("%v (%v before that)", e.cause, e.last)
}

func (e *endedError) Unwrap() []error {
	if e.last == nil {
		return []error{e.cause, e.ctx}
	}
	return []error{e.last, e.cause, e.ctx}
}

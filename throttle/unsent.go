package throttle

import (
	"context"
	"fmt"
)

// unsentError is a call given up while it waited for its place.
type unsentError struct{ ctx, cause error }

func newUnsent(ctx context.Context) error {
	return &unsentError{ctx: ctx.Err(), cause: context.Cause(ctx)}
}

func (e *unsentError) Error() string {
	return fmt.Sprintf("given up before the call could leave: %v", e.cause)
}

// Unsent reports that nothing was sent.
func (e *unsentError) Unsent() bool { return true }

// Unwrap returns the context's cause and its error.
func (e *unsentError) Unwrap() []error { return []error{e.cause, e.ctx} }

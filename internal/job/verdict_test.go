package job

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/usage"
)

// waited is a wait that was given up, of a call that took too long.
type waited struct{ passes bool }

func (waited) Error() string  { return "waited" }
func (w waited) Passes() bool { return w.passes }
func (waited) Unwrap() error  { return context.DeadlineExceeded }

func TestVerdictOf(t *testing.T) {
	limited, refused := &docusign.Error{Kind: docusign.Limited}, &docusign.Error{Kind: docusign.Refused}
	for _, tt := range []struct {
		err  error
		want Verdict
	}{
		{nil, AllDone},
		{errors.New("no such file"), NeedsPerson},
		{usage.Errorf("no such flag"), Misused},
		{&InputError{"named twice"}, Misused},
		{&HeaderError{}, RowsRejected},
		{&UnresolvedError{Recent: 1}, GoesOn},
		{&UnresolvedError{Recent: 1, Lost: 1}, EnvelopesFailed},
		{&batch.ManyErrorsError{}, EnvelopesFailed},
		{&batch.ManyErrorsError{Alike: true, Err: limited}, NeedsPerson},
		{&batch.HaltError{Err: limited}, GoesOn},
		{refused, NeedsPerson},
		{&docusign.Error{Kind: docusign.Unknown, Cause: context.Canceled}, GoesOn},
		{&ledger.HeldError{}, GoesOn},
		{fmt.Errorf("claim: %w", &ledger.LostError{}), GoesOn},
		{&FreshError{}, GoesOn},
		{&FileChangedError{}, GoesOn},
		{&FileChangedError{err: errors.New("gone")}, NeedsPerson},
		{&MakingError{}, GoesOn},
		{batch.ErrLate, GoesOn},
		{fmt.Errorf("sending: %w", ErrDeadline), GoesOn},
		{errors.Join(refused, context.Canceled), GoesOn},
		{waited{true}, GoesOn},
		{waited{false}, NeedsPerson},
	} {
		if got := VerdictOf(tt.err); got != tt.want {
			t.Errorf("VerdictOf(%T %v) = %d, want %d", tt.err, tt.err, got, tt.want)
		}
	}
	if got := Worst(RowsRejected, EnvelopesFailed, GoesOn, AllDone); got != EnvelopesFailed {
		t.Errorf("the worst is %d, want %d", got, EnvelopesFailed)
	}
}

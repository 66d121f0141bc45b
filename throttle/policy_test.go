package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/throttle"
)

// again is an error that invites a repeat.
type again struct {
	wait  time.Duration
	final bool
}

func (e *again) Error() string                     { return "again" }
func (e *again) RetryAfter() (time.Duration, bool) { return e.wait, !e.final }

func TestPolicyDo(t *testing.T) {
	plain := errors.New("refused")
	const s = time.Second
	tests := []struct {
		name        string
		policy      throttle.Policy
		errs        []error // of one try after the other; the last repeats
		tries       int
		least, most time.Duration
		want        error // in the chain; nil for success
	}{
		{"success", throttle.Policy{}, []error{nil}, 1, 0, 0, nil},
		{"final", throttle.Policy{}, []error{plain}, 1, 0, 0, plain},
		{"says final", throttle.Policy{}, []error{&again{final: true, wait: s}}, 1, 0, 0, &again{}},
		{"second try", throttle.Policy{}, []error{&again{}, nil}, 2, s / 2, 3 * s / 2, nil},
		{"wrapped", throttle.Policy{}, []error{fmt.Errorf("op: %w", &again{}), nil}, 2, s / 2, 3 * s / 2, nil},
		{"told to wait", throttle.Policy{}, []error{&again{wait: 47 * time.Minute}, nil}, 2, 47 * time.Minute, 47 * time.Minute, nil},
		{"told to wait for years", throttle.Policy{}, []error{&again{wait: 100000 * time.Hour}, nil}, 2, time.Hour, time.Hour, nil},
		{"told often", throttle.Policy{}, []error{&again{wait: time.Hour}}, 8, 7 * time.Hour, 7 * time.Hour, &again{}},
		{"then final", throttle.Policy{}, []error{&again{}, plain}, 2, s / 2, 3 * s / 2, plain},
		{"8 tries", throttle.Policy{}, []error{&again{}}, 8, 40 * s, 3 * time.Minute, &again{}},
		{"own values", throttle.Policy{Initial: time.Minute, Max: 2 * time.Minute, Tries: 3}, []error{&again{}}, 3, time.Minute, 4 * time.Minute, &again{}},
		{"one try", throttle.Policy{Tries: 1}, []error{&again{}}, 1, 0, 0, &again{}},
		{"more than 15 minutes", throttle.Policy{Initial: time.Hour, Max: 2 * time.Hour, Tries: 6}, []error{&again{}}, 6, 3 * time.Hour, 10 * time.Hour, &again{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, tries, told := time.Now(), 0, 0
				tt.policy.Notify = func(err error, wait time.Duration) {
					told++
					if err == nil || wait <= 0 {
						t.Errorf("Notify(%v, %v)", err, wait)
					}
				}
				err := tt.policy.Do(t.Context(), func(context.Context) error {
					tries++
					return tt.errs[min(tries, len(tt.errs))-1]
				})
				if took := time.Since(start); took < tt.least || took > tt.most {
					t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
				}
				if tries != tt.tries || told != tries-1 {
					t.Errorf("%d tries and %d notices, want %d and one less", tries, told, tt.tries)
				}
				var repeatable *again
				switch {
				case tt.want == nil && err != nil,
					tt.want == plain && !errors.Is(err, plain),
					tt.want != nil && tt.want != plain && !errors.As(err, &repeatable):
					t.Errorf("Do: %v, want %v in its chain", err, tt.want)
				}
			})
		})
	}
}

func TestPolicyPausesDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 20 {
			start := time.Now()
			throttle.Policy{Tries: 2}.Do(t.Context(), func(context.Context) error { return &again{} })
			seen[time.Since(start)] = true
		}
		if len(seen) < 10 {
			t.Errorf("%d different pauses of 20, want jitter", len(seen))
		}
	})
}

func TestPolicyEndsWithItsContext(t *testing.T) {
	stop := errors.New("stop")
	tests := []struct {
		name  string
		end   func(cancel func(error)) // before Do
		op    func(cancel func(error)) error
		tries int
		last  bool // the operation's error is in the chain
		text  string
	}{
		{"before", func(cancel func(error)) { cancel(stop) }, nil, 0, false, "stop"},
		{
			"while it pauses", func(cancel func(error)) { time.AfterFunc(time.Minute, func() { cancel(stop) }) },
			func(func(error)) error { return &again{wait: time.Hour} }, 1, true, "stop (again before that)",
		},
		{"while it tries", nil, func(cancel func(error)) error { cancel(stop); return &again{} }, 1, true, "stop (again before that)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.end != nil {
					tt.end(cancel)
				}
				start, tries := time.Now(), 0
				err := throttle.Policy{}.Do(ctx, func(context.Context) error {
					tries++
					return tt.op(cancel)
				})
				if tries != tt.tries || time.Since(start) > time.Minute {
					t.Errorf("%d tries in %v, want %d and no more waiting", tries, time.Since(start), tt.tries)
				}
				if !errors.Is(err, stop) || !errors.Is(err, context.Canceled) {
					t.Errorf("Do: %v, want the context's error and its cause in the chain", err)
				}
				if err == nil || err.Error() != tt.text {
					t.Errorf("Do: %v, want %q", err, tt.text)
				}
				if last := new(again); errors.As(err, &last) != tt.last {
					t.Errorf("Do: %v; the last try's error found: %v, want %v", err, !tt.last, tt.last)
				}
			})
		})
	}
}

// What succeeded has succeeded, whatever became of the context.
func TestPolicySuccessOutlivesItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := throttle.Policy{}.Do(ctx, func(context.Context) error { cancel(); return nil })
	if err != nil {
		t.Errorf("Do: %v, want nil", err)
	}
}

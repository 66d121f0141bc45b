package batch

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/remote"
	"batchsend/throttle"
)

// told is a claimer that notes what it is told, and refuses what it is to refuse.
type told struct {
	notes  []string
	refuse string
}

var errTold = errors.New("no")

func (c *told) note(what string) error {
	c.notes = append(c.notes, what)
	if what == c.refuse {
		return errTold
	}
	return nil
}

func (c *told) claim(context.Context) error    { return c.note("claim") }
func (c *told) check(context.Context) error    { return c.note("check") }
func (c *told) giveBack(context.Context) error { return c.note("give back") }

// effectError is the answer to a call.
type effectError remote.Effect

func (e effectError) Error() string         { return e.Effect().String() }
func (e effectError) Effect() remote.Effect { return remote.Effect(e) }
func (e effectError) RetryAfter() (time.Duration, bool) {
	return 0, e.Effect().Repeatable()
}

// TestAttempt makes a call that must not be made twice, whatever it does.
func TestAttempt(t *testing.T) {
	for _, tt := range []struct {
		name     string
		refuse   string          // what the claimer refuses
		answers  []remote.Effect // to the calls, before a good one
		leaves   int             // how often each call leaves
		want     []string
		claimed  bool
		withheld bool // it did not leave
		calls    int
	}{
		{name: "well", leaves: 1, want: []string{"claim"}, claimed: true, calls: 1},
		{name: "its token is refused, and it leaves again", leaves: 2, want: []string{"claim", "check"}, claimed: true, calls: 1},
		{name: "refused", answers: []remote.Effect{remote.EffectRefused}, leaves: 1, want: []string{"claim"}, claimed: true, calls: 1},
		{name: "unknown", answers: []remote.Effect{remote.EffectUnknown}, leaves: 1, want: []string{"claim"}, claimed: true, calls: 1},
		{name: "not done, then well", answers: []remote.Effect{remote.EffectNotDone}, leaves: 1, want: []string{"claim", "give back", "claim"}, claimed: true, calls: 2},
		{name: "never done", answers: []remote.Effect{remote.EffectNotDone, remote.EffectNotDone, remote.EffectNotDone}, leaves: 1, want: []string{"claim", "give back", "claim", "give back", "claim", "give back"}, calls: 3},
		{name: "not claimed", refuse: "claim", leaves: 1, want: []string{"claim"}, withheld: true, calls: 1},
		{name: "the claim is another's", refuse: "check", leaves: 2, want: []string{"claim", "check"}, claimed: true, withheld: true, calls: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &told{refuse: tt.refuse}
				a := &attempt{claimer: c, gate: new(gate), retry: throttle.Policy{Tries: 3}}
				calls := 0
				err := a.call(t.Context(), func(ctx context.Context, leaving Leaving) error {
					calls++
					for range tt.leaves {
						if err := leaving(ctx); err != nil {
							return err
						}
					}
					if calls <= len(tt.answers) {
						return effectError(tt.answers[calls-1])
					}
					return nil
				})
				_, withheld := errors.AsType[*withheldError](err)
				if !slices.Equal(c.notes, tt.want) || a.claimed != tt.claimed || withheld != tt.withheld || calls != tt.calls {
					t.Errorf("%q, claimed: %t, withheld: %t, %d calls (%v); want %q, %t, %t, %d", c.notes, a.claimed, withheld, calls, err, tt.want, tt.claimed, tt.withheld, tt.calls)
				}
			})
		})
	}
}

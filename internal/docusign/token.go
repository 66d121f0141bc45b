package docusign

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	renewAhead    = 5 * time.Minute  // before a token ends
	renewAgain    = 30 * time.Second // after a renewal that failed while the token still lives
	tokenLifetime = time.Hour        // if the answer does not say; DocuSign: always 3600 s
)

// token is an access token. It never shows its value.
type token struct {
	value string
	renew time.Time // from then on a new one is wanted
	end   time.Time // from then on it is refused
}

func newToken(value string, from time.Time, life time.Duration) *token {
	if life <= 0 {
		life = tokenLifetime
	}
	end := from.Add(life)
	return &token{value: value, renew: end.Add(-min(renewAhead, life/6)), end: end}
}

// String hides the value.
func (t *token) String() string { return "access token" }

// tokens keeps the current token for all goroutines. The zero tokens has none.
type tokens struct {
	current  atomic.Pointer[token]
	attempts atomic.Int64 // renewals tried
	once     sync.Once
	renewing chan struct{} // holds a token while one goroutine renews
	failed   error         // of the last attempt; used only while renewing
}

// get returns a token other than refused, and fetches a new one if necessary. refused is
// the token that DocuSign has just refused; it may be nil. One goroutine at a time
// fetches. Those that wait for it get the same token or error, unless their ctx ends.
func (t *tokens) get(ctx context.Context, refused *token, fetch func(context.Context) (*token, error)) (*token, error) {
	if now := t.current.Load(); now.good(refused) {
		return now, nil
	}
	before := t.attempts.Load()
	t.once.Do(func() { t.renewing = make(chan struct{}, 1) })
	select {
	case t.renewing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.renewing }()

	old := t.current.Load()
	if old.good(refused) {
		return old, nil
	}
	if t.failed != nil && t.attempts.Load() != before {
		return nil, t.failed
	}
	fresh, err := fetch(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, err // it concerns this caller alone: the next one tries again
	}
	t.attempts.Add(1)
	t.failed = err
	if err == nil {
		t.current.Store(fresh)
		return fresh, nil
	}
	if old.outlives(err, refused) {
		later := *old
		later.renew = time.Now().Add(renewAgain)
		t.current.Store(&later)
		return &later, nil
	}
	return nil, err
}

// good reports whether t may be used as it is.
func (t *token) good(refused *token) bool {
	return t != nil && !t.is(refused) && time.Now().Before(t.renew)
}

// is reports whether t and other are the same token.
func (t *token) is(other *token) bool { return other != nil && t.value == other.value }

// outlives reports whether t can still be used for a while although renewing it failed
// with err: it is renewed ahead of time for that reason.
func (t *token) outlives(err error, refused *token) bool {
	ae, ok := errors.AsType[*AuthError](err)
	return ok && ae.Temporary() && t != nil && !t.is(refused) && time.Now().Add(renewAgain).Before(t.end)
}

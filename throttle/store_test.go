package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"batchsend/throttle"
)

// memoryStore is a store in memory. Like a ledger's it is written by one at a time.
type memoryStore struct {
	turn    chan struct{} // a lock that virtual time does not stand still for
	delay   time.Duration // of an Update, half of it before edit
	text    []byte
	updates int
	writes  int
	longest int // text
	fail    atomic.Bool

	mu    sync.Mutex
	ended map[string]bool
	quiet map[string]bool // ended, and nobody knows
}

func newStore(delay time.Duration) *memoryStore {
	return &memoryStore{turn: make(chan struct{}, 1), delay: delay, ended: make(map[string]bool), quiet: make(map[string]bool)}
}

// storeOf is the store as one participant has it.
type storeOf struct {
	*memoryStore
	name string
}

var _ throttle.Store = storeOf{}

func (p storeOf) Participant() string { return p.name }

func (p storeOf) Gone(participant string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[participant] && !p.quiet[participant]
}

// die ends the participant's process. If quiet nobody can tell.
func (p storeOf) die(quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended[p.name], p.quiet[p.name] = true, quiet
}

func (p storeOf) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[p.name]
}

func (p storeOf) Update(ctx context.Context, edit func([]byte) []byte) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	p.updates++
	pass(p.delay / 2)
	if p.dead() {
		return errors.New("this process has ended")
	}
	if p.updates%7 == 0 {
		edit(slices.Clone(p.text)) // as if it had to be done again
	}
	old := slices.Clone(p.text)
	fresh := slices.Clone(edit(old))
	clear(old)
	pass(p.delay - p.delay/2)
	if p.dead() {
		return errors.New("this process has ended")
	}
	if p.fail.Load() {
		return errors.New("the memoryStore is broken")
	}
	if fresh != nil {
		p.text = fresh
		p.writes++
		p.longest = max(p.longest, len(fresh))
	}
	return nil
}

// count is how many Updates there were.
func (s *memoryStore) count() int {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	return s.updates
}

// pass lets time pass; even none of it costs a timer otherwise.
func pass(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
}

// participants returns limiters that share a store.
func (s *memoryStore) participants(n int, l func() *throttle.Limiter) []*throttle.Limiter {
	all := make([]*throttle.Limiter, n)
	for i := range all {
		all[i] = l()
		all[i].Store = storeOf{s, fmt.Sprintf("participant %d", i)}
	}
	return all
}

// closeAll closes limiters.
func closeAll(t interface{ Errorf(string, ...any) }, all []*throttle.Limiter) {
	for _, l := range all {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

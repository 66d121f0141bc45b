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

// shelf is a book in memory. Like a ledger's it is written by one at a time.
type shelf struct {
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

func newShelf(delay time.Duration) *shelf {
	return &shelf{turn: make(chan struct{}, 1), delay: delay, ended: make(map[string]bool), quiet: make(map[string]bool)}
}

// page is the book as one member has it.
type page struct {
	*shelf
	name string
}

var _ throttle.Book = page{}

func (p page) Member() string { return p.name }

func (p page) Gone(member string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[member] && !p.quiet[member]
}

// die ends the member's process. If quiet nobody can tell.
func (p page) die(quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended[p.name], p.quiet[p.name] = true, quiet
}

func (p page) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[p.name]
}

func (p page) Update(ctx context.Context, edit func([]byte) []byte) error {
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
		return errors.New("the shelf is broken")
	}
	if fresh != nil {
		p.text = fresh
		p.writes++
		p.longest = max(p.longest, len(fresh))
	}
	return nil
}

// count is how many Updates there were.
func (s *shelf) count() int {
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

// members returns limiters that share a book.
func (s *shelf) members(n int, l func() *throttle.Limiter) []*throttle.Limiter {
	all := make([]*throttle.Limiter, n)
	for i := range all {
		all[i] = l()
		all[i].Book = page{s, fmt.Sprintf("member %d", i)}
	}
	return all
}

// shut closes limiters.
func shut(t interface{ Errorf(string, ...any) }, all []*throttle.Limiter) {
	for _, l := range all {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

package throttle

import (
	"context"
	"time"
)

// Book keeps what the limiters of one account know, for several processes and
// for the next one: a text that only this package reads. It must be safe for
// concurrent use.
type Book interface {
	// Update replaces the text by what edit makes of it, atomically among all
	// processes. old is nil if there is no text yet; edit neither keeps nor
	// changes it. If edit returns nil nothing is written. edit takes well under a
	// millisecond and may be called more than once: only what came of the last
	// call counts. An error means that as a rule nothing was written.
	Update(ctx context.Context, edit func(old []byte) (fresh []byte)) error
	// Member names this limiter among all that share the book, now or later.
	Member() string
	// Gone reports whether a member has certainly ended: its process died or
	// left. It is not asked during an Update.
	Gone(member string) bool
}

const (
	// bookPatience is how long one Update may take.
	bookPatience = 10 * time.Second
	// bookTries is how often an Update that fails is tried before the limiter
	// goes on alone.
	bookTries = 3
	// bookPause is the first pause between tries; each is four times the last.
	bookPause = 100 * time.Millisecond
)

// Close writes into the book what it does not know yet, turns back what was
// granted and not used, and leaves it. Calls still under way stay in the book
// until they are answered or the process ends. It returns when nobody is being
// told anything any more; the error is why the book was given up, then or
// before.
//
// A closed limiter that is used again joins again.
func (l *Limiter) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now()
	for m := l.member; m != nil && l.member == m; {
		if !m.syncing {
			if !m.unwritten() {
				break
			}
			m.leaving = true
			m.sync()
		}
		ended := m.ended
		l.mu.Unlock()
		<-ended
		l.mu.Lock()
	}
	for l.tellers > 0 {
		l.told.Wait()
	}
	return l.failed
}

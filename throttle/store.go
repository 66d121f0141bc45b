package throttle

import "context"

// Store keeps what the limiters of one account know, for several processes and
// for the next one: a text that only this package reads. It must be safe for
// concurrent use.
type Store interface {
	// Update replaces the text by what edit makes of it, atomically among all
	// processes. old is nil if there is no text yet; edit neither keeps nor
	// changes it. If edit returns nil nothing is written. edit takes well under a
	// millisecond and may be called more than once: only what came of the last
	// call counts. An error means that as a rule nothing was written.
	Update(ctx context.Context, edit func(old []byte) (fresh []byte)) error
	// Participant names this limiter among all that share the store, now or
	// later.
	Participant() string
	// Gone reports whether a participant has certainly ended: its process died or
	// left. It is not asked during an Update.
	Gone(participant string) bool
}

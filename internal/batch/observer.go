package batch

import (
	"time"

	"batchsend/envelope"
)

// Observer is told how a run goes. An implementation that wants to know some of it
// only embeds [NoObserver].
type Observer interface {
	// Outcome is told what became of an envelope, by several goroutines at once. It
	// may be told more than once of an envelope: the last outcome counts. One of which
	// nothing is told is pending.
	Outcome(i int, out envelope.Outcome)
	// Recovered is told what is known of the envelopes that earlier runs left
	// unresolved, if there are any, before anything is sent.
	Recovered(Recovered)
	// LotSent is told of so many envelopes handed over to DocuSign in bulk, and when
	// it should be through with them.
	LotSent(envelopes int, through time.Time)
	// BulkRefused is told that so many envelopes go singly, because DocuSign has not
	// sent them in bulk.
	BulkRefused(envelopes int, why error)
	// Paused is told until when bulk sending waits, and for what, where nothing else
	// was told of so long a wait.
	Paused(until time.Time, why string)
	// LookingUp is told how many envelopes are still looked up when all else is done,
	// and when the last of them will be resolved if look-ups succeed; and the same of
	// a lot whose answer was lost, at once.
	LookingUp(envelopes int, until time.Time)
}

// NoObserver is an [Observer] that ignores what it is told.
type NoObserver struct{}

var _ Observer = NoObserver{}

// Outcome implements [Observer].
func (NoObserver) Outcome(int, envelope.Outcome) {}

// Recovered implements [Observer].
func (NoObserver) Recovered(Recovered) {}

// LotSent implements [Observer].
func (NoObserver) LotSent(int, time.Time) {}

// BulkRefused implements [Observer].
func (NoObserver) BulkRefused(int, error) {}

// Paused implements [Observer].
func (NoObserver) Paused(time.Time, string) {}

// LookingUp implements [Observer].
func (NoObserver) LookingUp(int, time.Time) {}

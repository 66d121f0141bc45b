package batch

import (
	"time"

	"batchsend/envelope"
)

// Observer is told how a run goes. An implementation that wants to know some of it
// only embeds [NoObserver].
type Observer interface {
	// Outcome is told what became of an envelope. Several goroutines call it at once.
	// It may be called more than once for an envelope: the last outcome counts. An
	// envelope for which it is not called is pending.
	Outcome(i int, out envelope.Outcome)
	// Recovered is told what became of the envelopes that earlier runs left
	// unresolved, as far as that is known before anything is sent. It is not called if
	// there are none.
	Recovered(Recovered)
	// LotSent is told how many envelopes were handed over to DocuSign in a lot, and
	// when DocuSign should have sent them.
	LotSent(lot string, envelopes int, through time.Time)
	// LotProgress is told how many envelopes of a lot DocuSign has done with, whenever
	// it was asked, and when it should have done with all.
	LotProgress(lot string, done, envelopes int, through time.Time)
	// BulkRefused is told how many envelopes are sent singly instead of in bulk, and
	// why.
	BulkRefused(envelopes int, why error)
	// Paused is told until when bulk sending waits, and for what. It is not called
	// for a wait that LotSent or LookingUp has announced.
	Paused(until time.Time, why string)
	// LookingUp is told how many envelopes are looked up when everything else is done,
	// and when the last of them will be resolved at the latest, if look-ups succeed. Of
	// a lot whose answer was lost it is told at once.
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
func (NoObserver) LotSent(string, int, time.Time) {}

// LotProgress implements [Observer].
func (NoObserver) LotProgress(string, int, int, time.Time) {}

// BulkRefused implements [Observer].
func (NoObserver) BulkRefused(int, error) {}

// Paused implements [Observer].
func (NoObserver) Paused(time.Time, string) {}

// LookingUp implements [Observer].
func (NoObserver) LookingUp(int, time.Time) {}

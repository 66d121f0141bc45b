// Package history is what a ledger knows of the envelopes that were sent, or that
// runs have begun to send, in the words that ledgers and those who ask them share.
package history

import (
	"time"

	"batchsend/envelope"
)

// State is what the ledger has recorded of an envelope:
//
//	planned → sending → sent | failed | unknown
//
// Only sending and unknown leave it open whether the envelope exists.
type State uint8

// The states. The zero State is an envelope of which the ledger knows nothing.
const (
	StateNew     State = iota
	StatePlanned       // recorded, or given back untried
	StateSending       // claimed: the request may be on its way
	StateSent          // DocuSign has told the envelope ID
	StateFailed        // DocuSign refused it; nothing was created
	StateUnknown       // sent without a readable answer, not found since
)

var stateNames = [...]string{"new", "planned", "sending", "sent", "failed", "unknown"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// Open reports whether the envelope may exist although no ID is known.
func (s State) Open() bool { return s == StateSending || s == StateUnknown }

// MayExist reports whether the envelope was sent, or may have been: it must not
// simply be sent again.
func (s State) MayExist() bool { return s == StateSent || s.Open() }

// Record is the ledger's record of one envelope.
type Record struct {
	State   State
	Content envelope.Content // as it was planned
	ID      envelope.ID      // if State is StateSent, or of a draft that was made first
	Code    string           // DocuSign's errorCode, if it failed or is unknown
	Message string           // DocuSign's message, if it failed or is unknown
	At      time.Time        // of the last change; of the attempt, if sending
	// RemoteStatus is the status of a sent envelope at DocuSign when it was last asked,
	// in lower case; "" if it never was, or does not know the envelope.
	RemoteStatus string
	// Legacy is set if an earlier release made the record, under its own transaction
	// ID.
	Legacy bool
	// SameContent is another envelope with the same content, of this batch or another,
	// that was sent or may have been; nil if there is none.
	SameContent *SameContent
}

// Similar is an envelope of the ledger that resembles another one.
type Similar struct {
	TransactionID envelope.TransactionID
	Batch         string
	TemplateID    string // "" if an earlier release has planned it
	Line          int
	Labelled      bool // it had an envelope value; not known of one found at DocuSign
	State         State
	ID            envelope.ID // "" while it is not known whether it was sent
	At            time.Time
	Legacy        bool // an earlier release has planned it
}

// SameContent is an envelope that has the same content as another one.
type SameContent struct {
	Batch string
	ID    envelope.ID // "" while it is not known whether it was sent
	At    time.Time
}

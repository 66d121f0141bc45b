package batch

import (
	"context"
	"time"

	"batchsend/envelope"
)

// Envelopes are those that a run is about, by their numbers, 0 to Len()-1, in the
// order of the files. Of one that was sent already there is nothing to do, and it need
// not be among them. Those that earlier runs left unresolved must be, if their rows are
// still there: else they are looked up, and none of them is sent again.
//
// The methods may be called by several goroutines at once.
type Envelopes interface {
	Len() int
	// Item returns what is known of an envelope without reading its rows. It is cheap.
	Item(i int) Item
	// Read reads the rows of an envelope. It fails if they do not say any more what
	// was planned: that stops the run before anything of this envelope leaves, and the
	// error is what [Result].Stopped is.
	Read(ctx context.Context, i int) (*envelope.Envelope, error)
}

// Item is what is known of an envelope whose rows are not in memory.
type Item struct {
	TransactionID envelope.TransactionID
	// Group is the number of the group in whose lots the envelope can go, see
	// [Groups]. If it is negative the envelope can only go singly.
	Group int32
}

// Leftovers are what earlier runs of these batches left.
type Leftovers struct {
	Unresolved []Unresolved
	Lots       []envelope.Lot // with which something is still to be done
}

// Unresolved is an envelope of which an earlier run did not learn whether it was
// sent: it was on its way when the run died, or its answer was lost and not found.
type Unresolved struct {
	TransactionID envelope.TransactionID
	Attempted     time.Time   // when it was claimed, just before its call left
	Draft         envelope.ID // the draft that it had become, or ""
	// Legacy is set if the transaction ID says nothing about the content, as an
	// earlier release made it: another ledger's envelope may have it, too.
	Legacy bool
	Answer Answer
}

// Answer is what DocuSign said to an attempt without telling whether it created
// anything.
type Answer struct {
	Code    string // "": no answer came, or it was about another row's envelope
	Message string // what is known of the attempt; "": the run died
	Times   int    // so many attempts in a row were answered with this code
}

// none are no envelopes.
type none struct{}

func (none) Len() int { return 0 }

func (none) Item(int) Item { panic("there are no envelopes") }

func (none) Read(context.Context, int) (*envelope.Envelope, error) {
	panic("there are no envelopes")
}

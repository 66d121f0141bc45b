package batch

import (
	"context"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// Envelopes are the envelopes of a run, numbered 0 to Len()-1 in the order of the
// files. Those that were sent already need not be among them. Those that earlier runs
// left unresolved, or in a lot, must be among them if their rows still exist: the
// others are looked up too, but never sent again.
//
// The methods may be called by several goroutines at once.
type Envelopes interface {
	Len() int
	// Item returns what is known of an envelope without reading its rows. It is cheap.
	Item(i int) Item
	// Read reads the rows of an envelope. It fails if they no longer say what was
	// planned. That stops the run before anything of this envelope is sent, and
	// [Result].Stopped is the error.
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
	Lots       []remote.Lot // with which something is still to be done
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

// Answer is an answer of DocuSign that does not tell whether anything was created.
type Answer struct {
	Code    string // "" if no answer came, or it was about another row's envelope
	Message string // what is known of the attempt, "" if the run died
	Times   int    // how many attempts in a row got this code
}

// none are no envelopes.
type none struct{}

func (none) Len() int { return 0 }

func (none) Item(int) Item { panic("there are no envelopes") }

func (none) Read(context.Context, int) (*envelope.Envelope, error) {
	panic("there are no envelopes")
}

package batch

import (
	"context"

	"batchsend/envelope"
)

// Ledger remembers across runs. Every change is durable when the method
// returns, and all methods are safe for concurrent use.
//
// An error whose effect is EffectTaken says that what DocuSign's answer names as the
// envelope is another row's, or as a part of the lot another lot's. One with this
// method says that an envelope was not claimed for a good reason: same is an envelope
// with the same content that was sent under another name, or may have been; if it is
// nil, somebody else has claimed or sent the envelope, as its record says.
//
//	NotClaimed() (record envelope.Standing, same *envelope.Twin)
//
// Any other error means that the ledger itself has failed, or that the batch is
// another run's now.
type Ledger interface {
	// Claim marks env as about to be sent, if nobody else has.
	Claim(ctx context.Context, env *envelope.Envelope) error
	// Draft records the ID of the draft that a claimed envelope has become.
	Draft(ctx context.Context, id envelope.TransactionID, draft envelope.ID) error
	// Settle records what came of a claimed envelope. [envelope.Pending] gives
	// the claim back: nothing was created.
	Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error
	// Retry claims an envelope again whose earlier attempt has been proven to
	// have created nothing.
	Retry(ctx context.Context, id envelope.TransactionID) error

	// CheckLease returns an error unless the run still has its batches.
	CheckLease(ctx context.Context) error

	// AddLot writes down that a lot of a batch is about to be prepared, so that
	// whatever is made for it is removed in the end.
	AddLot(ctx context.Context, lot *envelope.Lot, batch string) error
	// ClaimLot claims the envelopes of a lot that is about to be sent, all or none
	// of them: refused says of those that may not go, by their index, why.
	ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (refused []error, err error)
	// RecordLot writes down the parts of the lot that are known. If one of them is
	// another lot's, the error's effect is EffectTaken.
	RecordLot(ctx context.Context, lot *envelope.Lot) error
	// SettleLot records what came of envelopes of the lot, and if it is over
	// that nothing is to be done about it any more. speed is how many copies a
	// second DocuSign made, 0 if that is not known. What was sent as another row's
	// envelope is recorded as unknown, and so it then stands in outs.
	SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error
}

package batch

import (
	"context"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// Ledger remembers across runs. Every change is durable when the method
// returns, and all methods are safe for concurrent use.
//
// Two errors do not mean that the ledger has failed. If the effect of one is
// EffectTaken, DocuSign's answer names the envelope of another row, or a part of
// another lot. If one has the method
//
//	NotClaimed() (record history.Record, same *history.SameContent)
//
// the envelope must not be sent: same is an envelope with the same content that was
// sent under another name, or may have been. If same is nil, somebody else has claimed
// or sent the envelope, and record says which. Any other error means that the ledger
// itself has failed, or that the batch belongs to another run now.
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

	// AddLot records that a lot of a batch is about to be prepared, so that whatever
	// is made for it is removed in the end.
	AddLot(ctx context.Context, lot *remote.Lot, batch string) error
	// ClaimLot claims the envelopes of a lot that is about to be sent, all or none,
	// and sets lot.Envelopes in the order of envs. If none were claimed, refused says
	// by index which of them must not be sent and why.
	ClaimLot(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (refused []error, err error)
	// RecordLot records the parts of the lot that are known.
	RecordLot(ctx context.Context, lot *remote.Lot) error
	// SettleLot records what came of envelopes of the lot. An envelope that was sent
	// under the ID of another row's envelope is recorded as unknown, and outs is
	// changed to say so.
	SettleLot(ctx context.Context, lot *remote.Lot, outs map[envelope.TransactionID]envelope.Outcome) error
	// EndLot records that nothing more is to be done about the lot. speed is how many
	// copies a second DocuSign made, 0 if that is not known.
	EndLot(ctx context.Context, lot *remote.Lot, speed float64) error
}

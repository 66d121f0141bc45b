package batch

import (
	"context"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// Sender creates envelopes at DocuSign and sends them in one call.
//
// An error says of itself through these methods, all optional:
//
//	Effect() remote.Effect           // what the call has done; without it EffectRefused
//	RetryAfter() (time.Duration, bool) // when it may be repeated, see throttle.Policy
//	ErrorCode() string                 // DocuSign's name for it
//	Alike() bool                       // others will meet it too: it is not the envelope's fault
type Sender interface {
	// Send creates and sends env and returns DocuSign's envelope ID. It does
	// not repeat anything, and it is safe for concurrent use.
	Send(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error)
}

// Leaving is called when a call has its place in the account's budget, just before
// its request is sent. If it returns an error, the call gives its place back, sends
// nothing, and returns that error unchanged. It is called again if the request is sent
// again, because its token was refused.
//
// A call that waits for its place gives up when its context ends. A request that was
// sent is waited for.
type Leaving = func(ctx context.Context) error

// Drafter sends in two steps. Its errors say of themselves what a [Sender]'s do.
type Drafter interface {
	// Draft creates env without sending it. One whose answer is lost is never
	// mailed.
	Draft(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error)
	// SendDraft sends a draft. Doing it twice does no harm: that it was sent
	// already is no error. The effect is EffectGone if DocuSign does not have the
	// draft any more, or has not sent it and will not.
	SendDraft(ctx context.Context, id envelope.ID, leaving Leaving) error
}

// Finder asks DocuSign what became of envelopes whose answer was lost.
type Finder interface {
	// Find looks many envelopes up by transaction ID. Those that DocuSign does
	// not know, or not yet, are absent from the result.
	Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error)
	// FindByField looks one envelope up by the custom field that carries its
	// transaction ID, among those created at or after since.
	FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (remote.Found, bool, error)
	// Addresses returns the addresses to which an envelope goes.
	Addresses(ctx context.Context, id envelope.ID) ([]string, error)
}

// Bulker has DocuSign make many envelopes as copies of one draft. Its errors say
// of themselves what a [Sender]'s do; the effect may be EffectQueueFull or
// EffectNoBulk, too.
//
// Only a lost answer to SendList can mean that somebody was mailed. What is
// made twice by the other methods mails nobody.
type Bulker interface {
	// LotDraft makes a draft for lots of like's group. id is that of the first.
	LotDraft(ctx context.Context, like *envelope.Envelope, id envelope.TransactionID) (envelope.ID, error)
	// CreateList makes the list of a lot's envelopes and returns its ID.
	CreateList(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (string, error)
	// TestList has DocuSign check whether a list fits a draft; nil if it does.
	TestList(ctx context.Context, list string, draft envelope.ID) error
	// SendList has the lot's list sent, all of it or nothing. It returns the ID of
	// the batch that DocuSign then works through by itself.
	SendList(ctx context.Context, lot *remote.Lot, leaving Leaving) (string, error)
	// FindBatch looks the lot's batch up by its name among those asked for since.
	FindBatch(ctx context.Context, lot *remote.Lot, since time.Time) (id string, found bool, err error)
	// LotStatus tells how far DocuSign has come with a batch.
	LotStatus(ctx context.Context, batch string) (remote.LotStatus, error)
	// Copies lists the envelopes that DocuSign has made of the lot, those that
	// its searches show already.
	Copies(ctx context.Context, lot *remote.Lot, since time.Time) ([]remote.Copy, error)
	// Remains finds the lists and drafts of lots that still exist at DocuSign, also
	// those whose IDs nobody knows because LotDraft or CreateList got no answer.
	Remains(ctx context.Context, lots []*remote.Lot) (lists []string, drafts []envelope.ID, err error)
	// DeleteList and DeleteDrafts clean up. What does not exist is no error.
	DeleteList(ctx context.Context, list string) error
	DeleteDrafts(ctx context.Context, ids ...envelope.ID) error
}

// DocuSign is all that a run asks of it.
type DocuSign interface {
	Sender
	Drafter
	Finder
	Bulker
}

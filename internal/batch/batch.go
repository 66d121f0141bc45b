// Package batch is the program in one sentence: claim an envelope in the
// ledger, send it, settle what came of it.
//
// It decides the order of these steps, how many envelopes are under way at
// once, what is repeated, what is looked up and when a run stops. It knows
// neither flags nor files, neither SQL nor HTTP: those come in through
// [Sender], [Drafter], [Finder], [Bulker] and [Ledger].
package batch

import (
	"context"
	"time"

	"batchsend/envelope"
)

// Sender creates envelopes at DocuSign and sends them in one call.
//
// An error may say more of itself through these methods, all optional:
//
//	RetryAfter() (time.Duration, bool) // nothing was created; may be repeated
//	Unsent() bool                      // besides, the call did not leave
//	Doubtful() bool                    // it may have been created: look it up
//	Halts() bool                       // no further call makes sense
//	ErrorCode() string                 // DocuSign's name for it
//	Alike() bool                       // others will meet it too: it is not the envelope's fault
//
// One that says nothing is a refusal: nothing was created, and a repeat would
// be refused again.
type Sender interface {
	// Send creates and sends env and returns DocuSign's envelope ID. It does
	// not repeat anything, and it is safe for concurrent use.
	Send(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error)
}

// Leaving is asked when a call has its place in the account's budget, just before
// it leaves. If it returns an error the call gives its place back, does not leave,
// and returns that error as it is. It is asked again if the call leaves again,
// because the token of the first was refused.
//
// While a call waits for its place it gives up when its context ends; once it has
// left it is waited for.
type Leaving = func(ctx context.Context) error

// Drafter sends in two steps. Its errors say of themselves what a [Sender]'s do.
type Drafter interface {
	// Draft creates env without sending it. One whose answer is lost is never
	// mailed.
	Draft(ctx context.Context, env *envelope.Envelope, leaving Leaving) (envelope.ID, error)
	// SendDraft sends a draft. Doing it twice does no harm: that it was sent
	// already is no error. One more method may say of an error that DocuSign does
	// not have the draft any more, or has not sent it and will not:
	//
	//	Gone() bool
	SendDraft(ctx context.Context, id envelope.ID, leaving Leaving) error
}

// Finder asks DocuSign what became of envelopes whose answer was lost.
type Finder interface {
	// Find looks many envelopes up by transaction ID. Those that DocuSign does
	// not know, or not yet, are absent from the result.
	Find(ctx context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]envelope.Found, error)
	// FindByField looks one envelope up by the custom field that carries its
	// transaction ID, among those created at or after since.
	FindByField(ctx context.Context, id envelope.TransactionID, since time.Time) (envelope.Found, bool, error)
	// Addresses returns the addresses to which an envelope goes.
	Addresses(ctx context.Context, id envelope.ID) ([]string, error)
}

// Bulker has DocuSign make many envelopes as copies of one draft. Its errors say
// of themselves what a [Sender]'s do, and one method more:
//
//	QueueFull() bool // nothing was done; there is room again when lots are done
//
// Only a lost answer to SendList can mean that somebody was mailed. What is
// made twice by the other methods mails nobody.
type Bulker interface {
	// LotDraft makes a draft for lots of like's group. id is that of the first.
	LotDraft(ctx context.Context, like *envelope.Envelope, id envelope.TransactionID) (envelope.ID, error)
	// CreateList makes the list of a lot's envelopes and returns its ID.
	CreateList(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (string, error)
	// TestList has DocuSign hold a list against a draft; nil if it can be sent.
	TestList(ctx context.Context, list string, draft envelope.ID) error
	// SendList asks for the lot's list to be sent, all or nothing, and returns
	// the ID of the batch that DocuSign then works through by itself.
	SendList(ctx context.Context, lot *envelope.Lot, leaving Leaving) (string, error)
	// FindBatch looks the lot's batch up by its name among those asked for since.
	FindBatch(ctx context.Context, lot *envelope.Lot, since time.Time) (id string, found bool, err error)
	// LotStatus tells how far DocuSign has come with a batch.
	LotStatus(ctx context.Context, batch string) (envelope.LotStatus, error)
	// Copies lists the envelopes that DocuSign has made of the lot, those that
	// its searches show already.
	Copies(ctx context.Context, lot *envelope.Lot, since time.Time) ([]envelope.Copy, error)
	// Remains finds the lists and drafts that LotDraft and CreateList have made
	// of lots, also those of which nobody learnt, and that are still there.
	Remains(ctx context.Context, lots []*envelope.Lot) (lists []string, drafts []envelope.ID, err error)
	// DeleteList and DeleteDrafts clean up; what is gone already is no error.
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

// Ledger remembers across runs. Every change is durable when the method
// returns, and all methods are safe for concurrent use.
//
// Two errors say that an envelope was not claimed for a good reason, and one that
// what DocuSign's answer names as the envelope is another row's; any other means
// that the ledger itself has failed, or that the batch is another run's now:
//
//	Known() envelope.Standing   // somebody else has claimed or sent it
//	Elsewhere() envelope.Twin   // the same content was sent under another name
//	Taken() bool                // nothing was recorded
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
	// RecordLot writes down the parts of the lot that are known. Of one that is
	// another lot's the error says that it is Taken.
	RecordLot(ctx context.Context, lot *envelope.Lot) error
	// SettleLot records what came of envelopes of the lot, and if it is over
	// that nothing is to be done about it any more. speed is how many copies a
	// second DocuSign made, 0 if that is not known. What was sent as another row's
	// envelope is recorded as unknown, and so it then stands in outs.
	SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error
}

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

// Result is what a run came to. What became of each envelope is told to the
// [Observer].
type Result struct {
	// Stopped says why the run ended before the last envelope, nil if it did not: the
	// cause of the context's end, a [*HaltError], a [*ManyErrorsError], a
	// [*LedgerError], [ErrLate], or what BeforeClaim or [Envelopes].Read returned.
	Stopped   error
	Recovered Recovered
	// Resolving is how many of the envelopes whose outcome is unknown need nobody:
	// DocuSign is still sending them from lists, or they left less than Settle ago.
	// The next run learns what became of them.
	Resolving int
	// StillResolving is the same of Recovered.Open.
	StillResolving int
}

// Recovered counts what became of the envelopes that earlier runs left unresolved.
type Recovered struct {
	Sent   int // DocuSign has them
	Absent int // proven never to have been created
	Open   int // not known yet
}

// Total is how many there were.
func (r Recovered) Total() int { return r.Sent + r.Absent + r.Open }

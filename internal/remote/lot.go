package remote

import (
	"crypto/sha1"
	"strings"
	"time"

	"github.com/google/uuid"

	"batchsend/envelope"
)

// Lot is a number of envelopes that DocuSign makes as copies of one draft, from one bulk
// send list, in one bulk send batch. Its ID is a GUID of ours. It is in a custom field of
// each copy and in the names of list and batch, so that all of them can be found after
// an answer was lost.
type Lot struct {
	ID string
	// DocuSign's IDs of its parts, as far as they exist. Each is recorded before the next
	// step is taken.
	Draft     envelope.ID
	List      string
	BulkBatch string
	// Asked is when DocuSign may have been asked to send it. From then on the batch may
	// exist, whether or not its ID is known. Zero: not yet.
	Asked time.Time
	// Envelopes are those of the lot, in the order in which they were claimed.
	Envelopes []envelope.TransactionID
}

// namespace sets the IDs of lots apart from all other UUIDv5.
var namespace = uuid.MustParse("6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10")

// lotPrefix sets the names of lots apart from those of other people's lists.
const lotPrefix = "batchsend "

// Name is what the lot's list and batch are called at DocuSign.
func (l *Lot) Name() string { return lotPrefix + l.ID }

// TransactionID is the transaction ID of the lot's draft, which is the lot's ID. It is
// zero if that is no UUID.
func (l *Lot) TransactionID() envelope.TransactionID {
	id, _ := envelope.ParseTransactionID(l.ID)
	return id
}

// LotNamed returns the ID of the lot with that name, if it is a lot's.
func LotNamed(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, lotPrefix)
	return id, ok && uuid.Validate(id) == nil
}

// LotStatus is how far DocuSign has come with a lot.
type LotStatus struct {
	Size, Queued, Sent, Failed int // copies
	Errors                     []CopyError
}

// Done reports whether no copy is left to be made.
func (s LotStatus) Done() bool { return s.Queued == 0 && s.Sent+s.Failed >= s.Size }

// CopyError is why DocuSign could not make a copy. DocuSign does not say which copy it
// is: only the recipients' addresses show that.
type CopyError struct {
	Emails  []string
	Message string
	ID      envelope.ID // of an envelope that DocuSign has made nevertheless; mostly ""
	// Halt is not nil if every further envelope would be refused for the same
	// reason, before a person has acted.
	Halt error
	// Alike is set if other copies will get the same error, whatever is in them.
	Alike bool
}

// Copy is an envelope that DocuSign has made of a lot.
type Copy struct {
	TransactionID envelope.TransactionID // zero if it has lost that
	ID            envelope.ID
	Sent          time.Time // zero if DocuSign did not say
}

// OtherLot is a lot of another ledger, as DocuSign has it.
type OtherLot struct {
	Lot
	BatchID string // of our batch, see [envelope.BatchID]
	Status  LotStatus
}

// NewLotID returns an ID for a lot of envs. It depends on the moment as well, because the
// same envelopes may have been in a lot that failed.
func NewLotID(envs []*envelope.Envelope, at time.Time) string {
	h := sha1.New()
	for _, env := range envs {
		h.Write(env.TransactionID[:])
	}
	h.Write([]byte(at.UTC().Format(time.RFC3339Nano)))
	return uuid.NewSHA1(namespace, h.Sum(nil)).String()
}

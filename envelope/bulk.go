package envelope

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"batchsend/reminders"
	"batchsend/template"
)

// Lot is a number of envelopes that DocuSign makes as copies of one draft, from
// one bulk send list, in one bulk send batch. Its ID is a GUID of ours: each
// copy carries it in a custom field, and it is in the names of list and batch,
// so that whatever became of a lost answer can be found.
type Lot struct {
	ID string
	// What DocuSign calls its parts, as far as they exist: each is recorded
	// before the next step is taken.
	Draft ID
	List  string
	Batch string
	// Asked is set from the moment at which sending it may have been asked for:
	// from then on the batch may exist, whether or not its ID is known.
	Asked time.Time
	// Envelopes are the lot's, in the order in which they were claimed.
	Envelopes []TransactionID
}

// lotPrefix sets the names of lots apart from those of other people's lists.
const lotPrefix = "batchsend "

// Name is what the lot's list and batch are called at DocuSign.
func (l *Lot) Name() string { return lotPrefix + l.ID }

// TransactionID is that of the lot's draft: the lot's ID. It is zero if that is
// no UUID.
func (l *Lot) TransactionID() TransactionID {
	id, _ := ParseTransactionID(l.ID)
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

// CopyError is why DocuSign could not make a copy. It does not say which: the
// addresses of the recipients must tell.
type CopyError struct {
	Emails  []string
	Message string
	ID      ID // of what DocuSign has made of it nevertheless; mostly ""
	// Halt is not nil if every further envelope would be refused for the same
	// reason, before a person has acted.
	Halt error
	// Alike is set if others will meet the same error: it is not the copy's fault.
	Alike bool
}

// Copy is an envelope that DocuSign has made of a lot.
type Copy struct {
	TransactionID TransactionID // zero if it has lost that
	ID            ID
	Sent          time.Time // zero if DocuSign did not say
}

// OtherLot is a lot of another ledger, as DocuSign has it.
type OtherLot struct {
	Lot
	BatchID string // of our batch, see [BatchID]
	Status  LotStatus
}

// Group is what all envelopes of a lot have in common: it stands on the draft,
// for a copy cannot say otherwise.
type Group struct {
	TemplateID   string
	Overrides    bool // Notification does not come from the template
	Notification reminders.Settings
	Lists        string // the values of list custom fields
}

// Group returns the group in whose lots env can go.
func (env *Envelope) Group() Group {
	g := Group{TemplateID: env.TemplateID}
	if env.Notification != nil {
		g.Overrides, g.Notification = true, *env.Notification
	}
	for _, f := range env.Fields {
		if f.List {
			g.Lists += f.Name + "\x00" + f.Value + "\x00"
		}
	}
	return g
}

// Alone says why env cannot go in a lot; "" if it can. Source: DocuSign "Bulk
// Send", schema "bulkSendingCopy": a copy names its recipients by role, and
// fills text, radio and list tabs by their label.
func (env *Envelope) Alone() string {
	if env.OnlySingly != "" {
		return env.OnlySingly
	}
	for i := range env.Recipients {
		r := &env.Recipients[i]
		switch {
		case r.Phone != (Phone{}):
			return "it tells recipients by text message (phone)"
		case r.SharedRole:
			return fmt.Sprintf("the template has several roles called %q", r.Role)
		}
		for j, t := range r.Tabs {
			again := slices.ContainsFunc(r.Tabs[:j], func(o Tab) bool { return o.Label == t.Label })
			switch {
			case !bulkTabs[t.Type]:
				return fmt.Sprintf("tab %q of role %q is neither text, radio buttons nor list", t.Label, r.Role)
			case t.All, t.First, again:
				return fmt.Sprintf("several tabs of role %q bear the label %q", r.Role, t.Label)
			}
		}
	}
	return ""
}

// bulkTabs are the kinds of tabs that a copy can fill.
var bulkTabs = map[template.TabType]bool{template.Text: true, template.Radio: true, template.List: true}

// NewLotID names a lot of envs: after their identities, and after the moment,
// for what failed of a lot may go in another with the same envelopes.
func NewLotID(envs []*Envelope, at time.Time) string {
	h := sha1.New()
	for _, env := range envs {
		h.Write(env.TransactionID[:])
	}
	h.Write([]byte(at.UTC().Format(time.RFC3339Nano)))
	return uuid.NewSHA1(namespace, h.Sum(nil)).String()
}

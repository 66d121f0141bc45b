// Package envelope turns the rows of a CSV file into checked envelopes.
//
// Rows are read ([Input.Read]), grouped into a [Draft] for each envelope,
// and a [Checker] makes of every draft either an [Envelope] that DocuSign will
// accept or a list of [Problem]s that say which line to mend and how. It also
// says when two envelopes are the same: [TransactionID] tells identity,
// [Content] equality.
//
// It knows the template and the reminders, and neither files nor network nor
// database: package rows reads files and knows how they are written.
package envelope

import (
	"log/slog"

	"batchsend/reminders"
	"batchsend/template"
)

// ID is DocuSign's envelope ID, a GUID in lower case.
type ID string

// Envelope is one checked envelope: what will be sent, to whom.
type Envelope struct {
	Identity

	Position        // of its first row
	Subject  string // "" keeps the template's
	Blurb    string // "" keeps the template's
	// MergedSubject and MergedBlurb are subject and message, the template's if
	// need be, with their merge fields filled in; "" if they have none. DocuSign
	// does that itself where it makes the envelope from the template.
	MergedSubject, MergedBlurb string
	// Fields are all envelope custom fields, the template's among them: a
	// request that carries any replaces the rest.
	Fields []Field
	// Notification is set if anything overrides the template's; then it is
	// complete, because DocuSign does not say what it makes of half of one.
	Notification *reminders.Settings
	// Applies is what will really apply, whether overridden or not.
	Applies    reminders.Settings
	Recipients []Recipient // as the file has them
	// OnlySingly says why template or account keep the envelope out of lots, "" if
	// they do not; see [Envelope.Alone].
	OnlySingly string
}

// Texts reports whether the rows have somebody told by text message.
func (env *Envelope) Texts() bool {
	for i := range env.Recipients {
		if env.Recipients[i].Phone != (Phone{}) {
			return true
		}
	}
	return false
}

// Field is an envelope custom field.
type Field struct {
	Name, Value    string
	Show, Required bool
	List           bool
}

// Recipient is a person who fills a role.
type Recipient struct {
	Role         string
	Kind         template.Kind
	RoutingOrder int // the role's in the template
	// SharedRole is set if another role of the template bears the same name,
	// so that only the routing order tells them apart.
	SharedRole bool
	Name       string
	Email      string // as it will be sent: trimmed, case kept
	Note       string // private message; templateRoles cannot carry it
	AccessCode string
	Phone      Phone // told by text message as well, if set
	Tabs       []Tab // by label and type
	Line       int   // of the row that named them
}

// LogValue keeps names and addresses out of logs.
func (r Recipient) LogValue() slog.Value {
	return slog.GroupValue(slog.String("role", r.Role), slog.Int("line", r.Line))
}

// Tab is a value for the tabs of one type and label.
type Tab struct {
	Type  template.TabType
	Label string // of radio buttons the group's name
	Value string // of a checkbox "true" or "false"
	// All is set if several tabs bear the label and all shall be filled:
	// DocuSign fills just the first unless it is told otherwise, which it can be
	// only for a label without spaces.
	All bool
	// First is set if several tabs bear the label and DocuSign fills only the
	// first of them.
	First bool
}

// Phone is a number as DocuSign takes it: digits only.
type Phone struct{ CountryCode, Number string }

// Status is what became of an envelope, as the results file writes it.
type Status string

// The statuses of the results file.
const (
	Sent        Status = "sent"
	AlreadySent Status = "already-sent" // by an earlier run; nothing was done
	Rejected    Status = "rejected"     // by us, before anything was sent
	Failed      Status = "failed"       // refused by DocuSign; nothing was created
	Unknown     Status = "unknown"      // it may have been sent: a person must look
	Sending     Status = "sending"      // DocuSign is making it from a bulk list: the next run learns its ID
	Pending     Status = "pending"      // not tried; the next run goes on with it
	Valid       Status = "valid"        // a dry run found nothing wrong
)

// Outcome is what became of one envelope.
type Outcome struct {
	Status  Status
	ID      ID     // set once DocuSign has told it
	Code    string // of the problem, ours or DocuSign's; "" if there is none
	Message string
}

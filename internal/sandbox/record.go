package sandbox

import (
	"encoding/json"
	"strings"
	"time"
)

// Envelope is what the Server recorded of one envelope.
type Envelope struct {
	ID            string          `json:"id"`
	Status        string          `json:"status"` // created, sent, voided or deleted
	TransactionID string          `json:"transactionId,omitempty"`
	TemplateID    string          `json:"templateId,omitempty"` // the first template, if several
	EmailSubject  string          `json:"emailSubject"`         // merge fields expanded
	EmailBlurb    string          `json:"emailBlurb,omitempty"`
	Notification  Notification    `json:"notification"`        // what will really happen
	Requested     json.RawMessage `json:"requested,omitempty"` // notification as the request gave it; nil = it gave none
	CustomFields  []CustomField   `json:"customFields,omitempty"`
	Recipients    []Recipient     `json:"recipients"`
	DroppedRoles  []string        `json:"droppedRoles,omitempty"` // placeholders nobody filled, left out when sent
	Documents     []Document      `json:"documents,omitempty"`
	Created       time.Time       `json:"created"`
	Sent          time.Time       `json:"sent,omitzero"`
	Changed       time.Time       `json:"changed"` // of the status
	VoidedReason  string          `json:"voidedReason,omitempty"`
	// Hides says that signers see only documents on which they have tabs, where
	// the account lets senders choose that. DocuSign: enforceSignerVisibility.
	Hides bool `json:"enforceSignerVisibility,omitempty"`
	// MessageLocked keeps the template's subject and message, whatever a request
	// says. DocuSign: messageLock.
	MessageLocked bool `json:"messageLock,omitempty"`
}

// Notification holds reminders and expiration, in days. A number counts only
// when its half is enabled.
type Notification struct {
	Source            string `json:"source,omitempty"` // who decided: request, template, account or system
	Reminders         bool   `json:"reminders"`
	ReminderDelay     int    `json:"reminderDelay"`
	ReminderFrequency int    `json:"reminderFrequency"`
	Expires           bool   `json:"expires"`
	ExpireAfter       int    `json:"expireAfter"`
	ExpireWarn        int    `json:"expireWarn"`
}

// CustomField is an envelope custom field.
type CustomField struct {
	Name     string   `json:"name"`
	Value    string   `json:"value"`
	Show     bool     `json:"show,omitempty"` // printed on the certificate
	Required bool     `json:"required,omitempty"`
	List     bool     `json:"list,omitempty"` // a list field, with Items to choose from
	Items    []string `json:"items,omitempty"`
}

// Recipient is a person (or an empty place for one, in a draft).
type Recipient struct {
	ID           string `json:"id"`
	Kind         string `json:"kind"` // the list it stands in: signers, carbonCopies, ...
	Role         string `json:"role,omitempty"`
	RoutingOrder int    `json:"routingOrder"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	SignerName   string `json:"signerName,omitempty"` // in-person signers only
	Note         string `json:"note,omitempty"`
	AccessCode   string `json:"accessCode,omitempty"`
	Delivery     string `json:"delivery,omitempty"` // email, SMS or WhatsApp; "" = email
	Phone        Phone  `json:"phone,omitzero"`
	Told         Phone  `json:"told,omitzero"` // by text message, besides the mail: additionalNotifications
	// PhoneCheck tells that the recipient must prove by telephone who they are,
	// CheckNumber that a number for it is known or is theirs to give.
	PhoneCheck  bool `json:"phoneCheck,omitempty"`
	CheckNumber bool `json:"checkNumber,omitempty"`
	// NeedsCode tells that the sender must give an access code.
	NeedsCode    bool   `json:"needsCode,omitempty"`
	ClientUserID string `json:"clientUserId,omitempty"` // not empty: embedded, never mailed
	SigningGroup string `json:"signingGroup,omitempty"`
	Tabs         []Tab  `json:"tabs,omitempty"`
	// Mailed tells that DocuSign mails this person, at once or in their turn:
	// the envelope is sent and the recipient not embedded.
	Mailed bool `json:"mailed"`
	// Added says why this recipient stands beside the template's roles instead
	// of in one of them: the dangerous case. "" = it fills a role, or there was
	// no template.
	Added string `json:"added,omitempty"`
	// Bulk marks a bulk recipient of the API before v2.1: a file of people.
	Bulk bool `json:"bulk,omitempty"`
}

// hiddenCode stands for an access code in all that the Server writes or shows.
// DocuSign keeps the code; to practise with, it is enough that there is one.
const hiddenCode = "(hidden)"

// MarshalJSON hides the access code.
func (r Recipient) MarshalJSON() ([]byte, error) {
	type shown Recipient
	if r.AccessCode != "" {
		r.AccessCode = hiddenCode
	}
	return json.Marshal(shown(r))
}

// Phone is a telephone number as DocuSign takes it: digits only.
type Phone struct {
	CountryCode string `json:"countryCode"`
	Number      string `json:"number"`
}

// Tab is a field on a document with its final value.
type Tab struct {
	Type  string   `json:"type"`            // the list it stands in: textTabs, ...
	Label string   `json:"label,omitempty"` // of a radio group: its groupName
	Value string   `json:"value,omitempty"` // a check box: "true" or "false"
	Spec  *TabSpec `json:"spec,omitempty"`  // never changed, shared between envelopes
}

// TabSpec is what a template fixed of a tab.
type TabSpec struct {
	Document       string   `json:"document,omitempty"`
	Page           string   `json:"page,omitempty"`
	Required       bool     `json:"required,omitempty"`
	SenderRequired bool     `json:"senderRequired,omitempty"`
	Locked         bool     `json:"locked,omitempty"`
	MaxLength      int      `json:"maxLength,omitempty"`
	Pattern        string   `json:"pattern,omitempty"`
	Message        string   `json:"message,omitempty"`
	Options        []string `json:"options,omitempty"` // list items, radio values
	Texts          []string `json:"texts,omitempty"`   // of list items, beside Options
}

// Document is a document's entry in an envelope or template.
type Document struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Order string `json:"order"`
	Pages int    `json:"pages,omitempty"`
	// Prefill are the tabs on it that the sender fills: prefillTabs.
	Prefill []Tab `json:"prefill,omitempty"`
}

// Statuses of envelopes that the Server knows.
const (
	statusCreated = "created"
	statusSent    = "sent"
	statusVoided  = "voided"
	statusDeleted = "deleted" // in the recycle bin
)

// fixed tells that the recipient is a certain person (or group, or seal), not a
// place waiting for one.
func (r *Recipient) fixed() bool {
	return r.Email != "" || r.SigningGroup != "" || r.Kind == "seals" || r.byPhone()
}

// byPhone tells that the recipient needs no e-mail address.
func (r *Recipient) byPhone() bool {
	return r.Phone.Number != "" &&
		(strings.EqualFold(r.Delivery, "SMS") || strings.EqualFold(r.Delivery, "WhatsApp"))
}

// at returns the envelope as it stands at now: one whose time ran out is voided
// without anybody calling.
func (e *Envelope) at(now time.Time) *Envelope {
	if e.Status != statusSent || !e.Notification.Expires {
		return e
	}
	end := e.expiry()
	if now.Before(end) {
		return e
	}
	expired := *e
	expired.Status, expired.Changed, expired.VoidedReason = statusVoided, end, "Envelope has expired."
	return &expired
}

// expiry is when the envelope expires, if it does.
func (e *Envelope) expiry() time.Time { return e.Sent.AddDate(0, 0, e.Notification.ExpireAfter) }

// currentOrder is the routing order whose recipients may act.
func (e *Envelope) currentOrder() int {
	lowest := 0
	for _, r := range e.Recipients {
		if lowest == 0 || r.RoutingOrder < lowest {
			lowest = r.RoutingOrder
		}
	}
	return lowest
}

// Package template knows what a DocuSign template asks for: its roles with
// their routing order, the tabs that each role may have filled, its envelope
// custom fields, and whether a value fits.
//
// It decides whether a role's name and routing order match and what stands in
// the way if not. Where the names and values come from, and how a template is
// fetched, is not its business.
package template

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// ErrUnknown says that there is no such template.
var ErrUnknown = errors.New("there is no such template, or this user may not use it")

// Listed is a template in a list.
type Listed struct {
	ID       string // a GUID in lower case
	Name     string
	Modified time.Time
}

// Template is what must be known of a template to fill it.
type Template struct {
	ID       string // a GUID in lower case
	Name     string
	Subject  string // DocuSign: emailSubject, may hold merge fields such as [[Role_UserName]]
	Blurb    string // DocuSign: emailBlurb
	Modified time.Time
	Roles    []Role  // in routing order
	Fields   []Field // envelope custom fields

	Documents []Document
	// NoDocument is set if DocuSign has told that the template has none: an
	// envelope needs one.
	NoDocument bool
	// HidesDocuments shows each signer only the documents on which they have a
	// field, where the account lets senders choose that. DocuSign:
	// enforceSignerVisibility.
	HidesDocuments bool
	// MessageLocked keeps senders from changing subject and message. A subject
	// that the template does not have may be given. DocuSign: messageLock.
	MessageLocked bool
}

// Document is one of a template's documents.
type Document struct {
	ID, Name string
	Read     bool // DocuSign has told of its fields
	// Prefill are the fields that the sender fills before sending: they belong to
	// the document and to no recipient. DocuSign: prefillTabs.
	Prefill []Tab
}

// Unfilled returns the fields of the document that must have a value before
// anything is sent, and have none.
func (d *Document) Unfilled() []*Tab {
	var tabs []*Tab
	for i := range d.Prefill {
		if t := &d.Prefill[i]; (t.Required || t.SenderRequired) && !t.Filled {
			tabs = append(tabs, t)
		}
	}
	return tabs
}

// Kind is a kind of recipient, spelt as the API names the list it stands in.
type Kind string

// The kinds of recipient. Source: REST v2.1 schema "recipients".
const (
	Signer            Kind = "signers"
	CarbonCopy        Kind = "carbonCopies"
	CertifiedDelivery Kind = "certifiedDeliveries"
	Agent             Kind = "agents"
	Editor            Kind = "editors"
	Intermediary      Kind = "intermediaries"
	InPersonSigner    Kind = "inPersonSigners"
	Witness           Kind = "witnesses"
	Notary            Kind = "notaries"
	Seal              Kind = "seals"
)

// Kinds lists every kind in the order in which the API documents them.
func Kinds() []Kind {
	return []Kind{Signer, CarbonCopy, CertifiedDelivery, Agent, Editor, Intermediary, InPersonSigner, Witness, Notary, Seal}
}

var kindNames = map[Kind]string{
	Signer: "signer", CarbonCopy: "carbon copy", CertifiedDelivery: "certified delivery",
	Agent: "agent", Editor: "editor", Intermediary: "intermediary",
	InPersonSigner: "in-person signer", Witness: "witness", Notary: "notary", Seal: "electronic seal",
}

// String names the kind for a reader.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return string(k)
}

// Fillable reports whether a name and an e-mail address are all that a role of
// this kind needs. The others want a host, a provider or no person at all.
func (k Kind) Fillable() bool {
	switch k {
	case Signer, CarbonCopy, CertifiedDelivery, Agent, Editor, Intermediary:
		return true
	}
	return false
}

// TakesSMS reports whether a recipient of this kind may be told by text
// message. DocuSign: signers, carbon copies and certified deliveries only.
func (k Kind) TakesSMS() bool {
	return k == Signer || k == CarbonCopy || k == CertifiedDelivery
}

// Role is a template's place for one recipient.
type Role struct {
	Name         string // exact: case, spaces and invisible characters count
	Kind         Kind
	RoutingOrder int // 1 signs first; equal numbers together
	// Person is who the template itself names. Such a role is fixed: DocuSign
	// keeps that person and mails anyone else given for it as well.
	Person Person
	// Locked forbids the sender to change the recipient. DocuSign:
	// templateLocked.
	Locked bool
	// NeedsAccessCode asks the sender for an access code. DocuSign:
	// templateAccessCodeRequired.
	NeedsAccessCode bool
	Tabs            []Tab
	// Fieldless is set if not one field stands for the role on any document, not
	// even to sign in.
	Fieldless bool
	// Texted is set if the template itself has the recipient told by text message.
	Texted bool
	// Check is how the recipient must prove by telephone who they are. DocuSign:
	// identityVerification, smsAuthentication, phoneAuthentication.
	Check PhoneCheck
	// Embedded is set if the recipient signs within another application, which calls
	// them to it: DocuSign mails them nothing. DocuSign: clientUserId.
	Embedded bool `json:",omitzero"`
}

// PhoneCheck is what a template says of proving by telephone who one is.
type PhoneCheck uint8

const (
	NoPhoneCheck    PhoneCheck = iota
	PhoneCheckReady            // the number is known, or the recipient's to give
	PhoneCheckBlank            // the sender must give a number
)

// Title names the role in a sentence.
func (r *Role) Title() string {
	if r.Name == "" {
		return "a role without a name"
	}
	return fmt.Sprintf("role %q", r.Name)
}

// Person is a recipient whom the template names, or a signing group.
type Person struct{ Name, Email, Group string }

// Fixed reports whether the template names the recipient itself.
func (r *Role) Fixed() bool { return r.Person.Email != "" || r.Person.Group != "" }

// Placeholder reports whether somebody must be given for the role.
func (r *Role) Placeholder() bool { return !r.Fixed() && r.Kind != Seal }

// Shared reports whether another role may pass for this one by its name. Case
// and spaces do not count: whether DocuSign heeds them everywhere is not known.
func (t *Template) Shared(r *Role) bool {
	for i := range t.Roles {
		if other := &t.Roles[i]; other != r && Loose(other.Name) == Loose(r.Name) {
			return true
		}
	}
	return false
}

// Twins returns the roles that bear the name of r at its routing order, r among
// them: if there are several, nothing tells them apart.
func (t *Template) Twins(r *Role) []*Role {
	return slices.DeleteFunc(t.named(r.Name), func(other *Role) bool { return other.RoutingOrder != r.RoutingOrder })
}

// Placeholders returns the roles that every envelope must fill.
func (t *Template) Placeholders() []*Role {
	var roles []*Role
	for i := range t.Roles {
		if t.Roles[i].Placeholder() {
			roles = append(roles, &t.Roles[i])
		}
	}
	return roles
}

// Field is an envelope custom field of the template.
type Field struct {
	Name     string
	Value    string // the template's own, sent on where a row gives none
	Show     bool   // visible to recipients
	Required bool
	List     bool // a list field; else text
	Options  []string
}

// Field finds an envelope custom field by its name, leniently (see Loose) if
// only one comes so near.
func (t *Template) Field(name string) (*Field, bool) {
	i := find(name, len(t.Fields), func(i int) string { return t.Fields[i].Name })
	if i < 0 {
		return nil, false
	}
	return &t.Fields[i], true
}

// Loose is how header names are compared: case, spaces and underscores do not
// matter there.
func Loose(name string) string {
	if strings.IndexFunc(name, loosens) < 0 {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// loosens reports whether [Loose] changes r.
func loosens(r rune) bool {
	return r == '_' || unicode.IsSpace(r) || unicode.ToLower(r) != r
}

// find returns the index of the one name equal to want, else of the only one
// that is loosely equal, else -1.
func find(want string, n int, name func(int) string) int {
	for i := range n {
		if name(i) == want {
			return i
		}
	}
	found, loose := -1, Loose(want)
	for i := range n {
		if Loose(name(i)) != loose {
			continue
		}
		if found >= 0 && name(found) != name(i) {
			return -1
		}
		found = i
	}
	return found
}

// id is what DocuSign calls a template by.
var id = regexp.MustCompile(`(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// IsID reports whether a text can be a template's ID.
func IsID(text string) bool { return id.MatchString(text) }

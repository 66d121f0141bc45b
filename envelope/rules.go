package envelope

import (
	"fmt"
	"slices"
	"strings"

	"batchsend/template"
)

// Rules are what an account demands and forbids, as far as DocuSign tells: what
// it does not tell is neither demanded nor forbidden. The zero Rules demand and
// forbid nothing.
type Rules struct {
	AccessCode AccessCodeFormat
	// NoText is set if nobody can be told by text message. DocuSign:
	// allowSMSDelivery, enableSMSDeliveryAdditionalNotification.
	NoText     bool
	Visibility Visibility
}

// AccessCodeFormat is what an access code must look like. DocuSign:
// accessCodeFormat.
type AccessCodeFormat struct {
	Length                  int // at least so many characters
	Letter, Number, Special bool
}

// Visibility is how an account uses Document Visibility, with which signers see
// the documents on which they have a field, and must have one. DocuSign:
// documentVisibility.
type Visibility uint8

// The kinds of [Visibility].
const (
	VisibilityOff    Visibility = iota
	VisibilityChosen            // if the template says so
	VisibilityAlways
)

// hides reports whether t's signers see only the documents on which they have a
// field.
func (r Rules) hides(t *template.Template) bool {
	return r.Visibility == VisibilityAlways || r.Visibility == VisibilityChosen && t.HidesDocuments
}

// lacks says what an access code lacks, "" if nothing.
func (f AccessCodeFormat) lacks(code string) string {
	has := func(class func(byte) bool) bool { return slices.ContainsFunc([]byte(code), class) }
	letter := func(c byte) bool { return alphanumeric(c) && c > '9' }
	digit := func(c byte) bool { return alphanumeric(c) && c <= '9' }
	special := func(c byte) bool { return c > ' ' && c <= '~' && !alphanumeric(c) }
	var lacks []string
	if template.Length(code) < f.Length {
		lacks = append(lacks, fmt.Sprintf("at least %d characters", f.Length))
	}
	if f.Letter && !has(letter) {
		lacks = append(lacks, "a letter (a to z)")
	}
	if f.Number && !has(digit) {
		lacks = append(lacks, "a digit")
	}
	if f.Special && !has(special) {
		lacks = append(lacks, "a special character such as ! or -")
	}
	return strings.Join(lacks, " and ")
}

// maxRecipients is how many recipients an envelope may have. DocuSign:
// RECIPIENT_LIMIT_EXCEEDED.
const maxRecipients = 100

// checkTemplate finds what is wrong with the template itself, so that DocuSign
// would refuse every envelope, whatever the rows say.
func (f *fit) checkTemplate(in *Input) {
	t, r := f.source.Template, f.rules
	refused := func(format string, args ...any) {
		f.reject(in, "", TemplateUnusable, fmt.Sprintf("template %q ", t.Name)+fmt.Sprintf(format, args...))
	}
	if t.NoDocument {
		refused("has no document: DocuSign would refuse every envelope (ENVELOPE_IS_INCOMPLETE); add one to the template")
	}
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			refused("has a field %q on document %q that the sender must fill before sending (prefill), and it has no value: DocuSign would refuse every envelope; give it a value in the template, or make it optional there",
				tab.Label, t.Documents[i].Name)
		}
	}
	for i := range t.Roles {
		role := &t.Roles[i]
		if role.Kind == template.Signer && role.Fieldless && r.hides(t) {
			refused("has no field for %s, and the account uses Document Visibility, which asks for one for every signer: DocuSign would refuse every envelope (ONESIGNALLSIGN_NOT_SATISFIED); add a field, or have an administrator switch Document Visibility off",
				role.Title())
		}
		if role.Check == template.PhoneCheckBlank {
			refused("has %s prove by telephone who they are, and gives no number: DocuSign would refuse every envelope; give the number in the template, or take the check away", role.Title())
		}
		if role.Texted && r.NoText {
			refused("tells %s by text message, which the account does not allow: DocuSign would refuse every envelope; take it away in the template, or have an administrator allow SMS delivery", role.Title())
		}
		if role.Fixed() {
			f.checkFixed(t, i, refused)
		}
	}
	if f.demand.texted > maxPhones {
		refused("tells %d recipients by text message: DocuSign takes %d and would refuse every envelope; take some away in the template", f.demand.texted, maxPhones)
	}
}

// checkFixed checks the recipient whom the template itself names for role i.
func (f *fit) checkFixed(t *template.Template, i int, refused func(format string, args ...any)) {
	role := &t.Roles[i]
	who := role.Person
	if who.Group != "" {
		return
	}
	if strings.TrimSpace(who.Name) == "" {
		refused("names no one for %s but an address (%s): DocuSign would refuse every envelope; give the name in the template", role.Title(), who.Email)
	}
	if why := badAddress(who.Email); why != "" && !strings.HasPrefix(who.Email, "+") {
		refused("is wrong: %s %s. DocuSign would refuse every envelope, or mail it to nobody; correct the address in the template", role.Title(), why)
	}
	for j := range i {
		other := &t.Roles[j]
		hosts := (other.Kind == template.InPersonSigner) != (role.Kind == template.InPersonSigner) // the address is one's host's
		if !hosts && other.Fixed() && other.RoutingOrder == role.RoutingOrder && strings.EqualFold(other.Person.Name, who.Name) && NormalAddress(other.Person.Email) == NormalAddress(who.Email) {
			refused("names %s twice at routing order %d: DocuSign would refuse every envelope (ENVELOPE_HAS_DUPLICATE_RECIPIENTS); remove one in the template", who.Email, role.RoutingOrder)
		}
	}
}

// checkCount holds the number of recipients, the template's own among them,
// against DocuSign's limit.
func (d *Draft) checkCount() {
	n := d.fit.demand.named + len(d.Recipients)
	if n <= maxRecipients {
		return
	}
	d.reject(&d.Rows[0], "", TooManyRecipients, "the envelope has %d recipients, of whom the template itself names %d: DocuSign takes %d and refuses the envelope otherwise (RECIPIENT_LIMIT_EXCEEDED); make several envelopes of it, or use a signing group",
		n, d.fit.demand.named, maxRecipients)
}

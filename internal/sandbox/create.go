package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// summary is the OpenAPI's envelopeSummary.
type summary struct {
	EnvelopeID string `json:"envelopeId,omitempty"`
	URI        string `json:"uri,omitempty"`
	Time       string `json:"statusDateTime"`
	Status     string `json:"status"`
}

func (s *Server) createEnvelope(c *call) (any, error) {
	var request wireEnvelope
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	status := strings.ToLower(string(or(request.Status, statusCreated)))
	if status != statusCreated && status != statusSent {
		return nil, invalidParameter("An envelope cannot be created with status %q.", string(request.Status))
	}
	if request.EnvelopeID != "" {
		return nil, refuse("UNSPECIFIED_ERROR", "Object reference not set to an instance of an object.")
	}
	if units(string(request.EmailBlurb)) > maxBlurb { // once merged it may be shorter
		return nil, tooLong("emailBlurb", maxBlurb)
	}
	asynchronous := request.Asynchronous.yes()
	if asynchronous && request.TransactionID == "" {
		return nil, invalidParameter("An asynchronous envelope needs a transactionId.")
	}
	d, err := s.assemble(c, &request)
	if err != nil {
		return nil, err
	}
	if status == statusCreated && text(c.query("merge_roles_on_draft")).yes() {
		d.dropEmpty()
	}
	e, err := s.compose(d, &request, c.now)
	if err != nil {
		return nil, err
	}
	if status == statusSent {
		if e.DroppedRoles, err = s.settleEmpty(e); err != nil {
			return nil, err
		}
		if err := s.checkSendable(e); err != nil {
			return nil, err
		}
		e.send(c.now)
	}
	if e, err = s.envelopes.create(e, s.policy(c.now)); err != nil {
		return nil, err
	}
	answer := summary{e.ID, "/envelopes/" + e.ID, wireTime(e.Changed), e.Status}
	if status == statusCreated && s.falls(s.faults().DraftDeleted) {
		if err := s.Delete(e.ID); err != nil {
			return nil, err
		}
	}
	if asynchronous {
		answer = summary{Time: wireTime(e.Changed), Status: "processing"}
	}
	return result{body: answer, created: 1}, nil
}

// assemble puts templates and request together: in one of two forms, or, with
// neither, from the request's own documents and recipients.
func (s *Server) assemble(c *call, request *wireEnvelope) (*draft, error) {
	exact := text(c.query("tab_label_exact_matches")).yes()
	changeOrder := text(c.query("change_routing_order")).yes()
	if len(request.CompositeTemplates) > 0 {
		d, err := s.composite(request, exact, changeOrder)
		if err == nil {
			d.say(request)
		}
		return d, err
	}
	d := &draft{exactLabels: exact, changeOrder: changeOrder}
	if request.TemplateID != "" {
		b, err := s.template(string(request.TemplateID))
		if err != nil {
			return nil, err
		}
		d.add(b)
	} else {
		d.documents = documentsOf(request.Documents)
		for _, kind := range kinds {
			for _, r := range request.Recipients.of(kind) {
				if err := s.AccessCodes.check(string(r.AccessCode)); err != nil {
					return nil, err
				}
				if err := d.addPerson(kind, r, -1, ""); err != nil {
					return nil, err
				}
			}
		}
	}
	d.say(request)
	d.setFields(fieldsOf(request.CustomFields)) // ignored above, with composites
	return d, s.fillRoles(d, request.TemplateRoles)
}

// say puts the request's own subject and message over the templates'.
func (d *draft) say(request *wireEnvelope) {
	d.subject, d.blurb = said(d.locked, d.subject, d.blurb, request.EmailSubject, request.EmailBlurb)
}

// said is what becomes of a template's subject and message and a request's.
// What is locked stays as it is, without a word; a subject that is not there can
// be given.
func said(locked bool, subject, blurb string, askedSubject, askedBlurb text) (string, string) {
	if !locked || subject == "" {
		overlay(&subject, string(askedSubject))
	}
	if !locked {
		overlay(&blurb, string(askedBlurb))
	}
	return subject, blurb
}

// dropEmpty removes the places nobody fills, as merge_roles_on_draft asks.
func (d *draft) dropEmpty() {
	d.seats = slices.DeleteFunc(d.seats, func(p seat) bool { return !p.fixed() && p.Name == "" })
}

// compose makes the envelope, as a draft, and checks what is checked of drafts
// as well.
func (s *Server) compose(d *draft, request *wireEnvelope, now time.Time) (*Envelope, error) {
	e := &Envelope{
		ID: uuid.NewString(), Status: statusCreated, Created: now, Changed: now,
		TransactionID: string(request.TransactionID),
		CustomFields:  d.fields, Documents: d.documents,
		Requested: request.Notification, MessageLocked: d.locked,
	}
	if d.template != nil {
		e.TemplateID, e.Hides = d.template.id, d.template.hides
	}
	if e.Requested == nil {
		e.Requested = d.notification
	}
	var err error
	if e.Notification, err = s.resolve(e.Requested, d.template); err != nil {
		return nil, err
	}
	e.Recipients = make([]Recipient, len(d.seats))
	for i, place := range d.seats {
		place.ID = strconv.Itoa(i + 1)
		e.Recipients[i] = place.Recipient
	}
	e.EmailSubject, e.EmailBlurb = d.subject, d.blurb
	if strings.EqualFold(string(request.Status), statusSent) || !e.waits() {
		e.EmailSubject, e.EmailBlurb = merge(d.subject, e), merge(d.blurb, e)
	}
	return e, checkTexts(e)
}

// waits tells that a place of the envelope waits for a person. Until they are
// all known, as they are in each copy of a bulk send, merge fields stay as they
// are.
func (e *Envelope) waits() bool {
	return slices.ContainsFunc(e.Recipients, func(r Recipient) bool { return !r.fixed() || isPlaceholder(r.Email) })
}

// merge expands the merge fields of a subject or message: [[Role_UserName]],
// [[Role_Email]] and [[ECF:field]].
func merge(s string, e *Envelope) string {
	if !strings.Contains(s, "[[") {
		return s
	}
	var pairs []string
	for _, r := range e.Recipients {
		if r.Role != "" {
			pairs = append(pairs, "[["+r.Role+"_UserName]]", r.Name, "[["+r.Role+"_Email]]", r.Email)
		}
	}
	for _, f := range e.CustomFields {
		pairs = append(pairs, "[[ECF:"+f.Name+"]]", f.Value)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// settleEmpty removes the places nobody fills from an envelope that is sent at
// once, or refuses it, as the Server is told.
func (s *Server) settleEmpty(e *Envelope) (dropped []string, err error) {
	var kept []Recipient
	for i := range e.Recipients {
		r := &e.Recipients[i]
		switch {
		case r.fixed() || r.Name != "":
			kept = append(kept, *r)
			continue
		case s.EmptyRoles == EmptyRolesBadEmail:
			return nil, badEmail(r)
		case s.EmptyRoles == EmptyRolesIncomplete:
			return nil, incomplete()
		}
		dropped = append(dropped, r.Role)
	}
	e.Recipients = kept
	return dropped, nil
}

func incomplete() error {
	return refuse("ENVELOPE_IS_INCOMPLETE",
		"The Envelope is not Complete. A Complete Envelope Requires Documents, Recipients, Tabs, and a Subject Line.")
}

// checkSendable checks what only an envelope that is sent must have.
func (s *Server) checkSendable(e *Envelope) error {
	if err := s.checkMaySend(); err != nil {
		return err
	}
	if strings.TrimSpace(e.EmailSubject) == "" || len(e.Recipients) == 0 || len(e.Documents) == 0 {
		return incomplete()
	}
	for i := range e.Recipients {
		r := &e.Recipients[i]
		if !r.fixed() {
			return badEmail(r)
		}
		if strings.TrimSpace(r.Name) == "" && r.SigningGroup == "" && r.Kind != "seals" {
			return invalidParameter("The recipient %s has no name.", r.ID)
		}
	}
	return s.checkDemands(e)
}

func (s *Server) checkMaySend() error {
	if s.Suspended || s.SendingBlocked {
		return refuse("ACCOUNT_LACKS_PERMISSIONS", "This Account lacks sufficient permissions. Sending is blocked.")
	}
	if s.NoSending {
		return refuse("USER_LACKS_PERMISSIONS", "This User lacks sufficient permissions.")
	}
	return nil
}

// send turns a draft into a sent envelope.
func (e *Envelope) send(now time.Time) {
	e.Status, e.Sent, e.Changed = statusSent, now, now
	e.Recipients = slices.Clone(e.Recipients)
	for i := range e.Recipients {
		r := &e.Recipients[i]
		r.Mailed = r.ClientUserID == "" && r.Kind != "seals"
	}
}

// policy is what the store must know to take an envelope.
func (s *Server) policy(now time.Time) policy {
	most := s.Allowance
	if n := s.faults().AllowanceAfter; n > 0 && (most == 0 || n < most) {
		most = n
	}
	return policy{now: now, duplicates: s.Duplicates, allowance: most}
}

func allowanceExceeded() error {
	return &refusal{
		http.StatusBadRequest, "ENVELOPE_ALLOWANCE_EXCEEDED",
		"The envelope allowance for the account has been exceeded.",
	}
}

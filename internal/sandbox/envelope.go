package sandbox

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// envelopeAnswer is the part of the OpenAPI's envelope that the Server knows.
type envelopeAnswer struct {
	ID               string              `json:"envelopeId"`
	Status           string              `json:"status"`
	StatusChanged    string              `json:"statusChangedDateTime,omitempty"`
	Subject          string              `json:"emailSubject,omitempty"`
	Blurb            string              `json:"emailBlurb,omitempty"`
	URI              string              `json:"envelopeUri,omitempty"`
	RecipientsURI    string              `json:"recipientsUri,omitempty"`
	DocumentsURI     string              `json:"documentsUri,omitempty"`
	CustomFieldsURI  string              `json:"customFieldsUri,omitempty"`
	NotificationURI  string              `json:"notificationUri,omitempty"`
	Created          string              `json:"createdDateTime,omitempty"`
	Sent             string              `json:"sentDateTime,omitempty"`
	InitialSent      string              `json:"initialSentDateTime,omitempty"`
	Voided           string              `json:"voidedDateTime,omitempty"`
	VoidedReason     string              `json:"voidedReason,omitempty"`
	Modified         string              `json:"lastModifiedDateTime,omitempty"`
	ExpireEnabled    string              `json:"expireEnabled,omitempty"`
	ExpireAfter      string              `json:"expireAfter,omitempty"`
	ExpireTime       string              `json:"expireDateTime,omitempty"`
	SigningLocation  string              `json:"signingLocation,omitempty"`
	PurgeState       string              `json:"purgeState,omitempty"`
	Sender           *userAnswer         `json:"sender,omitempty"`
	CustomFields     *customFieldsAnswer `json:"customFields,omitempty"`
	Recipients       map[string]any      `json:"recipients,omitempty"`
	EnvelopeDocument []documentAnswer    `json:"envelopeDocuments,omitempty"`
}

type userAnswer struct {
	ID      string `json:"userId"`
	Name    string `json:"userName"`
	Account string `json:"accountId"`
	Email   string `json:"email"`
}

type documentAnswer struct {
	ID    string `json:"documentId"`
	Name  string `json:"name"`
	Order string `json:"order"`
	Type  string `json:"type"`
	URI   string `json:"uri"`
}

type customFieldsAnswer struct {
	Text []fieldAnswer `json:"textCustomFields"`
	List []fieldAnswer `json:"listCustomFields"`
}

type fieldAnswer struct {
	ID       string   `json:"fieldId"`
	Name     string   `json:"name"`
	Value    string   `json:"value"`
	Show     string   `json:"show"`
	Required string   `json:"required"`
	Items    []string `json:"listItems,omitempty"`
}

// statusOf is the short form in which a list of statuses has an envelope.
func statusOf(e *Envelope) envelopeAnswer {
	return envelopeAnswer{
		ID: e.ID, Status: e.Status, StatusChanged: wireTime(e.Changed),
		Created: wireTime(e.Created), Sent: wireTime(e.Sent), Voided: e.voided(), VoidedReason: e.VoidedReason,
	}
}

// answerOf is an envelope with what the call wants included. The transaction ID
// is not in it: the original's lists do not give it either.
func (s *Server) answerOf(c *call, e *Envelope) envelopeAnswer {
	uri := "/envelopes/" + e.ID
	a := statusOf(e)
	a.Subject, a.Blurb = e.EmailSubject, e.EmailBlurb
	a.URI, a.RecipientsURI, a.DocumentsURI = uri, uri+"/recipients", uri+"/documents"
	a.CustomFieldsURI, a.NotificationURI = uri+"/custom_fields", uri+"/notification"
	a.InitialSent, a.Modified = a.Sent, a.StatusChanged
	a.SigningLocation, a.PurgeState = "online", "unpurged"
	a.Sender = &userAnswer{s.userID(), userName, s.account(), userEmail}
	a.ExpireEnabled, a.ExpireAfter = flag(e.Notification.Expires), strconv.Itoa(e.Notification.ExpireAfter)
	if !e.Sent.IsZero() && e.Notification.Expires {
		a.ExpireTime = wireTime(e.expiry())
	}
	if c.includes("include", "custom_fields") {
		a.CustomFields = e.customFields()
	}
	if tabs := c.includes("include", "tabs"); tabs || c.includes("include", "recipients") {
		a.Recipients = recipientsAnswer(e, tabs)
	}
	if c.includes("include", "documents") {
		for _, d := range e.Documents {
			a.EnvelopeDocument = append(a.EnvelopeDocument,
				documentAnswer{d.ID, d.Name, d.Order, "content", uri + "/documents/" + d.ID})
		}
	}
	return a
}

// voided is when the envelope was voided, "" if it was not.
func (e *Envelope) voided() string {
	if e.Status != statusVoided {
		return ""
	}
	return wireTime(e.Changed)
}

func (e *Envelope) customFields() *customFieldsAnswer {
	out := &customFieldsAnswer{Text: []fieldAnswer{}, List: []fieldAnswer{}}
	for i, f := range e.CustomFields {
		a := fieldAnswer{fieldID(i), f.Name, f.Value, flag(f.Show), flag(f.Required), f.Items}
		if f.List {
			out.List = append(out.List, a)
		} else {
			out.Text = append(out.Text, a)
		}
	}
	return out
}

// fieldID is the ID of an envelope's custom field, by its place.
func fieldID(i int) string { return strconv.Itoa(10_000_000_001 + i) }

// withTabs are the kinds of recipients whose definition in the OpenAPI has tabs.
var withTabs = map[string]bool{
	"signers": true, "carbonCopies": true, "inPersonSigners": true, "seals": true, "witnesses": true, "notaries": true,
}

// recipientsAnswer is the OpenAPI's recipients. All lists are there, if empty.
func recipientsAnswer(e *Envelope, tabs bool) map[string]any {
	current := e.currentOrder()
	lists := make(map[string][]map[string]any)
	for _, r := range e.Recipients {
		a := recipientAnswer(e, r, current)
		if tabs && withTabs[r.Kind] {
			a["tabs"] = tabAnswers(r, func(i int) string { return e.derive(r.ID + "/tab/" + strconv.Itoa(i)) })
		}
		lists[r.Kind] = append(lists[r.Kind], a)
	}
	out := map[string]any{
		"recipientCount": strconv.Itoa(len(e.Recipients)), "currentRoutingOrder": strconv.Itoa(max(1, current)),
	}
	for _, kind := range kinds {
		out[kind] = lists[kind]
		if lists[kind] == nil {
			out[kind] = []any{}
		}
	}
	return out
}

func recipientAnswer(e *Envelope, r Recipient, current int) map[string]any {
	a := map[string]any{
		"recipientId": r.ID, "recipientIdGuid": e.derive(r.ID), "roleName": r.Role, "name": r.Name,
		"routingOrder": strconv.Itoa(r.RoutingOrder), "requireIdLookup": "false", "completedCount": "0",
		"deliveryMethod": or(r.Delivery, "email"), "status": statusCreated,
		"totalTabCount": strconv.Itoa(len(r.Tabs)), "templateLocked": "false", "templateRequired": "false",
	}
	optional := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	optional("note", r.Note)
	optional("accessCode", r.AccessCode)
	optional("clientUserId", r.ClientUserID)
	if !e.Sent.IsZero() && r.RoutingOrder == current {
		a["status"], a["sentDateTime"] = statusSent, wireTime(e.Sent)
	}
	if r.Kind != "seals" {
		a["email"] = r.Email
		optional("signingGroupId", r.SigningGroup)
	}
	switch {
	case r.Kind == "inPersonSigners":
		a["hostName"], a["hostEmail"], a["signerName"] = r.Name, r.Email, r.SignerName
	case r.Kind != "seals" && r.Phone.Number != "":
		a["phoneNumber"] = r.Phone
	}
	if r.Told != (Phone{}) {
		a["additionalNotifications"] = []map[string]any{{"secondaryDeliveryMethod": "SMS", "phoneNumber": r.Told}}
	}
	return a
}

// derive makes a GUID for a part of the envelope, the same at every reading.
func (e *Envelope) derive(part string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(e.ID+"/"+part)).String()
}

// envelope finds the envelope that a call's path names.
func (s *Server) envelope(c *call) (*Envelope, error) {
	id := c.PathValue("envelope")
	if uuid.Validate(id) != nil {
		return nil, invalidParameter("Invalid value for envelopeId: %q.", id)
	}
	e, ok := s.envelopes.get(id)
	if !ok || s.DeletedGone && e.Status == statusDeleted {
		return nil, noEnvelope()
	}
	return e.at(c.now), nil
}

func noEnvelope() error {
	return &refusal{
		http.StatusNotFound, "ENVELOPE_DOES_NOT_EXIST",
		"The envelope specified does not exist or you have no right to see it.",
	}
}

func (s *Server) getEnvelope(c *call) (any, error) {
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	return s.answerOf(c, e), nil
}

func (s *Server) getRecipients(c *call) (any, error) {
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	return recipientsAnswer(e, text(c.query("include_tabs")).yes()), nil
}

func (s *Server) getNotification(c *call) (any, error) {
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	return e.Notification.answer(), nil
}

func (s *Server) getCustomFields(c *call) (any, error) {
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	return e.customFields(), nil
}

// updateEnvelope answers PUT envelopes/{id}: sends a draft, voids what was sent,
// changes a draft's texts, or resends.
func (s *Server) updateEnvelope(c *call) (any, error) {
	var request wireEnvelope
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	err = s.envelopes.change(e.ID, s.policy(c.now), func(e *Envelope) error {
		return s.update(c, e, &request)
	})
	if errors.Is(err, errUnknown) {
		err = noEnvelope()
	}
	if err != nil {
		return nil, err
	}
	return struct {
		ID string `json:"envelopeId"`
	}{e.ID}, nil
}

func (s *Server) update(c *call, e *Envelope, request *wireEnvelope) error {
	if text(c.query("resend_envelope")).yes() && e.Status == statusVoided {
		return refuse("EDIT_LOCK_INVALID_STATE_FOR_LOCK",
			"Only envelope in the 'Created', 'Sent' or 'Delivered' states may be resent.")
	}
	if err := s.edit(e, request); err != nil {
		return err
	}
	switch status := strings.ToLower(string(request.Status)); status {
	case "":
		return nil
	case statusSent:
		if e.Status != statusCreated {
			return refuse("ENVELOPE_INVALID_STATUS", "Invalid envelope status. Envelope status is not one of: Created.")
		}
		return s.sendDraft(c, e)
	case statusVoided:
		return void(c, e, string(request.VoidedReason))
	default:
		return invalidParameter("An envelope's status cannot be set to %q.", status)
	}
}

// edit changes the texts of a draft.
func (s *Server) edit(e *Envelope, request *wireEnvelope) error {
	if request.EmailSubject == "" && request.EmailBlurb == "" && request.Notification == nil {
		return nil
	}
	if e.Status != statusCreated {
		return refuse("ENVELOPE_INVALID_STATUS", "Invalid envelope status. Envelope status is not one of: Created.")
	}
	subject, blurb := string(request.EmailSubject), string(request.EmailBlurb)
	if !e.waits() {
		subject, blurb = merge(subject, e), merge(blurb, e)
	}
	e.EmailSubject, e.EmailBlurb = said(e.MessageLocked, e.EmailSubject, e.EmailBlurb, text(subject), text(blurb))
	if request.Notification != nil {
		b, _ := s.template(e.TemplateID) // nil when it is gone since
		n, err := s.resolve(request.Notification, b)
		if err != nil {
			return err
		}
		e.Notification, e.Requested = n, request.Notification
	}
	return checkTexts(e)
}

// sendDraft sends a draft. Unlike an envelope that is sent when it is created,
// a draft with an empty place is refused.
func (s *Server) sendDraft(c *call, e *Envelope) error {
	for i := range e.Recipients {
		if !e.Recipients[i].fixed() {
			return incomplete()
		}
	}
	if err := s.checkSendable(e); err != nil {
		return err
	}
	e.send(c.now)
	return nil
}

func void(c *call, e *Envelope, reason string) error {
	if e.Status != statusSent {
		return refuse("ENVELOPE_CANNOT_VOID_INVALID_STATE",
			"Only envelopes in the 'Sent' or 'Delivered' states may be voided.")
	}
	if strings.TrimSpace(reason) == "" {
		return invalidParameter("voidedReason is missing.")
	}
	e.Status, e.Changed, e.VoidedReason = statusVoided, c.now, reason
	return nil
}

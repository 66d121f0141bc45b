package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// text is a string on the wire. DocuSign documents strings nearly everywhere
// but takes real numbers and booleans in their place, and null for absent.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("a string was expected, not %s", kindOf(b))
	case string(b) == "null":
		return nil
	}
	*t = text(b)
	return nil
}

func kindOf(b []byte) string {
	if b[0] == '[' {
		return "an array"
	}
	return "an object"
}

// yes tells whether the text says true.
func (t text) yes() bool { return strings.EqualFold(string(t), "true") }

// What a create request may hold, as far as the Server looks at it. Anything
// else is ignored, as DocuSign does.
type (
	wireEnvelope struct {
		Status             text            `json:"status"`
		EnvelopeID         text            `json:"envelopeId"`
		TemplateID         text            `json:"templateId"`
		TransactionID      text            `json:"transactionId"`
		EmailSubject       text            `json:"emailSubject"`
		EmailBlurb         text            `json:"emailBlurb"`
		Asynchronous       text            `json:"asynchronous"`
		VoidedReason       text            `json:"voidedReason"`
		CustomFields       wireFields      `json:"customFields"`
		Notification       json.RawMessage `json:"notification"`
		TemplateRoles      []wireRecipient `json:"templateRoles"`
		CompositeTemplates []wireComposite `json:"compositeTemplates"`
		Recipients         wireRecipients  `json:"recipients"`
		Documents          []wireDocument  `json:"documents"`
	}

	wireComposite struct {
		ServerTemplates []struct {
			Sequence   text `json:"sequence"`
			TemplateID text `json:"templateId"`
		} `json:"serverTemplates"`
		InlineTemplates []wireInline  `json:"inlineTemplates"`
		Document        *wireDocument `json:"document"`
	}

	wireInline struct {
		Sequence     text           `json:"sequence"`
		CustomFields wireFields     `json:"customFields"`
		Recipients   wireRecipients `json:"recipients"`
		Documents    []wireDocument `json:"documents"`
		Envelope     *wireEnvelope  `json:"envelope"`
	}

	wireRecipients struct {
		Signers             []wireRecipient `json:"signers"`
		CarbonCopies        []wireRecipient `json:"carbonCopies"`
		CertifiedDeliveries []wireRecipient `json:"certifiedDeliveries"`
		InPersonSigners     []wireRecipient `json:"inPersonSigners"`
		Agents              []wireRecipient `json:"agents"`
		Editors             []wireRecipient `json:"editors"`
		Intermediaries      []wireRecipient `json:"intermediaries"`
		Witnesses           []wireRecipient `json:"witnesses"`
		Notaries            []wireRecipient `json:"notaries"`
		Seals               []wireRecipient `json:"seals"`
	}

	// wireRecipient is a recipient of a template, of an inline template, or a
	// template role: their properties have equal names.
	wireRecipient struct {
		RoleName           text      `json:"roleName"`
		RoutingOrder       text      `json:"routingOrder"`
		Name               text      `json:"name"`
		Email              text      `json:"email"`
		FirstName          text      `json:"firstName"`
		LastName           text      `json:"lastName"`
		HostName           text      `json:"hostName"`
		HostEmail          text      `json:"hostEmail"`
		SignerName         text      `json:"signerName"`
		InPersonSignerName text      `json:"inPersonSignerName"`
		Note               text      `json:"note"`
		AccessCode         text      `json:"accessCode"`
		ClientUserID       text      `json:"clientUserId"`
		DeliveryMethod     text      `json:"deliveryMethod"`
		SigningGroupID     text      `json:"signingGroupId"`
		TemplateLocked     text      `json:"templateLocked"`
		CodeRequired       text      `json:"templateAccessCodeRequired"`
		IsBulkRecipient    text      `json:"isBulkRecipient"`
		PhoneNumber        wirePhone `json:"phoneNumber"`
		Tabs               wireTabs  `json:"tabs"`

		AdditionalNotifications []wireAdditional `json:"additionalNotifications"`
		wirePhoneCheck
	}

	// wireAdditional is the OpenAPI's recipientAdditionalNotification.
	wireAdditional struct {
		Method text      `json:"secondaryDeliveryMethod"`
		Phone  wirePhone `json:"phoneNumber"`
	}

	// wirePhoneCheck is how a recipient is asked to prove by telephone who they
	// are, in the old and in the new way.
	wirePhoneCheck struct {
		CheckName text         `json:"idCheckConfigurationName"`
		SMS       wireNumbers  `json:"smsAuthentication"`
		Call      wireNumbers  `json:"phoneAuthentication"`
		Identity  wireIdentity `json:"identityVerification"`
	}

	wireNumbers struct {
		Numbers  []text `json:"senderProvidedNumbers"`
		Anywhere text   `json:"recipMayProvideNumber"`
	}

	wireIdentity struct {
		Options []struct {
			Name    text        `json:"name"`
			Type    text        `json:"valueType"`
			Numbers []wirePhone `json:"phoneNumberList"`
		} `json:"inputOptions"`
	}

	wirePhone struct {
		CountryCode text `json:"countryCode"`
		Number      text `json:"number"`
	}

	// wireTabs holds tabs by the name of their list (textTabs, ...).
	wireTabs map[string][]wireTab

	wireTab struct {
		TabLabel          text       `json:"tabLabel"`
		GroupName         text       `json:"groupName"`
		Value             *text      `json:"value"`
		Selected          *text      `json:"selected"`
		DocumentID        text       `json:"documentId"`
		PageNumber        text       `json:"pageNumber"`
		AnchorString      text       `json:"anchorString"`
		Required          text       `json:"required"`
		SenderRequired    text       `json:"senderRequired"`
		Locked            text       `json:"locked"`
		MaxLength         text       `json:"maxLength"`
		ValidationPattern text       `json:"validationPattern"`
		ValidationMessage text       `json:"validationMessage"`
		ListItems         []wireItem `json:"listItems"`
		Radios            []struct {
			Value      text `json:"value"`
			Selected   text `json:"selected"`
			PageNumber text `json:"pageNumber"`
			Required   text `json:"required"`
		} `json:"radios"`
	}

	wireItem struct {
		Text     text  `json:"text"`
		Value    *text `json:"value"`
		Selected text  `json:"selected"`
	}

	wireFields struct {
		Text []wireField `json:"textCustomFields"`
		List []wireField `json:"listCustomFields"`
	}

	wireField struct {
		FieldID   text   `json:"fieldId"`
		Name      text   `json:"name"`
		Value     text   `json:"value"`
		Show      text   `json:"show"`
		Required  text   `json:"required"`
		ListItems []text `json:"listItems"`
	}

	wireDocument struct {
		DocumentID text `json:"documentId"`
		Name       text `json:"name"`
		Order      text `json:"order"`
		Pages      text `json:"pages"`
		Tabs       struct {
			Prefill wireTabs `json:"prefillTabs"`
		} `json:"tabs"`
	}

	wireNotification struct {
		UseAccountDefaults text             `json:"useAccountDefaults"`
		Reminders          *wireReminders   `json:"reminders"`
		Expirations        *wireExpirations `json:"expirations"`
	}

	wireReminders struct {
		Enabled   text `json:"reminderEnabled"`
		Delay     text `json:"reminderDelay"`
		Frequency text `json:"reminderFrequency"`
	}

	wireExpirations struct {
		Enabled text `json:"expireEnabled"`
		After   text `json:"expireAfter"`
		Warn    text `json:"expireWarn"`
	}
)

// kinds are the lists of recipients, in the order DocuSign writes them.
var kinds = []string{
	"signers", "agents", "editors", "intermediaries", "carbonCopies",
	"certifiedDeliveries", "inPersonSigners", "seals", "witnesses", "notaries",
}

// of returns the list with the given name.
func (w *wireRecipients) of(kind string) []wireRecipient {
	switch kind {
	case "signers":
		return w.Signers
	case "agents":
		return w.Agents
	case "editors":
		return w.Editors
	case "intermediaries":
		return w.Intermediaries
	case "carbonCopies":
		return w.CarbonCopies
	case "certifiedDeliveries":
		return w.CertifiedDeliveries
	case "inPersonSigners":
		return w.InPersonSigners
	case "seals":
		return w.Seals
	case "witnesses":
		return w.Witnesses
	case "notaries":
		return w.Notaries
	}
	return nil
}

// value is what the item stands for: its text, if it says nothing else.
func (i *wireItem) value() string {
	if i.Value == nil {
		return string(i.Text)
	}
	return string(*i.Value)
}

// asks tells whether the recipient must prove by telephone who they are, and
// whether a number for it is known or is theirs to give.
func (w *wirePhoneCheck) asks() (check, number bool) {
	switch {
	case strings.EqualFold(string(w.CheckName), "SMS Auth $"):
		return true, len(w.SMS.Numbers) > 0
	case strings.EqualFold(string(w.CheckName), "Phone Auth $"):
		return true, len(w.Call.Numbers) > 0 || w.Call.Anywhere.yes()
	}
	for _, o := range w.Identity.Options {
		if strings.EqualFold(string(o.Type), "PhoneNumberList") {
			return true, len(o.Numbers) > 0
		}
	}
	return false, false
}

// UnmarshalJSON keeps the lists of tabs and passes over the other things that
// stand among them (prefillTabs, tabGroups).
func (w *wireTabs) UnmarshalJSON(b []byte) error {
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(b, &lists); err != nil || lists == nil {
		return err
	}
	*w = make(wireTabs, len(lists))
	for name, raw := range lists {
		if !strings.HasSuffix(name, "Tabs") || raw[0] != '[' {
			continue
		}
		var list []wireTab
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		(*w)[name] = list
	}
	return nil
}

// refusal is a proper error answer of the REST API.
type refusal struct {
	Status  int
	Code    string
	Message string
}

func (e *refusal) Error() string { return e.Code + ": " + e.Message }

// refuse makes a refusal with status 400, the usual one.
func refuse(code, format string, args ...any) *refusal {
	return &refusal{Status: 400, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalidParameter(format string, args ...any) *refusal {
	return refuse("INVALID_REQUEST_PARAMETER",
		"The request contained at least one invalid parameter. "+format, args...)
}

func invalidBody(detail string) *refusal {
	return refuse("INVALID_REQUEST_BODY", "The request body is missing or improperly formatted. %s", detail)
}

// decode reads a request body. An absent body is an error, {} is not.
func decode(body []byte, v any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return invalidBody("The body is empty.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return invalidBody(err.Error())
	}
	return nil
}

// wireTime writes a time as DocuSign does: UTC with seven decimals.
func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// parseTime reads the dates DocuSign takes, as far as a client should use them.
// A date without an offset is UTC here; the original takes its own zone.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
		"2006-01-02 15:04:05", "2006-01-02", "01/02/2006", "1/2/2006",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// flag writes a boolean as the REST API does.
func flag(b bool) string { return strconv.FormatBool(b) }

// units counts UTF-16 code units, which is how the original measures lengths.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// commaList splits a query parameter, without blanks.
func commaList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

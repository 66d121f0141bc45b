package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The limits of an account that names none.
const (
	defaultBulkCopies = 1000
	defaultBulkQueue  = 2000
	defaultBulkRate   = 20 // copies per second
)

func (s *Server) bulkCopies() int   { return or(s.BulkCopies, defaultBulkCopies) }
func (s *Server) bulkQueue() int    { return or(s.BulkQueue, defaultBulkQueue) }
func (s *Server) bulkRate() float64 { return or(max(0, s.BulkRate), defaultBulkRate) }

// The part of the OpenAPI's bulkSendingList that the Server looks at, as it is
// received, stored and given back.
type (
	bulkList struct {
		ID      text       `json:"listId"`
		Name    text       `json:"name"`
		Copies  []bulkCopy `json:"bulkCopies"`
		Created time.Time  `json:"-"`
	}

	bulkCopy struct {
		Subject    text            `json:"emailSubject,omitempty"`
		Blurb      text            `json:"emailBlurb,omitempty"`
		Fields     []bulkField     `json:"customFields,omitempty"`
		Recipients []bulkRecipient `json:"recipients,omitempty"`
	}

	bulkField struct {
		Name  text  `json:"name"`
		Value *text `json:"value,omitempty"` // may be empty but not absent
	}

	bulkRecipient struct {
		ID           text      `json:"recipientId,omitempty"`
		Role         text      `json:"roleName,omitempty"`
		Name         text      `json:"name,omitempty"`
		Email        text      `json:"email,omitempty"`
		HostName     text      `json:"hostName,omitempty"`
		HostEmail    text      `json:"hostEmail,omitempty"`
		SignerName   text      `json:"signerName,omitempty"`
		SigningGroup text      `json:"signingGroupId,omitempty"`
		ClientUserID text      `json:"clientUserId,omitempty"`
		Note         text      `json:"note,omitempty"`
		AccessCode   text      `json:"accessCode,omitempty"`
		Delivery     text      `json:"deliveryMethod,omitempty"`
		Fax          text      `json:"faxNumber,omitempty"`
		Check        text      `json:"idCheckConfigurationName,omitempty"`
		Method       text      `json:"identificationMethod,omitempty"`
		Fields       []text    `json:"customFields,omitempty"`
		SMS          *phones   `json:"smsAuthentication,omitempty"`
		PhoneCall    *phones   `json:"phoneAuthentication,omitempty"`
		Providers    []pen     `json:"recipientSignatureProviders,omitempty"`
		Tabs         []copyTab `json:"tabs,omitempty"`
	}

	phones struct {
		Numbers []text `json:"senderProvidedNumbers"`
	}

	pen struct {
		Name text `json:"signatureProviderName"`
	}

	copyTab struct {
		Label text `json:"tabLabel"`
		Value text `json:"initialValue"`
	}
)

// MarshalJSON hides the access code.
func (r bulkRecipient) MarshalJSON() ([]byte, error) {
	type shown bulkRecipient
	if r.AccessCode != "" {
		r.AccessCode = hiddenCode
	}
	return json.Marshal(shown(r))
}

// placeholder is how DocuSign's guide addresses a role of a draft whose people
// come from a bulk list. A role's name stands in it as it is, blanks included.
const (
	placeholderLocal  = "multibulkrecipients-"
	placeholderDomain = "@docusign.com"
)

func isPlaceholder(email string) bool {
	email = strings.ToLower(email)
	return strings.HasPrefix(email, placeholderLocal) && strings.HasSuffix(email, placeholderDomain)
}

// known is what messages call a recipient.
func (r *bulkRecipient) known() string { return string(or(r.Role, r.ID)) }

func (r *bulkRecipient) address() string { return string(or(r.Email, r.HostEmail)) }

func (r *bulkRecipient) byFax() bool { return strings.EqualFold(string(r.Delivery), "fax") }

func (r *bulkRecipient) bySMS() bool { return strings.EqualFold(string(r.Check), "SMS Auth $") }

// emails are the addresses a copy goes to.
func (c *bulkCopy) emails() []string {
	out := []string{}
	for i := range c.Recipients {
		if email := c.Recipients[i].address(); email != "" {
			out = append(out, email)
		}
	}
	return out
}

// checkList checks a bulk list for itself, without any envelope, and stops at
// the first mistake.
func (s *Server) checkList(l *bulkList) error {
	if most := s.bulkCopies(); len(l.Copies) > most {
		return refuse("BULK_SEND_MAX_COPIES_EXCEEDED",
			"A bulk sending list cannot specify more than %d copies in the mailing list.", most)
	}
	var roles, ids bool
	for i := range l.Copies {
		c := &l.Copies[i]
		if err := c.check(); err != nil {
			return err
		}
		for _, r := range c.Recipients {
			roles, ids = roles || r.Role != "", ids || r.ID != ""
		}
		if roles && ids {
			return refuse("BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_IN_SAME_LIST",
				"Cannot use both recipient role and ID in the same list.")
		}
	}
	return nil
}

func (c *bulkCopy) check() error {
	for i := range c.Recipients {
		r := &c.Recipients[i]
		if err := r.checkPlace(c.Recipients[:i]); err != nil {
			return err
		}
		for _, check := range []func() error{r.checkPerson, r.checkFax, r.checkSMS, r.checkPens, r.checkTabs} {
			if err := check(); err != nil {
				return err
			}
		}
	}
	for i, f := range c.Fields {
		switch {
		case f.Name == "":
			return refuse("BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_REQUIRED", "All custom fields must have names.")
		case f.Value == nil:
			return refuse("BULK_SEND_ENVELOPE_CUSTOM_FIELD_VALUE_REQUIRED", "Custom field %s has no value.", f.Name)
		case slices.ContainsFunc(c.Fields[:i], func(before bulkField) bool { return before.Name == f.Name }):
			return refuse("BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_MUST_BE_UNIQUE",
				"Custom fields must have distinct names. The field %s appears more than once in a copy.", f.Name)
		}
	}
	return nil
}

// checkPlace checks that a recipient says, in one way, which place is theirs,
// and that nobody before them in the copy has it.
func (r *bulkRecipient) checkPlace(before []bulkRecipient) error {
	switch {
	case r.Role == "" && r.ID == "":
		return refuse("BULK_SEND_RECIPIENT_ID_REQUIRED",
			"If no RoleName is present, recipientID is required in mailing list's bulkCopy.")
	case r.Role != "" && r.ID != "":
		return refuse("BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_ON_SAME_RECIPIENT",
			"Recipients cannot have both ID and Role; %s has both.", r.known())
	}
	for _, other := range before {
		if r.Role != "" && strings.EqualFold(string(other.Role), string(r.Role)) {
			return refuse("BULK_SEND_ROLE_NAMES_MUST_BE_UNIQUE",
				"Recipient role names cannot be duplicated; role %s appears multiple times.", r.Role)
		}
		if r.ID != "" && other.ID == r.ID {
			return refuse("BULK_SEND_RECIPIENT_IDS_MUST_BE_UNIQUE", "No two recipientIds can be same within a bulkCopy.")
		}
	}
	return nil
}

func (r *bulkRecipient) checkPerson() error {
	name := or(or(r.Name, r.HostName), r.SignerName)
	switch email := r.address(); {
	case r.SigningGroup != "":
		return nil
	case strings.TrimSpace(string(name)) == "":
		return refuse("BULK_SEND_RECIPIENT_NAME_REQUIRED", "Recipient %s has no name.", r.known())
	case email == "" && !r.byFax():
		return refuse("BULK_SEND_EMAIL_ADDRESS_REQUIRED_FOR_EMAIL_RECIPIENT",
			"Recipient %s is an email recipient with no email address.", r.known())
	case email != "" && !isEmail(email):
		return refuse("BULK_SEND_EMAIL_ADDRESS_NOT_VALID",
			"Recipient %s specifies email address %s, which is not a valid email address.", r.known(), email)
	}
	return nil
}

func (r *bulkRecipient) checkFax() error {
	switch {
	case !r.byFax():
	case r.Fax == "":
		return refuse("BULK_SEND_FAX_NUMBER_REQUIRED_FOR_FAX_RECIPIENT",
			"Recipient %s is a fax recipient with no fax number.", r.known())
	case !isPhone(string(r.Fax)):
		return refuse("BULK_SEND_FAX_NUMBER_NOT_VALID",
			"Recipient %s specifies fax number %s, which is not valid.", r.known(), r.Fax)
	}
	return nil
}

func (r *bulkRecipient) checkSMS() error {
	if !r.bySMS() {
		return nil
	}
	if r.SMS == nil {
		return refuse("BULK_SEND_INVALID_ID_CHECK_CONFIGURATION",
			"Recipient %s specified SMS authentication, but no SMS auth settings were provided.", r.known())
	}
	if len(r.SMS.Numbers) == 0 {
		// The original misspells it.
		return refuse("BULK_SEND_PHONE_NUMBER_REQURED_FOR_SMS_AUTH",
			"Recipient %s specifies SMS auth, but no number was provided.", r.known())
	}
	for _, number := range r.SMS.Numbers {
		if !isPhone(string(number)) {
			return refuse("BULK_SEND_PHONE_NUMBER_INVALID_FOR_SMS_AUTH",
				"Recipient %s specifies phone number %s for SMS auth, which is not valid.", r.known(), number)
		}
	}
	return nil
}

// isPhone is our own idea of a number: 7 to 15 digits and the usual signs.
func isPhone(s string) bool {
	digits := 0
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, strings.ContainsRune(" -().", c):
		default:
			return false
		}
	}
	return digits >= 7 && digits <= 15
}

// checkPens checks signature providers. Which there are depends on the account;
// here it has those whose names begin as the description's example does.
func (r *bulkRecipient) checkPens() error {
	const code = "BULK_SEND_INVALID_SBS_INPUT_CONFIGURATION"
	switch {
	case len(r.Providers) == 0:
	case len(r.Providers) > 1:
		return refuse(code, "Recipient %s has more than one signature provider specified.", r.known())
	case r.Providers[0].Name == "":
		return refuse(code, "signatureProviderName is not specified.")
	case !strings.HasPrefix(strings.ToLower(string(r.Providers[0].Name)), "universalsignaturepen_"):
		return refuse(code, "Signature provider : %s is either unknown or not an available pen for this account.", r.Providers[0].Name)
	}
	return nil
}

func (r *bulkRecipient) checkTabs() error {
	for i, t := range r.Tabs {
		switch {
		case t.Label == "":
			return refuse("BULK_SEND_TAB_LABEL_REQUIRED", "Tab label is required.")
		case t.Value == "":
			return refuse("BULK_SEND_TAB_VALUE_REQUIRED", "Tab Label value is required.")
		case slices.ContainsFunc(r.Tabs[:i], func(before copyTab) bool { return before.Label == t.Label }):
			return refuse("BULK_SEND_TAB_LABELS_MUST_BE_UNIQUE", "Tab label %s is duplicated. Needs to be unique.", t.Label)
		}
	}
	return nil
}

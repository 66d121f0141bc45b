package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// What an account and a template demand of an envelope beyond what every
// envelope must have.

// answer writes the format as the account's settings have it.
func (f CodeFormat) answer() codeFormatAnswer {
	return codeFormatAnswer{
		Required: flag(f != CodeFormat{}), Length: strconv.Itoa(f.Length),
		Letter: flag(f.Letter), Number: flag(f.Number), Special: flag(f.Special),
	}
}

// codeFormatAnswer is the OpenAPI's accessCodeFormat.
type codeFormatAnswer struct {
	Required string `json:"formatRequired"`
	Length   string `json:"minimumLength"`
	Letter   string `json:"letterRequired"`
	Number   string `json:"numberRequired"`
	Special  string `json:"specialCharacterRequired"`
}

// check holds an access code of a request against the format.
func (f CodeFormat) check(code string) error {
	if code == "" || code == hiddenCode { // of a copy that was read back: it was checked
		return nil
	}
	has := func(class func(byte) bool) bool { return slices.ContainsFunc([]byte(code), class) }
	letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	special := func(c byte) bool { return c > ' ' && c <= '~' && !letter(c) && !digit(c) }
	if units(code) < f.Length || f.Letter && !has(letter) || f.Number && !has(digit) || f.Special && !has(special) {
		return invalidParameter("The recipient's accessCode does not have the format that the account requires.")
	}
	return nil
}

// visibility is the account's documentVisibility.
func (s *Server) visibility() string {
	switch {
	case !s.DocumentVisibility:
		return "Off"
	case s.SenderSetsVisibility:
		return "SenderCanSetMustSignToViewUnlessSenderAccount"
	}
	return "MustSignToViewUnlessSenderAccount"
}

// checkDemands checks what the account and the template demand of an envelope
// that is sent.
func (s *Server) checkDemands(e *Envelope) error {
	texts := 0
	for i := range e.Recipients {
		r := &e.Recipients[i]
		hides := s.DocumentVisibility && (e.Hides || !s.SenderSetsVisibility)
		if hides && r.Kind == "signers" && len(r.Tabs) == 0 {
			return refuse("ONESIGNALLSIGN_NOT_SATISFIED",
				"Freeform signing is not allowed for your account because it conflicts with other settings, please place signing tabs/fields for each signer.")
		}
		if err := s.checkText(r); err != nil {
			return err
		}
		if r.NeedsCode && r.AccessCode == "" {
			return invalidParameter("The recipient %s must have an access code.", r.ID)
		}
		if r.Told != (Phone{}) || r.byPhone() {
			texts++
		}
		if slices.ContainsFunc(r.Tabs, func(t Tab) bool { return t.spec().SenderRequired && t.Value == "" }) {
			return incomplete()
		}
	}
	if texts > maxTexts {
		return invalidParameter("More than %d recipients would be told by text message.", maxTexts)
	}
	for _, d := range e.Documents {
		if slices.ContainsFunc(d.Prefill, func(t Tab) bool { return t.spec().Required && !t.filled() }) {
			return incomplete()
		}
	}
	for _, f := range e.CustomFields {
		if f.Required && f.Value == "" {
			return refuse("ENVELOPE_CUSTOM_FIELD_MISSING", "A required envelope custom field is missing. %s", f.Name)
		}
	}
	return nil
}

// maxTexts is how many recipients of an envelope may be told by text message.
const maxTexts = 10

// checkText checks a recipient who is told by text message, or must prove by
// telephone who they are.
func (s *Server) checkText(r *Recipient) error {
	told := r.Told != (Phone{}) || r.byPhone()
	switch {
	case r.PhoneCheck && !r.CheckNumber:
		return invalidParameter("The recipient %s is to be checked by telephone, and no number was provided.", r.ID)
	case !told:
		return nil
	case s.NoSMS:
		return refuse("ACCOUNT_LACKS_PERMISSIONS", "This Account lacks sufficient permissions. SMS delivery is not enabled.")
	case !slices.Contains([]string{"signers", "carbonCopies", "certifiedDeliveries"}, r.Kind), r.SigningGroup != "":
		return invalidParameter("The recipient %s cannot be told by text message.", r.ID)
	case r.PhoneCheck:
		return invalidParameter("The recipient %s cannot be told by text message and checked by telephone.", r.ID)
	}
	return nil
}

// filled tells whether a tab has a value. A check box has one once it is ticked.
func (t Tab) filled() bool { return t.Value != "" && (t.Type != "checkboxTabs" || t.Value == "true") }

// breaks end a line, in whatever alphabet: no subject and no name has them.
const breaks = "\n\r\v\f\u0085\u2028\u2029"

// checkLine refuses a text of one line that has more.
func checkLine(name, value string) error {
	if strings.ContainsAny(value, breaks) {
		return invalidParameter("%s holds a line break.", name)
	}
	return nil
}

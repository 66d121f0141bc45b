package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// Limits on the length of texts, in UTF-16 units, and on recipients.
const (
	maxSubject    = 100
	maxBlurb      = 10_000
	maxName       = 100
	maxEmail      = 100
	maxNote       = 1000
	maxAccessCode = 50
	maxClientUser = 100
	maxField      = 100
	maxRecipients = 100
)

// checkTexts checks lengths and forms, and that no two recipients are one.
func checkTexts(e *Envelope) error {
	lengths := []struct {
		name, value string
		most        int
	}{{"emailSubject", e.EmailSubject, maxSubject}, {"emailBlurb", e.EmailBlurb, maxBlurb}}
	for _, l := range lengths {
		if units(l.value) > l.most {
			return tooLong(l.name, l.most)
		}
	}
	for _, f := range e.CustomFields {
		switch {
		case units(f.Name) > maxField || units(f.Value) > maxField:
			return tooLong("The envelope custom field "+strconv.Quote(f.Name), maxField)
		case f.List && f.Value != "" && len(f.Items) > 0 && !slices.Contains(f.Items, f.Value):
			return invalidParameter("The value %q is not an item of the envelope custom field %q.", f.Value, f.Name)
		}
	}
	if err := checkLine("emailSubject", e.EmailSubject); err != nil {
		return err
	}
	for i := range e.Recipients {
		if err := checkRecipient(&e.Recipients[i]); err != nil {
			return err
		}
	}
	if len(e.Recipients) > maxRecipients {
		return refuse("RECIPIENT_LIMIT_EXCEEDED", "The envelope has more than %d recipients.", maxRecipients)
	}
	return checkDuplicates(e.Recipients)
}

func tooLong(what string, most int) error {
	return invalidParameter("%s is longer than %d characters.", what, most)
}

func checkRecipient(r *Recipient) error {
	lengths := []struct {
		name, value string
		most        int
	}{
		{"name", r.Name, maxName},
		{"email", r.Email, maxEmail},
		{"note", r.Note, maxNote},
		{"accessCode", r.AccessCode, maxAccessCode},
		{"clientUserId", r.ClientUserID, maxClientUser},
		{"inPersonSignerName", r.SignerName, maxName},
	}
	for _, l := range lengths {
		if units(l.value) > l.most {
			return tooLong("The recipient's "+l.name, l.most)
		}
	}
	if err := checkLine("The recipient's name", r.Name); err != nil {
		return err
	}
	if strings.ContainsAny(r.AccessCode, "<>&#") {
		return invalidParameter("The recipient's accessCode holds one of the characters < > & #.")
	}
	if r.Email != "" && !isEmail(r.Email) && !isPlaceholder(r.Email) {
		return badEmail(r)
	}
	return nil
}

func badEmail(r *Recipient) error {
	return refuse("INVALID_EMAIL_ADDRESS_FOR_RECIPIENT",
		"The email address for the recipient is invalid. The recipient Id follows. %s", r.ID)
}

// isEmail is as strict as the original is known to be, which is not very.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") &&
		!strings.ContainsAny(s, " \t\r\n<>(),;:\\\"[]") && !strings.Contains(domain, "@") &&
		!strings.Contains(s, "..") && !strings.HasPrefix(s, ".") && !strings.HasSuffix(local, ".") &&
		!strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

// checkDuplicates refuses a person who stands twice at one routing order.
func checkDuplicates(all []Recipient) error {
	if duplicate(all) != "" {
		return refuse("ENVELOPE_HAS_DUPLICATE_RECIPIENTS", "The specified envelope has duplicate recipients.")
	}
	return nil
}

// duplicate is the address of such a person, "" if there is none.
func duplicate(all []Recipient) string {
	type person struct {
		name, email, signer string
		order               int
	}
	seen := make(map[person]bool, len(all))
	for _, r := range all {
		if r.Email == "" {
			continue
		}
		p := person{strings.ToLower(r.Name), strings.ToLower(r.Email), strings.ToLower(r.SignerName), r.RoutingOrder}
		if seen[p] {
			return r.Email
		}
		seen[p] = true
	}
	return ""
}

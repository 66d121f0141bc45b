package envelope

import (
	"errors"
	"fmt"
	"strings"

	"batchsend/template"
)

// ParsePhone reads an international phone number such as "+46 70 123 45 67",
// "0046-701234567" or "+46 (0)70 123 45 67" and parts the country's calling
// code from the rest. DocuSign: phoneNumber.countryCode and .number, digits
// only.
func ParsePhone(text string) (Phone, error) {
	var digits strings.Builder
	international := false
	for _, r := range strings.Replace(text, "(0)", "", 1) { // the 0 is for callers at home
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r == '+' && digits.Len() == 0 && !international:
			international = true
		case strings.ContainsRune(phoneMarks, r):
		default:
			return Phone{}, fmt.Errorf("%q is no phone number: %q does not belong there", text, r)
		}
	}
	all := digits.String()
	if !international {
		if !strings.HasPrefix(all, "00") {
			return Phone{}, fmt.Errorf("%q has no country code: write it as +46 701234567", text)
		}
		all = all[2:]
	}
	if len(all) < 8 || len(all) > 15 { // E.164: at most 15 digits
		return Phone{}, fmt.Errorf("%q has %d digits: a phone number with its country code has 8 to 15", text, len(all))
	}
	n := callingCode(all)
	p := Phone{CountryCode: all[:n], Number: all[n:]}
	switch {
	case all[0] == '0':
		return Phone{}, fmt.Errorf("%q has a country code that starts with 0: write it as +46 701234567", text)
	case n == 1 && all[0] == '1' && len(p.Number) != 10:
		return Phone{}, fmt.Errorf("%q has %d digits after +1: there are always 10", text, len(p.Number))
	case n == 2 && p.Number[0] == '0' && p.CountryCode != "39": // Italy keeps it
		return Phone{}, fmt.Errorf("%q has a 0 after the country code %s, which is for callers at home: leave it out", text, p.CountryCode)
	}
	return p, nil
}

// phoneDamage says what a spreadsheet did to a number that cannot be read; nil if it
// did nothing.
func phoneDamage(text string) error {
	found := scan(text)
	switch why := damaged(text, found); {
	case why != "":
		return errors.New(why)
	case template.Shortened(text):
		return fmt.Errorf("%q is a long number that a spreadsheet has shortened, so that digits are lost: format the column as text and give the number in full, as +46 701234567", text)
	case found.has(foreign) && hidden(text, true) != "":
		return fmt.Errorf("%q holds %s", text, hidden(text, true))
	}
	return nil
}

// phoneMarks may stand between digits: what people type and what web pages and
// word processors make of it.
const phoneMarks = " -./()\u00a0\u2009\u202f\u2010\u2011\u2012\u2013"

// callingCode returns how many digits the calling code has that starts number.
// Codes are free of prefixes, so the first digits decide. Source: ITU-T E.164,
// list of assigned country codes.
func callingCode(number string) int {
	switch number[0] {
	case '1', '7':
		return 1
	}
	switch number[:2] {
	case "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
		"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98":
		return 2
	}
	return 3
}

package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Shortened reports whether a text is how spreadsheets show a number that is too long
// for its cell: digits, perhaps decimals, an E with a sign and two or three digits,
// such as 1.23457E+11. The digits behind are lost.
func Shortened(text string) bool {
	text = strings.TrimPrefix(text, "-")
	mantissa, exponent, ok := cutExponent(text)
	if !ok || len(exponent) < 2 || len(exponent) > 3 || !digits(exponent) {
		return false
	}
	if i := strings.IndexAny(mantissa, ".,"); i >= 0 {
		return digits(mantissa[:i]) && digits(mantissa[i+1:])
	}
	return digits(mantissa)
}

// cutExponent parts the digits before an E from those after it and its sign.
func cutExponent(text string) (mantissa, exponent string, ok bool) {
	i := strings.IndexAny(text, "Ee")
	if i < 1 || i+1 == len(text) || text[i+1] != '+' && text[i+1] != '-' {
		return "", "", false
	}
	return text[:i], text[i+2:], true
}

// digits reports whether a text is made of digits, at least one.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// SerialDate returns the day, and the time if there is a fraction, for which a
// spreadsheet keeps a number of five digits: the days since the end of 1899. Excel
// counts a 29 February 1900 that never was, which is why its day 1 is two days after
// 30 December 1899; from March 1900 on, and so for five digits, the count is even. ok
// is false for all other texts: shorter numbers may be years, longer ones days
// written without marks.
func SerialDate(text string) (day string, ok bool) {
	whole, fraction := text, ""
	if i := strings.IndexAny(text, ".,"); i >= 0 {
		if whole, fraction = text[:i], text[i+1:]; !digits(fraction) {
			return "", false
		}
	}
	if len(whole) != 5 || whole[0] == '0' || !digits(whole) {
		return "", false
	}
	n, err := strconv.Atoi(whole)
	if err != nil {
		return "", false
	}
	at := time.Date(1899, time.December, 30+n, 0, 0, 0, 0, time.UTC)
	if part, err := strconv.ParseFloat("0."+fraction, 64); err == nil && part > 0 {
		at = at.Add(time.Duration(part*24*60+0.5) * time.Minute)
		return at.Format("2006-01-02 15:04"), true
	}
	return at.Format(time.DateOnly), true
}

// checkDate says what is wrong with a value of a date tab. DocuSign takes any text;
// what no reader could take for a day is refused here. Which order of day and month
// is meant is the template's business.
func checkDate(text string) error {
	if day, ok := SerialDate(text); ok {
		return fmt.Errorf("%q is how a spreadsheet keeps %s: DocuSign would show the number; format the column as text and write the day as the document shall show it", text, day)
	}
	if noDay(text) {
		return fmt.Errorf("%q is a day that does not exist, in whatever order day, month and year stand: DocuSign would show it as it is", text)
	}
	return nil
}

// noDay reports whether a text is written as a day, three numbers with marks between
// them or eight digits, and none of the orders in which people write makes it one.
func noDay(text string) bool {
	if i := strings.IndexAny(text, " T"); i > 0 && strings.Contains(text[i:], ":") {
		text = text[:i] // the rest is a time
	}
	if len(text) == 8 && digits(text) {
		return !day(text[:4], text[4:6], text[6:]) && !day(text[4:], text[2:4], text[:2]) && !day(text[4:], text[:2], text[2:4])
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("./- ", r) })
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		if !digits(part) || len(part) > 4 || len(part) == 3 {
			return false
		}
	}
	a, b, c := parts[0], parts[1], parts[2]
	return !day(a, b, c) && !day(a, c, b) && !day(c, b, a) && !day(c, a, b)
}

// day reports whether a year, a month and a day exist together. A year of two digits
// is one of this century or the last. Years before 1700 are of another calendar,
// whose months have other lengths.
func day(year, month, day string) bool {
	if len(month) > 2 || len(day) > 2 || len(year) != 2 && len(year) != 4 {
		return false
	}
	y, errYear := strconv.Atoi(year)
	m, errMonth := strconv.Atoi(month)
	d, errDay := strconv.Atoi(day)
	if errYear != nil || errMonth != nil || errDay != nil || m < 1 || m > 12 || d < 1 || d > 31 {
		return false
	}
	switch {
	case len(year) == 2:
		y += 2000 // a leap year is one in either century, but for 1900
	case y < 1700:
		return y > 0
	}
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() == d
}

// checkSSN says what is wrong with a Social Security number, without showing it.
// Source: OpenAPI, "ssn": nine digits, with or without dashes.
func checkSSN(text string) error {
	bare := strings.ReplaceAll(text, "-", "")
	switch {
	case len(bare) == 9 && digits(bare) && (bare == text || len(text) == 11 && text[3] == '-' && text[6] == '-'):
		return nil
	case len(bare) == 8 && digits(bare):
		return errors.New("the value has 8 digits, and a Social Security number has 9: a spreadsheet may have taken a 0 from its beginning; format the column as text")
	}
	return errors.New("the value is no Social Security number: write nine digits, such as 123-45-6789")
}

// checkZIP says what is wrong with a ZIP code. Source: OpenAPI, "zip": five digits or
// nine, with or without the dash.
func checkZIP(text string) error {
	first, last, dash := strings.Cut(text, "-")
	switch {
	case !digits(first) || dash && !digits(last):
	case !dash && (len(first) == 5 || len(first) == 9), dash && len(first) == 5 && len(last) == 4:
		return nil
	case !dash && (len(first) == 4 || len(first) == 8), dash && len(first) == 4 && len(last) == 4:
		return fmt.Errorf("%q has a digit too few for a ZIP code: a spreadsheet may have taken a 0 from its beginning; format the column as text", text)
	}
	return fmt.Errorf("%q is no ZIP code: it is five digits, or nine with or without a dash after the fifth; a postal code of another country needs a text tab", text)
}

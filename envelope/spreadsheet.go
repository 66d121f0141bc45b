package envelope

import (
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"batchsend/template"
)

// What spreadsheets and mail merges put in cells in place of a value.

// The errors of spreadsheets, by what they mean.
const (
	errMissing   = "a look-up found nothing"
	errReference = "a formula refers to cells that were deleted"
	errValue     = "a formula was given a value of another kind"
	errDivision  = "a formula divides by zero"
	errName      = "a formula uses a name that the spreadsheet does not know"
	errNumber    = "a formula's number is impossible or too large"
	errNull      = "a formula joins ranges that do not meet"
	errSpill     = "a formula's result has no room beside it"
	errCalc      = "a formula could not be worked out"
	errPending   = "data had not arrived when the file was saved"
	errField     = "a linked record lacks the field"
	errBlocked   = "a linked record or service was blocked"
	errNarrow    = "the column was too narrow to show the number or day when the file was saved"
)

// errorValues are the errors that Excel, LibreOffice and Google Sheets show, in
// English and as the German, French, Spanish, Portuguese, Italian, Dutch and
// Scandinavian versions have them, in capitals.
var errorValues = map[string]string{
	"#N/A": errMissing, "#NV": errMissing, "#N/D": errMissing, "#N/B": errMissing, "#I/T": errMissing, "#SAKNAS!": errMissing, "#PUUTTUU!": errMissing,
	"#REF!": errReference, "#BEZUG!": errReference, "#¡REF!": errReference, "#RIF!": errReference, "#VERW!": errReference, "#REFERENS!": errReference, "#REFERENCE!": errReference, "#VIITTAUS!": errReference, "#ADR!": errReference,
	"#VALUE!": errValue, "#WERT!": errValue, "#VALEUR!": errValue, "#¡VALOR!": errValue, "#VALOR!": errValue, "#VALORE!": errValue, "#WAARDE!": errValue, "#VÄRDEFEL!": errValue, "#VÆRDI!": errValue, "#VERDI!": errValue, "#ARVO!": errValue, "#ARG!": errValue,
	"#DIV/0!": errDivision, "#¡DIV/0!": errDivision, "#DEEL/0!": errDivision, "#DIVISION/0!": errDivision, "#JAKO/0!": errDivision,
	"#NAME?": errName, "#NOM?": errName, "#¿NOMBRE?": errName, "#NOMBRE?": errName, "#NOME?": errName, "#NAAM?": errName, "#NAMN?": errName, "#NAVN?": errName, "#NIMI?": errName, "#NAZWA?": errName,
	"#NUM!": errNumber, "#ZAHL!": errNumber, "#NOMBRE!": errNumber, "#¡NUM!": errNumber, "#NÚM!": errNumber, "#GETAL!": errNumber, "#OGILTIGT!": errNumber, "#LUKU!": errNumber, "#LICZBA!": errNumber,
	"#NULL!": errNull, "#NUL!": errNull, "#¡NULO!": errNull, "#NULO!": errNull, "#NULLO!": errNull, "#LEEG!": errNull, "#SKÄRNING!": errNull, "#TYHJÄ!": errNull, "#ZERO!": errNull,
	"#SPILL!": errSpill, "#ÜBERLAUF!": errSpill, "#PROPAGATION!": errSpill, "#DESBORDAMIENTO!": errSpill, "#DESPEJAR!": errSpill, "#ESPANSIONE!": errSpill, "#OVERLOOP!": errSpill, "#SPILLD!": errSpill,
	"#CALC!": errCalc, "#KALK!": errCalc, "#CALCUL!": errCalc, "#¡CALC!": errCalc, "#ERROR!": errCalc, "#UNKNOWN!": errCalc,
	"#GETTING_DATA": errPending, "#BUSY!": errPending, "#CONNECT!": errPending,
	"#FIELD!": errField, "#FELD!": errField, "#BLOCKED!": errBlocked, "#EXTERNAL!": errBlocked, "#PYTHON!": errCalc,
}

// longestError is longer than all of errorValues, in bytes.
const longestError = 24

// errorValue says what is meant if the whole of a text is an error of a spreadsheet;
// "" if it is none.
func errorValue(text string, found signs) string {
	switch {
	case len(text) < 2:
	case text[0] == '#' && strings.Trim(text, "#") == "":
		return errNarrow
	case found.has(hash) && text[0] == '#' && len(text) <= longestError:
		return errorValues[strings.ToUpper(text)]
	case mayBeErr(text) && strings.EqualFold(text[:4], "Err:") && strings.Trim(text[4:], "0123456789") == "":
		return "LibreOffice could not work out a formula"
	}
	return ""
}

// mayBeErr reports whether a text is as long as LibreOffice's errors, such as Err:502,
// and begins like one.
func mayBeErr(text string) bool { return len(text) == len("Err:502") && text[0]|0x20 == 'e' }

// placeholder returns the first mark in a text that a mail merge should have filled
// in, such as {{Manager}}, <<Name>>, ${name}, {!Contact.Name}, [[Name]], %NAME% or «Name»; "" if there
// is none.
func placeholder(text string, found signs) string {
	if !found.has(opening | foreign) {
		return ""
	}
	for _, marks := range [...][2]string{{"{{", "}}"}, {"<<", ">>"}, {"${", "}"}, {"{!", "}"}, {"[[", "]]"}, {"«", "»"}} {
		_, after, opened := strings.Cut(text, marks[0])
		if inner, _, closed := strings.Cut(after, marks[1]); opened && closed && len(inner) <= 100 && strings.TrimSpace(inner) != "" {
			return marks[0] + inner + marks[1]
		}
	}
	for rest := text; ; {
		_, after, opened := strings.Cut(rest, "%")
		inner, _, closed := strings.Cut(after, "%")
		if !opened || !closed {
			return ""
		}
		if identifier(inner) {
			return "%" + inner + "%"
		}
		rest = after
	}
}

// identifier reports whether a text is a name as programs have them.
func identifier(text string) bool {
	for i, r := range text {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return text != ""
}

// bracketed reports whether the whole of a name stands in brackets, as placeholders
// do.
func bracketed(name string) bool {
	n := len(name)
	return n > 2 && (name[0] == '{' && name[n-1] == '}' || name[0] == '<' && name[n-1] == '>' || name[0] == '[' && name[n-1] == ']')
}

// nobody reports whether a name is what programs write where there is no value.
func nobody(name string) bool {
	switch len(name) {
	case 3, 4, 6, 9:
	default:
		return false
	}
	switch name[0] | 0x20 {
	case 'n', 'u', '(':
	default:
		return false
	}
	switch strings.ToLower(name) {
	case "null", "none", "n/a", "nan", "nil", "undefined", "(null)", "(none)":
		return true
	}
	return false
}

// entity returns the first HTML entity in a text and the sign that it stands for; ""
// if there is none.
func entity(text string) (written, meant string) {
	for {
		_, after, found := strings.Cut(text, "&")
		if !found {
			return "", ""
		}
		if i := strings.IndexByte(after, ';'); i > 0 && i < 32 {
			written = "&" + after[:i+1]
			if meant = html.UnescapeString(written); meant != written && !strings.HasSuffix(meant, ";") {
				return written, meant
			}
		}
		text = after
	}
}

// lost reports whether a question mark stands within a word of a name, where a letter
// was that a conversion could not write.
func lost(name string) bool {
	for i := 1; i+1 < len(name); i++ {
		if name[i] != '?' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(name[:i])
		after, _ := utf8.DecodeRuneInString(name[i+1:])
		if unicode.IsLetter(before) && (unicode.IsLetter(after) || after == '?') {
			return true
		}
	}
	return len(name) > 1 && name[0] == '?'
}

// surnameFirst reports whether a name is written as "Alm, Frej".
func surnameFirst(name string) bool {
	before, after, found := strings.Cut(name, ",")
	after = strings.TrimSpace(after)
	if !found || strings.TrimSpace(before) == "" || after == "" || strings.Contains(after, ",") {
		return false
	}
	switch strings.ToLower(strings.ReplaceAll(after, ".", "")) {
	case "jr", "sr", "ii", "iii", "iv", "phd", "md", "dds", "esq", "cpa", "mba", "inc", "llc", "ltd", "lp", "llp", "sa", "gmbh", "plc": // which follow a comma otherwise
		return false
	}
	return true
}

// damaged says why a value, of whatever column, is none that anybody wrote; "" if
// nothing does.
func damaged(text string, found signs) string {
	if meaning := errorValue(text, found); meaning != "" {
		return fmt.Sprintf("the cell holds a spreadsheet's error, %q: %s. DocuSign would show it to the recipients; mend the formula or write the value", text, meaning)
	}
	if !found.has(foreign) {
		return ""
	}
	if repaired, twice := doubleEncoded(text); twice {
		return fmt.Sprintf("%q seems to be encoded twice, by a program that took UTF-8 for Windows-1252: it would read %q; export the file anew as UTF-8, or write the text as it should be", Short(text), Short(repaired))
	}
	return ""
}

// checkValue says why a value cannot be sent, and warns of what is odd about it. It
// is for all values but names and addresses, which have rules of their own.
func (d *Draft) checkValue(row *Row, column string, code Code, text string) (why string) {
	found := scan(text)
	if why := badValue(text, found); why != "" {
		return why
	}
	d.warnAboutValue(row, column, code, text, found)
	return ""
}

// badValue says why a value cannot be sent; "" if nothing does.
func badValue(text string, found signs) string {
	if why := damaged(text, found); why != "" || !found.has(foreign) {
		return why
	}
	if what := hidden(text, false); what != "" {
		return "the text holds " + what
	}
	return ""
}

// warnAboutValue warns of what is odd about a value that is sent.
func (d *Draft) warnAboutValue(row *Row, column string, code Code, text string, found signs) {
	if !found.has(opening | exponent | foreign) {
		return
	}
	if found.has(foreign) {
		if i, r := zeroWidth(text); i >= 0 {
			d.warn(row, column, code, "the text holds an invisible sign (%U) at position %d, which is sent: type it anew if it does not belong there", r, i+1)
		}
	}
	if mark := placeholder(text, found); mark != "" && (code != TextInvalid || !strings.HasPrefix(mark, mergeOpen)) {
		d.warn(row, column, code, "%s looks like a mail merge's placeholder that was not filled in, and is sent as it stands", mark)
	}
	if found.has(exponent) && template.Shortened(text) {
		d.warn(row, column, code, "%q looks like a long number that a spreadsheet has shortened, so that digits are lost, and is sent as it stands: format the column as text and give the number in full", text)
	}
}

package template

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
)

// TabType is a kind of tab, spelt as the API names the list it stands in.
type TabType string

// The tabs that a sender may fill. Source: DocuSign "EnvelopeRecipientTabs".
const (
	Text      TabType = "textTabs"
	Number    TabType = "numberTabs"
	Numerical TabType = "numericalTabs"
	Date      TabType = "dateTabs"
	Email     TabType = "emailTabs"
	SSN       TabType = "ssnTabs"
	ZIP       TabType = "zipTabs"
	Note      TabType = "noteTabs"
	Formula   TabType = "formulaTabs"
	List      TabType = "listTabs"
	Checkbox  TabType = "checkboxTabs"
	Radio     TabType = "radioGroupTabs"
)

// FillableTabs lists the types of tab that a sender may fill. All others are
// filled at signing or by DocuSign itself.
func FillableTabs() []TabType { return slices.Clone(fillable) }

var fillable = []TabType{Text, Number, Numerical, Date, Email, SSN, ZIP, Note, Formula, List, Checkbox, Radio}

// Fillable reports whether a sender may fill tabs of this type.
func (t TabType) Fillable() bool { return slices.Contains(fillable, t) }

// Tab is a field of a role, found by its label.
type Tab struct {
	Label     string // DocuSign: tabLabel; of radio buttons the groupName
	Type      TabType
	Options   []string // of a list or radio group: the values to choose from
	Texts     []string // what people see for each of Options; nil if that is the value
	MaxLength int      // characters; 0: no limit of the tab's own
	Pattern   string   // DocuSign: validationPattern, a regular expression
	Hint      string   // DocuSign: validationMessage

	// SenderRequired refuses envelopes in which the tab is empty. DocuSign:
	// senderRequired.
	SenderRequired bool
	Required       bool // the recipient cannot finish without a value
	Locked         bool // the recipient cannot change the value
	Filled         bool // the template itself gives a value
}

// Unsignable reports whether an envelope that gives the tab no value can never
// be finished by its recipient.
func (t *Tab) Unsignable() bool { return t.Type.Fillable() && t.Required && t.Locked && !t.Filled }

// maxText is the longest value of a text tab in bytes. DocuSign: 4,000.
const maxText = 4000

// TabsByHeader returns the role's tabs that a column fills: all that bear the
// label, or, if none does, all of the only label that equals it but for case,
// spaces and underscores. DocuSign itself compares labels to the letter.
func (r *Role) TabsByHeader(label string) []*Tab {
	i := find(label, len(r.Tabs), func(i int) string { return r.Tabs[i].Label })
	if i < 0 {
		return nil
	}
	var tabs []*Tab
	for j := range r.Tabs {
		if r.Tabs[j].Label == r.Tabs[i].Label {
			tabs = append(tabs, &r.Tabs[j])
		}
	}
	return tabs
}

// Alone reports whether DocuSign can fill only the first of several tabs of this
// type and label: the mark that stands for all is no use before a label with a
// space, and radio buttons go by the name of their group. Source: OpenAPI,
// "Automatically Populating Tabs".
func (t *Tab) Alone() bool { return t.Type == Radio || strings.ContainsFunc(t.Label, unicode.IsSpace) }

// AlsoFilled finds a tab that DocuSign would fill as well if it were told to
// fill all of the type and label: the mark that says so stands for any
// beginning of a label. Nil if there is none.
func (r *Role) AlsoFilled(kind TabType, label string) *Tab {
	for i := range r.Tabs {
		if t := &r.Tabs[i]; t.Type == kind && t.Label != label && strings.HasSuffix(t.Label, label) {
			return t
		}
	}
	return nil
}

// Labels lists the labels of the tabs that may be filled, each once.
func (r *Role) Labels() []string {
	var labels []string
	for _, t := range r.Tabs {
		if t.Type.Fillable() && !slices.Contains(labels, t.Label) {
			labels = append(labels, t.Label)
		}
	}
	return labels
}

// Value returns text as the tab takes it, or an error that says why it does
// not fit. text is not empty. Whatever DocuSign leaves unchecked until
// somebody signs (patterns, lengths, options) is checked here.
func (t *Tab) Value(text string) (string, error) {
	switch t.Type {
	case Checkbox:
		return checked(text)
	case List, Radio:
		if option, ok := choose(t.Options, text); ok {
			return option, nil
		}
		near := ""
		if i := t.nearestOption(text); i >= 0 {
			near = fmt.Sprintf("; did you mean %q?", t.Options[i])
		}
		return "", fmt.Errorf("%q is none of the choices %s%s", text, list(t.choices()), near)
	case Number, Numerical:
		if Shortened(text) {
			return "", fmt.Errorf("%q is a long number that a spreadsheet has shortened, so that digits are lost: format the column as text and give the number in full", text)
		}
		if !number.MatchString(text) {
			return "", fmt.Errorf("%q is not a number", text)
		}
	case Email:
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
			return "", fmt.Errorf("%q is not an e-mail address", text)
		}
	case Date:
		if err := checkDate(text); err != nil {
			return "", err
		}
	case SSN:
		if t.Pattern == "" { // else the pattern says what is right
			if err := checkSSN(text); err != nil {
				return "", err
			}
		}
	case ZIP:
		if t.Pattern == "" {
			if err := checkZIP(text); err != nil {
				return "", err
			}
		}
	}
	if n := Length(text); t.MaxLength > 0 && n > t.MaxLength {
		return "", fmt.Errorf("%d characters are too many: the tab takes %d", n, t.MaxLength)
	}
	if len(text) > maxText {
		return "", fmt.Errorf("%d bytes are too many: a tab takes %d", len(text), maxText)
	}
	if re := pattern(t.Pattern); re != nil && !re.MatchString(text) {
		hint := t.Hint
		if hint == "" {
			hint = "it must match " + t.Pattern
		}
		return "", fmt.Errorf("%q does not fit the tab's pattern: %s", text, hint)
	}
	return text, nil
}

// number is digits, with or without sign, decimals and marks between thousands.
// What the marks mean is the template's business.
var number = regexp.MustCompile(`^[+-]?(\d([\d,. '\x{a0}\x{202f}’]*\d)?\.?|[.,]\d+)$`)

// choose finds text among options. A cell is read without the spaces around
// it, so those of an option do not count.
func choose(options []string, text string) (option string, ok bool) {
	if slices.Contains(options, text) {
		return text, true
	}
	i := slices.IndexFunc(options, func(o string) bool { return strings.TrimSpace(o) == text })
	if i < 0 {
		return "", false
	}
	return options[i], true
}

// choices are the options with the texts that people see for them.
func (t *Tab) choices() []string {
	out := quoted(t.Options)
	for i, text := range t.Texts {
		if text != t.Options[i] {
			out[i] += fmt.Sprintf(" (shown as %q)", text)
		}
	}
	return out
}

// nearestOption finds the option that was likely meant, by its value or by the
// text that people see; -1 if there is none.
func (t *Tab) nearestOption(text string) int {
	if i := slices.Index(t.Texts, text); i >= 0 {
		return i
	}
	if i := Nearest(text, t.Options); i >= 0 {
		return i
	}
	return Nearest(text, t.Texts)
}

// checked reads what people write for a tick.
func checked(text string) (string, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "x", "1", "on":
		return "true", nil
	case "false", "no", "n", "0", "off":
		return "false", nil
	}
	return "", fmt.Errorf("%q is neither yes nor no: a checkbox takes true or false", text)
}

// Accept returns text as the custom field takes it, or an error that says
// why it does not fit.
func (f *Field) Accept(text string) (string, error) {
	if !f.List {
		return text, nil
	}
	option, ok := choose(f.Options, text)
	if !ok {
		return "", fmt.Errorf("%q is none of the choices %s", text, list(quoted(f.Options)))
	}
	return option, nil
}

// Check says why the custom field cannot take text, if it cannot.
func (f *Field) Check(text string) error {
	_, err := f.Accept(text)
	return err
}

func quoted(items []string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = strconv.Quote(item)
	}
	return out
}

// Length counts as DocuSign's platform does: UTF-16 units.
func Length(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

var patterns sync.Map // string → *regexp.Regexp, nil if it means nothing here

// pattern compiles a tab's pattern to match the whole value, as DocuSign does.
// One that is valid only in other dialects is not checked: nil.
func pattern(expr string) *regexp.Regexp {
	if expr == "" {
		return nil
	}
	if re, ok := patterns.Load(expr); ok {
		return re.(*regexp.Regexp)
	}
	re, err := regexp.Compile(`^(?:` + expr + `)$`)
	if err != nil {
		re = nil
	}
	patterns.Store(expr, re)
	return re
}

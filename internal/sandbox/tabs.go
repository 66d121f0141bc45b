package sandbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// settable are the lists of tabs whose values a sender can give. Values sent
// for others are ignored.
var settable = map[string]bool{
	"textTabs": true, "numberTabs": true, "numericalTabs": true, "dateTabs": true, "emailTabs": true,
	"ssnTabs": true, "zipTabs": true, "noteTabs": true, "formulaTabs": true, "listTabs": true,
	"checkboxTabs": true, "radioGroupTabs": true, "viewTabs": true, "notarizeTabs": true,
}

// maxTabValue is the longest value of a text tab, in bytes.
const maxTabValue = 4000

// everyTab before a label in a request makes the value go to all tabs of the
// type whose label ends like that, not only to the first that equals it.
const everyTab = `\*`

func sortedLists(w wireTabs) []string {
	lists := make([]string, 0, len(w))
	for list := range w {
		lists = append(lists, list)
	}
	slices.Sort(lists)
	return lists
}

// label is what identifies a tab of its list within a recipient.
func (w *wireTab) label(list string) string {
	if list == "radioGroupTabs" {
		return string(w.GroupName)
	}
	return string(w.TabLabel)
}

// placed tells that the tab says where it stands on a document, so that it can
// exist without a template.
func (w *wireTab) placed() bool {
	return w.DocumentID != "" && w.PageNumber != "" || w.AnchorString != "" || len(w.Radios) > 0 && w.Radios[0].PageNumber != ""
}

// value returns what the tab says it holds, and whether it says so at all.
func (w *wireTab) value(list string) (string, bool) {
	switch list {
	case "checkboxTabs":
		if w.Selected == nil {
			return "", false // a value is not how a check box is ticked
		}
		return flag(w.Selected.yes()), true
	case "radioGroupTabs":
		for _, radio := range w.Radios {
			if radio.Selected.yes() {
				return string(radio.Value), true
			}
		}
		return "", false
	case "listTabs":
		for _, item := range w.ListItems {
			if item.Selected.yes() {
				return item.value(), true
			}
		}
	}
	if w.Value == nil {
		return "", false
	}
	return string(*w.Value), true
}

// tabOf reads a tab of a template, or one that brings its own place.
func tabOf(list string, w wireTab) Tab {
	spec := &TabSpec{
		Document: string(w.DocumentID), Page: string(w.PageNumber),
		Required: w.Required.yes(), SenderRequired: w.SenderRequired.yes(), Locked: w.Locked.yes(),
		Pattern: string(w.ValidationPattern), Message: string(w.ValidationMessage),
	}
	spec.MaxLength, _ = strconv.Atoi(string(w.MaxLength))
	for _, item := range w.ListItems {
		spec.Options = append(spec.Options, item.value())
		spec.Texts = append(spec.Texts, or(string(item.Text), item.value()))
	}
	for _, radio := range w.Radios {
		spec.Options = append(spec.Options, string(radio.Value))
		spec.Page = or(spec.Page, string(radio.PageNumber))
		spec.Required = spec.Required || radio.Required.yes()
	}
	t := Tab{Type: list, Label: w.label(list), Spec: spec}
	t.Value, _ = w.value(list)
	if list == "checkboxTabs" {
		t.Value = flag(t.Value == "true")
	}
	return t
}

// spec is what the template fixed of the tab: nothing, where a stored record
// does not say.
func (t Tab) spec() *TabSpec {
	if t.Spec == nil {
		return &TabSpec{}
	}
	return t.Spec
}

// fillTabs gives the tabs of a matched recipient the values of a request. exact
// takes the meaning of a wildcard from the labels.
func (s *Server) fillTabs(tabs []Tab, sent wireTabs, exact bool) ([]Tab, error) {
	for _, list := range sortedLists(sent) {
		if !settable[list] {
			continue
		}
		for _, w := range sent[list] {
			var err error
			if tabs, err = s.fillTab(tabs, list, w, exact); err != nil {
				return nil, err
			}
		}
	}
	return tabs, nil
}

func (s *Server) fillTab(tabs []Tab, list string, w wireTab, exact bool) ([]Tab, error) {
	label := w.label(list)
	matched := matching(tabs, list, label, string(w.DocumentID), exact)
	if len(matched) == 0 {
		switch s.UnknownTabs {
		case UnknownTabsAdd:
			return append(tabs, tabOf(list, w)), nil
		case UnknownTabsReject:
			return nil, invalidParameter("The recipient has no tab %q in %s.", label, list)
		}
		return tabs, nil
	}
	value, given := w.value(list)
	if !given {
		return tabs, nil
	}
	for _, i := range matched {
		if err := s.checkValue(tabs[i], value); err != nil {
			return nil, err
		}
		tabs[i].Value = value
	}
	return tabs, nil
}

// matching returns the places of the tabs that a label in a request means.
func matching(tabs []Tab, list, label, document string, exact bool) []int {
	rest, every := strings.CutPrefix(label, everyTab)
	if every && strings.Contains(rest, " ") {
		return nil // such labels cannot be used with the prefix
	}
	var found []int
	for i, t := range tabs {
		if t.Type != list || document != "" && t.spec().Document != document {
			continue
		}
		switch {
		case every && !exact && strings.HasSuffix(t.Label, rest), every && t.Label == rest:
			found = append(found, i)
		case !every && t.Label == label:
			return []int{i}
		}
	}
	return found
}

// checkValue refuses what cannot be stored: a choice that is not offered, and a
// text too long. Lengths and patterns that the template asks for are checked
// only where the Server is told to.
func (s *Server) checkValue(t Tab, value string) error {
	switch {
	case (t.Type == "listTabs" || t.Type == "radioGroupTabs") && value != "" && !slices.Contains(t.spec().Options, value):
		return invalidParameter("The value %q is not an option of tab %q.", value, t.Label)
	case len(value) > maxTabValue:
		return invalidParameter("The value of tab %q is longer than %d bytes.", t.Label, maxTabValue)
	case !s.CheckTabValues || value == "" || t.Type == "checkboxTabs":
		return nil
	case t.spec().MaxLength > 0 && units(value) > t.spec().MaxLength:
		return invalidParameter("The value of tab %q is longer than %d characters.", t.Label, t.spec().MaxLength)
	case t.spec().Pattern != "" && !conforms(t.spec().Pattern, value):
		return invalidParameter("The value of tab %q does not match its pattern. %s", t.Label, t.spec().Message)
	}
	return nil
}

var patterns sync.Map // string → *regexp.Regexp, nil where Go cannot read it

func conforms(pattern, value string) bool {
	cached, ok := patterns.Load(pattern)
	if !ok {
		re, err := regexp.Compile(pattern)
		if err != nil {
			re = nil
		}
		cached, _ = patterns.LoadOrStore(pattern, re)
	}
	re := cached.(*regexp.Regexp)
	return re == nil || re.MatchString(value)
}

// tabShape says which properties the OpenAPI gives tabs of a list.
type tabShape struct {
	label, value, required, locked, maxLength, pattern bool
}

var (
	entered = tabShape{label: true, value: true, required: true, locked: true, maxLength: true, pattern: true}
	plain   = tabShape{label: true, value: true, required: true, locked: true, maxLength: true}
	derived = tabShape{label: true, value: true}
	marked  = tabShape{label: true}
)

var tabShapes = map[string]tabShape{
	"textTabs": entered, "numberTabs": entered, "dateTabs": entered, "emailTabs": entered, "ssnTabs": entered,
	"zipTabs": entered, "formulaTabs": entered,
	"companyTabs": plain, "titleTabs": plain, "currencyTabs": plain, "phoneNumberTabs": plain,
	"commissionCountyTabs": plain, "commissionExpirationTabs": plain, "commissionNumberTabs": plain,
	"commissionStateTabs": plain,
	"noteTabs":            derived, "dateSignedTabs": derived, "emailAddressTabs": derived, "firstNameTabs": derived,
	"fullNameTabs": derived, "lastNameTabs": derived,
	"approveTabs": marked, "commentThreadTabs": marked, "declineTabs": marked, "envelopeIdTabs": marked,
	"initialHereTabs": marked, "notarySealTabs": marked, "polyLineOverlayTabs": marked,
	"signerAttachmentTabs": marked, "signHereTabs": marked, "smartSectionTabs": marked,
	"viewTabs":     {label: true, required: true},
	"notarizeTabs": {required: true, locked: true},
	"drawTabs":     {required: true, locked: true},
	"listTabs":     {label: true, value: true, required: true, locked: true},
	"checkboxTabs": {label: true, required: true, locked: true},
}

// tabAnswers writes a recipient's tabs as the REST API does. Lists that the
// OpenAPI does not know are left out.
func tabAnswers(r Recipient, id func(i int) string) map[string][]map[string]any {
	out := make(map[string][]map[string]any)
	for i, t := range r.Tabs {
		if t.Type == "radioGroupTabs" {
			out[t.Type] = append(out[t.Type], radioAnswer(r, t, id(i)))
			continue
		}
		shape, known := tabShapes[t.Type]
		if !known {
			continue
		}
		out[t.Type] = append(out[t.Type], tabAnswer(r, t, shape, id(i)))
	}
	return out
}

func tabAnswer(r Recipient, t Tab, shape tabShape, id string) map[string]any {
	tab := map[string]any{
		"tabId": id, "recipientId": r.ID, "documentId": t.spec().Document, "pageNumber": t.spec().Page, "status": "active",
		"tabType": strings.ToLower(strings.TrimSuffix(t.Type, "Tabs")),
	}
	set := func(has bool, name, value string) {
		if has {
			tab[name] = value
		}
	}
	set(shape.label, "tabLabel", t.Label)
	set(shape.value, "value", t.Value)
	set(shape.required, "required", flag(t.spec().Required))
	set(shape.locked, "locked", flag(t.spec().Locked))
	set(shape.maxLength && t.spec().MaxLength > 0, "maxLength", strconv.Itoa(t.spec().MaxLength))
	set(shape.pattern && t.spec().Pattern != "", "validationPattern", t.spec().Pattern)
	set(shape.pattern && t.spec().Message != "", "validationMessage", t.spec().Message)
	switch t.Type {
	case "checkboxTabs":
		tab["selected"] = t.Value
	case "listTabs":
		tab["listSelectedValue"] = t.Value
		items := []map[string]string{}
		for i, option := range t.spec().Options {
			items = append(items, map[string]string{
				"text": t.spec().Texts[i], "value": option, "selected": flag(option == t.Value),
			})
		}
		tab["listItems"] = items
	}
	return tab
}

func radioAnswer(r Recipient, t Tab, id string) map[string]any {
	radios := []map[string]string{}
	for i, option := range t.spec().Options {
		radios = append(radios, map[string]string{
			"tabId": id + "-" + strconv.Itoa(i+1), "value": option, "selected": flag(option == t.Value),
			"pageNumber": t.spec().Page, "required": flag(t.spec().Required), "locked": flag(t.spec().Locked),
		})
	}
	return map[string]any{
		"groupName": t.Label, "documentId": t.spec().Document, "recipientId": r.ID,
		"tabType": "radiogroup", "value": t.Value, "radios": radios,
	}
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
	"batchsend/reminders"
	"batchsend/template"
)

// promiseStory is an account, a template and a file, drawn at random for TestPromise.
// Most of it is right; here and there something is not.
type promiseStory struct {
	account    accountStory
	template   templateStory
	envelopes  []*envelopeStory
	wide       bool
	samePerson bool // --allow-same-person
	expire     int  // --expire-after; 0: not given
}

// accountStory is an account, and what of DocuSign is not known for sure.
type accountStory struct {
	blocked    string // "", "blocked" or "suspended"
	visibility string // "", "always" or "chosen"
	codes      sandbox.CodeFormat
	noText     bool
	noBulk     string // "", "account" or "user"
	tells      sandbox.Tells
	noOverride bool
	notes      sandbox.Notification

	unknownTabs sandbox.UnknownTabs
	emptyRoles  sandbox.EmptyRoles
	partial     sandbox.PartialNotification
	checkTabs   bool
	showTabs    bool
	everyTab    bool
}

// templateStory is a template.
type templateStory struct {
	subject, blurb string
	locked         bool // messageLock
	hides          bool // enforceSignerVisibility
	documents      [][]tabStory
	fields         []fieldStory
	notes          *notesStory // nil: none
	roles          []roleStory
	crowd          int // fixed carbon copies besides
}

// fieldStory is a custom field.
type fieldStory struct {
	name, value string
	required    bool
	items       []string // of a list field
}

// notesStory is what a template stores of reminders and expiration.
type notesStory struct {
	account          bool // useAccountDefaults
	delay, frequency int  // delay 0: no reminders
	noExpiry         bool
	expire, warn     int
}

// roleStory is a place of the template.
type roleStory struct {
	kind, name string
	order      int
	fixed      string // "", "person", "group", or what is wrong with the person
	who        string // of a fixed person
	locked     bool
	needsCode  bool
	texted     bool
	check      string // "", "ready" or "blank"
	tabs       []tabStory
}

// tabStory is a tab: of a role, or of a document.
type tabStory struct {
	list, label, value       string
	options                  []string
	most                     int // maxLength
	pattern                  string
	required, sender, locked bool
}

// envelopeStory is one envelope of the file, in cells.
type envelopeStory struct {
	label          string
	subject, blurb string
	days           [4]string // as reminderFlags
	fields         map[string]string
	rows           []*rowStory
}

// rowStory is one recipient, in cells.
type rowStory struct {
	role, order, name, email, note, code, phone string
	tabs                                        map[string]string
}

// oneIn draws true once in n times, and shrinks to false.
func oneIn(t *rapid.T, n int, what string) bool { return rapid.IntRange(0, n-1).Draw(t, what) == n-1 }

// pick draws one of several values, and shrinks to the first.
func pick[T any](t *rapid.T, what string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, what)
}

func drawStory(t *rapid.T) *promiseStory {
	s := &promiseStory{account: drawAccount(t), template: drawTemplate(t)}
	s.samePerson = oneIn(t, 6, "same person")
	if oneIn(t, 5, "flag") {
		s.expire = rapid.IntRange(1, 60).Draw(t, "expire flag")
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "envelopes") {
		s.envelopes = append(s.envelopes, s.drawEnvelope(t, i))
	}
	for range pick(t, "slips", 0, 0, 1, 1, 2, 3) {
		s.slip(t, s.envelopes[rapid.IntRange(0, len(s.envelopes)-1).Draw(t, "slip in")])
	}
	s.wide = s.fitsWide() && rapid.Bool().Draw(t, "wide")
	return s
}

func drawAccount(t *rapid.T) accountStory {
	a := accountStory{
		tells:       pick(t, "tells", sandbox.TellsAll, sandbox.TellsAll, sandbox.TellsApart, sandbox.TellsNoRules, sandbox.TellsNothing),
		unknownTabs: pick(t, "unknown tabs", sandbox.UnknownTabsReject, sandbox.UnknownTabsIgnore, sandbox.UnknownTabsAdd),
		emptyRoles:  pick(t, "empty roles", sandbox.EmptyRolesIncomplete, sandbox.EmptyRolesDrop, sandbox.EmptyRolesBadEmail),
		partial:     pick(t, "partial", sandbox.PartialSystem, sandbox.PartialTemplate),
		checkTabs:   rapid.Bool().Draw(t, "check tabs"),
		showTabs:    rapid.Bool().Draw(t, "show tabs"),
		everyTab:    rapid.Bool().Draw(t, "every tab"),
	}
	if oneIn(t, 4, "no bulk") {
		a.noBulk = pick(t, "who may not", "account", "user")
	}
	if a.tells != sandbox.TellsNothing && oneIn(t, 25, "blocked") {
		a.blocked = pick(t, "how", "blocked", "suspended")
	}
	if a.tells >= sandbox.TellsNoRules {
		return a // rules that nobody is told of cannot be promised to be kept
	}
	if oneIn(t, 3, "visibility") {
		a.visibility = pick(t, "mode", "always", "chosen")
	}
	if oneIn(t, 3, "codes") {
		a.codes = sandbox.CodeFormat{
			Length: rapid.IntRange(0, 8).Draw(t, "length"), Letter: rapid.Bool().Draw(t, "letter"),
			Number: rapid.Bool().Draw(t, "number"), Special: rapid.Bool().Draw(t, "special"),
		}
	}
	a.noText = oneIn(t, 4, "no text messages")
	a.noOverride = oneIn(t, 8, "no override")
	if oneIn(t, 2, "account's days") {
		a.notes = sandbox.Notification{Reminders: true, ReminderDelay: rapid.IntRange(1, 9).Draw(t, "delay"), ReminderFrequency: rapid.IntRange(0, 9).Draw(t, "frequency")}
		if rapid.Bool().Draw(t, "account's expiry") {
			a.notes.Expires, a.notes.ExpireAfter, a.notes.ExpireWarn = true, rapid.IntRange(20, 90).Draw(t, "expire"), rapid.IntRange(0, 9).Draw(t, "warn")
		}
	}
	return a
}

// The names in templates. No two labels are one column's.
var (
	roleNames  = []string{"Employee", "Manager", "HR Records", "employee", "Legal Dept", "Ägare"}
	labelNames = []string{"Salary", "NetSalary", "Home city", "Plan", "Agree", "X"}
	fieldNames = []string{"Case", "Region", "Cost centre"}
)

func drawTemplate(t *rapid.T) templateStory {
	var tpl templateStory
	for i := range rapid.IntRange(1, 4).Draw(t, "roles") {
		tpl.roles = append(tpl.roles, drawRole(t, i))
	}
	if oneIn(t, 25, "crowd") {
		tpl.crowd = rapid.IntRange(94, 101).Draw(t, "crowd of")
	}
	for range pick(t, "documents", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 0) {
		tpl.documents = append(tpl.documents, drawPrefill(t))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "fields") {
		f := fieldStory{name: fieldNames[i], required: oneIn(t, 4, "required field")}
		if oneIn(t, 3, "list field") {
			f.items = []string{"North", "South"}
			f.value = pick(t, "item", "", "South")
		} else {
			f.value = pick(t, "field's value", "", "7")
		}
		tpl.fields = append(tpl.fields, f)
	}
	tpl.subject = tpl.drawText(t, "Please sign")
	if oneIn(t, 3, "blurb") {
		tpl.blurb = tpl.drawText(t, "Hello")
	}
	tpl.locked, tpl.hides = oneIn(t, 8, "locked"), rapid.Bool().Draw(t, "hides")
	if oneIn(t, 2, "template's days") {
		n := &notesStory{account: oneIn(t, 4, "account's"), delay: rapid.IntRange(0, 9).Draw(t, "delay"), frequency: rapid.IntRange(0, 9).Draw(t, "frequency"), noExpiry: oneIn(t, 4, "no expiry")}
		n.expire, n.warn = rapid.IntRange(10, 60).Draw(t, "expire"), rapid.IntRange(0, 9).Draw(t, "warn")
		tpl.notes = n
	}
	return tpl
}

// drawText draws a subject or a message of the template.
func (tpl *templateStory) drawText(t *rapid.T, usual string) string {
	texts := []string{usual, usual, ""}
	for _, r := range tpl.roles {
		if r.kind != "inPersonSigners" && r.kind != "seals" && !tpl.shared(r.name) {
			texts = append(texts, usual+" [["+r.name+"_UserName]]", "[["+r.name+"_Email]]")
		}
	}
	for _, f := range tpl.fields {
		texts = append(texts, "[[ECF:"+f.name+"]]")
	}
	return pick(t, usual, texts...)
}

// shared tells whether several roles bear the name, be it in another case.
func (tpl *templateStory) shared(name string) bool {
	n := 0
	for _, r := range tpl.roles {
		if strings.EqualFold(r.name, name) {
			n++
		}
	}
	return n > 1
}

func drawRole(t *rapid.T, i int) roleStory {
	r := roleStory{
		kind:  pick(t, "kind", "signers", "signers", "signers", "signers", "carbonCopies", "certifiedDeliveries", "agents", "editors", "intermediaries"),
		name:  roleNames[i],
		order: rapid.IntRange(1, 3).Draw(t, "order"),
	}
	someone := i > 0 || oneIn(t, 20, "nobody to be given") // mostly there is a role to fill
	if someone && oneIn(t, 8, "other kind") {
		r.kind = pick(t, "which", "inPersonSigners", "seals", "seals", "witnesses")
	}
	if oneIn(t, 6, "other name") {
		r.name = pick(t, "role", roleNames...)
	}
	if r.kind == "seals" {
		return r
	}
	if someone && oneIn(t, 3, "fixed") {
		r.fixed = pick(t, "how fixed", "person", "person", "person", "group", "group")
		if oneIn(t, 15, "wrong") {
			r.fixed = pick(t, "how wrong", "bad address", "no name")
		}
		r.who = pick(t, "who", fmt.Sprint("legal", i), "hr")
	}
	r.locked = oneIn(t, 20, "locked") || r.fixed != "" && oneIn(t, 3, "locked as well")
	r.needsCode = oneIn(t, 12, "needs code")
	if template.Kind(r.kind).TakesSMS() && r.fixed != "group" {
		r.texted = oneIn(t, 20, "texted")
		if !r.texted && oneIn(t, 12, "check") {
			r.check = pick(t, "number", "ready", "ready", "ready", "blank")
		}
	}
	if r.kind == "signers" {
		for range pick(t, "tabs", 1, 2, 3, 4, 0) {
			r.tabs = append(r.tabs, drawTab(t))
		}
	}
	return r
}

func drawTab(t *rapid.T) tabStory {
	tab := tabStory{
		list:  pick(t, "tab", "textTabs", "textTabs", "textTabs", "signHereTabs", "listTabs", "radioGroupTabs", "checkboxTabs", "numberTabs", "emailTabs", "dateTabs", "noteTabs"),
		label: pick(t, "label", labelNames...),
	}
	switch tab.list {
	case "signHereTabs":
		return tab
	case "listTabs", "radioGroupTabs":
		tab.options = []string{"gold", "silver"}
	case "textTabs":
		if oneIn(t, 5, "at most") {
			tab.most = 5
		}
		if oneIn(t, 8, "pattern") {
			tab.pattern = "[0-9]{2}"
		}
	}
	tab.required, tab.locked = rapid.Bool().Draw(t, "required"), oneIn(t, 4, "locked")
	tab.sender = oneIn(t, 8, "sender required")
	if tab.list != "emailTabs" && tab.list != "noteTabs" && oneIn(t, 4, "has value") {
		tab.value = tab.fitting(t)
	}
	return tab
}

// fitting draws a value that the tab takes.
func (tab *tabStory) fitting(t *rapid.T) string {
	switch tab.list {
	case "listTabs", "radioGroupTabs":
		return pick(t, "option", tab.options...)
	case "checkboxTabs":
		return pick(t, "tick", "true", "false")
	case "emailTabs":
		return "x@example.test"
	}
	return pick(t, "value", "42", "17")
}

// drawPrefill draws the fields of a document that the sender fills.
func drawPrefill(t *rapid.T) (tabs []tabStory) {
	if !oneIn(t, 8, "prefill") {
		return nil
	}
	for range rapid.IntRange(1, 2).Draw(t, "prefilled") {
		tab := tabStory{list: pick(t, "prefill tab", "textTabs", "checkboxTabs", "radioGroupTabs"), label: pick(t, "label", labelNames...)}
		tab.required = rapid.Bool().Draw(t, "required")
		if tab.list == "radioGroupTabs" {
			tab.options = []string{"gold", "silver"}
		}
		if !oneIn(t, 3, "no value") {
			tab.value = tab.fitting(t)
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// open tells whether a row must say who it is.
func (r *roleStory) open() bool { return r.fixed == "" && r.kind != "seals" }

// drawEnvelope draws an envelope with everything that it needs.
func (s *promiseStory) drawEnvelope(t *rapid.T, n int) *envelopeStory {
	tpl := &s.template
	e := &envelopeStory{label: fmt.Sprint("E-", n), fields: map[string]string{}}
	for i := range tpl.roles {
		if r := &tpl.roles[i]; r.open() {
			e.rows = append(e.rows, s.drawRow(t, r, fmt.Sprintf("%d%d", n, i)))
		}
	}
	if len(e.rows) == 0 { // nobody may be given: whoever is, is wrong
		e.rows = append(e.rows, &rowStory{role: tpl.roles[0].name, name: "Ann Ek", email: "ann@example.test", tabs: map[string]string{}})
	}
	if tpl.subject == "" || !tpl.locked && oneIn(t, 4, "own subject") {
		e.subject = tpl.drawText(t, "Mine")
	}
	if !tpl.locked && oneIn(t, 5, "own message") {
		e.blurb = tpl.drawText(t, "Dear all")
	}
	for _, f := range tpl.fields {
		switch {
		case !f.required && !rapid.Bool().Draw(t, "fill field"):
		case f.items != nil:
			e.fields[f.name] = "North"
		default:
			e.fields[f.name] = "K-9"
		}
	}
	if oneIn(t, 3, "days") {
		e.days = pick(t, "which", [4]string{"2"}, [4]string{"", "", "30"}, [4]string{"2", "3", "30", "4"}, [4]string{"", "0", "", "0"}, [4]string{"9", "", "12", ""})
	}
	return e
}

func (s *promiseStory) drawRow(t *rapid.T, r *roleStory, number string) *rowStory {
	row := &rowStory{role: r.name, name: "N" + number, email: "p" + number + "@example.test", tabs: map[string]string{}}
	if s.template.shared(r.name) || oneIn(t, 3, "say order") {
		row.order = fmt.Sprint(r.order)
	}
	if oneIn(t, 5, "note") {
		row.note = pick(t, "note", "Hi", "Two\nlines")
	}
	if r.needsCode || oneIn(t, 5, "code") {
		row.code = pick(t, "code", "abc-1234", "ABC_9876")
	}
	if template.Kind(r.kind).TakesSMS() && r.check == "" && (!s.account.noText || oneIn(t, 5, "anyhow")) && oneIn(t, 5, "phone") {
		row.phone = pick(t, "phone", "+46 701234567", "0049 30 901820")
	}
	for i := range r.tabs {
		tab := &r.tabs[i]
		if tab.list == "signHereTabs" || !tab.sender && !rapid.Bool().Draw(t, "fill") {
			continue
		}
		if tab.most == 0 && tab.pattern == "" && tab.list == "textTabs" && oneIn(t, 3, "free") {
			row.tabs[tab.label] = pick(t, "text", "Ann, \"Ek\"", "a\nb", strings.Repeat("å", 2000))
			continue
		}
		row.tabs[tab.label] = tab.fitting(t)
	}
	return row
}

// slip makes a mistake in an envelope, or what only looks like one.
func (s *promiseStory) slip(t *rapid.T, e *envelopeStory) {
	row := e.rows[rapid.IntRange(0, len(e.rows)-1).Draw(t, "row")]
	other := e.rows[rapid.IntRange(0, len(e.rows)-1).Draw(t, "other row")]
	switch pick(t, "slip", "name", "email", "role", "order", "note", "code", "phone", "phones", "tab", "label", "field", "unknown field", "subject", "message", "days", "missing", "twice", "fixed", "copy", "same person") {
	case "name":
		row.name = pick(t, "name", "", "Ann\nEk", "Ann\u2028Ek", "Ann\u2029", "Ann\u0085Ek", "Ann\vEk", strings.Repeat("n", 100), strings.Repeat("n", 101), strings.Repeat("😀", 51), "\u200b", "Åsa Ö")
	case "email":
		row.email = pick(t, "email", "", "nobody", "a@b", "a@b..c", "a b@example.test", "a@example.test, b@example.test", other.email, strings.ToUpper(other.email),
			"hr@fixed.test", "ann@exämple.test", "o'neil+x@example.test", strings.Repeat("a", 64)+"@"+strings.Repeat("b", 30)+".test", strings.Repeat("a", 60)+"@"+strings.Repeat("b", 35)+".test", "å@example.test")
	case "role":
		row.role = pick(t, "role", "Boss", row.role+" ", strings.ToUpper(row.role), other.role, "")
	case "order":
		row.order = pick(t, "order", "1", "2", "3", "0", "two", "")
	case "note":
		row.note = pick(t, "note", strings.Repeat("n", 1000), strings.Repeat("n", 1001), "be\x07ll")
	case "code":
		row.code = pick(t, "code", "", "1", "abc", "123456", "a&b", "ab-12", strings.Repeat("7", 50), strings.Repeat("7", 51), "å1-", "a\u2028b-1234567")
	case "phone":
		row.phone = pick(t, "phone", "+46 701234567", "070-1234567", "12", "+1 555", "+0 12345678")
	case "phones":
		for _, r := range e.rows {
			if slices.ContainsFunc(s.template.roles, func(role roleStory) bool { return role.name == r.role && template.Kind(role.kind).TakesSMS() }) {
				r.phone = "+46 701234567"
			}
		}
	case "tab":
		if labels := sortedKeys(row.tabs); len(labels) > 0 {
			row.tabs[pick(t, "which", labels...)] = pick(t, "value", "", "42", "gold", "bronze", "yes", "maybe", "123456", strings.Repeat("å", 2001), "x@example.test", "be\x07ll")
		}
	case "label":
		row.tabs[pick(t, "label", labelNames...)] = pick(t, "value", "42", "gold", "true")
	case "field":
		if names := sortedKeys(e.fields); len(names) > 0 {
			e.fields[pick(t, "which", names...)] = pick(t, "value", "", "West", strings.Repeat("w", 100), strings.Repeat("w", 101))
		}
	case "unknown field":
		e.fields["Nobody's"] = "1"
	case "subject":
		e.subject = pick(t, "subject", "Mine", strings.Repeat("s", 100), strings.Repeat("s", 101), "[["+row.role+"_Email]]"+strings.Repeat("s", 90), "[[Boss_UserName]]", "two\nlines", "two\u2028lines", "two\u2029lines", "\u200b", "[[unclosed", "[[ECF:Case]]")
	case "message":
		e.blurb = pick(t, "message", "Mine", strings.Repeat("m", 10_000), strings.Repeat("m", 10_001), "[["+row.role+"_Email]]"+strings.Repeat("m", 9_984), "two\u2028lines")
	case "days":
		e.days[rapid.IntRange(0, 3).Draw(t, "which")] = pick(t, "days", "0", "1", "5", "999", "1000", "-1", "two", "1.5")
	case "missing":
		if i := slices.Index(e.rows, row); len(e.rows) > 1 {
			e.rows = slices.Delete(e.rows, i, i+1)
		}
	case "twice":
		again := *row
		again.email, again.tabs = "again@example.test", maps.Clone(row.tabs)
		e.rows = append(e.rows, &again)
	case "fixed":
		for _, r := range s.template.roles {
			if r.fixed != "" {
				e.rows = append(e.rows, &rowStory{role: r.name, name: "Instead", email: "instead@example.test", tabs: map[string]string{}})
				break
			}
		}
	case "copy":
		if first := s.envelopes[0]; first != e {
			label := e.label
			*e = *first
			e.label, e.fields, e.rows = label, maps.Clone(first.fields), nil
			for _, r := range first.rows {
				again := *r
				again.tabs = maps.Clone(r.tabs)
				e.rows = append(e.rows, &again)
			}
		}
	case "same person":
		other.email, other.name = row.email, row.name
	}
}

func sortedKeys(m map[string]string) []string {
	keys := []string{}
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// fitsWide tells whether the file can be written with one row an envelope.
func (s *promiseStory) fitsWide() bool {
	for _, r := range s.template.roles {
		if s.template.shared(r.name) {
			return false
		}
	}
	for _, e := range s.envelopes {
		seen := map[string]bool{}
		for _, row := range e.rows {
			known := slices.ContainsFunc(s.template.roles, func(r roleStory) bool { return r.open() && r.name == row.role })
			if !known || seen[row.role] || row.order != "" {
				return false
			}
			seen[row.role] = true
		}
	}
	return true
}

// file writes the story's envelopes as CSV.
func (s *promiseStory) file() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	labels, fields := map[string]string{}, map[string]string{}
	for _, e := range s.envelopes {
		for name := range e.fields {
			fields[name] = ""
		}
		for _, row := range e.rows {
			for label := range row.tabs {
				labels[label] = ""
			}
		}
	}
	header := []string{"envelope", "emailSubject", "emailBlurb", "reminderDelay", "reminderFrequency", "expireAfter", "expireWarn"}
	for _, name := range sortedKeys(fields) {
		header = append(header, "field:"+name)
	}
	whole := func(e *envelopeStory) []string {
		cells := append([]string{e.label, e.subject, e.blurb}, e.days[:]...)
		for _, name := range sortedKeys(fields) {
			cells = append(cells, e.fields[name])
		}
		return cells
	}
	part := func(row *rowStory) []string {
		cells := []string{row.name, row.email, row.note, row.code, row.phone}
		for _, label := range sortedKeys(labels) {
			cells = append(cells, row.tabs[label])
		}
		return cells
	}
	columns := []string{"name", "email", "note", "accessCode", "phone"}
	for _, label := range sortedKeys(labels) {
		columns = append(columns, "tab:"+label)
	}
	if !s.wide {
		w.Write(slices.Concat(header, []string{"roleName", "routingOrder"}, columns))
		for _, e := range s.envelopes {
			for i, row := range e.rows {
				first := whole(e)
				if i > 0 { // said once
					first = append([]string{e.label}, make([]string, len(first)-1)...)
				}
				w.Write(slices.Concat(first, []string{row.role, row.order}, part(row)))
			}
		}
		w.Flush()
		return b.String()
	}
	var roles []string
	for _, r := range s.template.roles {
		if slices.ContainsFunc(s.envelopes, func(e *envelopeStory) bool { return e.row(r.name) != nil }) {
			roles = append(roles, r.name)
			for _, column := range columns {
				header = append(header, r.name+"::"+column)
			}
		}
	}
	w.Write(header)
	for _, e := range s.envelopes {
		cells := whole(e)
		for _, role := range roles {
			row := e.row(role)
			if row == nil {
				row = &rowStory{}
			}
			cells = append(cells, part(row)...)
		}
		w.Write(cells)
	}
	w.Flush()
	return b.String()
}

func (e *envelopeStory) row(role string) *rowStory {
	for _, row := range e.rows {
		if row.role == role {
			return row
		}
	}
	return nil
}

// flags are the days that flags give.
func (s *promiseStory) flags() reminders.Plan {
	return reminders.Plan{Expire: reminders.Days(s.expire)}
}

const storyTemplate = "0ffe1e77-0000-4000-8000-0000000000aa"

// server is the story's account.
func (s *promiseStory) server() *sandbox.Server {
	a := &s.account
	return &sandbox.Server{
		Templates:      []json.RawMessage{s.template.json()},
		SendingBlocked: a.blocked == "blocked", Suspended: a.blocked == "suspended",
		DocumentVisibility: a.visibility != "", SenderSetsVisibility: a.visibility == "chosen",
		AccessCodes: a.codes, NoSMS: a.noText, Tells: a.tells,
		NoBulk: a.noBulk == "account", NoUserBulk: a.noBulk == "user",
		NoOverride: a.noOverride, AccountNotification: a.notes,
		UnknownTabs: a.unknownTabs, EmptyRoles: a.emptyRoles, PartialNotification: a.partial,
		CheckTabValues: a.checkTabs, ShowDocumentTabs: a.showTabs, BulkEveryTab: a.everyTab,
	}
}

type jsonObject = map[string]any

// json is the template as the REST API has it.
func (tpl *templateStory) json() json.RawMessage {
	people := map[string][]jsonObject{}
	for i := range tpl.roles {
		r := &tpl.roles[i]
		people[r.kind] = append(people[r.kind], r.json(i+1))
	}
	for i := range tpl.crowd {
		people["carbonCopies"] = append(people["carbonCopies"], jsonObject{
			"recipientId": fmt.Sprint(100 + i), "roleName": fmt.Sprint("Copy ", i), "routingOrder": "3", "name": fmt.Sprint("C", i), "email": fmt.Sprintf("c%d@fixed.test", i),
		})
	}
	documents := []jsonObject{}
	for i, tabs := range tpl.documents {
		documents = append(documents, jsonObject{"documentId": fmt.Sprint(i + 1), "name": fmt.Sprintf("%d.pdf", i+1), "tabs": jsonObject{"prefillTabs": tabsJSON(tabs)}})
	}
	texts, lists := []jsonObject{}, []jsonObject{}
	for i, f := range tpl.fields {
		field := jsonObject{"fieldId": fmt.Sprint(i + 1), "name": f.name, "value": f.value, "show": "true", "required": fmt.Sprint(f.required)}
		if f.items != nil {
			field["listItems"] = f.items
			lists = append(lists, field)
		} else {
			texts = append(texts, field)
		}
	}
	out := jsonObject{
		"templateId": storyTemplate, "name": "Story", "lastModified": "2026-02-03T04:05:06.0000000Z",
		"emailSubject": tpl.subject, "emailBlurb": tpl.blurb,
		"messageLock": fmt.Sprint(tpl.locked), "enforceSignerVisibility": fmt.Sprint(tpl.hides),
		"documents": documents, "recipients": people,
		"customFields": jsonObject{"textCustomFields": texts, "listCustomFields": lists},
	}
	if n := tpl.notes; n != nil {
		out["notification"] = jsonObject{
			"useAccountDefaults": fmt.Sprint(n.account),
			"reminders":          jsonObject{"reminderEnabled": fmt.Sprint(n.delay > 0), "reminderDelay": fmt.Sprint(n.delay), "reminderFrequency": fmt.Sprint(n.frequency)},
			"expirations":        jsonObject{"expireEnabled": fmt.Sprint(!n.noExpiry), "expireAfter": fmt.Sprint(n.expire), "expireWarn": fmt.Sprint(n.warn)},
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return raw
}

func (r *roleStory) json(id int) jsonObject {
	out := jsonObject{"recipientId": fmt.Sprint(id), "roleName": r.name, "routingOrder": fmt.Sprint(r.order), "name": ""}
	if r.kind == "seals" {
		return out
	}
	out["email"], out["templateLocked"], out["templateAccessCodeRequired"] = "", fmt.Sprint(r.locked), fmt.Sprint(r.needsCode)
	if len(r.tabs) > 0 {
		out["tabs"] = tabsJSON(r.tabs)
	}
	name, email := r.person()
	switch {
	case r.fixed == "group":
		out["signingGroupId"], out["signingGroupName"] = "7", "Board"
	case r.kind == "inPersonSigners" && r.fixed != "":
		out["hostName"], out["hostEmail"], out["signerName"] = name, email, name
	case r.fixed != "":
		out["name"], out["email"] = name, email
	}
	if r.needsCode && r.fixed != "" {
		out["accessCode"] = "stored-1"
	}
	if r.texted {
		out["additionalNotifications"] = []jsonObject{{"secondaryDeliveryMethod": "SMS", "phoneNumber": jsonObject{"countryCode": "46", "number": "700000000"}}}
	}
	if r.check != "" {
		numbers := []string{}
		if r.check == "ready" {
			numbers = append(numbers, "46 700000001")
		}
		out["idCheckConfigurationName"], out["smsAuthentication"] = "SMS Auth $", jsonObject{"senderProvidedNumbers": numbers}
	}
	return out
}

// person is who the template names.
func (r *roleStory) person() (name, email string) {
	name, email = strings.ToUpper(r.who), r.who+"@fixed.test"
	switch r.fixed {
	case "bad address":
		email = r.who + "@fixed"
	case "no name":
		name = ""
	}
	return name, email
}

func tabsJSON(tabs []tabStory) jsonObject {
	out := jsonObject{}
	for i := range tabs {
		tab := &tabs[i]
		list, _ := out[tab.list].([]jsonObject)
		out[tab.list] = append(list, tab.json())
	}
	return out
}

// json is the tab with the properties that its type has.
func (tab *tabStory) json() jsonObject {
	required, locked := fmt.Sprint(tab.required), fmt.Sprint(tab.locked)
	if tab.list == "radioGroupTabs" {
		radios := []jsonObject{}
		for _, option := range tab.options {
			radios = append(radios, jsonObject{"value": option, "selected": fmt.Sprint(option == tab.value), "pageNumber": "1", "required": required, "locked": locked})
		}
		return jsonObject{"groupName": tab.label, "documentId": "1", "radios": radios}
	}
	out := jsonObject{"tabLabel": tab.label, "documentId": "1", "pageNumber": "1"}
	switch tab.list {
	case "signHereTabs":
	case "noteTabs":
		out["value"] = tab.value
	case "checkboxTabs":
		out["selected"], out["required"], out["locked"] = fmt.Sprint(tab.value == "true"), required, locked
	default:
		out["value"], out["required"], out["locked"], out["senderRequired"] = tab.value, required, locked, fmt.Sprint(tab.sender)
		if tab.list != "listTabs" {
			out["validationPattern"], out["maxLength"] = tab.pattern, fmt.Sprint(tab.most)
			break
		}
		items := []jsonObject{}
		for _, option := range tab.options {
			items = append(items, jsonObject{"text": option, "value": option, "selected": fmt.Sprint(option == tab.value)})
		}
		out["listItems"] = items
	}
	return out
}

// GoString tells the story to whoever has to find the mistake.
func (s *promiseStory) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "account: %+v\nallow same person: %t, expire flag: %d\ntemplate:\n", s.account, s.samePerson, s.expire)
	var tree any
	json.Unmarshal(s.template.json(), &tree)
	pretty, _ := json.MarshalIndent(tree, "", " ")
	fmt.Fprintf(&b, "%s\nfile:\n%s", pretty, s.file())
	return abbreviated(b.String())
}

// abbreviated shortens long runs of one letter.
func abbreviated(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); {
		n := 1
		for i+n < len(runes) && runes[i+n] == runes[i] {
			n++
		}
		if n > 20 {
			fmt.Fprintf(&b, "%c(%d times)", runes[i], n)
		} else {
			b.WriteString(string(runes[i : i+n]))
		}
		i += n
	}
	return b.String()
}

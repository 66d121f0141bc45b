package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"batchsend/internal/sandbox"
)

// What the rows of a story say, in lines, and what the sandbox made, in the same
// lines. Neither knows anything of the program.

// wants says which envelope a story's rows ask for.
func (s *promiseStory) wants(e *envelopeStory) []string {
	tpl := &s.template
	var lines []string
	taken := map[*rowStory]bool{}
	var people []person
	for i := range tpl.roles {
		r := &tpl.roles[i]
		p := person{role: r.name, order: r.order, kind: r.kind}
		switch {
		case r.fixed == "group":
			p.group = "7"
		case r.fixed != "":
			p.name, p.email = r.person()
		}
		if r.fixed != "" && r.needsCode {
			p.code = "stored-1"
		}
		if r.texted {
			p.phone = "46 700000000"
		}
		p.tabs = r.values(nil)
		if r.open() {
			row := e.rowFor(r, taken)
			if row == nil {
				lines = append(lines, "nobody is given for role "+r.name)
				continue
			}
			taken[row] = true
			p.name, p.email, p.note, p.code = strings.TrimSpace(row.name), strings.TrimSpace(row.email), strings.TrimSpace(row.note), strings.TrimSpace(row.code)
			if row.phone != "" {
				p.phone = "no number: " + row.phone
				if n, ok := phoneNumbers[row.phone]; ok {
					p.phone = n.CountryCode + " " + n.Number
				}
			}
			p.tabs = r.values(row.tabs)
		}
		people = append(people, p)
	}
	for i := range tpl.crowd {
		people = append(people, person{role: fmt.Sprint("Copy ", i), order: 3, kind: "carbonCopies", name: fmt.Sprint("C", i), email: fmt.Sprintf("c%d@fixed.test", i)})
	}
	for _, row := range e.rows {
		if !taken[row] {
			lines = append(lines, fmt.Sprintf("a row for %q at %q finds no place", row.role, row.order))
		}
	}
	fields := map[string]string{}
	for _, f := range tpl.fields {
		fields[f.name] = f.value
	}
	for name, value := range e.fields {
		if value = strings.TrimSpace(value); value != "" {
			fields[name] = value
		}
	}
	for name, value := range fields {
		lines = append(lines, fmt.Sprintf("field %s=%q", name, value))
	}
	for _, p := range people {
		lines = append(lines, p.String())
	}
	subject, blurb := s.texts(e)
	lines = append(lines, s.textLine("subject", subject, people, fields), s.textLine("message", blurb, people, fields))
	slices.Sort(lines)
	return lines
}

// texts are the subject and message that the rows ask for, or the template's.
func (s *promiseStory) texts(e *envelopeStory) (subject, blurb string) {
	subject, blurb = strings.TrimSpace(e.subject), strings.TrimSpace(e.blurb)
	if subject == "" {
		subject = s.template.subject
	}
	if blurb == "" {
		blurb = s.template.blurb
	}
	return subject, blurb
}

// unclear tells whether a text has a merge field that names several roles: whom
// it means is not known.
func (s *promiseStory) unclear(text string) bool {
	return slices.ContainsFunc(s.template.roles, func(r roleStory) bool {
		return s.template.shared(r.name) && strings.Contains(text, "[["+r.name+"_")
	})
}

// textLine fills in a text's merge fields.
func (s *promiseStory) textLine(what, text string, people []person, fields map[string]string) string {
	if s.unclear(text) {
		return what + ": not compared"
	}
	for name, value := range fields {
		text = strings.ReplaceAll(text, "[[ECF:"+name+"]]", value)
	}
	for _, p := range people {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "[["+p.role+"_UserName]]", p.name), "[["+p.role+"_Email]]", p.email)
	}
	return what + ": " + text
}

// rowFor finds the row that fills a role.
func (e *envelopeStory) rowFor(r *roleStory, taken map[*rowStory]bool) *rowStory {
	for _, row := range e.rows {
		if !taken[row] && row.role == r.name && (strings.TrimSpace(row.order) == "" || row.order == strconv.Itoa(r.order)) {
			return row
		}
	}
	return nil
}

// values are the tabs of a role with what a row gives.
func (r *roleStory) values(cells map[string]string) string {
	tabs := slices.Clone(r.tabs)
	slices.SortStableFunc(tabs, func(a, b tabStory) int { return strings.Compare(a.list, b.list) })
	var lost []string
	for _, label := range sortedKeys(cells) {
		cell := strings.TrimSpace(cells[label])
		if cell == "" {
			continue
		}
		found := false
		filled := map[string]bool{} // by list
		for i := range tabs {
			tab := &tabs[i]
			if tab.label != label || tab.list == "signHereTabs" {
				continue
			}
			found = true
			if first := tab.list == "radioGroupTabs" || strings.Contains(label, " "); first && filled[tab.list] {
				continue // DocuSign fills the first only
			}
			tab.value, filled[tab.list] = cell, true
			if tab.list == "checkboxTabs" {
				tab.value = ticks[cell]
			}
		}
		if !found {
			lost = append(lost, fmt.Sprintf("no tab %s=%q", label, cell))
		}
	}
	var out []string
	for _, tab := range tabs {
		if tab.list != "signHereTabs" {
			out = append(out, tabLine(tab.list, tab.label, tab.value))
		}
	}
	return strings.Join(append(out, lost...), " ")
}

func tabLine(list, label, value string) string {
	if list == "checkboxTabs" && value == "" {
		value = "false"
	}
	if len(value) > 50 {
		value = fmt.Sprintf("%s... (%d bytes)", value[:20], len(value))
	}
	return fmt.Sprintf("%s/%s=%q", list, label, value)
}

// ticks are what people write for a tick, or for none.
var ticks = map[string]string{"true": "true", "yes": "true", "false": "false", "maybe": "neither"}

// phoneNumbers are the numbers in stories that can be called.
var phoneNumbers = map[string]sandbox.Phone{
	"+46 701234567": {CountryCode: "46", Number: "701234567"}, "0049 30 901820": {CountryCode: "49", Number: "30901820"},
}

// person is a recipient, as a story wants or the sandbox has them.
type person struct {
	role, kind               string
	order                    int
	name, email, group, note string
	code, phone, tabs        string
	amiss                    string // what is wrong with how they came in
}

func (p person) String() string {
	return fmt.Sprintf("%d %s %s: %q <%s>%s note=%q code=%q phone=%q %s%s", p.order, p.kind, p.role, p.name, p.email, p.group, p.note, p.code, p.phone, p.tabs, p.amiss)
}

// made says what the sandbox made of an envelope.
func (s *promiseStory) made(e *envelopeStory, env sandbox.Envelope) []string {
	var lines []string
	for _, r := range env.Recipients {
		p := person{role: r.Role, order: r.RoutingOrder, kind: r.Kind, name: r.Name, email: r.Email, group: r.SigningGroup, note: r.Note, code: r.AccessCode}
		if r.Told != (sandbox.Phone{}) {
			p.phone = r.Told.CountryCode + " " + r.Told.Number
		}
		var tabs []string
		for _, tab := range r.Tabs {
			if tab.Type != "signHereTabs" {
				tabs = append(tabs, tabLine(tab.Type, tab.Label, tab.Value))
			}
		}
		p.tabs = strings.Join(tabs, " ")
		if r.Added != "" {
			p.amiss = " added: " + r.Added
		}
		if !r.Mailed && r.Kind != "seals" {
			p.amiss += " not mailed"
		}
		lines = append(lines, p.String())
	}
	for _, role := range env.DroppedRoles {
		lines = append(lines, "dropped role "+role)
	}
	if env.Status != "sent" {
		lines = append(lines, "status "+env.Status)
	}
	for _, f := range env.CustomFields {
		if !strings.HasPrefix(f.Name, "batchsend") {
			lines = append(lines, fmt.Sprintf("field %s=%q", f.Name, f.Value))
		}
	}
	subject, blurb := "subject: "+env.EmailSubject, "message: "+env.EmailBlurb
	asked, askedBlurb := s.texts(e)
	if s.unclear(asked) {
		subject = "subject: not compared"
	}
	if s.unclear(askedBlurb) {
		blurb = "message: not compared"
	}
	lines = append(lines, subject, blurb)
	slices.Sort(lines)
	return lines
}

// days says which reminders and expiration the rows ask for: the row over the
// flag over the template over the account.
func (s *promiseStory) days(e *envelopeStory) string {
	n := s.accountDays()
	if t := s.template.notes; t != nil && !t.account {
		n.delay, n.frequency = t.delay, t.frequency
		if t.delay == 0 {
			n.frequency = 0
		}
		if !t.noExpiry {
			n.expire, n.warn = t.expire, t.warn
		}
	} else if t == nil { // as the sandbox reads a template that says nothing
		n.delay, n.frequency, n.expire, n.warn = 0, 0, 120, 0
	}
	if s.expire > 0 {
		n.expire = s.expire
	}
	for i, to := range []*int{&n.delay, &n.frequency, &n.expire, &n.warn} {
		cell := strings.TrimSpace(e.days[i])
		if cell == "" {
			continue
		}
		v, err := strconv.Atoi(cell)
		if err != nil {
			return "days that are none"
		}
		*to = v
	}
	return n.String()
}

// accountDays are the account's own.
func (s *promiseStory) accountDays() notesStory {
	a := s.account.notes
	n := notesStory{delay: a.ReminderDelay, frequency: a.ReminderFrequency, expire: 120}
	if a.Expires {
		n.expire, n.warn = a.ExpireAfter, a.ExpireWarn
	}
	return n
}

func (n notesStory) String() string {
	return fmt.Sprintf("remind %d, %d; expire %d, %d", n.delay, n.frequency, n.expire, n.warn)
}

// madeDays says which the sandbox applies.
func madeDays(n sandbox.Notification) string {
	var out notesStory
	if n.Reminders {
		out.delay, out.frequency = n.ReminderDelay, n.ReminderFrequency
	}
	if n.Expires {
		out.expire, out.warn = n.ExpireAfter, n.ExpireWarn
	}
	return out.String()
}

// plainly is what a program without any checks would ask DocuSign for. ok is
// false if the rows say what no request can.
func (s *promiseStory) plainly(e *envelopeStory) (request object, ok bool) {
	tpl := &s.template
	composite := slices.ContainsFunc(e.rows, func(r *rowStory) bool { return r.note != "" || r.phone != "" })
	var roles []object
	people := map[string][]object{}
	for i, row := range e.rows {
		trim := strings.TrimSpace
		place := object{"roleName": row.role, "name": trim(row.name), "email": trim(row.email)}
		if row.order != "" {
			place["routingOrder"] = row.order
		}
		if row.code != "" {
			place["accessCode"] = trim(row.code)
		}
		kind := "signers"
		tabs := object{}
		var role *roleStory
		for j := range tpl.roles {
			if r := &tpl.roles[j]; r.name == row.role && (row.order == "" || row.order == strconv.Itoa(r.order)) {
				role, kind = r, r.kind
				break
			}
		}
		for label, cell := range row.tabs {
			if cell = trim(cell); cell != "" {
				fillPlainly(tabs, role, label, cell)
			}
		}
		place["tabs"] = tabs
		if !composite {
			roles = append(roles, place)
			continue
		}
		place["recipientId"] = fmt.Sprint(i + 1)
		if role != nil && row.order == "" {
			place["routingOrder"] = strconv.Itoa(role.order)
		}
		if row.note != "" {
			place["note"] = trim(row.note)
		}
		if row.phone != "" {
			n, can := phoneNumbers[row.phone]
			if !can {
				return nil, false
			}
			place["additionalNotifications"] = []object{{"secondaryDeliveryMethod": "SMS", "phoneNumber": n}}
		}
		people[kind] = append(people[kind], place)
	}
	texts, lists := []object{}, []object{}
	for name, value := range e.fields {
		field := object{"name": name, "value": strings.TrimSpace(value)}
		if field["value"] == "" {
			continue
		}
		if slices.ContainsFunc(tpl.fields, func(f fieldStory) bool { return f.name == name && f.items != nil }) {
			lists = append(lists, field)
		} else {
			texts = append(texts, field)
		}
	}
	fields := object{"textCustomFields": texts, "listCustomFields": lists}
	request = object{"status": "sent", "emailSubject": strings.TrimSpace(e.subject), "emailBlurb": strings.TrimSpace(e.blurb), "transactionId": uuid.NewString()}
	if composite {
		request["compositeTemplates"] = []object{{
			"serverTemplates": []object{{"sequence": "1", "templateId": storyTemplate}},
			"inlineTemplates": []object{{"sequence": "2", "recipients": people, "customFields": fields}},
		}}
	} else {
		request["templateId"], request["templateRoles"], request["customFields"] = storyTemplate, roles, fields
	}
	if e.days != ([4]string{}) {
		request["notification"] = s.notePlainly(e)
	}
	return request, true
}

// fillPlainly adds a cell to the tabs of a request: to each type that bears the
// label, to all of one type where that can be said.
func fillPlainly(tabs object, role *roleStory, label, cell string) {
	add := func(list string, tab object) {
		all, _ := tabs[list].([]object)
		tabs[list] = append(all, tab)
	}
	counts := map[string]int{}
	if role != nil {
		for _, tab := range role.tabs {
			if tab.label == label {
				counts[tab.list]++
			}
		}
	}
	if len(counts) == 0 {
		add("textTabs", object{"tabLabel": label, "value": cell})
	}
	for list, n := range counts {
		mark := ""
		if n > 1 && !strings.Contains(label, " ") {
			mark = `\*`
		}
		switch list {
		case "radioGroupTabs":
			add(list, object{"groupName": label, "radios": []object{{"value": cell, "selected": "true"}}})
		case "checkboxTabs":
			add(list, object{"tabLabel": mark + label, "selected": ticks[cell]})
		default:
			add(list, object{"tabLabel": mark + label, "value": cell})
		}
	}
}

// notePlainly is the notification of a request whose rows give days.
func (s *promiseStory) notePlainly(e *envelopeStory) object {
	empty := &envelopeStory{}
	var n notesStory
	fmt.Sscanf(s.days(empty), "remind %d, %d; expire %d, %d", &n.delay, &n.frequency, &n.expire, &n.warn)
	cells := []string{strconv.Itoa(n.delay), strconv.Itoa(n.frequency), strconv.Itoa(n.expire), strconv.Itoa(n.warn)}
	for i, cell := range e.days {
		if cell = strings.TrimSpace(cell); cell != "" {
			cells[i] = cell
		}
	}
	return object{
		"useAccountDefaults": "false",
		"reminders":          object{"reminderEnabled": fmt.Sprint(cells[0] != "0" || e.days[0] != ""), "reminderDelay": cells[0], "reminderFrequency": cells[1]},
		"expirations":        object{"expireEnabled": "true", "expireAfter": cells[2], "expireWarn": cells[3]},
	}
}

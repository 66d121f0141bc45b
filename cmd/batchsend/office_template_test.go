package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// recordsAddress is the fixed recipient's of the template for two.
const recordsAddress = "records@office.example"

// The templates: for an employee and a manager, for one person, and copies of
// both under other IDs.
const (
	templateTwo = "0ffe1e77-0000-4000-8000-00000000000a"
	templateOne = "0ffe1e77-0000-4000-8000-00000000000b"
	otherTwo    = "0ffe1e77-0000-4000-8000-00000000000c"
	otherOne    = "0ffe1e77-0000-4000-8000-00000000000d"
)

// edition is what of the templates somebody may edit.
type edition struct {
	roles      [2]string
	orders     [2]int
	tab, field string
	number     bool // the tab is one for numbers
	twice      bool // the document has it twice
	delay      int  // days to the first reminder
	saved      time.Time
}

func firstEdition() edition {
	return edition{
		roles: [2]string{"Employee", "Manager"}, orders: [2]int{1, 2}, tab: "Salary", field: "Department",
		delay: 2, saved: time.Date(1999, 12, 1, 8, 0, 0, 0, time.UTC),
	}
}

// templates are all templates as REST JSON.
func (e *edition) templates() []json.RawMessage {
	return []json.RawMessage{
		e.template(templateTwo, "Offer letter", 2), e.template(templateOne, "Notice", 1),
		e.template(otherTwo, "Offer letter, new", 2), e.template(otherOne, "Notice, new", 1),
	}
}

type object map[string]any

func (e *edition) template(id, name string, roles int) json.RawMessage {
	var signers []object
	for i := range roles {
		tabs := object{"signHereTabs": []object{{"tabLabel": fmt.Sprint("Signature", i), "documentId": "1", "pageNumber": "1", "recipientId": fmt.Sprint(i + 1), "xPosition": "90", "yPosition": "610"}}}
		if i == 0 {
			kind := "textTabs"
			if e.number {
				kind = "numberTabs"
			}
			tab := object{"tabLabel": e.tab, "value": "", "required": "true", "documentId": "1", "pageNumber": "1", "recipientId": "1", "xPosition": "210", "yPosition": "300"}
			tabs[kind] = []object{tab}
			if e.twice {
				again := object{}
				for k, v := range tab {
					again[k] = v
				}
				again["yPosition"] = "500"
				tabs[kind] = []object{tab, again}
			}
		}
		signers = append(signers, object{
			"recipientId": fmt.Sprint(i + 1), "roleName": e.roles[i], "routingOrder": fmt.Sprint(e.orders[i]), "name": "", "email": "",
			"deliveryMethod": "email", "templateLocked": "false", "templateRequired": "false", "tabs": tabs,
		})
	}
	recipients := object{"signers": signers}
	if roles == 2 {
		recipients["carbonCopies"] = []object{{"recipientId": "3", "roleName": "Records", "routingOrder": "3", "name": "Records", "email": recordsAddress, "deliveryMethod": "email", "templateLocked": "false", "templateRequired": "false"}}
	}
	text, err := json.Marshal(object{
		"templateId": id, "name": name, "shared": "false", "uri": "/templates/" + id, "emailSubject": "Please sign: " + name, "emailBlurb": "Please read and sign.",
		"created": "1999-11-02T03:04:05.0000000Z", "lastModified": e.saved.UTC().Format("2006-01-02T15:04:05.0000000Z"),
		"notification": object{
			"useAccountDefaults": "false",
			"reminders":          object{"reminderEnabled": "true", "reminderDelay": fmt.Sprint(e.delay), "reminderFrequency": "3"},
			"expirations":        object{"expireEnabled": "true", "expireAfter": "120", "expireWarn": "3"},
		},
		"customFields": object{"textCustomFields": []object{{"fieldId": "10000000001", "name": e.field, "show": "true", "required": "false", "value": ""}}},
		"documents":    []object{{"documentId": "1", "name": "letter.pdf", "order": "1", "pages": "1"}},
		"recipients":   recipients,
	})
	if err != nil {
		panic(err)
	}
	return text
}

// templateActions edit the template.
var templateActions = []action{
	{name: "template-order", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.orders = [2]int{e.orders[1], e.orders[0]}
		return "the manager and the employee change places in the routing order"
	})},
	{name: "template-role", before: edit(func(e *edition, _ *sheet, a act) string {
		e.roles[0] = []string{"Staff", "Employee"}[a.A%2]
		return fmt.Sprintf("the employee's role is called %s now", e.roles[0])
	})},
	{name: "template-role-and-file", before: edit(func(e *edition, s *sheet, a act) string {
		e.roles[0] = []string{"Staff", "Employee"}[a.A%2]
		s.roles = e.roles
		return fmt.Sprintf("the employee's role is called %s now, and in the file too", e.roles[0])
	})},
	{name: "template-tab-type", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.number = !e.number
		return "the salary's field gets another type"
	})},
	{name: "template-label-case", before: edit(func(e *edition, _ *sheet, a act) string {
		e.tab = []string{"SALARY", "Salary"}[a.A%2]
		return fmt.Sprintf("the salary's field is called %s now", e.tab)
	})},
	{name: "template-field-case", before: edit(func(e *edition, _ *sheet, a act) string {
		e.field = []string{"department", "Department"}[a.A%2]
		return fmt.Sprintf("the envelope's field is called %s now", e.field)
	})},
	{name: "template-second-tab", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.twice = !e.twice
		return "a second field with the salary's label comes or goes"
	})},
	{name: "template-reminders", before: edit(func(e *edition, _ *sheet, a act) string {
		e.delay = 1 + a.A%9
		return fmt.Sprintf("reminders begin after %d days", e.delay)
	})},
	{name: "template-saved", before: edit(func(*edition, *sheet, act) string { return "it is saved again as it was" })},
}

// edit makes an action of a change to the template.
func edit(change func(*edition, *sheet, act) string) func(*world, *desk, act) {
	return func(w *world, d *desk, a act) {
		what := ""
		w.editTemplates(func(e *edition) { what = change(e, d.sheet, a) })
		w.tell("somebody edits the template: %s", what)
	}
}

// editTemplates changes the templates when no call is being served.
func (w *world) editTemplates(change func(*edition)) {
	w.doors.Lock()
	defer w.doors.Unlock()
	change(&w.edition)
	w.edition.saved = time.Now()
	w.edits = append(w.edits, time.Now())
	w.server.Templates = w.edition.templates()
}

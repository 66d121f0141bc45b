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

// editionAt is the edition that there was at some moment.
func (w *world) editionAt(t time.Time) (e edition) {
	for _, at := range w.editions {
		if !at.saved.After(t) {
			e = at
		}
	}
	return e
}

// editTemplates changes the templates when no call is being served.
func (w *world) editTemplates(change func(*edition)) {
	w.doors.Lock()
	defer w.doors.Unlock()
	change(&w.edition)
	w.edition.saved = time.Now()
	w.editions = append(w.editions, w.edition)
	w.server.Templates = w.edition.templates()
}

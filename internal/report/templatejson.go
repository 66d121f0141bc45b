package report

import (
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/reminders"
	"batchsend/template"
)

// ListedTemplate is a template in a list, in JSON.
type ListedTemplate struct {
	ID       string    `json:"templateId"`
	Name     string    `json:"name"`
	Modified time.Time `json:"modified"`
}

// ListTemplates converts a list of templates.
func ListTemplates(list []template.Listed) []ListedTemplate {
	all := []ListedTemplate{}
	for _, t := range list {
		all = append(all, ListedTemplate(t))
	}
	return all
}

// TemplateDetails is all that a template asks for, in JSON.
type TemplateDetails struct {
	ID            string             `json:"templateId"`
	Name          string             `json:"name"`
	Modified      time.Time          `json:"modified"`
	Reminders     TemplateReminders  `json:"reminders"`
	MessageLocked bool               `json:"messageLocked"` // subject and message cannot be changed
	Roles         []TemplateRole     `json:"roles"`         // in routing order
	Fields        []TemplateField    `json:"fields"`        // envelope custom fields
	Documents     []TemplateDocument `json:"documents"`
	Singly        []string           `json:"singly"` // why its envelopes cannot be sent in bulk
	Header        []string           `json:"header"` // columns of a file to start from
}

// TemplateReminders is what applies to an envelope that overrides nothing, in days.
type TemplateReminders struct {
	Delay     int `json:"reminderDelay"`     // 0: no reminders
	Frequency int `json:"reminderFrequency"` // 0: no reminder after the first
	Expire    int `json:"expireAfter"`
	Warn      int `json:"expireWarn"` // 0: no warning
}

// TemplateRole is a role of a template in JSON.
type TemplateRole struct {
	Name         string `json:"roleName"`
	RoutingOrder int    `json:"routingOrder"`
	Kind         string `json:"kind"`
	// FilledBy is who settles the recipient: "row", "template", or "nobody" if the role
	// is locked or of a kind that a file cannot fill.
	FilledBy        string        `json:"filledBy"`
	PersonName      string        `json:"name,omitempty"` // whom the template names
	PersonEmail     string        `json:"email,omitempty"`
	SigningGroup    string        `json:"signingGroup,omitempty"`
	NeedsAccessCode bool          `json:"needsAccessCode"`
	NeedsPhone      bool          `json:"needsPhone"` // to prove who they are
	Tabs            []TemplateTab `json:"tabs"`
}

// TemplateTab is a tab that can be filled, in JSON.
type TemplateTab struct {
	Label     string   `json:"label"`
	Type      string   `json:"type"`
	Options   []string `json:"options,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"` // in characters
	Pattern   string   `json:"pattern,omitempty"`   // a regular expression that the value must match
	Required  string   `json:"required"`            // of the "sender", the "recipient", or "nobody"
	Locked    bool     `json:"locked"`              // the recipient cannot change it
	Filled    bool     `json:"filled"`              // the template has a value
}

// TemplateField is an envelope custom field in JSON.
type TemplateField struct {
	Name     string   `json:"name"`
	Options  []string `json:"options,omitempty"`
	Required bool     `json:"required"`
	Value    string   `json:"value,omitempty"` // if a row gives none
}

// TemplateDocument is a document of a template in JSON.
type TemplateDocument struct {
	Name    string        `json:"name"`
	Prefill []TemplateTab `json:"prefill"` // fields that the sender fills, in the template
}

// Details tells all that a template asks for. bulkForbidden says that the account may
// not send in bulk.
func Details(t *template.Template, base reminders.Settings, rules envelope.Rules, bulkForbidden bool) *TemplateDetails {
	d := &TemplateDetails{
		ID: t.ID, Name: t.Name, Modified: t.Modified, Reminders: TemplateReminders(base), MessageLocked: t.MessageLocked,
		Roles: []TemplateRole{}, Fields: []TemplateField{}, Documents: []TemplateDocument{}, Header: startingHeader(t),
	}
	for i := range t.Roles {
		r := &t.Roles[i]
		role := TemplateRole{
			Name: r.Name, RoutingOrder: r.RoutingOrder, Kind: string(r.Kind), FilledBy: "row",
			PersonName: r.Person.Name, PersonEmail: r.Person.Email, SigningGroup: r.Person.Group,
			NeedsAccessCode: r.NeedsAccessCode, NeedsPhone: r.Check == template.PhoneCheckBlank, Tabs: tabsOf(r.Tabs),
		}
		if r.Fixed() {
			role.FilledBy = "template"
		} else if r.Refusal() != nil {
			role.FilledBy = "nobody"
		}
		d.Roles = append(d.Roles, role)
	}
	for _, f := range t.Fields {
		d.Fields = append(d.Fields, TemplateField{f.Name, f.Options, f.Required, f.Value})
	}
	for i := range t.Documents {
		d.Documents = append(d.Documents, TemplateDocument{t.Documents[i].Name, tabsOf(t.Documents[i].Prefill)})
	}
	if bulkForbidden {
		d.Singly = append(d.Singly, "the account does not allow it")
	}
	d.Singly = orEmpty(append(d.Singly, envelope.SinglyBecause(t, rules)...))
	return d
}

// tabsOf converts the tabs that can be filled.
func tabsOf(tabs []template.Tab) []TemplateTab {
	all := []TemplateTab{}
	for _, t := range tabs {
		if !t.Type.Fillable() {
			continue
		}
		tab := TemplateTab{
			Label: t.Label, Type: strings.TrimSuffix(strings.TrimSuffix(string(t.Type), "Tabs"), "Group"),
			MaxLength: t.MaxLength, Pattern: t.Pattern, Required: "nobody", Locked: t.Locked, Filled: t.Filled,
		}
		if t.Type == template.Radio || t.Type == template.List {
			tab.Options = t.Options
		}
		switch {
		case t.SenderRequired:
			tab.Required = "sender"
		case t.Required:
			tab.Required = "recipient"
		}
		all = append(all, tab)
	}
	return all
}

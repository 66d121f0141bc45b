package docusign

import (
	"slices"

	"batchsend/envelope"
	"batchsend/template"
)

// The names of our hidden envelope custom fields.
const (
	// IdentityField carries the transaction ID, which DocuSign itself forgets
	// after seven days.
	IdentityField = "batchsendId"
	// LotField carries the ID of the lot of which the envelope is a copy.
	LotField = "batchsendLot"
	// BatchField carries [envelope.BatchID], by which all envelopes of a batch
	// are found, whichever ledger knows of them.
	BatchField = "batchsendBatch"
)

// ours reports whether a custom field is one of those that we add.
func ours(name string) bool { return name == IdentityField || name == LotField || name == BatchField }

// What a request to create an envelope says. Properties are those of the
// schema "envelopeDefinition" and those that it refers to.
type (
	wireDefinition struct {
		Status             text              `json:"status"`
		TemplateID         text              `json:"templateId,omitempty"`
		CompositeTemplates []wireComposite   `json:"compositeTemplates,omitempty"`
		EmailSubject       text              `json:"emailSubject,omitempty"`
		EmailBlurb         text              `json:"emailBlurb,omitempty"`
		TransactionID      text              `json:"transactionId"`
		CustomFields       *wireCustomFields `json:"customFields,omitempty"`
		Notification       *wireNotification `json:"notification,omitempty"`
		TemplateRoles      []wirePlace       `json:"templateRoles,omitempty"`
	}

	wireComposite struct {
		ID              text                 `json:"compositeTemplateId"`
		ServerTemplates []wireServerTemplate `json:"serverTemplates"`
		InlineTemplates []wireInlineTemplate `json:"inlineTemplates"`
	}

	wireServerTemplate struct {
		Sequence   text `json:"sequence"`
		TemplateID text `json:"templateId"`
	}

	wireInlineTemplate struct {
		Sequence     text                          `json:"sequence"`
		CustomFields *wireCustomFields             `json:"customFields"`
		Recipients   map[template.Kind][]wirePlace `json:"recipients"`
	}

	// wirePlace is a template role, or, with recipientId, note and
	// additionalNotifications, a recipient of an inline template.
	wirePlace struct {
		RecipientID   text                            `json:"recipientId,omitempty"`
		RoutingOrder  text                            `json:"routingOrder,omitempty"`
		RoleName      text                            `json:"roleName"`
		Name          text                            `json:"name"`
		Email         text                            `json:"email"`
		AccessCode    text                            `json:"accessCode,omitempty"`
		Note          text                            `json:"note,omitempty"`
		Notifications []wireAdditional                `json:"additionalNotifications,omitempty"`
		Tabs          map[template.TabType][]wireFill `json:"tabs,omitempty"`
	}

	wireAdditional struct {
		Method text    `json:"secondaryDeliveryMethod"`
		Phone  wireTel `json:"phoneNumber"`
	}

	wireTel struct {
		CountryCode text `json:"countryCode"`
		Number      text `json:"number"`
	}

	// wireFill is a tab with a value.
	wireFill struct {
		TabLabel  text        `json:"tabLabel,omitempty"`
		Value     text        `json:"value,omitempty"`
		Selected  text        `json:"selected,omitempty"`
		GroupName text        `json:"groupName,omitempty"`
		Radios    []wireRadio `json:"radios,omitempty"`
	}

	wireRadio struct {
		Value    text `json:"value"`
		Selected text `json:"selected"`
	}

	wireCustomFields struct {
		Text []wireField `json:"textCustomFields,omitempty"`
		List []wireField `json:"listCustomFields,omitempty"`
	}

	wireField struct {
		Name     text `json:"name"`
		Value    text `json:"value"`
		Show     text `json:"show"`
		Required text `json:"required"`
	}
)

// definition is env as a request with this status. The simple form suffices
// unless a recipient has what template roles cannot carry.
func definition(env *envelope.Envelope, status text) *wireDefinition {
	d := &wireDefinition{
		Status:        status,
		EmailSubject:  text(env.Subject),
		EmailBlurb:    text(env.Blurb),
		TransactionID: text(env.TransactionID.String()),
		Notification:  complete(env.Notification),
	}
	if composite(env) {
		d.CompositeTemplates = []wireComposite{overlay(env)}
		return d
	}
	d.TemplateID = text(env.TemplateID)
	d.CustomFields = identified(env)
	d.TemplateRoles = make([]wirePlace, 0, len(env.Recipients))
	for i := range env.Recipients {
		d.TemplateRoles = append(d.TemplateRoles, place(&env.Recipients[i]))
	}
	return d
}

// composite reports whether env needs composite templates.
func composite(env *envelope.Envelope) bool {
	return env.Texts() || slices.ContainsFunc(env.Recipients, func(r envelope.Recipient) bool { return r.Note != "" })
}

// overlay lays env's recipients over its template. Each stands in the list of
// its kind, as in the template, and the custom fields stand beside them:
// DocuSign ignores those at the root of such a request.
func overlay(env *envelope.Envelope) wireComposite {
	in := wireInlineTemplate{Sequence: "2", CustomFields: identified(env), Recipients: make(map[template.Kind][]wirePlace)}
	for i := range env.Recipients {
		r := &env.Recipients[i]
		p := place(r)
		p.RecipientID, p.RoutingOrder, p.Note = number(i+1), number(r.RoutingOrder), text(r.Note)
		if r.Phone != (envelope.Phone{}) {
			p.Notifications = []wireAdditional{{"SMS", wireTel{text(r.Phone.CountryCode), text(r.Phone.Number)}}}
		}
		in.Recipients[r.Kind] = append(in.Recipients[r.Kind], p)
	}
	return wireComposite{
		ID:              "1",
		ServerTemplates: []wireServerTemplate{{"1", text(env.TemplateID)}},
		InlineTemplates: []wireInlineTemplate{in},
	}
}

// place is r as a template role. Where the role's name is the only one of its
// kind it gives no routing order: DocuSign then matches by the name alone, as
// it recommends, even if somebody has just given the role another order in the
// template. Where several roles share the name, that would fill them one after
// the other, whoever is meant, or mail a recipient beside a fixed role; so the
// order is given, which matches if it equals the template's.
func place(r *envelope.Recipient) wirePlace {
	p := wirePlace{RoleName: text(r.Role), Name: text(r.Name), Email: text(r.Email), AccessCode: text(r.AccessCode)}
	if r.SharedRole {
		p.RoutingOrder = number(r.RoutingOrder)
	}
	for i := range r.Tabs {
		if p.Tabs == nil {
			p.Tabs = make(map[template.TabType][]wireFill)
		}
		t := &r.Tabs[i]
		p.Tabs[t.Type] = append(p.Tabs[t.Type], fill(t))
	}
	return p
}

// fill is t as its type wants it. A label that begins with \* stands for all
// tabs that bear it; without, DocuSign fills the first only.
func fill(t *envelope.Tab) wireFill {
	label, value := text(t.Label), text(t.Value)
	if t.Type == template.Radio {
		return wireFill{GroupName: label, Radios: []wireRadio{{value, boolean(true)}}}
	}
	if t.All {
		label = `\*` + label
	}
	if t.Type == template.Checkbox {
		return wireFill{TabLabel: label, Selected: value}
	}
	return wireFill{TabLabel: label, Value: value}
}

// identified are env's custom fields and the hidden ones that carry its identity
// and its batch's.
func identified(env *envelope.Envelope) *wireCustomFields {
	return customFields(env.Fields,
		envelope.Field{Name: IdentityField, Value: env.TransactionID.String()},
		envelope.Field{Name: BatchField, Value: envelope.BatchID(env.Account, env.Batch)})
}

// customFields are own and, behind them, hidden.
func customFields(own []envelope.Field, hidden ...envelope.Field) *wireCustomFields {
	fields := &wireCustomFields{Text: make([]wireField, 0, len(own)+len(hidden))}
	for _, list := range [...][]envelope.Field{own, hidden} {
		for _, f := range list {
			w := wireField{text(f.Name), text(f.Value), boolean(f.Show), boolean(f.Required)}
			if f.List {
				fields.List = append(fields.List, w)
			} else {
				fields.Text = append(fields.Text, w)
			}
		}
	}
	return fields
}

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
		TemplateRoles      []wireRecipient   `json:"templateRoles,omitempty"`
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
		Sequence     text                              `json:"sequence"`
		CustomFields *wireCustomFields                 `json:"customFields"`
		Recipients   map[template.Kind][]wireRecipient `json:"recipients"`
	}

	// wireRecipient is a template role, or, with recipientId, note and
	// additionalNotifications, a recipient of an inline template.
	wireRecipient struct {
		RecipientID   text                                `json:"recipientId,omitempty"`
		RoutingOrder  text                                `json:"routingOrder,omitempty"`
		RoleName      text                                `json:"roleName"`
		Name          text                                `json:"name"`
		Email         text                                `json:"email"`
		AccessCode    text                                `json:"accessCode,omitempty"`
		Note          text                                `json:"note,omitempty"`
		Notifications []wireAdditional                    `json:"additionalNotifications,omitempty"`
		Tabs          map[template.TabType][]wireTabValue `json:"tabs,omitempty"`
	}

	wireAdditional struct {
		Method text    `json:"secondaryDeliveryMethod"`
		Phone  wireTel `json:"phoneNumber"`
	}

	wireTel struct {
		CountryCode text `json:"countryCode"`
		Number      text `json:"number"`
	}

	// wireTabValue is a tab with a value.
	wireTabValue struct {
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

// definition is the request that creates env with this status. It has the simple form,
// unless a recipient has something that template roles cannot express.
func definition(env *envelope.Envelope, status text) *wireDefinition {
	d := &wireDefinition{
		Status:        status,
		EmailSubject:  text(env.Subject),
		EmailBlurb:    text(env.Blurb),
		TransactionID: text(env.TransactionID.String()),
		Notification:  complete(env.Notification),
	}
	if composite(env) {
		d.CompositeTemplates = []wireComposite{compositeTemplate(env)}
		return d
	}
	d.TemplateID = text(env.TemplateID)
	d.CustomFields = identityFields(env)
	d.TemplateRoles = make([]wireRecipient, 0, len(env.Recipients))
	for i := range env.Recipients {
		d.TemplateRoles = append(d.TemplateRoles, templateRole(&env.Recipients[i]))
	}
	return d
}

// composite reports whether env needs composite templates.
func composite(env *envelope.Envelope) bool {
	return env.Texts() || slices.ContainsFunc(env.Recipients, func(r envelope.Recipient) bool { return r.Note != "" })
}

// compositeTemplate adds env's recipients to its template. Each is in the list of its
// kind, as in the template. The custom fields are beside them, because DocuSign ignores
// those at the root of such a request.
func compositeTemplate(env *envelope.Envelope) wireComposite {
	in := wireInlineTemplate{Sequence: "2", CustomFields: identityFields(env), Recipients: make(map[template.Kind][]wireRecipient)}
	for i := range env.Recipients {
		r := &env.Recipients[i]
		p := templateRole(r)
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

// templateRole is r as a template role. If no other role has the same name it gives no
// routing order: DocuSign then matches the role by name alone, as it recommends, even if
// somebody has just changed the order in the template. If several roles have the name,
// DocuSign would fill them one after the other, or mail a recipient in addition to a
// fixed role; so the routing order is given, which matches if it is the template's.
func templateRole(r *envelope.Recipient) wireRecipient {
	p := wireRecipient{RoleName: text(r.Role), Name: text(r.Name), Email: text(r.Email), AccessCode: text(r.AccessCode)}
	if r.SharedRole {
		p.RoutingOrder = number(r.RoutingOrder)
	}
	for i := range r.Tabs {
		if p.Tabs == nil {
			p.Tabs = make(map[template.TabType][]wireTabValue)
		}
		t := &r.Tabs[i]
		p.Tabs[t.Type] = append(p.Tabs[t.Type], tabValue(t))
	}
	return p
}

// tabValue is t in the form that its type needs. A label that begins with \* means all
// tabs with that label; otherwise DocuSign fills only the first.
func tabValue(t *envelope.Tab) wireTabValue {
	label, value := text(t.Label), text(t.Value)
	if t.Type == template.Radio {
		return wireTabValue{GroupName: label, Radios: []wireRadio{{value, boolean(true)}}}
	}
	if t.All {
		label = `\*` + label
	}
	if t.Type == template.Checkbox {
		return wireTabValue{TabLabel: label, Selected: value}
	}
	return wireTabValue{TabLabel: label, Value: value}
}

// identityFields are env's custom fields and the hidden ones with its transaction ID and
// its batch's ID.
func identityFields(env *envelope.Envelope) *wireCustomFields {
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

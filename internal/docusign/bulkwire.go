package docusign

import (
	"cmp"
	"fmt"
	"strings"

	"batchsend/envelope"
)

// What a bulk send list says: the schema "bulkSendingList" and those that it
// refers to. A custom field's value may be empty but must be there, and a tab's
// must not be empty.
type (
	wireList struct {
		Name   text       `json:"name"`
		Copies []wireCopy `json:"bulkCopies"`
	}

	wireCopy struct {
		EmailSubject text            `json:"emailSubject,omitempty"`
		EmailBlurb   text            `json:"emailBlurb,omitempty"`
		CustomFields []wireCopyField `json:"customFields"`
		Recipients   []wireCopyPlace `json:"recipients"`
	}

	wireCopyField struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	}

	wireCopyPlace struct {
		RoleName   text          `json:"roleName"`
		Name       text          `json:"name"`
		Email      text          `json:"email"`
		Note       text          `json:"note,omitempty"`
		AccessCode text          `json:"accessCode,omitempty"`
		Tabs       []wireCopyTab `json:"tabs,omitempty"`
	}

	wireCopyTab struct {
		TabLabel     text `json:"tabLabel"`
		InitialValue text `json:"initialValue"`
	}

	// wireLot asks to test or send a list: the schema "bulkSendRequest".
	wireLot struct {
		Draft     envelope.ID `json:"envelopeOrTemplateId"`
		BatchName text        `json:"batchName,omitempty"`
	}
)

// lotDefinition is the draft of which the envelopes of like's group become
// copies. It holds what a copy cannot say for itself, and a place for all that
// it can: every text custom field, ours among them, and somebody in every role.
func lotDefinition(like *envelope.Envelope, id envelope.TransactionID) *wireDefinition {
	fields := make([]envelope.Field, len(like.Fields))
	for i, f := range like.Fields {
		if !f.List { // each copy gives its own
			f.Value = ""
		}
		fields[i] = f
	}
	return &wireDefinition{
		Status:        statusDraft,
		TemplateID:    text(like.TemplateID),
		TransactionID: text(id.String()),
		CustomFields:  customFields(fields, envelope.Field{Name: IdentityField}, envelope.Field{Name: BatchField}, envelope.Field{Name: LotField}),
		Notification:  complete(like.Notification),
		TemplateRoles: placeholders(like.Recipients),
	}
}

// placeholders are somebody for each role, named as DocuSign's own examples
// name them. Source: how-to "How to bulk send envelopes".
func placeholders(recipients []envelope.Recipient) []wirePlace {
	places := make([]wirePlace, len(recipients))
	taken := make(map[string]bool)
	for i := range recipients {
		role := recipients[i].Role
		part := addressPart(role)
		for n := i + 1; taken[strings.ToLower(part)]; n++ { // two at one address might count as one person
			part = fmt.Sprintf("%s-%d", addressPart(role), n)
		}
		taken[strings.ToLower(part)] = true
		places[i] = place(&envelope.Recipient{
			Role: role, SharedRole: recipients[i].SharedRole, RoutingOrder: recipients[i].RoutingOrder,
			Name:  cut("Multi Bulk Recipient::"+role, 100),
			Email: "multiBulkRecipients-" + part + "@docusign.com",
		})
	}
	return places
}

// addressPart is what of a role's name may stand in an e-mail address, and is
// short enough for one: 64 bytes may stand before the @.
func addressPart(role string) string {
	return cut(strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, role), 40)
}

// cut shortens s to what DocuSign counts as n characters at most, which are
// UTF-16 units for all we know.
func cut(s string, n int) string {
	for i, r := range s {
		if n--; r > 0xffff {
			n--
		}
		if n < 0 {
			return s[:i]
		}
	}
	return s
}

// listOf is the list of a lot's envelopes.
func listOf(lot *envelope.Lot, envs []*envelope.Envelope) *wireList {
	list := &wireList{Name: text(lot.Name()), Copies: make([]wireCopy, len(envs))}
	for i, env := range envs {
		list.Copies[i] = copyOf(lot, env)
	}
	return list
}

// copyOf is what tells env from the draft of its lot. A copy gets its subject
// and message as they are, with nothing left to be filled in.
func copyOf(lot *envelope.Lot, env *envelope.Envelope) wireCopy {
	w := wireCopy{
		EmailSubject: text(cmp.Or(env.MergedSubject, env.Subject)),
		EmailBlurb:   text(cmp.Or(env.MergedBlurb, env.Blurb)),
	}
	for _, f := range env.Fields {
		if !f.List {
			w.CustomFields = append(w.CustomFields, wireCopyField{text(f.Name), text(f.Value)})
		}
	}
	w.CustomFields = append(w.CustomFields,
		wireCopyField{IdentityField, text(env.TransactionID.String())},
		wireCopyField{BatchField, text(envelope.BatchID(env.Account, env.Batch))},
		wireCopyField{LotField, text(lot.ID)})
	for i := range env.Recipients {
		w.Recipients = append(w.Recipients, copyPlace(&env.Recipients[i]))
	}
	return w
}

func copyPlace(r *envelope.Recipient) wireCopyPlace {
	p := wireCopyPlace{
		RoleName: text(r.Role), Name: text(r.Name), Email: text(r.Email),
		Note: text(r.Note), AccessCode: text(r.AccessCode),
	}
	for _, t := range r.Tabs {
		if t.Value != "" { // as in a request of its own, see [wireFill]
			p.Tabs = append(p.Tabs, wireCopyTab{text(t.Label), text(t.Value)})
		}
	}
	return p
}

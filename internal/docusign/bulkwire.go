package docusign

import (
	"cmp"
	"fmt"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/remote"
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
		EmailSubject text                `json:"emailSubject,omitempty"`
		EmailBlurb   text                `json:"emailBlurb,omitempty"`
		CustomFields []wireCopyField     `json:"customFields"`
		Recipients   []wireCopyRecipient `json:"recipients"`
	}

	wireCopyField struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	}

	wireCopyRecipient struct {
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

// lotDefinition is the request for the draft of which the envelopes of like's group
// become copies. It has what a copy cannot set, and something to replace for all that a
// copy sets: every text custom field, ours among them, and a recipient in every role.
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

// placeholders are a recipient for each role, named as in DocuSign's own examples.
// Source: how-to "How to bulk send envelopes".
func placeholders(recipients []envelope.Recipient) []wireRecipient {
	places := make([]wireRecipient, len(recipients))
	taken := make(map[string]bool)
	for i := range recipients {
		role := recipients[i].Role
		part := addressPart(role)
		for n := i + 1; taken[strings.ToLower(part)]; n++ { // two with one address might count as one person
			part = fmt.Sprintf("%s-%d", addressPart(role), n)
		}
		taken[strings.ToLower(part)] = true
		places[i] = templateRole(&envelope.Recipient{
			Role: role, SharedRole: recipients[i].SharedRole, RoutingOrder: recipients[i].RoutingOrder,
			Name:  cut("Multi Bulk Recipient::"+role, 100),
			Email: "multiBulkRecipients-" + part + "@docusign.com",
		})
	}
	return places
}

// addressPart makes of a role's name the part of an e-mail address before the @, which may
// have 64 bytes.
func addressPart(role string) string {
	return cut(strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, role), 40)
}

// cut shortens s to n characters at most as DocuSign counts them: in UTF-16 units, as far
// as is known.
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
func listOf(lot *remote.Lot, envs []*envelope.Envelope) *wireList {
	list := &wireList{Name: text(lot.Name()), Copies: make([]wireCopy, len(envs))}
	for i, env := range envs {
		list.Copies[i] = copyOf(lot, env)
	}
	return list
}

// copyOf is how env differs from the draft of its lot. Subject and message must be
// complete: DocuSign fills in nothing for a copy.
func copyOf(lot *remote.Lot, env *envelope.Envelope) wireCopy {
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
		w.Recipients = append(w.Recipients, copyRecipient(&env.Recipients[i]))
	}
	return w
}

func copyRecipient(r *envelope.Recipient) wireCopyRecipient {
	p := wireCopyRecipient{
		RoleName: text(r.Role), Name: text(r.Name), Email: text(r.Email),
		Note: text(r.Note), AccessCode: text(r.AccessCode),
	}
	for _, t := range r.Tabs {
		if t.Value != "" { // a request for env alone leaves it out as well, see [wireTabValue]
			p.Tabs = append(p.Tabs, wireCopyTab{text(t.Label), text(t.Value)})
		}
	}
	return p
}

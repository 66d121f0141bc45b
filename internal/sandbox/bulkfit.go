package sandbox

import (
	"slices"
	"strings"
)

// fit holds a bulk list against what it is to be sent with.
type fit struct {
	pattern  *Envelope
	list     *bulkList
	problems []*refusal // each once
	seen     map[string]bool
}

func (f *fit) say(code, format string, args ...any) {
	problem := refuse(code, format, args...)
	if !f.seen[problem.Error()] {
		f.seen[problem.Error()] = true
		f.problems = append(f.problems, problem)
	}
}

// fit does all that test and send check. Where the beginning is wrong, nothing
// more is looked at.
func (s *Server) fit(c *call, b *bulk, source string) *fit {
	f := &fit{seen: make(map[string]bool)}
	id := c.PathValue("list")
	if i := b.listAt(id); i >= 0 {
		f.list = b.lists[i]
	} else {
		f.say("BULK_SEND_LIST_NOT_FOUND",
			"Bulk Sending list %s does not exist or you do not have permission to access it.", id)
		return f
	}
	if s.findSource(f, c, b, source); len(f.problems) > 0 {
		return f
	}
	queued, limit := b.queued(), s.bulkQueue()
	switch n := len(f.list.Copies); {
	case n == 0:
		f.say("BULK_SEND_ENVELOPE_LIST_CONTAINS_NO_COPIES",
			"Cannot send an envelope with a bulk sending list which contains no copies.")
	case n > s.bulkCopies():
		f.say("BULK_SEND_ENVELOPE_LIST_CONTAINS_TOO_MANY_COPIES",
			"Bulk sending list contains more than %d copies.", s.bulkCopies())
	case queued+n > limit:
		f.say("BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES",
			"Cannot send this bulk sending list because doing so would exceed the maximum of %d in-flight envelopes. "+
				"This account currently has %d envelopes waiting to be processed. Please try again later.", limit, queued)
	}
	f.compare()
	return f
}

// findSource finds the draft or template that copies are made of.
func (s *Server) findSource(f *fit, c *call, b *bulk, source string) {
	if source == "" {
		f.say("BULK_SEND_ENVELOPE_CANNOT_BE_NULL", "Cannot send a bulk list without an envelope.")
		return
	}
	unfit := func() {
		f.say("BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE", "Envelope %s is not in a sendable state.", source)
	}
	if e, ok := s.envelopes.get(source); ok {
		f.pattern = e
		if s.DraftOnce && slices.ContainsFunc(b.batches, func(q *batch) bool { return strings.EqualFold(q.Source, source) }) {
			unfit()
		}
	} else {
		template, err := s.template(source)
		if err != nil {
			f.say("BULK_SEND_ENVELOPE_NOT_FOUND",
				"Envelope %s does not exist or you do not have permission to access it.", source)
			return
		}
		d := new(draft)
		d.add(template)
		if f.pattern, err = s.compose(d, new(wireEnvelope), c.now); err != nil {
			unfit()
			return
		}
	}
	// Phones cannot be delivered to in bulk.
	if f.pattern.Status != statusCreated || len(f.pattern.Documents) == 0 ||
		slices.ContainsFunc(f.pattern.Recipients, func(r Recipient) bool { return r.byPhone() || r.Told != (Phone{}) }) {
		unfit()
	}
}

// compare holds every copy against the pattern.
func (f *fit) compare() {
	tabs := false
	for _, p := range f.pattern.Recipients {
		tabs = tabs || len(p.Tabs) > 0
		if p.Bulk {
			f.say("BULK_SEND_ENVELOPE_HAS_BULK_RECIPIENT", "Recipient %s is a bulk recipient. This is not supported.", or(p.Role, p.ID))
		}
	}
	for i := range f.list.Copies {
		c := &f.list.Copies[i]
		if len(f.pattern.Recipients) == 0 && len(c.Recipients) > 0 {
			f.say("BULK_SEND_ENVELOPE_HAS_NO_RECIPIENTS", "Bulk sending copy contains recipients, but the specified envelope does not.")
			continue
		}
		f.places(c)
		for j := range c.Recipients {
			f.tabs(&c.Recipients[j], tabs)
		}
		f.fields(c)
		f.duplicates(c)
	}
}

// places checks that every recipient of a copy has a place in the pattern, and
// every place that waits for somebody a recipient.
func (f *fit) places(c *bulkCopy) {
	taken, byID := make(map[int]bool), false
	for i := range c.Recipients {
		r := &c.Recipients[i]
		byID = r.ID != ""
		at := r.place(f.pattern)
		switch {
		case at >= 0:
			taken[at] = true
		case byID:
			f.say("BULK_SEND_RECIPIENT_ID_DOES_NOT_EXIST_IN_ENVELOPE", "Recipient %s does not exist in the envelope.", r.ID)
		default:
			f.say("BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH", "Recipient Role %s does not match.", r.Role)
		}
	}
	for i, p := range f.pattern.Recipients {
		switch {
		case taken[i] || p.fixed() && !isPlaceholder(p.Email):
		case byID || p.Role == "":
			f.say("BULK_SEND_RECIPIENT_ID_DOES_NOT_MATCH", "Recipient ID %s does not match.", p.ID)
		default:
			f.say("BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH", "Recipient Role %s does not match.", p.Role)
		}
	}
}

// tabs checks that the pattern has a recipient's tabs, at that recipient and of
// a type that can be filled. any tells that it has tabs at all.
func (f *fit) tabs(r *bulkRecipient, any bool) {
	at := r.place(f.pattern)
	for _, t := range r.Tabs {
		fits, elsewhere := false, false
		for i, p := range f.pattern.Recipients {
			for _, own := range p.Tabs {
				if own.Label != string(t.Label) {
					continue
				}
				elsewhere = true
				fits = fits || i == at && slices.Contains(bulkTabs, own.Type)
			}
		}
		switch {
		case fits:
		case !any:
			f.say("BULK_SEND_ENVELOPE_HAS_NO_TABS", "Bulk sending copy contains tabs, but the specified envelope does not.")
		case elsewhere:
			f.say("BULK_SEND_TAB_DOES_NOT_MATCH", "Tab %s does not match %[1]s in envelope.", t.Label)
		default:
			f.say("BULK_SEND_TAB_LABEL_DOES_NOT_EXIST_IN_ENVELOPE", "Tab with label %s does not exist in envelope.", t.Label)
		}
	}
}

// fields checks that the pattern has a copy's custom fields.
func (f *fit) fields(c *bulkCopy) {
	for _, field := range c.Fields {
		name, near := string(field.Name), ""
		found := slices.ContainsFunc(f.pattern.CustomFields, func(own CustomField) bool {
			if strings.EqualFold(own.Name, name) {
				near = own.Name
			}
			return own.Name == name
		})
		switch {
		case found:
		case len(f.pattern.CustomFields) == 0:
			f.say("BULK_SEND_ENVELOPE_HAS_NO_ENVELOPE_CUSTOM_FIELDS",
				"Bulk sending copy contains custom fields, but the specified envelope does not.")
		case near != "":
			f.say("BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_DOES_NOT_MATCH",
				"Custom field names must match. %s and %s do not match.", name, near)
		default:
			f.say("BULK_SEND_ENVELOPE_CUSTOM_FIELD_DOES_NOT_EXIST_IN_ENVELOPE",
				"Custom field %s does not exist in the envelope.", name)
		}
	}
}

func (f *fit) duplicates(c *bulkCopy) {
	if twin := duplicate(c.people(f.pattern)); twin != "" {
		f.say("BULK_SEND_DUPLICATE_RECIPIENT_DETECTED",
			"Duplicate recipients (%s) not allowed, unless recipients have unique routing order specified on envelope.", twin)
	}
}

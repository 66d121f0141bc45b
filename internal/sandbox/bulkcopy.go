package sandbox

import (
	"slices"
	"strings"
)

// bulkTabs are the tabs a bulk list can fill.
var bulkTabs = []string{"textTabs", "radioGroupTabs", "listTabs"}

// place finds the recipient of a pattern that a copy's recipient stands for, -1
// if there is none. Roles may differ in case, as they do in DocuSign's own
// example.
func (r *bulkRecipient) place(pattern *Envelope) int {
	if r.ID != "" {
		return slices.IndexFunc(pattern.Recipients, func(p Recipient) bool { return p.ID == string(r.ID) })
	}
	role := string(r.Role)
	if i := slices.IndexFunc(pattern.Recipients, func(p Recipient) bool { return p.Role == role }); i >= 0 {
		return i
	}
	return slices.IndexFunc(pattern.Recipients, func(p Recipient) bool { return strings.EqualFold(p.Role, role) })
}

// over puts a copy's recipient over that of the pattern, but for the tabs.
// Whoever or whatever the copy does not name stays as it is, except that nobody
// is left at a placeholder's address.
func (r *bulkRecipient) over(p Recipient) Recipient {
	if isPlaceholder(p.Email) {
		p.Name, p.Email = "", ""
	}
	name, email := r.Name, r.Email
	if p.Kind == "inPersonSigners" {
		name, email = or(r.HostName, name), or(r.HostEmail, email)
		overlay(&p.SignerName, string(r.SignerName))
	}
	overlay(&p.Name, string(name))
	overlay(&p.Email, string(email))
	overlay(&p.SigningGroup, string(r.SigningGroup))
	overlay(&p.ClientUserID, string(r.ClientUserID))
	overlay(&p.Note, string(r.Note))
	overlay(&p.AccessCode, string(r.AccessCode))
	return p
}

// people are the recipients of a copy: those of the pattern, with the copy's in
// their places.
func (c *bulkCopy) people(pattern *Envelope) []Recipient {
	out := slices.Clone(pattern.Recipients)
	for i := range c.Recipients {
		r := &c.Recipients[i]
		if at := r.place(pattern); at >= 0 {
			out[at] = r.over(out[at])
		}
	}
	return out
}

// sendCopy makes and sends the envelope of a copy whose turn has come. What is
// wrong with a copy alone, and not with how list and draft fit, shows only now.
func (s *Server) sendCopy(q *batch, i int) error {
	e, err := s.fillCopy(q, i)
	if err != nil {
		return err
	}
	if err := s.checkSendable(e); err != nil {
		return err
	}
	e.send(e.Created)
	_, err = s.envelopes.create(e, s.policy(e.Created))
	return err
}

func (s *Server) fillCopy(q *batch, i int) (*Envelope, error) {
	c, at := &q.Copies[i], q.due(i)
	whole := *q.Pattern
	e := &whole
	e.ID, e.Status, e.TransactionID = q.envelopeID(i), statusCreated, ""
	e.Created, e.Changed = at, at
	e.CustomFields = slices.Clone(e.CustomFields)
	for _, f := range c.Fields {
		for j := range e.CustomFields {
			if own := &e.CustomFields[j]; own.Name == string(f.Name) {
				own.Value = string(*f.Value)
			}
		}
	}
	e.Recipients = c.people(q.Pattern)
	for j := range c.Recipients {
		if err := s.AccessCodes.check(string(c.Recipients[j].AccessCode)); err != nil {
			return nil, err
		}
		place := &e.Recipients[c.Recipients[j].place(q.Pattern)]
		place.Tabs = slices.Clone(place.Tabs)
		for _, t := range c.Recipients[j].Tabs {
			if err := s.fillCopyTab(place.Tabs, t); err != nil {
				return nil, err
			}
		}
	}
	subject, blurb := said(e.MessageLocked, e.EmailSubject, e.EmailBlurb, c.Subject, c.Blurb)
	e.EmailSubject, e.EmailBlurb = merge(subject, e), merge(blurb, e)
	return e, checkTexts(e)
}

// fillCopyTab sets the tab with a label, or all of them if the Server is told
// to. A radio group's label is its name.
func (s *Server) fillCopyTab(tabs []Tab, t copyTab) error {
	for i := range tabs {
		tab := &tabs[i]
		if tab.Label != string(t.Label) || !slices.Contains(bulkTabs, tab.Type) {
			continue
		}
		if err := s.checkValue(*tab, string(t.Value)); err != nil {
			return err
		}
		tab.Value = string(t.Value)
		if !s.BulkEveryTab {
			return nil
		}
	}
	return nil
}

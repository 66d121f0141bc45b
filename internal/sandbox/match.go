package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
)

// draft is an envelope being put together from templates and a request.
type draft struct {
	subject, blurb string
	template       *blueprint // the first
	seats          []seat
	fields         []CustomField
	documents      []Document
	notification   json.RawMessage // of an inline template
	locked         bool            // subject and message are the template's
	exactLabels    bool            // in labels of tabs, \* stands for nothing
	changeOrder    bool            // a routing order in the request wins over the template's
}

// add puts a template on top of what is there.
func (d *draft) add(b *blueprint) {
	if d.template == nil {
		d.template, d.subject, d.blurb = b, b.subject, b.blurb
	}
	for _, place := range b.seats {
		place.Tabs = append([]Tab(nil), place.Tabs...)
		d.seats = append(d.seats, place)
	}
	d.setFields(b.fields)
	d.documents = append(d.documents, b.documents...)
	d.locked = d.locked || b.locked
}

// setFields puts custom fields over those of equal name and kind.
func (d *draft) setFields(fields []CustomField) {
next:
	for _, f := range fields {
		for i := range d.fields {
			if d.fields[i].Name == f.Name && d.fields[i].List == f.List {
				d.fields[i].Value = f.Value
				continue next
			}
		}
		d.fields = append(d.fields, f)
	}
}

// Why a recipient was added beside the template's roles.
const (
	addedUnknown = "the template has no role %q among its %s: DocuSign added a recipient without the template's tabs"
	addedOrder   = "role %q has routing order %d in the template, not %d: DocuSign added a recipient without the template's tabs"
	addedTwice   = "role %q was already filled: DocuSign added a second recipient without the template's tabs"
	addedEarly   = "role %q came before the server template in the sequence: DocuSign added a recipient without the template's tabs"
	addedFixed   = "role %q belongs to %s in the template: DocuSign kept that person and added this one"
)

// fillRoles gives the places of the template to the people of templateRoles.
// Whoever matches no place becomes an extra recipient: nothing is refused.
func (s *Server) fillRoles(d *draft, roles []wireRecipient) error {
	for _, role := range roles {
		if err := s.AccessCodes.check(string(role.AccessCode)); err != nil {
			return err
		}
		i, added := d.find("", role)
		if added != "" {
			if err := d.addPerson("signers", role, i, added); err != nil {
				return err
			}
			continue
		}
		if err := s.take(d, i, role); err != nil {
			return err
		}
	}
	return nil
}

// find returns the place that a role of the request matches. If it matches
// none, added says why; near is then the place it came near to, or -1. An empty
// kind means any, and then a place with a person of its own is not given away.
func (d *draft) find(kind string, role wireRecipient) (near int, added string) {
	name := string(role.RoleName)
	near = -1
	for i := range d.seats {
		place := &d.seats[i]
		if !place.inTemplate || name == "" || place.Role != name || kind != "" && place.Kind != kind {
			continue
		}
		if place.filled {
			if near < 0 {
				near, added = i, fmt.Sprintf(addedTwice, name)
			}
			continue
		}
		order, err := routingOrder(role.RoutingOrder, place.RoutingOrder)
		elsewhere := err == nil && order != place.RoutingOrder && !d.changeOrder
		if kind == "" && place.stored && !place.isPerson(role) {
			added = fmt.Sprintf(addedFixed, name, or(place.Name, place.Email))
			if near = i; elsewhere {
				continue // another place of that name may have the order
			}
			return near, added
		}
		if elsewhere {
			near, added = i, fmt.Sprintf(addedOrder, name, place.RoutingOrder, order)
			continue
		}
		return i, ""
	}
	if near < 0 {
		added = fmt.Sprintf(addedUnknown, name, or(kind, "recipients"))
	}
	return near, added
}

// isPerson tells whether a role names the person that a template stored.
func (p *seat) isPerson(role wireRecipient) bool {
	same := func(sent text, stored string) bool {
		return sent == "" || strings.EqualFold(strings.TrimSpace(string(sent)), stored)
	}
	return same(role.Name, p.Name) && same(role.Email, p.Email)
}

// take gives a place to the person of a role. Of a locked place only who sits
// there can be said, and the access code.
func (s *Server) take(d *draft, i int, role wireRecipient) error {
	place := &d.seats[i]
	order, err := routingOrder(role.RoutingOrder, place.RoutingOrder)
	if err != nil {
		return err
	}
	sent, err := personOf(place.Kind, role)
	if err != nil {
		return err
	}
	place.filled = true
	overlay(&place.Name, sent.Name)
	overlay(&place.Email, sent.Email)
	overlay(&place.SignerName, sent.SignerName)
	overlay(&place.AccessCode, sent.AccessCode)
	if !place.locked {
		place.RoutingOrder = order
		overlay(&place.Note, sent.Note)
		overlay(&place.ClientUserID, sent.ClientUserID)
		overlay(&place.SigningGroup, sent.SigningGroup)
		overlay(&place.Delivery, sent.Delivery)
		if sent.Phone.Number != "" {
			place.Phone = sent.Phone
		}
		if sent.Told != (Phone{}) {
			place.Told = sent.Told
		}
		if sent.PhoneCheck {
			place.PhoneCheck, place.CheckNumber = true, sent.CheckNumber
		}
	}
	place.Tabs, err = s.fillTabs(place.Tabs, role.Tabs, d.exactLabels)
	return err
}

func overlay(v *string, sent string) {
	if sent != "" {
		*v = sent
	}
}

// addPerson adds a recipient for a role that matched no place. near is the
// place it came near to, or -1. Where there is no template, nothing is amiss.
func (d *draft) addPerson(kind string, role wireRecipient, near int, why string) error {
	extra, err := personOf(kind, role)
	if err != nil {
		return err
	}
	extra.Tabs = ownTabs(role.Tabs)
	if d.template != nil {
		extra.Added = why
		if role.RoutingOrder == "" {
			extra.RoutingOrder = d.orderBeside(extra, near)
		}
	}
	d.seats = append(d.seats, seat{Recipient: extra, filled: true})
	return nil
}

// orderBeside is the routing order an added recipient gets when the request
// gives none: that of the same person elsewhere in the envelope, that of the
// place which was taken already, else 1.
func (d *draft) orderBeside(extra Recipient, near int) int {
	for _, place := range d.seats {
		if place.Email != "" && samePerson(place.Recipient, extra) {
			return place.RoutingOrder
		}
	}
	if near >= 0 && !d.seats[near].stored {
		return d.seats[near].RoutingOrder
	}
	return 1
}

// ownTabs keeps of the tabs in a request those that bring their own place.
func ownTabs(sent wireTabs) []Tab {
	var out []Tab
	for _, list := range sortedLists(sent) {
		for _, w := range sent[list] {
			if w.placed() {
				out = append(out, tabOf(list, w))
			}
		}
	}
	return out
}

func samePerson(a, b Recipient) bool {
	return strings.EqualFold(a.Name, b.Name) && strings.EqualFold(a.Email, b.Email)
}

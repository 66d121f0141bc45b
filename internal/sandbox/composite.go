package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// layer is a server template or an inline template within a composite.
type layer struct {
	sequence int
	server   *blueprint
	inline   *wireInline
}

// composite puts together the composite templates of a request: within each,
// the later of a sequence lies over the earlier; then all stand side by side.
func (s *Server) composite(request *wireEnvelope, exact, changeOrder bool) (*draft, error) {
	whole := &draft{exactLabels: exact, changeOrder: changeOrder}
	for _, w := range request.CompositeTemplates {
		layers, err := s.layers(w)
		if err != nil {
			return nil, err
		}
		part := &draft{exactLabels: exact, changeOrder: changeOrder}
		for _, l := range layers {
			if l.server != nil {
				part.cover(l.server)
				continue
			}
			if err := s.overlayInline(part, l.inline); err != nil {
				return nil, err
			}
		}
		if w.Document != nil {
			part.documents = documentsOf([]wireDocument{*w.Document})
		}
		whole.join(part)
	}
	return whole, nil
}

// layers returns a composite's templates by ascending sequence; equal sequences
// stay as they were written, server templates first.
func (s *Server) layers(w wireComposite) ([]layer, error) {
	var out []layer
	for _, t := range w.ServerTemplates {
		b, err := s.template(string(t.TemplateID))
		if err != nil {
			return nil, err
		}
		out = append(out, layer{sequence: sequence(t.Sequence), server: b})
	}
	for i := range w.InlineTemplates {
		inline := &w.InlineTemplates[i]
		out = append(out, layer{sequence: sequence(inline.Sequence), inline: inline})
	}
	slices.SortStableFunc(out, func(a, b layer) int { return cmp.Compare(a.sequence, b.sequence) })
	return out, nil
}

func sequence(t text) int {
	n, _ := strconv.Atoi(string(t)) // nonsense counts as 0: the original does not say
	return n
}

// cover lays a server template over what is there: a place of equal kind, role
// and routing order replaces the earlier one, and whoever sat there is lost.
// That is why a server template has to come before the inline one.
func (d *draft) cover(b *blueprint) {
	d.seats = slices.DeleteFunc(d.seats, func(old seat) bool {
		return slices.ContainsFunc(b.seats, func(place seat) bool {
			return place.Kind == old.Kind && place.Role == old.Role && place.RoutingOrder == old.RoutingOrder
		})
	})
	for i := range d.seats {
		if old := &d.seats[i]; !old.inTemplate && old.Added == "" {
			old.Added = fmt.Sprintf(addedEarly, old.Role)
		}
	}
	d.add(b)
}

// overlayInline lays an inline template over what is there. Unlike templateRoles
// it can replace the person whom a template stored.
func (s *Server) overlayInline(d *draft, w *wireInline) error {
	if w.Envelope != nil {
		d.say(w.Envelope)
		if w.Envelope.Notification != nil {
			d.notification = w.Envelope.Notification
		}
	}
	d.setFields(fieldsOf(w.CustomFields))
	if len(w.Documents) > 0 {
		d.documents = documentsOf(w.Documents)
	}
	for _, kind := range kinds {
		for _, r := range w.Recipients.of(kind) {
			if err := s.overlayRecipient(d, kind, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Server) overlayRecipient(d *draft, kind string, r wireRecipient) error {
	if err := s.AccessCodes.check(string(r.AccessCode)); err != nil {
		return err
	}
	i, why := d.find(kind, r)
	if why == "" {
		return s.take(d, i, r)
	}
	return d.addPerson(kind, r, i, why)
}

// join puts another composite's recipients beside those that are there. The
// same person at the same routing order is one recipient with the tabs of both;
// a role left empty here is dropped if the other composite fills it.
func (d *draft) join(part *draft) {
	if d.template == nil {
		d.template = part.template
	}
	if d.notification == nil {
		d.notification = part.notification
	}
	overlayIfEmpty(&d.subject, part.subject)
	overlayIfEmpty(&d.blurb, part.blurb)
	d.setFields(part.fields)
	d.documents = append(d.documents, part.documents...)
	d.locked = d.locked || part.locked
	before := len(d.seats)
next:
	for _, place := range part.seats {
		for i := range before {
			same := &d.seats[i]
			if place.fixed() && place.RoutingOrder == same.RoutingOrder && samePerson(place.Recipient, same.Recipient) {
				same.Tabs = append(same.Tabs, place.Tabs...)
				continue next
			}
		}
		d.seats = append(d.seats, place)
	}
	type role struct{ kind, name string }
	filled := make(map[role]bool)
	for _, place := range d.seats {
		if place.fixed() && place.Added == "" && place.Role != "" {
			filled[role{place.Kind, place.Role}] = true
		}
	}
	d.seats = slices.DeleteFunc(d.seats, func(place seat) bool {
		return !place.fixed() && filled[role{place.Kind, place.Role}]
	})
}

func overlayIfEmpty(v *string, other string) {
	if *v == "" {
		*v = other
	}
}

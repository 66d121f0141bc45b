package sandbox

import (
	"errors"
	"strings"
)

// addCustomFields answers POST envelopes/{envelope}/custom_fields, and
// changeCustomFields the PUT: fields of a draft are added, or get new values.
func (s *Server) addCustomFields(c *call) (any, error) {
	return s.writeCustomFields(c, func(e *Envelope, list []wireField, isList bool) error {
		d := draft{fields: append([]CustomField(nil), e.CustomFields...)}
		for _, f := range list {
			if f.Name == "" {
				return invalidParameter("A custom field has no name.")
			}
			d.setFields([]CustomField{fieldOf(f, isList)})
		}
		e.CustomFields = d.fields
		return nil
	})
}

func (s *Server) changeCustomFields(c *call) (any, error) {
	return s.writeCustomFields(c, func(e *Envelope, list []wireField, isList bool) error {
		e.CustomFields = append([]CustomField(nil), e.CustomFields...)
		for _, f := range list {
			own := e.field(f, isList)
			if own == nil {
				return invalidParameter("The envelope has no custom field %q.", string(or(f.FieldID, f.Name)))
			}
			overlay(&own.Name, string(f.Name))
			own.Value = string(f.Value)
		}
		return nil
	})
}

// field finds the field that a request means, by its ID or else its name.
func (e *Envelope) field(f wireField, isList bool) *CustomField {
	for i := range e.CustomFields {
		own := &e.CustomFields[i]
		if own.List == isList && (f.FieldID == "" && own.Name == string(f.Name) || string(f.FieldID) == fieldID(i)) {
			return own
		}
	}
	return nil
}

// writeCustomFields changes a draft's custom fields and answers with all.
func (s *Server) writeCustomFields(c *call, write func(e *Envelope, list []wireField, isList bool) error) (any, error) {
	var request wireFields
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	e, err := s.envelope(c)
	if err != nil {
		return nil, err
	}
	var answer *customFieldsAnswer
	err = s.changeDraft(c, e.ID, func(e *Envelope) error {
		if err := write(e, request.Text, false); err != nil {
			return err
		}
		if err := write(e, request.List, true); err != nil {
			return err
		}
		answer = e.customFields()
		return checkTexts(e)
	})
	return answer, err
}

// changeDraft edits an envelope that was not sent.
func (s *Server) changeDraft(c *call, id string, edit func(*Envelope) error) error {
	err := s.envelopes.change(id, s.policy(c.now), func(e *Envelope) error {
		if e.Status != statusCreated {
			return refuse("ENVELOPE_INVALID_STATUS", "Invalid envelope status. Envelope status is not one of: Created.")
		}
		return edit(e)
	})
	if errors.Is(err, errUnknown) {
		return noEnvelope()
	}
	return err
}

// moved is the part of the SDK's FoldersResponse that the Server knows. The
// shortened OpenAPI does not have it.
type moved struct {
	Envelopes []summary `json:"envelopes"`
}

// moveEnvelopes answers PUT folders/recyclebin, the only folder there is. All
// envelopes are moved, or none and the first that cannot be is named.
func (s *Server) moveEnvelopes(c *call) (any, error) {
	var request struct {
		EnvelopeIDs []text `json:"envelopeIds"`
	}
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	if folder := c.PathValue("folder"); !strings.EqualFold(folder, "recyclebin") {
		return nil, invalidParameter("Envelopes cannot be moved to the folder %q.", folder)
	}
	if len(request.EnvelopeIDs) == 0 {
		return nil, invalidParameter("envelopeIds is missing.")
	}
	for _, id := range request.EnvelopeIDs {
		e, ok := s.envelopes.get(string(id))
		if !ok {
			return nil, noEnvelope()
		}
		scrap := *e.at(c.now)
		if err := s.scrap(c, &scrap); err != nil {
			return nil, err
		}
	}
	out := moved{Envelopes: []summary{}}
	for _, id := range request.EnvelopeIDs {
		err := s.envelopes.change(string(id), s.policy(c.now), func(e *Envelope) error {
			err := s.scrap(c, e)
			out.Envelopes = append(out.Envelopes, summary{e.ID, "/envelopes/" + e.ID, wireTime(e.Changed), e.Status})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Delete has somebody delete an envelope in DocuSign: a draft, or one that was
// voided.
func (s *Server) Delete(id string) error {
	now := s.Now()
	return s.envelopes.change(id, s.policy(now), func(e *Envelope) error { return s.scrap(&call{now: now}, e) })
}

// scrap puts an envelope into the recycle bin. What was sent must be voided
// first, unless the Server is told that the bin does that.
func (s *Server) scrap(c *call, e *Envelope) error {
	switch e.Status {
	case statusCreated, statusVoided:
		e.Status, e.Changed = statusDeleted, c.now
	case statusSent:
		if s.BinVoids {
			return void(c, e, "The envelope was moved to the recycle bin.")
		}
		return refuse("ENVELOPE_INVALID_STATUS",
			"Invalid envelope status. The envelope %s was sent: void it before it is deleted.", e.ID)
	}
	return nil
}

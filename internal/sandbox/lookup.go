package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxPage is the longest page of envelopes, and as many IDs may be asked for at
// once. (How many IDs the original takes is not documented.)
const maxPage = 1000

// envelopeList is the OpenAPI's envelopesInformation. Envelopes is absent when
// nothing was found, as on the original.
type envelopeList struct {
	paging
	Envelopes    []envelopeAnswer    `json:"envelopes,omitempty"`
	Transactions []transactionAnswer `json:"envelopeTransactionStatuses,omitempty"`
	Queried      string              `json:"lastQueriedDateTime,omitempty"`
}

type transactionAnswer struct {
	TransactionID string     `json:"transactionId"`
	EnvelopeID    string     `json:"envelopeId,omitempty"`
	Status        string     `json:"status,omitempty"`
	Error         *errorBody `json:"errorDetails,omitempty"`
}

// search is what a list of envelopes is asked for. Empty parts do not matter.
type search struct {
	ids, transactions []string
	field             fieldValue
	from, to          time.Time
	moment            string   // which of an envelope's times lies between them
	statuses          []string // lower case
}

// listEnvelopes answers GET envelopes.
func (s *Server) listEnvelopes(c *call) (any, error) {
	q := search{ids: commaList(c.query("envelope_ids")), transactions: commaList(c.query("transaction_ids"))}
	if len(q.ids) == 0 && len(q.transactions) == 0 && c.query("from_date") == "" {
		return nil, invalidParameter("from_date is required unless envelope_ids or transaction_ids are given.")
	}
	if field := c.query("custom_field"); field != "" {
		var ok bool
		if q.field.name, q.field.value, ok = strings.Cut(field, "="); !ok {
			return nil, invalidParameter("custom_field must be name=value, not %q.", field)
		}
	}
	return s.list(c, q, func(e *Envelope) envelopeAnswer { return s.answerOf(c, e) })
}

// listStatus answers GET and PUT envelopes/status: the bare statuses of many.
func (s *Server) listStatus(c *call) (any, error) {
	var body struct {
		EnvelopeIDs    []text `json:"envelopeIds"`
		TransactionIDs []text `json:"transactionIds"`
	}
	if c.Method == http.MethodPut {
		if err := decode(c.body, &body); err != nil {
			return nil, err
		}
	}
	given := 0
	for _, name := range []string{"from_date", "envelope_ids", "transaction_ids"} {
		if c.query(name) != "" {
			given++
		}
	}
	if given != 1 {
		return nil, invalidParameter("Exactly one of from_date, envelope_ids and transaction_ids must be given.")
	}
	q := search{
		ids:          c.idList("envelope_ids", body.EnvelopeIDs),
		transactions: c.idList("transaction_ids", body.TransactionIDs),
	}
	return s.list(c, q, statusOf)
}

// idList reads IDs from the query, or from the body where the query says so.
func (c *call) idList(name string, inBody []text) []string {
	if !strings.EqualFold(c.query(name), "request_body") {
		return commaList(c.query(name))
	}
	out := make([]string, len(inBody))
	for i, id := range inBody {
		out[i] = string(id)
	}
	return out
}

// list finds envelopes and answers with the page of them that was asked for.
func (s *Server) list(c *call, q search, answer func(*Envelope) envelopeAnswer) (any, error) {
	if len(q.ids) > maxPage || len(q.transactions) > maxPage {
		return nil, invalidParameter("More than %d IDs were given.", maxPage)
	}
	var err error
	if q.from, q.to, err = c.period("from_date", "to_date"); err != nil {
		return nil, err
	}
	q.moment = strings.ToLower(c.query("from_to_status"))
	q.statuses = commaList(strings.ToLower(c.query("status")))

	var out envelopeList
	var found []*Envelope
	for _, e := range s.candidates(c, q, &out) {
		if e = e.at(c.now); q.wants(e) && !s.sendingHidden(c, q, e) {
			found = append(found, e)
		}
	}
	if strings.EqualFold(c.query("order"), "desc") {
		slices.Reverse(found)
	}
	p, err := c.page(len(found), maxPage)
	if err != nil {
		return nil, err
	}
	for _, e := range found[p.from:p.to] {
		out.Envelopes = append(out.Envelopes, answer(e))
	}
	out.paging, out.Queried = p.paging(c), wireTime(c.now)
	return out, nil
}

// candidates returns the envelopes among which to look: by the narrowest index.
// By their IDs envelopes are found at once, otherwise when they are indexed.
func (s *Server) candidates(c *call, q search, out *envelopeList) []*Envelope {
	if len(q.ids) > 0 {
		var found []*Envelope
		for _, id := range q.ids {
			if e, ok := s.envelopes.get(id); ok {
				found = append(found, e)
			}
		}
		return found
	}
	if len(q.transactions) > 0 {
		var found []*Envelope
		for _, id := range q.transactions {
			made := s.indexed(c, s.envelopes.byTransaction(id, c.now))
			out.Transactions = append(out.Transactions, transactionAnswers(id, made, c.now)...)
			found = append(found, made...)
		}
		return found
	}
	if q.field.name != "" {
		return s.indexed(c, s.envelopes.byField(q.field))
	}
	if c.query("from_date") == "" {
		return nil // a list of IDs that turned out to be empty
	}
	return s.indexed(c, s.envelopes.snapshot())
}

// sendingHidden tells whether a search by the time of sending does not know yet
// that e was sent: a draft may have been there for long.
func (s *Server) sendingHidden(c *call, q search, e *Envelope) bool {
	return q.moment == statusSent && len(q.ids) == 0 && len(q.transactions) == 0 && c.now.Sub(e.Sent) < s.IndexDelay
}

// indexed leaves out the envelopes that searches do not find yet.
func (s *Server) indexed(c *call, all []*Envelope) []*Envelope {
	return slices.DeleteFunc(all, func(e *Envelope) bool { return c.now.Sub(e.Created) < s.IndexDelay })
}

// transactionAnswers tells what became of a transaction ID: an entry for each
// envelope made with it, or one error.
func transactionAnswers(id string, made []*Envelope, now time.Time) []transactionAnswer {
	if len(made) == 0 {
		return []transactionAnswer{{TransactionID: id, Error: &errorBody{
			"ENVELOPE_DOES_NOT_EXIST", "No envelope was created with this transactionId.",
		}}}
	}
	var out []transactionAnswer
	for _, e := range made {
		out = append(out, transactionAnswer{TransactionID: id, EnvelopeID: e.ID, Status: e.at(now).Status})
	}
	return out
}

// wants tells whether a search is for this envelope.
func (q *search) wants(e *Envelope) bool {
	if q.field.name != "" && !e.has(q.field) {
		return false
	}
	if len(q.statuses) > 0 && !slices.Contains(q.statuses, e.Status) && !slices.Contains(q.statuses, "any") {
		return false
	}
	moment := e.Changed // for changed, and as on the original for delivered and signed
	switch q.moment {
	case statusCreated:
		moment = e.Created
	case statusSent:
		if e.Sent.IsZero() {
			return false
		}
		moment = e.Sent
	case statusVoided:
		if e.Status != statusVoided {
			return false
		}
	case statusDeleted:
		if e.Status != statusDeleted {
			return false
		}
	case "completed", "declined", "timedout", "processing":
		return false // nobody signs here, so nothing gets there
	}
	return within(moment, q.from, q.to)
}

func (e *Envelope) has(f fieldValue) bool {
	return slices.ContainsFunc(e.CustomFields, func(own CustomField) bool {
		return own.Name == f.name && own.Value == f.value
	})
}

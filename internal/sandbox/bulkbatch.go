package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxBatches is the longest page of batches.
const maxBatches = 100

// batchSummaries is the OpenAPI's bulkSendBatchSummaries. It says some things
// twice.
type batchSummaries struct {
	Batches     []batchSummary `json:"bulkBatchSummaries"`
	SizeLimit   string         `json:"batchSizeLimit"`
	Limit       string         `json:"queueLimit"`
	Queued      string         `json:"totalQueued"`
	ProcessMax  string         `json:"bulkProcessQueueLimit"`
	ProcessLoad string         `json:"bulkProcessTotalQueued"`
	paging
}

type batchSummary struct {
	ID        string `json:"batchId"`
	Name      string `json:"batchName"`
	Size      string `json:"batchSize"`
	URI       string `json:"batchUri"`
	Queued    string `json:"queued"`
	Sent      string `json:"sent"`
	Failed    string `json:"failed"`
	Submitted string `json:"submittedDate"`
}

// batchStatus is the OpenAPI's bulkSendBatchStatus.
type batchStatus struct {
	ID        string            `json:"batchId"`
	Name      string            `json:"batchName"`
	Size      string            `json:"batchSize"`
	Queued    string            `json:"queued"`
	Sent      string            `json:"sent"`
	Failed    string            `json:"failed"`
	Submitted string            `json:"submittedDate"`
	Source    string            `json:"envelopeIdOrTemplateId"`
	ListID    string            `json:"mailingListId"`
	ListName  string            `json:"mailingListName"`
	URI       string            `json:"envelopesUri"`
	Owner     string            `json:"ownerUserId"`
	Sender    string            `json:"senderUserId"`
	Resends   string            `json:"resendsRemaining"`
	Info      map[string]string `json:"envelopesInfo"` // by status
	Errors    []batchError      `json:"bulkErrors"`
}

type batchError struct {
	Created string   `json:"created"`
	Message string   `json:"errorMessage"`
	Emails  []string `json:"recipientEmails"`
}

func (q *batch) uri() string { return "/bulk_send_batch/" + q.ID }

func (q *batch) summary() batchSummary {
	return batchSummary{
		q.ID, q.Name, strconv.Itoa(q.Size), q.uri(), strconv.Itoa(q.queued()),
		strconv.Itoa(q.sent()), strconv.Itoa(len(q.failures)), wireTime(q.Submitted),
	}
}

// listBatches answers GET bulk_send_batch: the newest first, of the IDs, of the
// period, or all.
func (s *Server) listBatches(c *call, b *bulk) (any, error) {
	ids := commaList(c.query("batch_ids"))
	from, to, err := c.period("from_date", "to_date")
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 && !(from.IsZero() && to.IsZero()) {
		return nil, invalidParameter("batch_ids and from_date cannot be given together.")
	}
	state := strings.ToLower(or(c.query("status"), "all"))
	if !slices.Contains([]string{"all", "failed", "sent", "queued"}, state) {
		return nil, invalidParameter("status must be all, failed, sent or queued, not %q.", state)
	}
	wanted := strings.ToLower(c.query("search_text"))
	var found []*batch
	for _, q := range slices.Backward(b.batches) {
		counts := map[string]int{"all": 1, "failed": len(q.failures), "sent": q.sent(), "queued": q.queued()}
		if counts[state] > 0 && within(q.Submitted, from, to) && strings.Contains(strings.ToLower(q.Name), wanted) &&
			(len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, q.ID) })) {
			found = append(found, q)
		}
	}
	p, err := c.bulkPage(len(found), maxBatches)
	if err != nil {
		return nil, err
	}
	limit, queued := strconv.Itoa(s.bulkQueue()), strconv.Itoa(b.queued())
	out := batchSummaries{
		Batches: []batchSummary{}, SizeLimit: strconv.Itoa(s.bulkCopies()),
		Limit: limit, Queued: queued, ProcessMax: limit, ProcessLoad: queued, paging: p.paging(c),
	}
	for _, q := range found[p.from:p.to] {
		out.Batches = append(out.Batches, q.summary())
	}
	return out, nil
}

// bulkPage is page for lists in which a page cannot be empty.
func (c *call) bulkPage(total, most int) (page, error) {
	p, err := c.page(total, most)
	if err == nil && p.count == 0 {
		err = invalidParameter("count must be a number from 1 to %d.", most)
	}
	return p, err
}

// batch finds the batch that a call's path names. The original's error for an
// unknown one is not known.
func (c *call) batch(b *bulk) (*batch, error) {
	id := c.PathValue("batch")
	if q := b.batch(id); q != nil {
		return q, nil
	}
	return nil, &refusal{http.StatusNotFound, "RESOURCE_NOT_FOUND", "The bulk send batch " + id + " does not exist."}
}

func (s *Server) getBatch(c *call, b *bulk) (any, error) {
	q, err := c.batch(b)
	if err != nil {
		return nil, err
	}
	out := batchStatus{
		ID: q.ID, Name: q.Name, Size: strconv.Itoa(q.Size), Queued: strconv.Itoa(q.queued()),
		Sent: strconv.Itoa(q.sent()), Failed: strconv.Itoa(len(q.failures)), Submitted: wireTime(q.Submitted),
		Source: q.Source, ListID: q.ListID, ListName: q.ListName, URI: q.uri() + "/envelopes",
		Owner: s.userID(), Sender: s.userID(), Resends: "0",
		Info: make(map[string]string), Errors: []batchError{},
	}
	counts := map[string]int{"completed": 0, "declined": 0, statusVoided: 0, statusSent: 0, "delivered": 0, statusDeleted: 0}
	for _, e := range s.batchEnvelopes(c, q) {
		counts[e.Status]++
	}
	for status, n := range counts {
		out.Info[status] = strconv.Itoa(n)
	}
	for _, f := range q.failures {
		out.Errors = append(out.Errors, batchError{wireTime(f.Time), f.Message, f.Emails})
	}
	return out, nil
}

// batchEnvelopes are the envelopes made of a batch so far, the oldest first.
func (s *Server) batchEnvelopes(c *call, q *batch) []*Envelope {
	var out []*Envelope
	for i := range q.next {
		if e, ok := s.envelopes.get(q.envelopeID(i)); ok {
			out = append(out, e.at(c.now))
		}
	}
	return out
}

func (s *Server) renameBatch(c *call, b *bulk) (any, error) {
	var request struct {
		Name text `json:"batchName"`
	}
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	q, err := c.batch(b)
	if err != nil {
		return nil, err
	}
	if request.Name == "" {
		return nil, invalidParameter("batchName is missing.")
	}
	if err := b.record(bulkRecord{Rename: &rename{q.ID, string(request.Name)}}); err != nil {
		return nil, err
	}
	return s.getBatch(c, b)
}

// envelopeOrders are what the envelopes of a batch can be sorted by.
var envelopeOrders = map[string]func(a, b *Envelope) int{
	"":               func(a, b *Envelope) int { return a.Created.Compare(b.Created) },
	"created":        func(a, b *Envelope) int { return a.Created.Compare(b.Created) },
	"completed":      func(a, b *Envelope) int { return 0 }, // nobody signs here
	"last_modified":  func(a, b *Envelope) int { return a.Changed.Compare(b.Changed) },
	"sent":           func(a, b *Envelope) int { return a.Sent.Compare(b.Sent) },
	"status":         func(a, b *Envelope) int { return strings.Compare(a.Status, b.Status) },
	"subject":        func(a, b *Envelope) int { return strings.Compare(a.EmailSubject, b.EmailSubject) },
	"status_changed": func(a, b *Envelope) int { return a.Changed.Compare(b.Changed) },
}

// listBatchEnvelopes answers GET bulk_send_batch/{batch}/envelopes. Unlike
// searches it finds an envelope at once.
func (s *Server) listBatchEnvelopes(c *call, b *bulk) (any, error) {
	q, err := c.batch(b)
	if err != nil {
		return nil, err
	}
	compare, ok := envelopeOrders[strings.ToLower(c.query("order_by"))]
	if !ok {
		return nil, invalidParameter("order_by %q is not known.", c.query("order_by"))
	}
	statuses := commaList(strings.ToLower(c.query("status")))
	if len(statuses) > 1 && slices.Contains(statuses, "any") {
		return nil, invalidParameter("any cannot be given with other statuses.")
	}
	wanted := strings.ToLower(c.query("search_text"))
	found := slices.DeleteFunc(s.batchEnvelopes(c, q), func(e *Envelope) bool {
		return len(statuses) > 0 && statuses[0] != "any" && !slices.Contains(statuses, e.Status) || !e.says(wanted)
	})
	slices.SortStableFunc(found, compare)
	if !strings.EqualFold(c.query("order"), "asc") {
		slices.Reverse(found)
	}
	p, err := c.bulkPage(len(found), maxPage)
	if err != nil {
		return nil, err
	}
	out := envelopeList{paging: p.paging(c)}
	for _, e := range found[p.from:p.to] {
		a := s.answerOf(c, e)
		a.CustomFields, a.EnvelopeDocument = nil, nil // only recipients can be included
		out.Envelopes = append(out.Envelopes, a)
	}
	return out, nil
}

// says tells whether a text, in lower case, stands in the subject or in a
// recipient's name or address.
func (e *Envelope) says(wanted string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), wanted) }
	return has(e.EmailSubject) || slices.ContainsFunc(e.Recipients, func(r Recipient) bool { return has(r.Name) || has(r.Email) })
}

package sandbox

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

const bulkListsPath = "/bulk_send_lists"

// bulkEndpoint is an endpoint that sees the queue as it is now, and holds it.
type bulkEndpoint func(*call, *bulk) (any, error)

// bulkRoutes are the paths of Bulk Send v2 with their methods.
func (s *Server) bulkRoutes() map[string]map[string]endpoint {
	held := func(e bulkEndpoint) endpoint {
		return func(c *call) (any, error) {
			if s.NoUserBulk {
				return nil, refuse("USER_LACKS_PERMISSIONS", "This User lacks sufficient permissions. Bulk sending is not enabled.")
			}
			if s.NoBulk {
				return nil, refuse("ACCOUNT_LACKS_PERMISSIONS", "This Account lacks sufficient permissions. Bulk sending is not enabled.")
			}
			b := &s.bulk
			b.mu.Lock()
			defer b.mu.Unlock()
			if err := b.proceed(s, c.now); err != nil {
				return nil, err
			}
			return e(c, b)
		}
	}
	const one = "/bulk_send_batch/{batch}"
	return map[string]map[string]endpoint{
		bulkListsPath: {"GET": held(s.listBulkLists), "POST": held(s.createBulkList)},
		bulkListsPath + "/{list}": {
			"GET": held(s.getBulkList), "PUT": held(s.replaceBulkList), "DELETE": held(s.deleteBulkList),
		},
		bulkListsPath + "/{list}/test": {"POST": held(s.testBulkList)},
		bulkListsPath + "/{list}/send": {"POST": held(s.sendBulkList)},
		"/bulk_send_batch":             {"GET": held(s.listBatches)},
		one:                            {"GET": held(s.getBatch), "PUT": held(s.renameBatch)},
		one + "/envelopes":             {"GET": held(s.listBatchEnvelopes)},
	}
}

type (
	// listSummaries is the OpenAPI's bulkSendingListSummaries.
	listSummaries struct {
		Lists []listSummary `json:"bulkListSummaries"`
	}

	listSummary struct {
		ID      string `json:"bulkSendListId"`
		Name    string `json:"name"`
		User    string `json:"createdByUser"`
		Created string `json:"createdDate"`
	}

	// testAnswer is the OpenAPI's bulkSendTestResponse: the codes and, in the
	// same order, what they mean here.
	testAnswer struct {
		CanBeSent bool     `json:"canBeSent"` // a real boolean on the wire
		Errors    []string `json:"validationErrors"`
		Details   []string `json:"validationErrorDetails"`
	}

	// sendAnswer is the OpenAPI's bulkSendResponse.
	sendAnswer struct {
		ID      string   `json:"batchId"`
		Name    string   `json:"batchName"`
		Size    string   `json:"batchSize"`
		Source  string   `json:"envelopeOrTemplateId"`
		Queued  string   `json:"totalQueued"`
		Limit   string   `json:"queueLimit"`
		Errors  []string `json:"errors"`
		Details []string `json:"errorDetails"`
	}
)

// BulkLists returns the names of the bulk lists that are stored.
func (s *Server) BulkLists() []string {
	b := &s.bulk
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, l := range b.lists {
		names = append(names, string(l.Name))
	}
	return names
}

func (s *Server) listBulkLists(_ *call, b *bulk) (any, error) {
	out := listSummaries{[]listSummary{}}
	for _, l := range b.lists {
		out.Lists = append(out.Lists, listSummary{string(l.ID), string(l.Name), s.userID(), wireTime(l.Created)})
	}
	return out, nil
}

func (s *Server) createBulkList(c *call, b *bulk) (any, error) {
	l, err := s.readBulkList(c)
	if err != nil {
		return nil, err
	}
	l.ID = text(uuid.NewString())
	return l, b.record(bulkRecord{List: l, Created: &c.now})
}

// readBulkList reads and checks the list in a request.
func (s *Server) readBulkList(c *call) (*bulkList, error) {
	l := new(bulkList)
	if err := decode(c.body, l); err != nil {
		return nil, err
	}
	if l.Copies == nil {
		l.Copies = []bulkCopy{}
	}
	return l, s.checkList(l)
}

// bulkList finds the list that a call's path names.
func (c *call) bulkList(b *bulk) (*bulkList, error) {
	id := c.PathValue("list")
	if i := b.listAt(id); i >= 0 {
		return b.lists[i], nil
	}
	return nil, refuse("BULK_SEND_LIST_NOT_FOUND",
		"Bulk Sending list %s does not exist or you do not have permission to access it.", id)
}

func (s *Server) getBulkList(c *call, b *bulk) (any, error) { return c.bulkList(b) }

func (s *Server) replaceBulkList(c *call, b *bulk) (any, error) {
	old, err := c.bulkList(b)
	if err != nil {
		return nil, err
	}
	l, err := s.readBulkList(c)
	if err != nil {
		return nil, err
	}
	l.ID = old.ID
	return l, b.record(bulkRecord{List: l, Created: &old.Created})
}

// deleteBulkList answers with the lists that remain. Copies that are queued are
// sent nevertheless.
func (s *Server) deleteBulkList(c *call, b *bulk) (any, error) {
	l, err := c.bulkList(b)
	if err != nil {
		return nil, err
	}
	if err := b.record(bulkRecord{Deleted: string(l.ID)}); err != nil {
		return nil, err
	}
	return s.listBulkLists(c, b)
}

// wireBulkSend is the OpenAPI's bulkSendRequest.
type wireBulkSend struct {
	Source text `json:"envelopeOrTemplateId"`
	Name   text `json:"batchName"`
}

// testBulkList answers 200: a test creates nothing.
func (s *Server) testBulkList(c *call, b *bulk) (any, error) {
	var request wireBulkSend
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	answer := testAnswer{Errors: []string{}, Details: []string{}}
	for _, problem := range s.fit(c, b, string(request.Source)).problems {
		answer.Errors = append(answer.Errors, problem.Code)
		answer.Details = append(answer.Details, problem.Message)
	}
	answer.CanBeSent = len(answer.Errors) == 0
	return result{body: answer, status: 200}, nil
}

// sendBulkList queues a list whole, or refuses it for the first reason that test
// would give.
func (s *Server) sendBulkList(c *call, b *bulk) (any, error) {
	var request wireBulkSend
	if err := decode(c.body, &request); err != nil {
		return nil, err
	}
	f := s.fit(c, b, string(request.Source))
	if len(f.problems) > 0 {
		return nil, f.problems[0]
	}
	if err := s.checkMaySend(); err != nil {
		return nil, err
	}
	q := &batch{
		ID: uuid.NewString(), Name: string(or(request.Name, f.list.Name)),
		ListID: string(f.list.ID), ListName: string(f.list.Name), Source: string(request.Source),
		Size: len(f.list.Copies), Submitted: c.now, Start: b.free(c.now), Rate: s.bulkRate(),
		Pattern: f.pattern, Copies: f.list.Copies, Doomed: s.doom(f.list.Copies),
	}
	if s.falls(s.faults().BulkStore) || b.record(bulkRecord{Batch: q}) != nil {
		return nil, refuse("BULK_SEND_BLOB_STORE_ERROR", "Could not save copy of bulk sending list.")
	}
	return result{created: q.Size, body: sendAnswer{
		ID: q.ID, Name: q.Name, Size: strconv.Itoa(q.Size), Source: q.Source,
		Queued: strconv.Itoa(b.queued()), Limit: strconv.Itoa(s.bulkQueue()),
		Errors: []string{}, Details: []string{},
	}}, nil
}

// doom decides which copies will fail for no fault of theirs, and why. It is
// decided once and stored, so that no restart can change it.
func (s *Server) doom(copies []bulkCopy) map[int]string {
	out := make(map[int]string)
	for i := range copies {
		if s.falls(s.faults().BulkCopy) {
			out[i] = "An unexpected error occurred while this copy was processed."
		}
		if s.FailCopy == nil {
			continue
		}
		if why := s.FailCopy(copies[i].emails()); strings.TrimSpace(why) != "" {
			out[i] = why
		}
	}
	return out
}

package sandbox

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// bulk holds the bulk lists and the queue of copies, in memory and, if opened,
// in a file beside that of the envelopes. Nobody works off the queue: whoever
// looks first lets happen what was due since, with the times at which it was
// due. A copy's envelope ID follows from its batch and number, so that however
// many processes look, and whenever they are killed, one envelope is made of it.
type bulk struct {
	mu       sync.Mutex // taken before the store's
	log      logFile
	lists    []*bulkList // by age
	batches  []*batch    // by age
	finished int         // so many batches, the oldest, have nothing queued
}

// batch is what one send queued. It is complete in itself: draft and list may
// be deleted or changed while copies wait.
type batch struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	ListID    string         `json:"list"`
	ListName  string         `json:"listName"`
	Source    string         `json:"source"` // ID of the draft or template
	Size      int            `json:"size"`
	Submitted time.Time      `json:"submitted"`
	Start     time.Time      `json:"start"`            // when the copies queued before are done
	Rate      float64        `json:"rate"`             // copies per second
	Pattern   *Envelope      `json:"pattern"`          // what copies are made of; nil when none is queued
	Copies    []bulkCopy     `json:"copies"`           // nil when none is queued
	Doomed    map[int]string `json:"doomed,omitempty"` // copies that will fail, and why

	next     int              // the first copy that is still queued
	failures []*failure       // of copies before next
	recorded map[int]*failure // of any copy, perhaps by another process
}

// failure is a copy that became no envelope.
type failure struct {
	Batch   string    `json:"batch"`
	Copy    int       `json:"copy"` // from 0
	Time    time.Time `json:"time"`
	Message string    `json:"message"`
	Emails  []string  `json:"emails"`
}

// bulkRecord is a line of bulk.jsonl. It holds one of its parts.
type bulkRecord struct {
	List    *bulkList  `json:"list,omitempty"`    // new or replaced
	Created *time.Time `json:"created,omitempty"` // of the list
	Deleted string     `json:"deleted,omitempty"` // ID of a list
	Batch   *batch     `json:"batch,omitempty"`
	Failed  *failure   `json:"failed,omitempty"`
	Rename  *rename    `json:"rename,omitempty"`
}

type rename struct {
	Batch string `json:"batch"`
	Name  string `json:"name"`
}

func (b *bulk) open(dir string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.open(dir, "bulk.jsonl", func(line []byte) error {
		var r bulkRecord
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		b.apply(r)
		return nil
	})
}

func (b *bulk) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.close()
}

// record stores a change and makes it.
func (b *bulk) record(r bulkRecord) error {
	if err := b.log.write(r); err != nil {
		return err
	}
	b.apply(r)
	return nil
}

// apply makes a change. Doing it again changes nothing.
func (b *bulk) apply(r bulkRecord) {
	switch {
	case r.List != nil:
		if r.Created != nil {
			r.List.Created = *r.Created
		}
		if i := b.listAt(string(r.List.ID)); i >= 0 {
			b.lists[i] = r.List
		} else {
			b.lists = append(b.lists, r.List)
		}
	case r.Deleted != "":
		if i := b.listAt(r.Deleted); i >= 0 {
			b.lists = slices.Delete(b.lists, i, i+1)
		}
	case r.Batch != nil:
		if b.batch(r.Batch.ID) == nil {
			b.batches = append(b.batches, r.Batch)
		}
	case r.Rename != nil:
		if q := b.batch(r.Rename.Batch); q != nil {
			q.Name = r.Rename.Name
		}
	case r.Failed != nil:
		if q := b.batch(r.Failed.Batch); q != nil && q.recorded[r.Failed.Copy] == nil {
			if q.recorded == nil {
				q.recorded = make(map[int]*failure)
			}
			q.recorded[r.Failed.Copy] = r.Failed
		}
	}
}

func (b *bulk) listAt(id string) int {
	return slices.IndexFunc(b.lists, func(l *bulkList) bool { return strings.EqualFold(string(l.ID), id) })
}

// batch finds a batch, nil if there is none. The last are asked for most.
func (b *bulk) batch(id string) *batch {
	for _, q := range slices.Backward(b.batches) {
		if strings.EqualFold(q.ID, id) {
			return q
		}
	}
	return nil
}

// queued is how many copies of the account wait.
func (b *bulk) queued() int {
	n := 0
	for _, q := range b.batches[b.finished:] {
		n += q.queued()
	}
	return n
}

// free is when the copies queued so far will be done.
func (b *bulk) free(now time.Time) time.Time {
	for _, q := range b.batches[b.finished:] {
		if end := q.due(q.Size - 1); end.After(now) {
			now = end
		}
	}
	return now
}

// due is when a copy's turn comes.
func (q *batch) due(i int) time.Time {
	return q.Start.Add(time.Duration(float64(i+1) / q.Rate * float64(time.Second)))
}

func (q *batch) queued() int { return q.Size - q.next }
func (q *batch) sent() int   { return q.next - len(q.failures) }

// envelopeID is that of the envelope a copy becomes.
func (q *batch) envelopeID(i int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("bulk/"+q.ID+"/"+strconv.Itoa(i))).String()
}

// advance lets happen what is due by now.
func (b *bulk) advance(s *Server, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.proceed(s, now)
}

// proceed is advance for those who hold the lock.
func (b *bulk) proceed(s *Server, now time.Time) error {
	if err := b.log.catchUp(); err != nil {
		return err
	}
	for _, q := range b.batches[b.finished:] {
		for q.queued() > 0 && !q.due(q.next).After(now) {
			if err := b.settle(s, q); err != nil {
				return err
			}
		}
	}
	for b.finished < len(b.batches) && b.batches[b.finished].queued() == 0 {
		q := b.batches[b.finished]
		q.Pattern, q.Copies = nil, nil // a long run would pile them up
		b.finished++
	}
	return nil
}

// settle makes an envelope of a batch's next copy, or finds that it was made or
// failed before, or lets it fail. An error means that neither could be stored.
func (b *bulk) settle(s *Server, q *batch) error {
	i := q.next
	if _, made := s.envelopes.get(q.envelopeID(i)); made {
		q.next++
		return nil
	}
	if q.recorded[i] == nil {
		why := q.Doomed[i]
		if why == "" {
			err := s.sendCopy(q, i)
			if err == nil {
				q.next++
				return nil
			}
			if _, refused := errors.AsType[*refusal](err); !refused {
				return err
			}
			why = err.Error()
		}
		if err := b.record(bulkRecord{Failed: &failure{q.ID, i, q.due(i), why, q.Copies[i].emails()}}); err != nil {
			return err
		}
	}
	q.failures = append(q.failures, q.recorded[i])
	q.next++
	return nil
}

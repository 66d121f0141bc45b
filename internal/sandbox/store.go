package sandbox

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// transactionLife is how long a transaction ID is known.
const transactionLife = 7 * 24 * time.Hour

// store holds all envelopes, in memory and, if opened, in a file that several
// processes may share. The envelopes in a store are never changed, only
// replaced.
type store struct {
	mu           sync.Mutex
	all          []*Envelope
	byID         map[string]int
	transactions map[string][]int
	fields       map[fieldValue][]int
	sent         int // that count against the allowance
	log          logFile
}

type fieldValue struct{ name, value string }

// policy is what decides whether a new envelope is taken.
type policy struct {
	now        time.Time
	duplicates Duplicates
	allowance  int // 0 = unlimited
}

// open reads the envelopes stored in a directory and stores those to come.
func (st *store) open(dir string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.log.open(dir, "envelopes.jsonl", func(line []byte) error {
		e := new(Envelope)
		if err := json.Unmarshal(line, e); err != nil {
			return err
		}
		st.put(e)
		return nil
	})
}

func (st *store) close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.log.close()
}

// put adds an envelope to the indexes, or replaces its earlier state.
func (st *store) put(e *Envelope) {
	if st.byID == nil {
		st.byID = make(map[string]int)
		st.transactions = make(map[string][]int)
		st.fields = make(map[fieldValue][]int)
	}
	id := strings.ToLower(e.ID)
	i, known := st.byID[id]
	if known {
		if st.all[i].Sent.IsZero() && !e.Sent.IsZero() {
			st.sent++
		}
		for _, f := range e.CustomFields {
			if !st.all[i].has(fieldValue{f.Name, f.Value}) {
				st.index(f, i)
			}
		}
		st.all[i] = e
		return
	}
	i = len(st.all)
	st.all = append(st.all, e)
	st.byID[id] = i
	if !e.Sent.IsZero() {
		st.sent++
	}
	if e.TransactionID != "" {
		st.transactions[e.TransactionID] = append(st.transactions[e.TransactionID], i)
	}
	for _, f := range e.CustomFields {
		st.index(f, i)
	}
}

// index makes an envelope found by a custom field. Values it had before still
// lead to it, so whoever looks must compare.
func (st *store) index(f CustomField, i int) {
	key := fieldValue{f.Name, f.Value}
	list := st.fields[key]
	// A new envelope is the last; only changed drafts make this search.
	if f.Value == "" || len(list) > 0 && list[len(list)-1] >= i && slices.Contains(list, i) {
		return
	}
	st.fields[key] = append(list, i)
}

// create takes a new envelope. It returns the one to answer with, which is an
// earlier one if the policy about duplicates says so, or if it has the ID:
// another process was quicker with this copy of a bulk send.
func (st *store) create(e *Envelope, p policy) (*Envelope, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.log.catchUp(); err != nil {
		return nil, err
	}
	if i, ok := st.byID[strings.ToLower(e.ID)]; ok {
		return st.all[i], nil
	}
	if earlier := st.transaction(e.TransactionID, p.now); len(earlier) > 0 {
		switch p.duplicates {
		case DuplicatesFirst:
			return earlier[0], nil
		case DuplicatesReject:
			return nil, invalidParameter("The transactionId %q was used before.", e.TransactionID)
		}
	}
	if err := st.afford(e, p); err != nil {
		return nil, err
	}
	if err := st.log.write(e); err != nil {
		return nil, err
	}
	st.put(e)
	return e, nil
}

func (st *store) afford(e *Envelope, p policy) error {
	if p.allowance > 0 && !e.Sent.IsZero() && st.sent >= p.allowance {
		return allowanceExceeded()
	}
	return nil
}

// errUnknown means that there is no such envelope.
var errUnknown = errors.New("no such envelope")

// change replaces an envelope by what edit makes of a copy of it. It returns
// errUnknown or what edit returns.
func (st *store) change(id string, p policy, edit func(*Envelope) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.log.catchUp(); err != nil {
		return err
	}
	i, ok := st.byID[strings.ToLower(id)]
	if !ok {
		return errUnknown
	}
	next := *st.all[i].at(p.now)
	draft := next.Sent.IsZero()
	if err := edit(&next); err != nil {
		return err
	}
	if draft {
		if err := st.afford(&next, p); err != nil {
			return err
		}
	}
	if err := st.log.write(&next); err != nil {
		return err
	}
	st.put(&next)
	return nil
}

// reading locks the store, up to date if it can be: where the file cannot be
// read, creating says so.
func (st *store) reading() {
	st.mu.Lock()
	_ = st.log.catchUp()
}

func (st *store) get(id string) (*Envelope, bool) {
	st.reading()
	defer st.mu.Unlock()
	i, ok := st.byID[strings.ToLower(id)]
	if !ok {
		return nil, false
	}
	return st.all[i], true
}

// snapshot returns all envelopes as they are.
func (st *store) snapshot() []*Envelope {
	st.reading()
	defer st.mu.Unlock()
	return slices.Clone(st.all)
}

// byTransaction returns the envelopes made with a transaction ID that is still
// known, the oldest first.
func (st *store) byTransaction(id string, now time.Time) []*Envelope {
	st.reading()
	defer st.mu.Unlock()
	return st.transaction(id, now)
}

func (st *store) transaction(id string, now time.Time) []*Envelope {
	var out []*Envelope
	for _, i := range st.transactions[id] {
		if e := st.all[i]; now.Sub(e.Created) <= transactionLife {
			out = append(out, e)
		}
	}
	return out
}

// byField returns the envelopes with a custom field of this value.
func (st *store) byField(f fieldValue) []*Envelope {
	st.reading()
	defer st.mu.Unlock()
	var out []*Envelope
	for _, i := range st.fields[f] {
		out = append(out, st.all[i])
	}
	return out
}

func (st *store) sentCount() int {
	st.reading()
	defer st.mu.Unlock()
	return st.sent
}

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// transactionLife is how long a transaction ID is known.
const transactionLife = 7 * 24 * time.Hour

// store holds all envelopes, in memory and, if opened, in a file to which each
// new state of an envelope is appended as one line of JSON. Several processes
// may share the file: each reads what the others appended. The envelopes in a
// store are never changed, only replaced.
type store struct {
	mu           sync.Mutex
	all          []*Envelope
	byID         map[string]int
	transactions map[string][]int
	fields       map[fieldValue][]int
	sent         int // that count against the allowance
	file         *os.File
	read         int64 // how much of the file is known
	lines        int
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
	path := filepath.Join(dir, "envelopes.jsonl")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	st.file = file
	if err = st.catchUp(); err == nil {
		err = st.dropTorn()
	}
	if err != nil {
		st.file = nil
		file.Close()
		return fmt.Errorf("%s: %w: repair the line or move the file away", path, err)
	}
	return nil
}

// catchUp reads the lines that were appended since it was called last.
func (st *store) catchUp() error {
	if st.file == nil {
		return nil
	}
	info, err := st.file.Stat()
	if err != nil || info.Size() <= st.read {
		return err
	}
	raw := make([]byte, info.Size()-st.read)
	if _, err := st.file.ReadAt(raw, st.read); err != nil {
		return err
	}
	for text := range bytes.Lines(raw) {
		if !bytes.HasSuffix(text, []byte("\n")) {
			break // it is still being written
		}
		e := new(Envelope)
		if err := json.Unmarshal(text, e); err != nil {
			return fmt.Errorf("line %d: %v", st.lines+1, err)
		}
		st.put(e)
		st.read += int64(len(text))
		st.lines++
	}
	return nil
}

// dropTorn cuts off a last line without an end: its writer died, and nobody was
// answered.
func (st *store) dropTorn() error {
	info, err := st.file.Stat()
	if err != nil || info.Size() == st.read {
		return err
	}
	if err := st.catchUp(); err != nil { // unless it was another process, writing just now
		return err
	}
	if info, err = st.file.Stat(); err != nil || info.Size() == st.read {
		return err
	}
	return st.file.Truncate(st.read)
}

// write appends an envelope's state to the file, in one write.
func (st *store) write(e *Envelope) error {
	if st.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	n, err := st.file.Write(append(line, '\n'))
	if err != nil {
		return err
	}
	// If nobody else wrote meanwhile, there is no need to read this line.
	if info, err := st.file.Stat(); err == nil && info.Size() == st.read+int64(n) {
		st.read, st.lines = info.Size(), st.lines+1
	}
	return nil
}

func (st *store) close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	file := st.file
	st.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
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
		if f.Value != "" {
			key := fieldValue{f.Name, f.Value}
			st.fields[key] = append(st.fields[key], i)
		}
	}
}

// create takes a new envelope. It returns the one to answer with, which is an
// earlier one if the policy about duplicates says so.
func (st *store) create(e *Envelope, p policy) (*Envelope, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.catchUp(); err != nil {
		return nil, err
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
	if err := st.write(e); err != nil {
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
	if err := st.catchUp(); err != nil {
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
	if err := st.write(&next); err != nil {
		return err
	}
	st.put(&next)
	return nil
}

// reading locks the store, up to date if it can be: where the file cannot be
// read, creating says so.
func (st *store) reading() {
	st.mu.Lock()
	_ = st.catchUp()
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

package job

import (
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/spool"
)

// Index is what a run remembers of the envelopes of its files while their rows are
// not in memory: digests, positions and outcomes, some 150 bytes an envelope. An
// envelope is called by its number, from 0, in the order of the first rows.
//
// Rows are read again where they are needed: see [Index.Read] and
// [Index.Entries]. What is wrong with an envelope, or was said of it, stands in a
// temporary file.
type Index struct {
	account string
	files   []*file
	check   *envelope.Checker // nil as long as nothing was checked

	entries  segments[entry]
	pieces   pieces
	values   values
	messages spool.Spool // problems and outcomes
	oddities envelope.Oddities
	names    otherNames
	numbers  numbers
	progress progress
	scratch  sync.Pool // of *envelope.Scratch
}

// values are those of all envelopes. An entry says by a reference or a number which of
// them are its own.
type values struct {
	labels    texts
	templates table[string] // IDs
	settings  table[setting]
	groups    batch.Groups
}

// otherNames are names, other than its own, by which an envelope may be known. Few
// envelopes have one.
type otherNames struct {
	legacy   map[int]envelope.Legacy        // of accepted envelopes, if anybody asked
	replaces map[int]envelope.TransactionID // see [envelope.Identity]
}

// numbers find the number of an envelope.
type numbers struct {
	byLabel  []envelope.Numbers             // of each file, while its rows are read for the first time
	byID     *envelope.Numbers              // of transaction IDs; nil until it is needed
	byLegacy map[envelope.TransactionID]int // of those that an earlier release has given
}

// progress is how far a run has come with the envelopes.
type progress struct {
	indexed  bool // all rows were read
	lookedUp bool // all were compared with the ledger
	// notReached is said of envelopes to which the run has not come.
	notReached string
}

// LookedUp reports whether it is known of all envelopes what the ledger has of them.
func (x *Index) LookedUp() bool { return x.progress.lookedUp }

// Len is how many envelopes there are.
func (x *Index) Len() int { return x.entries.n }

func (x *Index) entry(n int) *entry { return x.entries.at(n) }

// position returns where an envelope's first row stands.
func (x *Index) position(n int) envelope.Position {
	e := x.entry(n)
	return envelope.Position{File: x.files[e.file].in.Name(), Line: int(e.line), Offset: e.offset, Sheet: x.files[e.file].in.HeaderAt.Sheet}
}

func (x *Index) label(n int) string      { return x.values.labels.at(x.entry(n).label) }
func (x *Index) batchOf(n int) string    { return x.files[x.entry(n).file].in.Batch }
func (x *Index) templateOf(n int) string { return x.values.templates.values[x.entry(n).template] }

// identity returns the identity of an envelope whose rows can be read, by the name by
// which it goes.
func (x *Index) identity(n int) (id envelope.Identity) {
	e := x.entry(n)
	id = envelope.Identity{
		Account: x.account, Batch: x.batchOf(n), Label: x.label(n), TemplateID: x.templateOf(n),
		TransactionID: e.id, Content: e.content, People: e.people, Names: e.names, Replaces: x.names.replaces[n],
	}
	if legacy, ok := x.names.legacy[n]; ok {
		id.Legacy = &legacy
	}
	if e.is(legacyName) {
		id.UseLegacy()
	}
	return id
}

// transactionID returns the one by which an envelope goes.
func (x *Index) transactionID(n int) envelope.TransactionID {
	if e := x.entry(n); !e.is(legacyName) {
		return e.id
	}
	return x.names.legacy[n].TransactionID
}

// identities returns the numbers of envelopes for which want is true, in slices that
// the ledger can be asked about at once, beside their identities. A slice is valid
// until the next one.
func (x *Index) identities(want func(*entry) bool) iter.Seq2[[]int, []*envelope.Identity] {
	return func(yield func([]int, []*envelope.Identity) bool) {
		size := min(atOnce, x.Len())
		room := make([]envelope.Identity, size) // used again for each slice
		ns, ids := make([]int, 0, size), make([]*envelope.Identity, 0, size)
		for n := range x.Len() {
			if !want(x.entry(n)) {
				continue
			}
			id := &room[len(ns)]
			*id = x.identity(n)
			if ns, ids = append(ns, n), append(ids, id); len(ns) == size {
				if !yield(ns, ids) {
					return
				}
				ns, ids = ns[:0], ids[:0]
			}
		}
		if len(ns) > 0 {
			yield(ns, ids)
		}
	}
}

// atOnce is how many envelopes the ledger is asked about at once.
const atOnce = 2000

// rename has an envelope go by the name that an earlier release has given to it, or
// in the place of another one, as id says.
func (x *Index) rename(n int, id *envelope.Identity) {
	if id.IsLegacy() {
		x.entry(n).flags |= legacyName
	}
	if !id.Replaces.IsZero() {
		if x.names.replaces == nil {
			x.names.replaces = map[int]envelope.TransactionID{}
		}
		x.names.replaces[n] = id.Replaces
	}
}

// add remembers a checked draft, and returns its number.
//
// If a file has a label again, the rows are another piece of the envelope that has
// it: more tells so, and [Index.join] is to be called in the end.
func (x *Index) add(f int, d *envelope.Draft) (n int, more bool, err error) {
	if d.Label != "" {
		first, again := x.numbers.byLabel[f].Add(envelope.HashOfText(d.Label), x.Len(), func(n int) bool { return x.label(n) == d.Label })
		if again {
			x.pieces.inFiles = append(x.pieces.inFiles, piece{int32(first), int32(d.Position().Line), d.Position().Offset})
			return first, true, nil
		}
	}
	n = x.Len()
	e := x.entries.add()
	e.file, e.offset, e.line = uint16(f), d.Position().Offset, int32(d.Position().Line)
	e.label = x.values.labels.add(d.Label)
	return n, false, x.update(n, d)
}

// update remembers what checking has found of an envelope.
func (x *Index) update(n int, d *envelope.Draft) (err error) {
	e := x.entry(n)
	e.template = x.values.templates.number(d.TemplateID, strings.Clone) // else it would keep the rows in memory
	e.recipients = uint16(min(len(d.Recipients), 1<<16-1))
	id := &d.Identity
	e.id, e.content, e.people, e.names = id.TransactionID, id.Content, id.People, id.Names
	e.flags, e.status, e.message = 0, 0, 0
	if !e.id.IsZero() {
		e.flags |= identified
	}
	if d.Rows[0].Rest {
		e.flags |= rest
	}
	delete(x.names.legacy, n) // its first rows alone may have had one
	if len(d.Problems) > 0 {
		return x.reject(n, d.Problems...)
	}
	if d.Envelope == nil { // nothing was checked
		return nil
	}
	e.flags |= accepted
	e.setting = x.values.settings.number(setting{d.Envelope.Applies, d.Envelope.Notification != nil}, nil)
	e.group, _ = x.values.groups.Of(d.Envelope)
	if d.Envelope.Legacy != nil {
		if x.names.legacy == nil {
			x.names.legacy = map[int]envelope.Legacy{}
		}
		x.names.legacy[n] = *d.Envelope.Legacy
	}
	return nil
}

// reject rejects an envelope, beside what was wrong with it before.
func (x *Index) reject(n int, problems ...envelope.Problem) error {
	e := x.entry(n)
	before, err := x.problems(n)
	if err != nil {
		return err
	}
	all := append(before, problems...)
	e.flags &^= accepted | onlyRepeats
	if !slices.ContainsFunc(all, func(p envelope.Problem) bool { return p.Code != envelope.AlreadySentCode }) {
		e.flags |= onlyRepeats
	}
	e.status = rejected
	e.message, err = x.keep(all)
	return err
}

// withdrawRejection takes back what was wrong with an envelope, and that it was accepted.
func (x *Index) withdrawRejection(n int) {
	e := x.entry(n)
	e.flags &^= accepted | onlyRepeats
	e.status, e.message = 0, 0
}

// problems returns what is wrong with an envelope; nil if it is not rejected.
func (x *Index) problems(n int) (all []envelope.Problem, err error) {
	e := x.entry(n)
	if e.status == rejected && e.message != 0 {
		err = x.kept(e.message, &all)
	}
	return all, err
}

// settle says what became of an envelope.
func (x *Index) settle(n int, out envelope.Outcome) (err error) {
	e := x.entry(n)
	e.status, e.message = statusOf(out.Status), 0
	if out.Status == envelope.Rejected {
		e.status = 0
		return x.reject(n, envelope.Problem{Position: x.position(n), Code: envelope.Code(out.Code), Message: out.Message})
	}
	if out.ID != "" || out.Code != "" || out.Message != "" {
		e.message, err = x.keep(out)
	}
	return err
}

// outcome returns what became of an envelope.
func (x *Index) outcome(n int) (out envelope.Outcome, err error) {
	e := x.entry(n)
	switch {
	case e.status == rejected:
		problems, err := x.problems(n)
		if err != nil || len(problems) == 0 {
			return out, err
		}
		return envelope.Outcome{Status: envelope.Rejected, Code: string(problems[0].Code), Message: problems[0].Message}, nil
	case e.message != 0:
		err = x.kept(e.message, &out)
		return out, err
	case e.status == 0 && !x.progress.lookedUp:
		return envelope.Outcome{Status: envelope.Pending, Message: NotLookedUp}, nil
	case e.status == 0:
		return envelope.Outcome{Status: envelope.Pending, Message: x.progress.notReached}, nil
	}
	return envelope.Outcome{Status: statuses[e.status]}, nil
}

// keep writes down what need not stay in memory.
func (x *Index) keep(v any) (spool.Ref, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	return x.messages.Append(text)
}

// kept reads what keep has written.
func (x *Index) kept(ref spool.Ref, v any) error {
	text, err := x.messages.Record(ref)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// find returns which envelope has a transaction ID, by its own name or by the one
// that an earlier release has given to it.
func (x *Index) find(id envelope.TransactionID) (n int, ok bool) {
	if x.numbers.byID == nil {
		x.numbers.byID = &envelope.Numbers{}
		for n := range x.Len() {
			if e := x.entry(n); e.is(identified) {
				x.numbers.byID.Add(envelope.HashOf(e.id), n, nil)
			}
		}
		x.numbers.byLegacy = make(map[envelope.TransactionID]int, len(x.names.legacy))
		for n, legacy := range x.names.legacy {
			x.numbers.byLegacy[legacy.TransactionID] = n
		}
	}
	n, ok = x.numbers.byID.Find(envelope.HashOf(id), func(n int) bool { return x.entry(n).id == id })
	if !ok {
		n, ok = x.numbers.byLegacy[id]
	}
	return n, ok
}

// Close gives up the files and what was remembered of them.
func (x *Index) Close() error {
	errs := []error{x.messages.Close()}
	for _, f := range x.files {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

package ledger

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"hash"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// Similar are the envelopes of the ledger that resemble one and are not it.
type Similar struct {
	// SameLabel has its batch and its label; nil if there is none. One that was
	// sent, or may have been, comes before one that was not.
	SameLabel *history.Similar
	// SamePeople go to the same addresses and were sent, or may have been.
	SamePeople []history.Similar
	// SameNames are of its batch, have the same roles and names, were sent, or may
	// have been, and went to other addresses.
	SameNames []history.Similar
}

// mostPerEnvelope is how many envelopes of other batches are told of that go to
// the same people: somebody may get one every week.
const mostPerEnvelope = 20

// Similar returns the envelopes that resemble each envelope, in their order. Of what an
// earlier release has planned it knows only the label.
//
// The first call for a batch reads all of it, and remembers hashes of its labels
// and names, 16 bytes an envelope; the next ones read what has changed since. So a
// caller may ask for a long list in slices, best before it changes anything.
func (db *DB) Similar(ctx context.Context, account string, envs []*envelope.Identity) ([]Similar, error) {
	out := make([]Similar, len(envs))
	if db.read == nil || len(envs) == 0 {
		return out, nil
	}
	if err := db.similar(ctx, strings.ToLower(account), envs, out); err != nil {
		return nil, db.explain(err)
	}
	return out, nil
}

func (db *DB) similar(ctx context.Context, account string, envs []*envelope.Identity, out []Similar) error {
	var id int64
	switch err := db.read.QueryRowContext(ctx, sqlAccount, account).Scan(&id); {
	case missing(err):
		return nil
	case err != nil:
		return err
	}
	var salt []byte
	if err := db.read.QueryRowContext(ctx, sqlSalt).Scan(&salt); err != nil {
		return err
	}
	q := similarQuery{db: db, account: id, salted: newSalted(salt), envs: envs, out: out}
	has, err := db.batchesOf(ctx, id, envs)
	if err != nil {
		return err
	}
	for batch, known := range has {
		if known {
			if err := q.sameLabelOrNames(ctx, batch); err != nil {
				return err
			}
		}
	}
	all := make([]int, len(envs))
	for i := range all {
		all[i] = i
	}
	for chunk := range slices.Chunk(all, queryChunk) {
		if err := q.samePeople(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// similarQuery looks for what resembles envs.
type similarQuery struct {
	db      *DB
	account int64
	salted  salted
	envs    []*envelope.Identity
	out     []Similar // of each
}

// sameLabelOrNames looks through the envelopes of one batch that may have a label
// or names in common with envs.
func (q *similarQuery) sameLabelOrNames(ctx context.Context, batch string) error {
	labels, names := make(map[string][]int), make(map[string][]int)
	for i, env := range q.envs {
		if env.Batch != batch {
			continue
		}
		if env.Label != "" {
			label := storedLabel(env.Label)
			labels[label] = append(labels[label], i)
		}
		n := string(q.salted.of(env.Names))
		names[n] = append(names[n], i)
	}
	index, err := q.db.indexes.of(ctx, q.db.read, q.account, batch)
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(index.candidates(labels, names), queryChunk) {
		rows, err := q.db.read.QueryContext(ctx, sqlByIDs, numbers(ids))
		if err != nil {
			return err
		}
		if err := q.compare(rows, batch, labels, names); err != nil {
			return err
		}
	}
	return nil
}

// compare notes which of the rows, all of them of one batch, have a label or names
// in common with which of envs.
func (q *similarQuery) compare(rows *sql.Rows, batch string, labels, names map[string][]int) error {
	defer rows.Close()
	for rows.Next() {
		var (
			e                               = history.Similar{Batch: batch}
			key, people, itsNames, remoteID []byte
			scheme                          int
			label, state                    string
			at                              int64
		)
		if err := rows.Scan(&key, &e.TemplateID, &scheme, &label, &people, &itsNames, &e.Line, &state, &remoteID, &at); err != nil {
			return err
		}
		if err := fillEarlier(&e, key, state, remoteID, at); err != nil {
			return err
		}
		e.Legacy, e.Labelled = scheme < envelope.Scheme, label != ""
		for _, i := range labels[label] {
			if o := q.out[i].SameLabel; !isIt(q.envs[i], e.TransactionID) && (o == nil || !o.State.MayExist()) {
				q.out[i].SameLabel = &e
			}
		}
		if !e.State.MayExist() || people == nil {
			continue
		}
		for _, i := range names[string(itsNames)] {
			samePeople := bytes.Equal(people, q.salted.of(q.envs[i].People))
			if !samePeople && !isIt(q.envs[i], e.TransactionID) {
				q.out[i].SameNames = append(q.out[i].SameNames, e)
			}
		}
	}
	return rows.Err()
}

// samePeople looks for what was sent to the people of the envelopes at the indices
// chunk: in their own batch for everything, in others up to mostPerEnvelope in all.
func (q *similarQuery) samePeople(ctx context.Context, chunk []int) error {
	digests := make([]byte, 0, len(chunk)*8)
	for _, i := range chunk {
		digests = append(digests, q.salted.of(q.envs[i].People)...)
	}
	rows, err := q.db.read.QueryContext(ctx, sqlSamePeople, digests, len(chunk), q.account)
	if err != nil {
		return err
	}
	defer rows.Close()
	elsewhere := make(map[int][]history.Similar)
	for rows.Next() {
		var (
			e             history.Similar
			n             int
			key, remoteID []byte
			label, state  string
			at            int64
		)
		if err := rows.Scan(&n, &key, &e.Batch, &e.TemplateID, &label, &e.Line, &state, &remoteID, &at); err != nil {
			return err
		}
		if err := fillEarlier(&e, key, state, remoteID, at); err != nil {
			return err
		}
		e.Labelled = label != ""
		switch i := chunk[n]; {
		case e.Batch != q.envs[i].Batch:
			if len(elsewhere[i]) < mostPerEnvelope {
				elsewhere[i] = append(elsewhere[i], e)
			}
		case !isIt(q.envs[i], e.TransactionID):
			q.out[i].SamePeople = append(q.out[i].SamePeople, e)
		}
	}
	for i, others := range elsewhere {
		room := max(mostPerEnvelope-len(q.out[i].SamePeople), 0)
		q.out[i].SamePeople = append(q.out[i].SamePeople, others[:min(len(others), room)]...)
	}
	return rows.Err()
}

// fillEarlier fills in what several queries tell of an envelope in the same way.
func fillEarlier(e *history.Similar, key []byte, state string, remoteID []byte, at int64) (err error) {
	if e.State, err = stateOf(state); err != nil {
		return err
	}
	e.TransactionID, e.At = transactionID(key), timeOf(at)
	if e.State == history.StateSent {
		e.ID = unpackID(remoteID)
	}
	return nil
}

// isIt reports whether a transaction ID is the envelope's own, by whatever
// release.
func isIt(env *envelope.Identity, id envelope.TransactionID) bool {
	return id == env.TransactionID || env.Legacy != nil && id == env.Legacy.TransactionID
}

// HasAny reports whether the ledger knows the account.
func (db *DB) HasAny(ctx context.Context, account string) (bool, error) {
	if db.read == nil {
		return false, nil
	}
	var id int64
	err := db.read.QueryRowContext(ctx, sqlAccount, strings.ToLower(account)).Scan(&id)
	if missing(err) {
		return false, nil
	}
	return err == nil, db.explain(err)
}

// HasLegacy reports whether the ledger has entries of the account that an
// earlier release has made, so that [envelope.Checker].Legacy matters.
func (db *DB) HasLegacy(ctx context.Context, account string) (has bool, err error) {
	if db.read == nil {
		return false, nil
	}
	err = db.read.QueryRowContext(ctx, sqlHasLegacy, strings.ToLower(account)).Scan(&has)
	return has, db.explain(err)
}

// LegacyEntries returns the envelopes without a label that an earlier release
// has sent, or may have, in a batch. Whom they went to is not known.
func (db *DB) LegacyEntries(ctx context.Context, account, batch string) (all []history.Similar, err error) {
	for e, err := range db.BatchEnvelopes(ctx, account, batch) {
		if err != nil {
			return nil, err
		}
		if e.Legacy && e.Label == "" && e.State.MayExist() {
			all = append(all, history.Similar{
				TransactionID: e.TransactionID, Batch: batch, Line: e.Line, State: e.State, ID: e.ID, At: e.At, Legacy: true,
			})
		}
	}
	return all, nil
}

// salted keeps digests of people from being compared with those of other ledgers. It
// is not for concurrent use.
type salted struct{ mac hash.Hash }

func newSalted(salt []byte) salted { return salted{hmac.New(sha256.New, salt)} }

// saltIn returns what salts the digests of the ledger.
func saltIn(t *txn) (salted, error) {
	var salt []byte
	_, err := t.row(sqlSalt, nil, &salt)
	return newSalted(salt), err
}

// of returns what is written down of a digest.
func (s salted) of(d envelope.Digest) []byte {
	s.mac.Reset()
	s.mac.Write(d[:])
	return s.mac.Sum(nil)[:8]
}

package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"

	"batchsend/envelope"
)

// Neighbours are the envelopes of the ledger that resemble one and are not it.
type Neighbours struct {
	// SameLabel has its batch and its label; nil if there is none. One that was
	// sent, or may have been, comes before one that was not.
	SameLabel *envelope.Earlier
	// SamePeople go to the same addresses and were sent, or may have been.
	SamePeople []envelope.Earlier
	// SameNames are of its batch, have the same roles and names, were sent, or may
	// have been, and went to other addresses.
	SameNames []envelope.Earlier
}

// mostPerEnvelope is how many envelopes of other batches are told of that go to
// the same people: somebody may get one every week.
const mostPerEnvelope = 20

// Neighbours returns the neighbours of each envelope, in their order. Of what an
// earlier release has planned it knows only the label.
func (db *DB) Neighbours(ctx context.Context, account string, envs []*envelope.Identity) ([]Neighbours, error) {
	out := make([]Neighbours, len(envs))
	if db.read == nil || len(envs) == 0 {
		return out, nil
	}
	if err := db.neighbours(ctx, strings.ToLower(account), envs, out); err != nil {
		return nil, sqliteError(db.path, err)
	}
	return out, nil
}

func (db *DB) neighbours(ctx context.Context, account string, envs []*envelope.Identity, out []Neighbours) error {
	var id int64
	switch err := db.read.QueryRowContext(ctx, sqlAccount, account).Scan(&id); {
	case missing(err):
		return nil
	case err != nil:
		return err
	}
	var secret salt
	if err := db.read.QueryRowContext(ctx, sqlSalt).Scan((*[]byte)(&secret)); err != nil {
		return err
	}
	has, err := db.batchesOf(ctx, id, envs)
	if err != nil {
		return err
	}
	for batch, known := range has {
		if !known {
			continue
		}
		if err := db.inBatch(ctx, id, batch, secret, envs, out); err != nil {
			return err
		}
	}
	all := make([]int, len(envs))
	for i := range all {
		all[i] = i
	}
	for chunk := range slices.Chunk(all, askChunk) {
		if err := db.elsewhere(ctx, id, secret, envs, chunk, out); err != nil {
			return err
		}
	}
	return nil
}

// inBatch goes through the envelopes of a batch once.
func (db *DB) inBatch(ctx context.Context, account int64, batch string, secret salt, envs []*envelope.Identity, out []Neighbours) error {
	labels, people, names := make(map[string][]int), make(map[string][]int), make(map[string][]int)
	for i, env := range envs {
		if env.Batch != batch {
			continue
		}
		if env.Label != "" {
			label := storedLabel(env.Label)
			labels[label] = append(labels[label], i)
		}
		p, n := string(secret.of(env.People)), string(secret.of(env.Names))
		people[p], names[n] = append(people[p], i), append(names[n], i)
	}
	rows, err := db.read.QueryContext(ctx, sqlOfBatch, account, batch)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			e                           = envelope.Earlier{Batch: batch}
			key, hisPeople, hisNames, d []byte
			scheme                      int
			label, state                string
			at                          int64
		)
		if err := rows.Scan(&key, &e.TemplateID, &scheme, &label, &hisPeople, &hisNames, &e.Line, &state, &d, &at); err != nil {
			return err
		}
		if e.State, err = stateOf(state); err != nil {
			return err
		}
		e.TransactionID, e.At, e.Legacy = transactionID(key), timeOf(at), scheme < envelope.Scheme
		if e.State == envelope.StateSent {
			e.ID = unpackID(d)
		}
		if e.Labelled = label != ""; e.Labelled {
			for _, i := range labels[label] {
				if o := out[i].SameLabel; !isIt(envs[i], e.TransactionID) && (o == nil || !o.State.MayExist()) {
					out[i].SameLabel = &e
				}
			}
		}
		if !e.State.MayExist() || hisPeople == nil {
			continue
		}
		same := people[string(hisPeople)]
		for _, i := range same {
			if !isIt(envs[i], e.TransactionID) {
				out[i].SamePeople = append(out[i].SamePeople, e)
			}
		}
		for _, i := range names[string(hisNames)] {
			if !slices.Contains(same, i) && !isIt(envs[i], e.TransactionID) {
				out[i].SameNames = append(out[i].SameNames, e)
			}
		}
	}
	return rows.Err()
}

// elsewhere looks into the other batches.
func (db *DB) elsewhere(ctx context.Context, account int64, secret salt, envs []*envelope.Identity, chunk []int, out []Neighbours) error {
	digests := make([]byte, 0, len(chunk)*8)
	for _, i := range chunk {
		digests = append(digests, secret.of(envs[i].People)...)
	}
	rows, err := db.read.QueryContext(ctx, sqlSamePeople, digests, len(chunk), account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			e      envelope.Earlier
			n      int
			key, d []byte
			state  string
			at     int64
		)
		if err := rows.Scan(&n, &key, &e.Batch, &e.TemplateID, &e.Line, &state, &d, &at); err != nil {
			return err
		}
		i := chunk[n]
		if e.Batch == envs[i].Batch || len(out[i].SamePeople) >= mostPerEnvelope {
			continue
		}
		if e.State, err = stateOf(state); err != nil {
			return err
		}
		e.TransactionID, e.At = transactionID(key), timeOf(at)
		if e.State == envelope.StateSent {
			e.ID = unpackID(d)
		}
		out[i].SamePeople = append(out[i].SamePeople, e)
	}
	return rows.Err()
}

// isIt reports whether a transaction ID is the envelope's own, by whatever
// release.
func isIt(env *envelope.Identity, id envelope.TransactionID) bool {
	return id == env.TransactionID || env.Legacy != nil && id == env.Legacy.TransactionID
}

// HasAny reports whether the ledger has ever had to do with the account.
func (db *DB) HasAny(ctx context.Context, account string) (bool, error) {
	if db.read == nil {
		return false, nil
	}
	var id int64
	err := db.read.QueryRowContext(ctx, sqlAccount, strings.ToLower(account)).Scan(&id)
	if missing(err) {
		return false, nil
	}
	return err == nil, sqliteError(db.path, err)
}

// HasLegacy reports whether the ledger has entries of the account that an
// earlier release has made, so that [envelope.Checker].Legacy matters.
func (db *DB) HasLegacy(ctx context.Context, account string) (has bool, err error) {
	if db.read == nil {
		return false, nil
	}
	err = db.read.QueryRowContext(ctx, sqlHasLegacy, strings.ToLower(account)).Scan(&has)
	return has, sqliteError(db.path, err)
}

// LegacyEntries returns the envelopes without a label that an earlier release
// has sent, or may have, in a batch. Whom they went to is not known.
func (db *DB) LegacyEntries(ctx context.Context, account, batch string) (all []envelope.Earlier, err error) {
	for e, err := range db.BatchEnvelopes(ctx, account, batch) {
		if err != nil {
			return nil, err
		}
		if e.Legacy && e.Label == "" && e.State.MayExist() {
			all = append(all, envelope.Earlier{
				TransactionID: e.TransactionID, Batch: batch, Line: e.Line, State: e.State, ID: e.ID, At: e.At, Legacy: true,
			})
		}
	}
	return all, nil
}

// salt keeps digests of people from being compared with those of others.
type salt []byte

func saltIn(t *txn) (s salt, err error) {
	_, err = t.row(sqlSalt, nil, (*[]byte)(&s))
	return s, err
}

// of returns what is written down of a digest.
func (s salt) of(d envelope.Digest) []byte {
	h := hmac.New(sha256.New, s)
	h.Write(d[:])
	return h.Sum(nil)[:8]
}

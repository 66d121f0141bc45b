package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"batchsend/envelope"
)

// askChunk is how many envelopes one question asks about.
const askChunk = 4096

// Standings returns what the ledger knows about each envelope, in their order.
// Where it has none, but one that an earlier release has planned, it tells of
// that and says so. It asks in chunks, so a caller that is short of memory may
// do so as well.
func (db *DB) Standings(ctx context.Context, account string, envs []*envelope.Identity) ([]envelope.Standing, error) {
	out := make([]envelope.Standing, len(envs))
	if db.read == nil {
		return out, nil
	}
	if err := db.standings(ctx, strings.ToLower(account), envs, out); err != nil {
		return nil, sqliteError(db.path, err)
	}
	return out, nil
}

func (db *DB) standings(ctx context.Context, account string, envs []*envelope.Identity, out []envelope.Standing) error {
	var id int64
	switch err := db.read.QueryRowContext(ctx, sqlAccount, account).Scan(&id); {
	case missing(err):
		return nil
	case err != nil:
		return err
	}
	has, err := db.batchesOf(ctx, id, envs)
	if err != nil {
		return err
	}
	var known, all, legacy []int
	for i, env := range envs {
		if has[env.Batch] {
			known = append(known, i)
		}
		all = append(all, i)
	}
	if err := db.askStates(ctx, known, func(i int) envelope.TransactionID { return envs[i].TransactionID }, out); err != nil {
		return err
	}
	if err := db.askTwins(ctx, id, envs, all, func(i int) envelope.Content { return envs[i].Content }, out); err != nil {
		return err
	}
	for i, env := range envs {
		if env.Legacy != nil && out[i].State == envelope.StateNew {
			legacy = append(legacy, i)
		}
	}
	if len(legacy) == 0 {
		return nil
	}
	if err := db.askStates(ctx, legacy, func(i int) envelope.TransactionID { return envs[i].Legacy.TransactionID }, out); err != nil {
		return err
	}
	for _, i := range legacy {
		out[i].Legacy = out[i].State != envelope.StateNew
	}
	return db.askTwins(ctx, id, envs, legacy, func(i int) envelope.Content { return envs[i].Legacy.Content }, out)
}

// batchesOf returns the batches of envs, and which of them the ledger has.
func (db *DB) batchesOf(ctx context.Context, account int64, envs []*envelope.Identity) (map[string]bool, error) {
	has := make(map[string]bool)
	for _, env := range envs {
		has[env.Batch] = false
	}
	rows, err := db.read.QueryContext(ctx, sqlBatches, account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if _, ok := has[name]; ok {
			has[name] = true
		}
	}
	return has, rows.Err()
}

// askStates fills in the states of the envelopes at the indices which, whose
// keys key tells. It asks in the order of the index that answers.
func (db *DB) askStates(ctx context.Context, which []int, key func(int) envelope.TransactionID, out []envelope.Standing) error {
	slices.SortFunc(which, func(i, j int) int { return key(i).Compare(key(j)) })
	for chunk := range slices.Chunk(which, askChunk) {
		if err := db.askStateChunk(ctx, chunk, key, out); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) askStateChunk(ctx context.Context, chunk []int, key func(int) envelope.TransactionID, out []envelope.Standing) error {
	keys := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		k := key(i)
		keys = append(keys, k[:]...)
	}
	rows, err := db.read.QueryContext(ctx, sqlStandings, keys, len(chunk))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n             int
			st            envelope.Standing
			content, id   sql.RawBytes
			state         string
			code, message sql.NullString
			at            int64
		)
		if err := rows.Scan(&n, &content, &state, &id, &code, &message, &at, &st.RemoteStatus); err != nil {
			return err
		}
		if st.State, err = stateOf(state); err != nil {
			return err
		}
		copy(st.Content[:], content)
		st.ID, st.Code, st.Message, st.At = unpackID(id), code.String, message.String, timeOf(at)
		st.Twin = out[chunk[n]].Twin
		out[chunk[n]] = st
	}
	return rows.Err()
}

// askTwins fills in the twins of the envelopes at the indices which, by the
// contents that content tells.
func (db *DB) askTwins(ctx context.Context, account int64, envs []*envelope.Identity, which []int, content func(int) envelope.Content, out []envelope.Standing) error {
	slices.SortFunc(which, func(i, j int) int {
		a, b := content(i), content(j)
		return bytes.Compare(a[:], b[:])
	})
	for chunk := range slices.Chunk(which, askChunk) {
		if err := db.askTwinChunk(ctx, account, envs, chunk, content, out); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) askTwinChunk(ctx context.Context, account int64, envs []*envelope.Identity, chunk []int, content func(int) envelope.Content, out []envelope.Standing) error {
	contents := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		c := content(i)
		contents = append(contents, c[:]...)
	}
	rows, err := db.read.QueryContext(ctx, sqlTwins, contents, len(chunk), account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n       int
			twin    envelope.Twin
			state   string
			key, id sql.RawBytes
			at      int64
		)
		if err := rows.Scan(&n, &key, &twin.Batch, &state, &id, &at); err != nil {
			return err
		}
		i := chunk[n]
		if tx := transactionID(key); tx == envs[i].TransactionID || envs[i].Legacy != nil && tx == envs[i].Legacy.TransactionID {
			continue
		}
		twin.At = timeOf(at)
		if state == letter(envelope.StateSent) {
			twin.ID = unpackID(id)
		}
		if old := out[i].Twin; old == nil || old.ID == "" { // rather one that is certain
			out[i].Twin = &twin
		}
	}
	return rows.Err()
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"batchsend/envelope"
)

// askChunk is how many envelopes one question asks about.
const askChunk = 4096

// Standings returns what the ledger knows about each of envs, in their order.
// It asks in chunks, so a caller that is short of memory may do so as well.
func (db *DB) Standings(ctx context.Context, account string, envs []*envelope.Envelope) ([]envelope.Standing, error) {
	out := make([]envelope.Standing, len(envs))
	if db.read == nil {
		return out, nil
	}
	if err := db.standings(ctx, strings.ToLower(account), envs, out); err != nil {
		return nil, sqliteError(db.path, err)
	}
	return out, nil
}

func (db *DB) standings(ctx context.Context, account string, envs []*envelope.Envelope, out []envelope.Standing) error {
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
	known, twins := inOrder(envs, has)
	for chunk := range slices.Chunk(known, askChunk) {
		if err := db.askStates(ctx, envs, chunk, out); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(twins, askChunk) {
		if err := db.askTwins(ctx, id, envs, chunk, out); err != nil {
			return err
		}
	}
	return nil
}

// batchesOf returns the batches of envs, and which of them the ledger has.
func (db *DB) batchesOf(ctx context.Context, account int64, envs []*envelope.Envelope) (map[string]bool, error) {
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

// inOrder picks the envelopes worth asking about, in the order of the index
// that answers: known are those of batches that the ledger has, by key, as a
// key contains the batch; any may have a twin, by content.
func inOrder(envs []*envelope.Envelope, has map[string]bool) (known, all []int) {
	for i, env := range envs {
		if has[env.Batch] {
			known = append(known, i)
		}
		all = append(all, i)
	}
	slices.SortFunc(known, func(i, j int) int {
		return strings.Compare(string(envs[i].TransactionID), string(envs[j].TransactionID))
	})
	slices.SortFunc(all, func(i, j int) int {
		return slices.Compare(envs[i].Content[:], envs[j].Content[:])
	})
	return known, all
}

func (db *DB) askStates(ctx context.Context, envs []*envelope.Envelope, chunk []int, out []envelope.Standing) error {
	keys := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		key, err := keyOf(envs[i].TransactionID)
		if err != nil {
			return err
		}
		keys = append(keys, key...)
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
		if err := rows.Scan(&n, &content, &state, &id, &code, &message, &at); err != nil {
			return err
		}
		if st.State, err = stateOf(state); err != nil {
			return err
		}
		copy(st.Content[:], content)
		st.ID, st.Code, st.Message, st.At = unpackID(id), code.String, message.String, timeOf(at)
		out[chunk[n]] = st
	}
	return rows.Err()
}

func (db *DB) askTwins(ctx context.Context, account int64, envs []*envelope.Envelope, chunk []int, out []envelope.Standing) error {
	contents := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		contents = append(contents, envs[i].Content[:]...)
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
		if transactionID(key) == envs[i].TransactionID {
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

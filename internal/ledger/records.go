package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// queryChunk is how many envelopes one query looks up.
const queryChunk = 4096

// Records returns the record of each envelope, in their order. Where there is none
// it returns the one that an earlier release made for the same envelope, with Legacy
// set. A caller may look up a long list in slices; some thousands are best.
func (db *DB) Records(ctx context.Context, account string, envs []*envelope.Identity) ([]history.Record, error) {
	out := make([]history.Record, len(envs))
	if db.read == nil {
		return out, nil
	}
	if err := db.records(ctx, strings.ToLower(account), envs, out); err != nil {
		return nil, db.explain(err)
	}
	return out, nil
}

func (db *DB) records(ctx context.Context, account string, envs []*envelope.Identity, out []history.Record) error {
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
	if err := db.readStates(ctx, known, func(i int) envelope.TransactionID { return envs[i].TransactionID }, out); err != nil {
		return err
	}
	if err := db.readSameContent(ctx, id, envs, all, func(i int) envelope.Content { return envs[i].Content }, out); err != nil {
		return err
	}
	for i, env := range envs {
		if env.Legacy != nil && out[i].State == history.StateNew {
			legacy = append(legacy, i)
		}
	}
	if len(legacy) == 0 {
		return nil
	}
	if err := db.readStates(ctx, legacy, func(i int) envelope.TransactionID { return envs[i].Legacy.TransactionID }, out); err != nil {
		return err
	}
	for _, i := range legacy {
		out[i].Legacy = out[i].State != history.StateNew
	}
	return db.readSameContent(ctx, id, envs, legacy, func(i int) envelope.Content { return envs[i].Legacy.Content }, out)
}

// batchesOf returns the batches of envs, and for each whether the ledger has it.
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

// readStates fills in the records of the envelopes at the indices which, by the keys
// that key returns. It looks them up in the order of the table's index, which reads
// each page once.
func (db *DB) readStates(ctx context.Context, which []int, key func(int) envelope.TransactionID, out []history.Record) error {
	slices.SortFunc(which, func(i, j int) int { return key(i).Compare(key(j)) })
	for chunk := range slices.Chunk(which, queryChunk) {
		if err := db.readStateChunk(ctx, chunk, key, out); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) readStateChunk(ctx context.Context, chunk []int, key func(int) envelope.TransactionID, out []history.Record) error {
	keys := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		k := key(i)
		keys = append(keys, k[:]...)
	}
	rows, err := db.read.QueryContext(ctx, sqlRecords, keys, len(chunk))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n             int
			st            history.Record
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
		st.SameContent = out[chunk[n]].SameContent
		out[chunk[n]] = st
	}
	return rows.Err()
}

// readSameContent fills in, for the envelopes at the indices which, the other
// envelopes of the same content, by the contents that content returns.
func (db *DB) readSameContent(ctx context.Context, account int64, envs []*envelope.Identity, which []int, content func(int) envelope.Content, out []history.Record) error {
	slices.SortFunc(which, func(i, j int) int {
		a, b := content(i), content(j)
		return bytes.Compare(a[:], b[:])
	})
	for chunk := range slices.Chunk(which, queryChunk) {
		if err := db.readSameContentChunk(ctx, account, envs, chunk, content, out); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) readSameContentChunk(ctx context.Context, account int64, envs []*envelope.Identity, chunk []int, content func(int) envelope.Content, out []history.Record) error {
	contents := make([]byte, 0, len(chunk)*16)
	for _, i := range chunk {
		c := content(i)
		contents = append(contents, c[:]...)
	}
	rows, err := db.read.QueryContext(ctx, sqlSameContent, contents, len(chunk), account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n       int
			other   history.SameContent
			state   string
			key, id sql.RawBytes
			at      int64
		)
		if err := rows.Scan(&n, &key, &other.Batch, &state, &id, &at); err != nil {
			return err
		}
		i := chunk[n]
		if tx := transactionID(key); tx == envs[i].TransactionID || envs[i].Legacy != nil && tx == envs[i].Legacy.TransactionID {
			continue
		}
		other.At = timeOf(at)
		if state == letter(history.StateSent) {
			other.ID = unpackID(id)
		}
		if old := out[i].SameContent; old == nil || old.ID == "" { // prefer one that was sent for certain
			out[i].SameContent = &other
		}
	}
	return rows.Err()
}

// missing reports whether a query had no row.
func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

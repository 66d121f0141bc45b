package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
)

// batchIndexes are the indexes of the batches that were asked about. The zero
// batchIndexes is empty.
type batchIndexes struct {
	mu      sync.Mutex
	batches map[int64]*batchIndex
}

// of returns the index of an account's batch, which must be in the ledger, as of
// now.
func (b *batchIndexes) of(ctx context.Context, db *sql.DB, account int64, name string) (*batchIndex, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var batch int64
	if err := db.QueryRowContext(ctx, sqlBatch, account, name).Scan(&batch); err != nil {
		return nil, err
	}
	x := b.batches[batch]
	if x == nil {
		x = &batchIndex{batch: batch, seed: maphash.MakeSeed()}
	}
	fresh, err := x.refreshed(ctx, db)
	if err != nil {
		return nil, err
	}
	if b.batches == nil {
		b.batches = make(map[int64]*batchIndex)
	}
	b.batches[batch] = fresh
	return fresh, nil
}

// batchIndex finds envelopes of a batch by their labels and by their recipients'
// names. The tables have no such index: it would cost a write for every envelope,
// and is needed only when a batch is given again. It knows hashes alone, so what it
// finds are candidates.
type batchIndex struct {
	batch         int64
	seed          maphash.Seed
	row, event    int64 // the last ones that are in it
	labels, names hashIndex
}

// hashIndex are hashes and the numbers of the rows they stand for, by hash. No
// ledger has 4 billion rows.
type hashIndex []hashedRow

type hashedRow struct{ hash, row uint32 }

// refreshed returns the index with what has changed since it was read. x stays as it
// is.
func (x *batchIndex) refreshed(ctx context.Context, db *sql.DB) (*batchIndex, error) {
	fresh := *x
	// The event first: what changes meanwhile is read again next time.
	if err := db.QueryRowContext(ctx, sqlLastEvent).Scan(&fresh.event); err != nil || fresh.event == x.event {
		return x, err
	}
	if err := fresh.read(ctx, db, sqlLabelsAfter, x.batch, x.row); err != nil {
		return nil, err
	}
	if x.event > 0 {
		if err := fresh.read(ctx, db, sqlLabelsRenamed, x.batch, x.row, x.event); err != nil {
			return nil, err
		}
	}
	return &fresh, nil
}

// read adds what a query answers.
func (x *batchIndex) read(ctx context.Context, db *sql.DB, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var labels, names hashIndex
	for rows.Next() {
		var (
			id                int64
			label, namesOfRow sql.RawBytes
		)
		if err := rows.Scan(&id, &label, &namesOfRow); err != nil {
			return err
		}
		x.row = max(x.row, id)
		if len(label) > 0 {
			labels = append(labels, hashedRow{x.hash(label), uint32(id)})
		}
		if len(namesOfRow) > 0 {
			names = append(names, hashedRow{x.hash(namesOfRow), uint32(id)})
		}
	}
	x.labels, x.names = x.labels.with(labels), x.names.with(names)
	return rows.Err()
}

func (x *batchIndex) hash(value []byte) uint32 { return uint32(maphash.Bytes(x.seed, value)) }

// candidates returns the rows that may have one of the labels or of the names, in
// ascending order.
func (x *batchIndex) candidates(labels, names map[string][]int) []int64 {
	var rows []int64
	for label := range labels {
		rows = x.labels.find(x.hash([]byte(label)), rows)
	}
	for name := range names {
		rows = x.names.find(x.hash([]byte(name)), rows)
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// with returns the index with others added.
func (x hashIndex) with(others hashIndex) hashIndex {
	byHash := func(a, b hashedRow) int { return cmp.Compare(a.hash, b.hash) }
	slices.SortFunc(others, byHash)
	if len(x) == 0 || len(others) == 0 {
		return append(x, others...)
	}
	merged := make(hashIndex, 0, len(x)+len(others))
	for _, o := range others {
		n := 0
		for n < len(x) && byHash(x[n], o) <= 0 {
			n++
		}
		merged, x = append(append(merged, x[:n]...), o), x[n:]
	}
	return append(merged, x...)
}

// find appends the rows that a hash stands for.
func (x hashIndex) find(hash uint32, rows []int64) []int64 {
	first, _ := slices.BinarySearchFunc(x, hash, func(e hashedRow, hash uint32) int { return cmp.Compare(e.hash, hash) })
	for _, e := range x[first:] {
		if e.hash != hash {
			break
		}
		rows = append(rows, int64(e.row))
	}
	return rows
}

// numbers is a list of numbers as JSON.
func numbers(list []int64) []byte {
	b := []byte{'['}
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return append(b, ']')
}

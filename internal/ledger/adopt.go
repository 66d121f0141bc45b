package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// Adopted is an envelope that was sent with another ledger, to be recorded in this one.
type Adopted struct {
	// Identity is that of the row which describes it. If there is no such row it holds
	// the transaction ID, and people and template as far as they are known.
	envelope.Identity
	File string // "" if no row describes it
	Line int

	ID   envelope.ID
	Sent time.Time
}

// Surplus is an envelope of a batch that DocuSign has in addition to the one which the
// ledger knows under the same transaction ID, or one that has lost its transaction ID.
type Surplus struct {
	ID            envelope.ID
	TransactionID envelope.TransactionID
	Sent          time.Time
}

// adoptedFile stands for the file of envelopes that no row describes.
const adoptedFile = "(found at DocuSign)"

// Adopt records envelopes of a batch that DocuSign has as sent. One that the ledger has
// already becomes sent, in whatever state it is; one that is recorded as sent stays as
// it is.
func (s *Session) Adopt(ctx context.Context, batch string, found []Adopted, surplus []Surplus) error {
	for chunk := range slices.Chunk(found, chunkRows) {
		if err := s.db.write(ctx, opAdopt, func(t *txn) error { return s.adopt(t, s.batches[batch], chunk) }); err != nil {
			return err
		}
	}
	if len(surplus) == 0 {
		return nil
	}
	return s.db.write(ctx, opAdopt, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		for _, e := range surplus {
			if _, err := t.exec(sqlAddSurplus, packID(e.ID), s.batches[batch], e.TransactionID[:], millis(e.Sent)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Session) adopt(t *txn, batch int64, found []Adopted) error {
	if err := s.leased(t); err != nil {
		return err
	}
	w, err := s.planWriter(t)
	if err != nil {
		return err
	}
	var before, after int64
	if _, err := t.row(sqlLastID, nil, &before); err != nil {
		return err
	}
	for _, e := range found {
		id, err := w.adopted(&e)
		if err != nil {
			return err
		}
		file, err := w.file(cmp.Or(e.File, adoptedFile))
		if err != nil {
			return err
		}
		args := append(id[:], batch, file, e.Line, storedLabel(e.Label), s.id, millis(e.Sent), packID(e.ID))
		if _, err := t.exec(sqlAdopt, args...); err != nil {
			return err
		}
	}
	if _, err := t.row(sqlLastID, nil, &after); err != nil || after == before {
		return err
	}
	if _, err := t.exec(sqlNewEvents, w.now, before+1, after-before, s.id, "ns", 1); err != nil {
		return err
	}
	_, err = t.exec(sqlSpan, batch, before+1, after)
	return err
}

// adopted returns the columns of an envelope's identity: key, content, scheme,
// template, people, names. What is not known of one that no row describes is null.
func (w *planWriter) adopted(e *Adopted) (columns [6]any, err error) {
	switch {
	case e.TransactionID.IsZero():
		return columns, mistake("an envelope without a transaction ID")
	case e.File != "":
		return w.identity(&e.Identity)
	}
	columns = [6]any{e.TransactionID[:], e.Content[:], envelope.Scheme}
	if e.People != (envelope.Digest{}) {
		columns[4] = w.salted.of(e.People)
	}
	if e.TemplateID != "" {
		columns[3], err = w.template(e.TemplateID)
	}
	return columns, err
}

// BatchRecords is what a ledger has of a batch.
type BatchRecords struct {
	States map[envelope.TransactionID]BatchRecord
	// Known are DocuSign's IDs of the envelopes of which the ledger knows, surplus ones
	// among them.
	Known map[envelope.ID]bool
}

// BatchRecord is one envelope of [BatchRecords].
type BatchRecord struct {
	State history.State
	ID    envelope.ID // if State is StateSent
}

// BatchRecords returns what the ledger has of a batch.
func (db *DB) BatchRecords(ctx context.Context, account, batch string) (BatchRecords, error) {
	r := BatchRecords{make(map[envelope.TransactionID]BatchRecord), make(map[envelope.ID]bool)}
	if db.read == nil {
		return r, nil
	}
	for e, err := range db.BatchEnvelopes(ctx, account, batch) {
		if err != nil {
			return r, err
		}
		record := BatchRecord{State: e.State}
		if e.State == history.StateSent {
			record.ID = e.ID
			r.Known[e.ID] = true
		}
		r.States[e.TransactionID] = record
	}
	surplus, err := list[[]byte](ctx, db, sqlSurplus, strings.ToLower(account), batch)
	for _, id := range surplus {
		r.Known[unpackID(id)] = true
	}
	return r, err
}

// LotNames returns the IDs of all lots that the ledger has of a batch, also of
// those that are done.
func (db *DB) LotNames(ctx context.Context, account, batch string) ([]string, error) {
	if db.read == nil {
		return nil, nil
	}
	return list[string](ctx, db, sqlLotNames, strings.ToLower(account), batch)
}

// list returns the rows of a query with one column.
func list[T any](ctx context.Context, db *DB, query string, args ...any) (all []T, err error) {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one T
		if err := rows.Scan(&one); err != nil {
			return nil, db.explain(err)
		}
		all = append(all, one)
	}
	return all, db.explain(rows.Err())
}

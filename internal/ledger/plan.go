package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

const (
	planRows  = 100    // in one statement
	chunkRows = 20_000 // in one transaction, for which other processes have to wait
	labelSize = 80     // bytes of a label that are stored
)

// Planned is an envelope to be planned, and where its first row is.
type Planned struct {
	envelope.Identity
	envelope.Position
}

// Plan records envelopes that are new. A new one that replaces another which was
// never sent ([envelope.Identity].Replaces) takes over its row. Those that are
// recorded already stay as they are.
//
// It writes 20,000 at a time, each time in one transaction. An error, or the end of
// ctx, leaves planned what was written before. The list may be given in parts, of some
// thousands at least: each transaction writes most pages of the indexes.
func (s *Session) Plan(ctx context.Context, all iter.Seq[Planned]) error {
	if err := s.alive(); err != nil {
		return err
	}
	var rows []Planned
	for row := range all {
		if _, err := s.batchOf(&row.Identity); err != nil {
			return err
		}
		if rows = append(rows, row); len(rows) == chunkRows {
			if err := s.planChunk(ctx, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return s.planChunk(ctx, rows)
}

// planChunk records envelopes in one transaction.
func (s *Session) planChunk(ctx context.Context, rows []Planned) error {
	var files []string // in the order in which status lists them
	for i := range rows {
		if name := rows[i].File; len(files) == 0 || files[len(files)-1] != name {
			files = append(files, name)
		}
	}
	// In the order of the index, so that each of its pages is written once.
	slices.SortFunc(rows, func(a, b Planned) int { return a.TransactionID.Compare(b.TransactionID) })
	return s.db.write(ctx, opPlan, func(t *txn) error { return s.plan(t, rows, files) })
}

func (s *Session) plan(t *txn, rows []Planned, files []string) error {
	if err := s.leased(t); err != nil {
		return err
	}
	w, err := s.planWriter(t)
	if err != nil {
		return err
	}
	for _, name := range files {
		if _, err := w.file(name); err != nil {
			return err
		}
	}
	var before, after int64
	if _, err := t.row(sqlLastID, nil, &before); err != nil {
		return err
	}
	args := make([]any, 0, planRows*12)
	for part := range slices.Chunk(rows, planRows) {
		args = args[:0]
		for i := range part {
			r := &part[i]
			id, err := w.identity(&r.Identity)
			if err != nil {
				return err
			}
			file, err := w.file(r.File)
			if err != nil {
				return err
			}
			if err := w.rename(r, id, file); err != nil {
				return err
			}
			args = append(args, id[:]...)
			args = append(args, s.batches[r.Batch], file, r.Line, storedLabel(r.Label), s.id, w.now)
		}
		if _, err := t.exec(sqlPlan(len(part)), args...); err != nil {
			return err
		}
	}
	if _, err := t.row(sqlLastID, nil, &after); err != nil || after == before {
		return err
	}
	if _, err := t.exec(sqlNewEvents, w.now, before+1, after-before, s.id, "np", 0); err != nil {
		return err
	}
	written := make(map[string]bool)
	for i := range rows {
		if batch := rows[i].Batch; !written[batch] {
			written[batch] = true
			if _, err := t.exec(sqlSpan, s.batches[batch], before+1, after); err != nil {
				return err
			}
		}
	}
	return nil
}

// planWriter plans the envelopes of one transaction.
type planWriter struct {
	s         *Session
	t         *txn
	salted    salted
	files     map[string]int64 // numbers by name
	templates map[string]int64 // numbers by GUID
	now       int64
}

func (s *Session) planWriter(t *txn) (*planWriter, error) {
	w := &planWriter{s: s, t: t, files: make(map[string]int64), templates: make(map[string]int64), now: millis(time.Now())}
	var err error
	w.salted, err = saltIn(t)
	return w, err
}

// file returns the number of a file, which gets one if it has none.
func (w *planWriter) file(name string) (id int64, err error) {
	if id, ok := w.files[name]; ok {
		return id, nil
	}
	if _, err := w.t.exec(sqlAddFile, name); err != nil {
		return 0, err
	}
	_, err = w.t.row(sqlFile, []any{name}, &id)
	w.files[name] = id
	return id, err
}

// identity returns the columns of an envelope's identity: key, content, scheme,
// template, people, names.
func (w *planWriter) identity(env *envelope.Identity) (columns [6]any, err error) {
	if env.IsLegacy() {
		return [6]any{env.TransactionID[:], env.Content[:], 1, nil, nil, nil}, nil
	}
	id, err := w.template(env.TemplateID)
	return [6]any{env.TransactionID[:], env.Content[:], envelope.Scheme, id, w.salted.of(env.People), w.salted.of(env.Names)}, err
}

// template returns the number of a template.
func (w *planWriter) template(guid string) (id int64, err error) {
	guid = strings.ToLower(guid)
	if id, ok := w.templates[guid]; ok {
		return id, nil
	}
	if _, err := w.t.exec(sqlAddTemplate, guid); err != nil {
		return 0, err
	}
	_, err = w.t.row(sqlTemplateID, []any{guid}, &id)
	w.templates[guid] = id
	return id, err
}

// rename gives the row that r's envelope replaces the identity of that envelope.
func (w *planWriter) rename(r *Planned, id [6]any, file int64) error {
	if r.Replaces.IsZero() {
		return nil
	}
	args := append([]any{r.Replaces[:], w.s.id, w.now}, id[:]...)
	_, err := w.t.exec(sqlRename, append(args, file, r.Line, storedLabel(r.Label))...)
	return err
}

// storedLabel is a label as the ledger stores it. A label that is too long is cut,
// with a digest at its end to tell it from others.
func storedLabel(label string) string {
	if len(label) <= labelSize {
		return label
	}
	sum := sha256.Sum256([]byte(label))
	return cut(label, labelSize-16) + hex.EncodeToString(sum[:8])
}

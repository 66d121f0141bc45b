package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

const (
	planRows  = 100    // in one statement
	planChunk = 20_000 // in one transaction, for which other processes have to wait
	labelSize = 80     // bytes of a label that are stored
)

// Plan records envelopes that are new. A new one that replaces another which was
// never sent ([envelope.Identity].Replaces) takes over its row. Those that are
// recorded already stay as they are. If ctx ends, what earlier transactions of the
// call have written remains planned.
//
// A long list may be planned in slices, and what was planned before may be among
// them. Slices of 20,000 are best, each of which is one transaction: every slice
// writes most pages of the indexes, so that ten times smaller ones take three times
// as long.
func (s *Session) Plan(ctx context.Context, envs []*envelope.Envelope) error {
	if err := s.alive(); err != nil {
		return err
	}
	rows, files, err := s.planned(envs)
	if err != nil {
		return err
	}
	// In the order of the index, so that each of its pages is written once.
	slices.SortFunc(rows, func(a, b planRow) int {
		return a.env.TransactionID.Compare(b.env.TransactionID)
	})
	for chunk := range slices.Chunk(rows, planChunk) {
		if err := s.db.write(ctx, opPlan, func(t *txn) error { return s.plan(t, chunk, files) }); err != nil {
			return err
		}
	}
	return nil
}

// planRow is an envelope to be planned.
type planRow struct {
	env   *envelope.Envelope
	batch int64
	file  int // index of its file's name
}

// planned checks that envs are of the session's batches and returns what to write, and
// the names of their files.
func (s *Session) planned(envs []*envelope.Envelope) (rows []planRow, files []string, err error) {
	rows = make([]planRow, len(envs))
	known := make(map[string]int)
	for i, env := range envs {
		batch, err := s.batchOf(env)
		if err != nil {
			return nil, nil, err
		}
		file, ok := known[env.File]
		if !ok {
			file = len(files)
			known[env.File], files = file, append(files, env.File)
		}
		rows[i] = planRow{env, batch, file}
	}
	return rows, files, nil
}

func (s *Session) plan(t *txn, rows []planRow, files []string) error {
	if err := s.leased(t); err != nil {
		return err
	}
	fileIDs, err := filesOf(t, files)
	if err != nil {
		return err
	}
	w := planWriter{s: s, t: t, files: fileIDs, templates: make(map[string]int64), now: millis(time.Now())}
	if w.salted, err = saltIn(t); err != nil {
		return err
	}
	var before, after int64
	if _, err := t.row(sqlLastID, nil, &before); err != nil {
		return err
	}
	args := make([]any, 0, planRows*12)
	for part := range slices.Chunk(rows, planRows) {
		args = args[:0]
		for _, r := range part {
			id, err := w.identity(&r.env.Identity)
			if err != nil {
				return err
			}
			if err := w.rename(r, id); err != nil {
				return err
			}
			args = append(args, id[:]...)
			args = append(args, r.batch, fileIDs[r.file], r.env.Line, storedLabel(r.env.Label), s.id, w.now)
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
	written := make(map[int64]bool)
	for _, r := range rows {
		if !written[r.batch] {
			written[r.batch] = true
			if _, err := t.exec(sqlSpan, r.batch, before+1, after); err != nil {
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
	files     []int64
	templates map[string]int64 // numbers by GUID
	now       int64
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
func (w *planWriter) rename(r planRow, id [6]any) error {
	if r.env.Replaces.IsZero() {
		return nil
	}
	args := append([]any{r.env.Replaces[:], w.s.id, w.now}, id[:]...)
	_, err := w.t.exec(sqlRename, append(args, w.files[r.file], r.env.Line, storedLabel(r.env.Label))...)
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

// filesOf returns the numbers of files, which get one if they have none.
func filesOf(t *txn, files []string) ([]int64, error) {
	ids := make([]int64, len(files))
	for i, name := range files {
		if _, err := t.exec(sqlAddFile, name); err != nil {
			return nil, err
		}
		if _, err := t.row(sqlFile, []any{name}, &ids[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

package ledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

const (
	planRows  = 100    // in a statement
	planChunk = 20_000 // in a transaction: a second process waits for no more
	labelSize = 80     // bytes of a label that are kept
)

// Plan records envelopes that are new. Those that are planned or failed with
// another content get the new one; all others stay as they are. An end of ctx
// is noticed between transactions, and what they wrote remains planned.
func (s *Session) Plan(ctx context.Context, envs []*envelope.Envelope) error {
	if err := s.alive(); err != nil {
		return err
	}
	rows, files, err := s.planned(envs)
	if err != nil {
		return err
	}
	// In the order of the index every page is written once.
	slices.SortFunc(rows, func(a, b planRow) int {
		return strings.Compare(string(a.env.TransactionID), string(b.env.TransactionID))
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
	file  int // of the files to which it belongs
}

// planned checks that envs are the session's and returns what is to be written
// of them, and the names of their files.
func (s *Session) planned(envs []*envelope.Envelope) (rows []planRow, files []string, err error) {
	rows = make([]planRow, len(envs))
	known := make(map[string]int)
	for i, env := range envs {
		batch, err := s.batchOf(env)
		if err != nil {
			return nil, nil, err
		}
		if _, err := keyOf(env.TransactionID); err != nil {
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
	now := millis(time.Now())
	var before, after int64
	if _, err := t.row(sqlLastID, nil, &before); err != nil {
		return err
	}
	args := make([]any, 0, planRows*8)
	for part := range slices.Chunk(rows, planRows) {
		args = args[:0]
		for _, r := range part {
			key, err := keyOf(r.env.TransactionID)
			if err != nil {
				return err
			}
			args = append(args, key, r.env.Content[:], r.batch, fileIDs[r.file], r.env.Line, cut(r.env.Label, labelSize), s.id, now)
		}
		if _, err := t.exec(sqlPlan(len(part)), args...); err != nil {
			return err
		}
	}
	if _, err := t.row(sqlLastID, nil, &after); err != nil || after == before {
		return err
	}
	if _, err := t.exec(sqlPlanEvents, now, before+1, after-before, s.id); err != nil {
		return err
	}
	for _, batch := range s.batches {
		if _, err := t.exec(sqlSpan, batch, before+1, after); err != nil {
			return err
		}
	}
	return nil
}

// leased returns ErrLost unless all leases are still the session's.
func (s *Session) leased(t *txn) error {
	for _, batch := range s.batches {
		var p pulse
		switch held, err := t.row(sqlBeats, []any{batch}, &p.run, &p.beat); {
		case err != nil:
			return err
		case !held || p.run != s.id:
			return ErrLost
		}
	}
	return nil
}

// filesOf returns the numbers of files.
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

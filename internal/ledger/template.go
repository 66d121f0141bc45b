package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// SeeTemplate records the fingerprint of a template with which one of the session's
// batches is sent. Only the caller knows what a fingerprint means.
func (s *Session) SeeTemplate(ctx context.Context, batch, templateID, fingerprint string) error {
	id, ok := s.batches[batch]
	if !ok {
		return fmt.Errorf("batch %q is not this run's", batch)
	}
	return s.db.write(ctx, opTemplate, func(t *txn) error {
		_, err := t.exec(sqlSeeTemplate, id, strings.ToLower(templateID), fingerprint, millis(time.Now()))
		return err
	})
}

// Template returns the fingerprint of the template when the batch was last sent with
// it, and when that was; "" if it never was.
func (db *DB) Template(ctx context.Context, account, batch, templateID string) (fingerprint string, seen time.Time, err error) {
	if db.read == nil {
		return "", time.Time{}, nil
	}
	var at int64
	err = db.read.QueryRowContext(ctx, sqlTemplate, strings.ToLower(account), batch, strings.ToLower(templateID)).Scan(&fingerprint, &at)
	switch {
	case missing(err):
		return "", time.Time{}, nil
	case err != nil:
		return "", time.Time{}, db.explain(err)
	}
	return fingerprint, timeOf(at), nil
}

// SeenTemplate is a template with which a batch was sent.
type SeenTemplate struct {
	ID, Fingerprint string
	Seen            time.Time // when it was last so
}

// BatchTemplates returns the templates with which a batch was sent, the one that was
// seen first at first.
func (db *DB) BatchTemplates(ctx context.Context, account, batch string) (all []SeenTemplate, err error) {
	if db.read == nil {
		return nil, nil
	}
	rows, err := db.read.QueryContext(ctx, sqlBatchTemplates, strings.ToLower(account), batch)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var t SeenTemplate
		var at int64
		if err := rows.Scan(&t.ID, &t.Fingerprint, &at); err != nil {
			return nil, db.explain(err)
		}
		t.Seen = timeOf(at)
		all = append(all, t)
	}
	return all, db.explain(rows.Err())
}

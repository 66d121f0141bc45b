package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Call is a call to DocuSign's REST API.
type Call struct {
	At     time.Time `json:"at"` // when it left
	Method string    `json:"method"`
	Path   string    `json:"path"`   // below the account, without a query
	Status int       `json:"status"` // of the answer; 0 if none came
}

// keptCallLogs is of how many runs the calls are kept.
const keptCallLogs = 100

// RecordCalls records the last calls of a run, the oldest first. application names the
// sign-in server and the integration key that made them.
func (db *DB) RecordCalls(ctx context.Context, application string, calls []Call) error {
	text, err := json.Marshal(calls)
	if err != nil {
		return err
	}
	return db.write(ctx, opCalls, func(t *txn) error {
		var id int64
		if _, err := t.row(sqlAddCalls, []any{application, string(text)}, &id); err != nil {
			return err
		}
		_, err := t.exec(sqlDropCalls, id-keptCallLogs)
		return err
	})
}

// Calls returns what is recorded of the calls of an application, the oldest first.
func (db *DB) Calls(ctx context.Context, application string) ([]Call, error) {
	if db.read == nil {
		return nil, nil
	}
	rows, err := db.read.QueryContext(ctx, sqlCalls, application)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	var all []Call
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, db.explain(err)
		}
		var calls []Call
		if json.Unmarshal(text, &calls) == nil { // else nobody can read them
			all = append(all, calls...)
		}
	}
	slices.SortStableFunc(all, func(a, b Call) int { return a.At.Compare(b.At) })
	return all, db.explain(rows.Err())
}

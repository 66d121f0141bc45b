package ledger

import (
	"context"
	"strings"
	"time"

	"batchsend/envelope"
)

// RemoteStatus is what DocuSign said of a sent envelope.
type RemoteStatus struct {
	ID      envelope.ID
	Status  string    // DocuSign's word in lower case; "" if it does not know the envelope
	Changed time.Time // when it took that status; zero if DocuSign did not say
	Asked   time.Time // when DocuSign was asked, by our clock; zero if it never was

	envelope int64
}

// RemoteStatuses returns what is known of all sent envelopes of a batch, in the order in which
// they were planned.
func (db *DB) RemoteStatuses(ctx context.Context, account, batch string) ([]RemoteStatus, error) {
	if db.read == nil {
		return nil, nil
	}
	rows, err := db.read.QueryContext(ctx, sqlRemoteStatuses, strings.ToLower(account), batch)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	var all []RemoteStatus
	for rows.Next() {
		var (
			f              RemoteStatus
			id             []byte
			changed, asked int64
		)
		if err := rows.Scan(&f.envelope, &id, &f.Status, &changed, &asked); err != nil {
			return nil, db.explain(err)
		}
		f.ID, f.Changed, f.Asked = unpackID(id), timeOrZero(changed), timeOrZero(asked)
		all = append(all, f)
	}
	return all, db.explain(rows.Err())
}

// RecordRemoteStatuses records DocuSign's answers about envelopes that [DB.RemoteStatuses] has returned. An
// answer to a later question stays: see Asked.
func (db *DB) RecordRemoteStatuses(ctx context.Context, statuses []RemoteStatus) error {
	for _, f := range statuses {
		if f.envelope == 0 || f.Asked.IsZero() {
			return mistake("a status of " + string(f.ID) + " that nobody asked for")
		}
	}
	return db.write(ctx, opRemoteStatus, func(t *txn) error {
		for _, f := range statuses {
			if _, err := t.exec(sqlSetRemoteStatus, f.envelope, f.Status, millisOrZero(f.Changed), millis(f.Asked)); err != nil {
				return err
			}
		}
		return nil
	})
}

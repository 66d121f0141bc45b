package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// ClaimLot makes planned or failed envelopes of one batch sending, as
// [Session.Claim] does each, and a lot of them, all in one transaction. Those
// that may not be claimed are left out of it; refused holds, in the order of
// envs, why, or nil. The lot exists unless none was claimed. With an error
// nothing was claimed.
func (s *Session) ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	batch, err := s.batchOfLot(lot, envs)
	if err != nil {
		return nil, err
	}
	claimed := make([]envelope.TransactionID, 0, len(envs))
	refused = make([]error, len(envs))
	err = s.db.write(ctx, opClaimLot, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		now := millis(time.Now())
		var id int64
		switch added, err := t.row(sqlAddLot, []any{lot.ID, batch, s.id, now}, &id); {
		case err != nil:
			return err
		case !added:
			return mistake(fmt.Sprintf("lot %s has been claimed before", lot.ID))
		}
		for i, env := range envs {
			switch refused[i] = s.makeChange(t, s.claim(env, id)); {
			case refused[i] == nil:
				claimed = append(claimed, env.TransactionID)
			case !refusal(refused[i]):
				return refused[i]
			}
		}
		if len(claimed) > 0 {
			return nil
		}
		_, err := t.exec(sqlEndLot, lot.ID, s.id, now, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	lot.Envelopes = claimed
	return refused, nil
}

// batchOfLot returns the number of the batch that all envs are of. Whatever is
// wrong with them must show before the first is claimed.
func (s *Session) batchOfLot(lot *envelope.Lot, envs []*envelope.Envelope) (batch int64, err error) {
	if lot.ID == "" || len(envs) == 0 {
		return 0, mistake(fmt.Sprintf("lot %q of %d envelopes", lot.ID, len(envs)))
	}
	for _, env := range envs {
		of, err := s.batchOf(env)
		if err != nil {
			return 0, err
		}
		if _, err := keyOf(env.TransactionID); err != nil {
			return 0, err
		}
		if batch != 0 && of != batch {
			return 0, mistake(fmt.Sprintf("lot %s has envelopes of several batches", lot.ID))
		}
		batch = of
	}
	return batch, nil
}

// RecordLot writes down the parts of a lot that are known, and that it is asked
// for: as long as the batch's ID is not known that is a promise like
// [Session.Claim]'s, so a session that others may believe dead gets [ErrLost].
// So does one without the lease, and nothing is written.
func (s *Session) RecordLot(ctx context.Context, lot *envelope.Lot) error {
	if !lot.Asked.IsZero() && lot.Batch == "" {
		if err := s.alive(); err != nil {
			return err
		}
	}
	asked := sql.NullInt64{Int64: millis(lot.Asked), Valid: !lot.Asked.IsZero()}
	return s.db.write(ctx, opLot, func(t *txn) error {
		n, err := t.exec(sqlLot, lot.ID, s.id, string(lot.Draft), lot.List, lot.Batch, asked)
		if err != nil || n == 1 {
			return err
		}
		ended, err := s.whyNotLot(t, lot.ID)
		if ended {
			return mistake(fmt.Sprintf("lot %s has ended", lot.ID))
		}
		return err
	})
}

// whyNotLot says why a lot could not be changed: it has ended already, or it is
// not ours to change.
func (s *Session) whyNotLot(t *txn, id string) (ended bool, err error) {
	var end, lease sql.NullInt64
	switch found, err := t.row(sqlLotState, []any{id}, &end, &lease); {
	case err != nil:
		return false, err
	case !found:
		return false, mistake(fmt.Sprintf("the ledger has no lot %s", id))
	case !lease.Valid || lease.Int64 != s.id:
		return false, ErrLost
	}
	return end.Valid, nil
}

// SettleLot writes down what became of envelopes of a lot, as [Session.Settle]
// does each, all in one transaction. If the lot is over, it is ended; speed is
// how many copies a second DocuSign made of it, 0 if that is not known. What is
// still sending then is for [Session.Open], as an unknown envelope always is.
//
// That an envelope was sent is believed of any. Another outcome that the
// envelope's state forbids, or of an envelope that is in the lot no more, is
// passed over: it was settled before. Without the lease only what was sent is
// written, and if there was more the error is [ErrLost].
func (s *Session) SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error {
	changes, err := s.settleEach(lot, outs)
	if err != nil {
		return err
	}
	var lost error // not the op's own answer, which would be one before anything is written
	err = s.db.write(ctx, opSettleLot, func(t *txn) error {
		for _, c := range changes {
			switch err := s.makeChange(t, c); {
			case errors.Is(err, ErrLost):
				lost = err
			case err != nil && !refusal(err):
				return err
			}
		}
		if !over || lost != nil {
			return nil
		}
		seen := sql.NullFloat64{Float64: speed, Valid: speed > 0}
		n, err := t.exec(sqlEndLot, lot.ID, s.id, millis(time.Now()), seen)
		if err != nil || n == 1 {
			return err
		}
		if _, err = s.whyNotLot(t, lot.ID); refusal(err) {
			lost, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return lost
}

// settleEach returns the changes that outs make.
func (s *Session) settleEach(lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome) ([]change, error) {
	changes := make([]change, 0, len(outs))
	for _, id := range slices.Sorted(maps.Keys(outs)) { // the order of the index
		c, err := s.settle(id, outs[id])
		if err != nil {
			return nil, err
		}
		if _, err := keyOf(id); err != nil {
			return nil, err
		}
		if outs[id].Status != envelope.Sent {
			c.sql, c.args = sqlSettleLot, append(c.args, lot.ID)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// Lots returns the lots of the session's batches with which something is still
// to be done, the oldest first, each with those of its envelopes that are still
// sending, in the order in which they were planned.
func (s *Session) Lots(ctx context.Context) ([]envelope.Lot, error) {
	var all []envelope.Lot
	for _, name := range s.run.Batches {
		lots, err := s.lots(ctx, s.batches[name])
		if err != nil {
			return nil, sqliteError(s.db.path, err)
		}
		all = append(all, lots...)
	}
	return all, nil
}

func (s *Session) lots(ctx context.Context, batch int64) ([]envelope.Lot, error) {
	rows, err := s.db.read.QueryContext(ctx, sqlLots, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lots []envelope.Lot
	for rows.Next() {
		var (
			lot   envelope.Lot
			draft string
			asked sql.NullInt64
			key   []byte // null if all its envelopes are settled
		)
		if err := rows.Scan(&lot.ID, &draft, &lot.List, &lot.Batch, &asked, &key); err != nil {
			return nil, err
		}
		lot.Draft = envelope.ID(draft)
		if asked.Valid {
			lot.Asked = timeOf(asked.Int64)
		}
		if n := len(lots); n == 0 || lots[n-1].ID != lot.ID {
			lots = append(lots, lot)
		}
		if last := &lots[len(lots)-1]; key != nil {
			last.Envelopes = append(last.Envelopes, transactionID(key))
		}
	}
	return lots, rows.Err()
}

// LotSpeed returns how many copies a second DocuSign made of the account's
// lots when that was last seen; 0 if it never was.
func (db *DB) LotSpeed(ctx context.Context, account string) (speed float64, err error) {
	if db.read == nil {
		return 0, nil
	}
	err = db.read.QueryRowContext(ctx, sqlLotSpeed, strings.ToLower(account)).Scan(&speed)
	if missing(err) {
		return 0, nil
	}
	return speed, sqliteError(db.path, err)
}

// GiveBack makes the envelopes of earlier runs' lots planned again whose sending
// was never asked for: nothing of them can exist. Their lots stay, to be cleaned
// up.
func (s *Session) GiveBack(ctx context.Context) error {
	return s.db.write(ctx, opGiveBack, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		for _, batch := range s.batches {
			if _, err := t.exec(sqlGiveBack, batch, s.id, millis(time.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}

package ledger

import (
	"cmp"
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

// AddLot writes down that a lot of a batch is about to be prepared. It has no
// envelopes yet; but however the run ends, the next one finds what was made at
// DocuSign for the lot, which must be removed.
func (s *Session) AddLot(ctx context.Context, lot *envelope.Lot, batch string) error {
	id, ok := s.batches[batch]
	if !ok || lot.ID == "" {
		return mistake(fmt.Sprintf("lot %q of batch %q, which is not this run's", lot.ID, batch))
	}
	return s.db.write(ctx, opAddLot, func(t *txn) error {
		if err := s.leased(t); err != nil {
			return err
		}
		var row int64
		switch added, err := t.row(sqlAddLot, []any{lot.ID, id, s.id, millis(time.Now())}, &row); {
		case err != nil:
			return err
		case !added:
			return mistake(fmt.Sprintf("there is a lot %s already", lot.ID))
		}
		return nil
	})
}

// ClaimLot makes planned or failed envelopes of one batch sending, as
// [Session.Claim] does each, as the envelopes of a lot of that batch, all of them
// in one transaction or none. When it returns no refusal and no error that is on
// disk, and the lot, now Asked for, may be sent once. Else refused says, in the
// order of envs, which of them may not be claimed and why, and nothing was.
func (s *Session) ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	batch, err := s.batchOfLot(lot, envs)
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	err = s.db.write(ctx, opClaimLot, func(t *txn) (err error) {
		if _, err := t.exec("SAVEPOINT lot"); err != nil {
			return err
		}
		refused, err = s.claimAll(t, lot, batch, asked, envs)
		if err == nil && refused == nil {
			_, err := t.exec("RELEASE lot")
			return err
		}
		if err != nil && !refusal(err) {
			return err // which undoes everything
		}
		for _, statement := range []string{"ROLLBACK TO lot", "RELEASE lot"} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil || refused != nil {
		return refused, err
	}
	lot.Asked, lot.Envelopes = asked, make([]envelope.TransactionID, len(envs))
	for i, env := range envs {
		lot.Envelopes[i] = env.TransactionID
	}
	return nil, nil
}

// claimAll claims envs for a lot. If some are refused others may have been
// claimed, which must be undone.
func (s *Session) claimAll(t *txn, lot *envelope.Lot, batch int64, asked time.Time, envs []*envelope.Envelope) (refused []error, err error) {
	var id int64
	switch found, err := t.row(sqlAskLot, []any{lot.ID, s.id, millis(asked), batch}, &id); {
	case err != nil:
		return nil, err
	case !found:
		if _, err := s.whyNotLot(t, lot.ID); err != nil {
			return nil, err
		}
		return nil, mistake(fmt.Sprintf("lot %s has ended, or is of another batch", lot.ID))
	}
	for i, env := range envs {
		err := s.makeChange(t, s.claim(env, id))
		switch {
		case err == nil:
		case errors.Is(err, ErrLost), !refusal(err):
			return nil, err
		default:
			if refused == nil {
				refused = make([]error, len(envs))
			}
			refused[i] = err
		}
	}
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
		if batch != 0 && of != batch {
			return 0, mistake(fmt.Sprintf("lot %s has envelopes of several batches", lot.ID))
		}
		batch = of
	}
	return batch, nil
}

// RecordLot writes down the parts of a lot that are known. If its draft is a row's,
// or its list or batch another lot's, nothing is written, and the error is a
// [*TakenError]; without the lease it is a [*LostError].
func (s *Session) RecordLot(ctx context.Context, lot *envelope.Lot) error {
	return s.db.write(ctx, opLot, func(t *txn) error {
		if err := lotTaken(t, lot); err != nil {
			return err
		}
		n, err := t.exec(sqlLot, lot.ID, s.id, string(lot.Draft), lot.List, lot.Batch)
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

// lotTaken returns a [*TakenError] if a part of a lot is something else already.
func lotTaken(t *txn, lot *envelope.Lot) error {
	if lot.Draft != "" {
		e := &TakenError{ID: lot.Draft}
		if found, err := t.row(sqlTaken, []any{packID(lot.Draft), noID}, &e.File, &e.Line); err != nil || found {
			return cmp.Or(err, error(e))
		}
	}
	e := new(TakenError)
	if found, err := t.row(sqlLotTaken, []any{lot.ID, lot.List, lot.Batch}, &e.Lot); err != nil || found {
		return cmp.Or(err, error(e))
	}
	return nil
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
		return false, s.lostLease(t)
	}
	return end.Valid, nil
}

// SettleLot writes down what became of envelopes of a lot, as [Session.Settle]
// does each, all in one transaction. If the lot is over, it is ended; speed is how
// many copies a second DocuSign made of it, 0 if that is not known. What is still
// sending then is for [Session.Open], as an unknown envelope always is.
//
// An envelope that would be sent as another row's is made unknown, in outs too.
// That an envelope was sent is believed of any. Another outcome that the
// envelope's state forbids, or of an envelope that is in the lot no more, is
// passed over: it was settled before. Without the lease only what was sent is
// written, and if there was more the error is a [*LostError].
func (s *Session) SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error {
	for id, out := range outs {
		if _, err := s.settle(id, out); err != nil {
			return err
		}
		if id.IsZero() {
			return mistake("an envelope without a transaction ID")
		}
	}
	var lost error // not the op's own answer, which would be one before anything is written
	err := s.db.write(ctx, opSettleLot, func(t *txn) error {
		for _, id := range slices.SortedFunc(maps.Keys(outs), envelope.TransactionID.Compare) { // the order of the index
			switch err := s.settleInLot(t, lot, id, outs); {
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

// settleInLot writes down what became of one envelope of a lot, as outs says.
func (s *Session) settleInLot(t *txn, lot *envelope.Lot, id envelope.TransactionID, outs map[envelope.TransactionID]envelope.Outcome) error {
	c, err := s.settle(id, outs[id])
	if err != nil {
		return err
	}
	if outs[id].Status != envelope.Sent {
		c.sql, c.args = sqlSettleLot, append(c.args, lot.ID)
	}
	err = s.makeChange(t, c)
	if taken, ok := errors.AsType[*TakenError](err); ok {
		outs[id] = envelope.Outcome{Status: envelope.Unknown, Message: taken.Error()}
		return s.settleInLot(t, lot, id, outs)
	}
	return err
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

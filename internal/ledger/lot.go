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
	"batchsend/internal/remote"
)

// AddLot records that a lot of a batch is about to be prepared. It has no envelopes
// yet. However the run ends, the next one finds the lot here, and removes what was
// made for it at DocuSign.
func (s *Session) AddLot(ctx context.Context, lot *remote.Lot, batch string) error {
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

// ClaimLot claims planned or failed envelopes of one batch, as [Session.Claim] does
// each, as the envelopes of a lot of that batch: all of them in one transaction, or
// none. When it returns neither refused nor err, the claims are on disk, lot.Asked and
// lot.Envelopes are set, and the lot may be sent once. Otherwise nothing was claimed;
// refused holds, in the order of envs, why an envelope may not be claimed, nil for
// those that may.
func (s *Session) ClaimLot(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (refused []error, err error) {
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

// claimAll claims envs for a lot. If it returns refused or err, others may have been
// claimed: the caller must undo that.
func (s *Session) claimAll(t *txn, lot *remote.Lot, batch int64, asked time.Time, envs []*envelope.Envelope) (refused []error, err error) {
	var id int64
	switch found, err := t.row(sqlAskLot, []any{lot.ID, s.id, millis(asked), batch}, &id); {
	case err != nil:
		return nil, err
	case !found:
		if _, err := s.lotRefusal(t, lot.ID); err != nil {
			return nil, err
		}
		return nil, mistake(fmt.Sprintf("lot %s has ended, or is of another batch", lot.ID))
	}
	for i, env := range envs {
		err := s.apply(t, s.claim(env, id))
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

// batchOfLot returns the number of the one batch of envs. It finds all that is wrong
// with the lot itself, before the first envelope is claimed.
func (s *Session) batchOfLot(lot *remote.Lot, envs []*envelope.Envelope) (batch int64, err error) {
	if lot.ID == "" || len(envs) == 0 {
		return 0, mistake(fmt.Sprintf("lot %q of %d envelopes", lot.ID, len(envs)))
	}
	for _, env := range envs {
		of, err := s.batchOf(&env.Identity)
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

// RecordLot records the parts of a lot that exist at DocuSign. If the draft is recorded
// as the envelope of a row, or list or bulk batch as those of another lot, it records
// nothing and the error is a [*TakenError]; without the lease it is a [*LostError].
func (s *Session) RecordLot(ctx context.Context, lot *remote.Lot) error {
	return s.db.write(ctx, opLot, func(t *txn) error {
		if err := checkLotFree(t, lot); err != nil {
			return err
		}
		n, err := t.exec(sqlLot, lot.ID, s.id, string(lot.Draft), lot.List, lot.BulkBatch)
		if err != nil || n == 1 {
			return err
		}
		ended, err := s.lotRefusal(t, lot.ID)
		if ended {
			return mistake(fmt.Sprintf("lot %s has ended", lot.ID))
		}
		return err
	})
}

// checkLotFree returns a [*TakenError] if a part of the lot is recorded as something
// else already.
func checkLotFree(t *txn, lot *remote.Lot) error {
	if lot.Draft != "" {
		e := &TakenError{ID: lot.Draft}
		if found, err := t.row(sqlIDTaken, []any{packID(lot.Draft), noID}, &e.File, &e.Line); err != nil || found {
			return cmp.Or(err, error(e))
		}
	}
	e := new(TakenError)
	if found, err := t.row(sqlLotTaken, []any{lot.ID, lot.List, lot.BulkBatch}, &e.Lot); err != nil || found {
		return cmp.Or(err, error(e))
	}
	return nil
}

// lotRefusal returns why a lot could not be changed: that it has ended, or, as err,
// that there is no such lot or the lease on its batch is lost.
func (s *Session) lotRefusal(t *txn, id string) (ended bool, err error) {
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

// SettleLot records what became of envelopes of a lot, as [Session.Settle] does each,
// all in one transaction.
//
// An envelope that was sent is recorded as sent in any state. If DocuSign's ID of it
// is recorded for another row already, it becomes unknown, also in outs. Any other
// outcome is ignored if the envelope's state forbids it or the envelope is not in the
// lot any more: it was settled before. Without the lease only what was sent is
// recorded, and the error is a [*LostError] if there was anything else.
func (s *Session) SettleLot(ctx context.Context, lot *remote.Lot, outs map[envelope.TransactionID]envelope.Outcome) error {
	for id, out := range outs {
		if _, err := s.settle(id, out); err != nil {
			return err
		}
		if id.IsZero() {
			return mistake("an envelope without a transaction ID")
		}
	}
	var lost error // kept apart from the op's error, which would undo what was sent
	err := s.db.write(ctx, opSettleLot, func(t *txn) error {
		for _, id := range slices.SortedFunc(maps.Keys(outs), envelope.TransactionID.Compare) { // the order of the index
			switch err := s.settleOneOfLot(t, lot, id, outs); {
			case errors.Is(err, ErrLost):
				lost = err
			case err != nil && !refusal(err):
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return lost
}

// EndLot records that nothing is left to be done for a lot. speed is how many copies a
// second DocuSign made of it, 0 if that is not known. [Session.Unresolved] returns the lot's
// envelopes that are still sending then, like all that are unknown. To end a lot again
// changes nothing.
func (s *Session) EndLot(ctx context.Context, lot *remote.Lot, speed float64) error {
	return s.db.write(ctx, opEndLot, func(t *txn) error {
		seen := sql.NullFloat64{Float64: speed, Valid: speed > 0}
		n, err := t.exec(sqlEndLot, lot.ID, s.id, millis(time.Now()), seen)
		if err != nil || n == 1 {
			return err
		}
		_, err = s.lotRefusal(t, lot.ID)
		return err
	})
}

// settleOneOfLot records what became of one envelope of a lot, as outs says.
func (s *Session) settleOneOfLot(t *txn, lot *remote.Lot, id envelope.TransactionID, outs map[envelope.TransactionID]envelope.Outcome) error {
	c, err := s.settle(id, outs[id])
	if err != nil {
		return err
	}
	if outs[id].Status != envelope.Sent {
		c.sql, c.args = sqlSettleLot, append(c.args, lot.ID)
	}
	err = s.apply(t, c)
	if taken, ok := errors.AsType[*TakenError](err); ok {
		outs[id] = envelope.Outcome{Status: envelope.Unknown, Message: taken.Error()}
		return s.settleOneOfLot(t, lot, id, outs)
	}
	return err
}

// Lots returns the lots of the session's batches that have not ended, the oldest
// first, each with those of its envelopes that are still sending, in the order in
// which they were planned.
func (s *Session) Lots(ctx context.Context) ([]remote.Lot, error) {
	var all []remote.Lot
	for _, name := range s.run.Batches {
		lots, err := s.lots(ctx, s.batches[name])
		if err != nil {
			return nil, s.db.explain(err)
		}
		all = append(all, lots...)
	}
	return all, nil
}

func (s *Session) lots(ctx context.Context, batch int64) ([]remote.Lot, error) {
	rows, err := s.db.read.QueryContext(ctx, sqlLots, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lots []remote.Lot
	for rows.Next() {
		var (
			lot   remote.Lot
			draft string
			asked sql.NullInt64
			key   []byte // null if all its envelopes are settled
		)
		if err := rows.Scan(&lot.ID, &draft, &lot.List, &lot.BulkBatch, &asked, &key); err != nil {
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

// LotSpeed returns how many copies a second DocuSign made of the account's last lot of
// which that is known; 0 if there is none.
func (db *DB) LotSpeed(ctx context.Context, account string) (speed float64, err error) {
	if db.read == nil {
		return 0, nil
	}
	err = db.read.QueryRowContext(ctx, sqlLotSpeed, strings.ToLower(account)).Scan(&speed)
	if missing(err) {
		return 0, nil
	}
	return speed, db.explain(err)
}

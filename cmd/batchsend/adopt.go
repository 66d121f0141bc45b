package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	use "batchsend/internal/job"
)

// search asks what other ledgers have sent.
func (j *job) search() use.Search {
	return use.Search{DocuSign: j.conn.client, Retry: j.conn.retry, Memory: j.db, Account: j.conn.login.AccountID, Settle: j.o.settle}
}

// adopt finds out what another ledger has sent of the batches, before anything is
// compared with this one, and writes it down unless this is a dry run.
func (j *job) adopt(ctx context.Context) (err error) {
	s := j.search()
	lots, err := s.Lots(ctx, batchesOf(j.inputs), j.info.BulkForbidden)
	if err != nil {
		return fmt.Errorf("asking DocuSign for bulk lists that another ledger has handed over: %w", err)
	}
	for _, name := range batchesOf(j.inputs) {
		u, err := s.Unrecorded(ctx, name, j.drafts, j.sources, j.past, lots)
		if err != nil {
			return fmt.Errorf("asking DocuSign what it has of batch %q: %w", name, err)
		}
		done := "a run adopts them"
		if j.session != nil {
			done = "adopted"
			if err := u.Record(ctx, j.session, j.conn.client, j.log); err != nil {
				return err
			}
		}
		u.Describe(j.say, j.warn, j.conn.ledger, done, len(j.inputs))
		j.others = append(j.others, u)
	}
	return nil
}

// awaitLost waits until DocuSign shows what a run had under way that was killed
// and that the ledger has lost. Its calls may take as long as an answer that got
// lost; when they began nobody knows any more. Nothing is asked before: it would
// seem not to be there.
func (j *job) awaitLost(ctx context.Context) error {
	if j.session == nil {
		return nil
	}
	for _, name := range batchesOf(j.inputs) {
		known, err := j.db.Known(ctx, j.conn.login.AccountID, name, time.Now())
		if err != nil {
			return err
		}
		if !known.Killed {
			continue
		}
		until := time.Now().Add(j.o.settle)
		j.conn.waits.wait("the ledger has lost what its last run wrote, and that run was killed: what it had under way may not show at DocuSign yet", until, nil)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(j.o.settle):
			return nil
		}
	}
	return nil
}

// holdBack stops the run if envelopes of its batches are under way from lists of
// another ledger.
func (j *job) holdBack() (held bool) {
	outcomes, stop := use.HoldForLists(j.others, j.drafts, j.standing)
	if stop != nil {
		j.stopped, j.underWay = stop, len(outcomes)
		maps.Copy(j.outcomes, outcomes)
	}
	return stop != nil
}

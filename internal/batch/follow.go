package batch

import (
	"context"
	"fmt"
	"time"

	"batchsend/internal/remote"
)

// visit takes the next step with a lot.
func (s *bulkSender) visit(ctx context.Context, l *lot) {
	var err error
	switch l.stage {
	case unsent:
		s.order(ctx, l)
	case unconfirmed:
		err = s.lookUpLot(ctx, l)
	case processing:
		err = s.checkStatus(ctx, l)
	case collecting:
		err = s.collect(ctx, l)
	}
	if err == nil {
		l.failed = 0
		return
	}
	_ = s.books.lookUpFailed(ctx, err, "lot", l.ID)
	l.next = time.Now().Add(pauses[len(pauses)-1])
	if l.failed++; l.failed == maxFailures {
		s.deferLot(l, "looking it up has failed too often")
	}
}

// deferLot leaves a lot to the next run: it may have been sent.
func (s *bulkSender) deferLot(l *lot, why string) {
	s.books.log.Warn("a lot is left to the next run", "lot", l.ID, "batch", l.BulkBatch, "why", why)
	l.enter(deferred)
}

// follow begins to wait for a lot that DocuSign works through since a time. If that is
// zero, the time is not known, and the lot is visited at once.
func (s *bulkSender) follow(l *lot, from time.Time) {
	now := time.Now()
	l.enter(processing)
	l.next = now
	l.pace = pace{followed: now, moved: now, from: from, left: len(l.open)}
	s.forecast.schedule(s.lots)
}

// lookUpLot finds out whether DocuSign has got an unconfirmed lot. The lot counts as lost
// only if the time has passed in which DocuSign must show it, and DocuSign shows neither
// its batch nor one of its envelopes.
func (s *bulkSender) lookUpLot(ctx context.Context, l *lot) error {
	if l.Asked.IsZero() { // DocuSign was never asked to send it
		s.sendAnew(ctx, l)
		return nil
	}
	began := time.Now()
	found, err := s.findBatch(ctx, l)
	switch {
	case err != nil || found:
		return err
	case !l.overdue(began, s.settleTime):
		l.again(s.settleTime)
		return nil
	}
	copies, err := s.copies(ctx, l)
	if err != nil {
		return err
	}
	if len(copies) > 0 {
		if s.settleFound(ctx, l, copies) {
			return fmt.Errorf("DocuSign has envelopes of lot %s but does not list its batch %q", l.ID, l.Name())
		}
		return nil
	}
	// If the call arrives after all, it will find no list to send.
	if l.List != "" {
		err := s.retry.Do(ctx, func(ctx context.Context) error { return s.docusign.DeleteList(ctx, l.List) })
		if refused(ctx, err) { // perhaps because it is being sent
			s.deferLot(l, "DocuSign does not know its batch, and does not let its list be removed: "+err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		l.List = ""
	}
	// The call may have arrived just before the list was removed.
	if found, err := s.findBatch(ctx, l); err != nil || found {
		return err
	}
	s.books.log.Info("sending the envelopes of a lot again: DocuSign does not know it", "lot", l.ID)
	s.sendAnew(ctx, l)
	return nil
}

// findBatch looks for the batch of a lot, and begins to wait for it.
func (s *bulkSender) findBatch(ctx context.Context, l *lot) (found bool, err error) {
	var batch string
	err = s.retry.Do(ctx, func(ctx context.Context) (err error) {
		batch, found, err = s.docusign.FindBatch(ctx, &l.Lot, searchFrom(l.Asked))
		return err
	})
	if err != nil || !found {
		return false, err
	}
	s.books.log.Info("found the lot at DocuSign", "lot", l.ID, "batch", batch)
	switch err := s.recordPart(ctx, l, func(l *remote.Lot) { l.BulkBatch = batch }); {
	case err == nil:
		s.follow(l, time.Time{}) // DocuSign may have been done with it long ago
	case effectOf(err) == remote.EffectTaken:
		return false, err
	}
	return true, nil
}

// sendAnew ends a lot that DocuSign never got, and has its envelopes sent again.
func (s *bulkSender) sendAnew(ctx context.Context, l *lot) {
	items, ok := s.giveBack(ctx, l)
	if !ok {
		return
	}
	if !l.earlier() {
		s.lost++
	}
	if s.lost >= maxLost {
		why := fmt.Errorf("%d lists were sent, and none of them arrived", s.lost)
		if l.answer.Code != "" {
			why = fmt.Errorf("%w; the last answer was: %s", why, l.answer.Message)
		}
		s.sendSingly(items, why)
		return
	}
	s.sendAgain(items)
}

// sendAgain has envelopes sent that DocuSign has not made, in other lots if they can
// still go in lots.
func (s *bulkSender) sendAgain(items []int32) {
	var inLots []int32
	for _, i := range items {
		if !s.noBulk && s.books.envelopes.Item(int(i)).Group >= 0 {
			inLots = append(inLots, i)
		} else {
			s.singly <- i
		}
	}
	s.makePending(inLots)
}

// checkStatus asks how far DocuSign has come with a lot. If it is done, the envelopes
// are collected.
func (s *bulkSender) checkStatus(ctx context.Context, l *lot) error {
	err := s.retry.Do(ctx, func(ctx context.Context) (err error) {
		l.status, err = s.docusign.LotStatus(ctx, l.BulkBatch)
		return err
	})
	if refused(ctx, err) {
		return s.batchGone(ctx, l, err)
	}
	if err != nil {
		return err
	}
	if l.status.Done() {
		ended := time.Now()
		if l.expect.Before(ended) {
			ended = l.expect
		}
		s.books.observer.LotProgress(l.ID, l.status.Size, l.status.Size, ended)
		f := &s.forecast
		f.through = later(f.through, ended)
		l.enter(collecting)
		if f.lag > 0 && l.status.Sent > 0 {
			l.next = l.since.Add(f.lag)
			return nil
		}
		return s.collect(ctx, l)
	}
	if s.forecast.learn(l) {
		s.deferLot(l, "DocuSign does not go on with it")
	}
	s.forecast.schedule(s.lots)
	s.books.observer.LotProgress(l.ID, l.status.Sent+l.status.Failed, l.status.Size, l.expect)
	return nil
}

// batchGone settles the envelopes that can be found of a lot whose batch DocuSign no
// longer knows. The others may have been mailed all the same.
func (s *bulkSender) batchGone(ctx context.Context, l *lot, why error) error {
	copies, err := s.copies(ctx, l)
	if err != nil {
		return err
	}
	if s.settleFound(ctx, l, copies) {
		s.deferLot(l, why.Error())
	}
	return nil
}

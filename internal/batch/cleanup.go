package batch

import (
	"context"
	"fmt"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// cleanUp removes lists and drafts that are no longer needed, and ends their
// lots. What cannot be removed now is left to the next run.
func (s *bulkSender) cleanUp(ctx context.Context) {
	var done []*lot
	needed := make(map[envelope.ID]bool)
	for _, l := range s.lots {
		if l.stage == concluded {
			done = append(done, l)
		} else {
			needed[l.Draft] = true
		}
	}
	lists, drafts, clean := s.findStrayParts(ctx, done)
	for _, l := range done {
		drafts = append(drafts, l.Draft)
	}
	slices.Sort(drafts)
	drafts = slices.DeleteFunc(slices.Compact(drafts), func(id envelope.ID) bool { return id == "" || needed[id] })
	if len(drafts) > 0 {
		clean = s.remove(ctx, "drafts", func(ctx context.Context) error { return s.docusign.DeleteDrafts(ctx, drafts...) }) && clean
	}
	for _, list := range lists {
		clean = s.deleteList(ctx, list) && clean
	}
	left := 0
	for _, l := range done {
		if l.List != "" && !s.deleteList(ctx, l.List) || !clean {
			left++
			continue
		}
		long, cancel := outliving(ctx)
		if err := s.books.ledger.EndLot(long, &l.Lot, l.speed); err != nil {
			s.books.stop(&LedgerError{fmt.Errorf("ending lot %s: %w", l.ID, err)})
		}
		cancel()
	}
	if left > 0 && ctx.Err() == nil { // else there is a next run in any case
		s.books.log.Warn("lists with names and addresses, or drafts, are still at DocuSign: the next run on the batch removes them, and so does reconcile", "lots", left)
	}
}

// findStrayParts finds lists and drafts of concluded lots that the ledger does not know,
// because an answer was lost or the process died. It reports whether DocuSign could be
// asked.
func (s *bulkSender) findStrayParts(ctx context.Context, concluded []*lot) (lists []string, drafts []envelope.ID, asked bool) {
	var lots []*remote.Lot
	recorded := make(map[string]bool)
	for _, l := range concluded {
		recorded[l.List] = true
		if l.strayParts {
			lots = append(lots, &l.Lot)
		}
	}
	if len(lots) == 0 {
		return nil, nil, true
	}
	asked = s.remove(ctx, "lists and drafts", func(ctx context.Context) (err error) {
		lists, drafts, err = s.docusign.Remains(ctx, lots)
		return err
	})
	return slices.DeleteFunc(lists, func(id string) bool { return recorded[id] }), drafts, asked
}

func (s *bulkSender) deleteList(ctx context.Context, list string) bool {
	return s.remove(ctx, "list", func(ctx context.Context) error { return s.docusign.DeleteList(ctx, list) })
}

// remove makes a call that cleans up and reports whether that worked.
func (s *bulkSender) remove(ctx context.Context, what string, call func(context.Context) error) bool {
	err := s.retry.Do(ctx, call)
	if refused(ctx, err) { // a repeat would be refused too
		s.books.log.Warn("DocuSign does not let what bulk sending has left be removed: do it there", "what", what, "error", err)
		return true
	}
	if err != nil && ctx.Err() == nil {
		s.books.log.Info("cleaning up after bulk sending failed", "what", what, "error", err)
	}
	return err == nil
}

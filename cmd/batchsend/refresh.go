package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// askEvery is DocuSign's rule for the status of one envelope: it may be asked
// for once in that time.
const askEvery = 15 * time.Minute

// refresh asks DocuSign what became of the sent envelopes of a batch, or of all
// the account's batches if name is "", and writes it into the ledger.
func (a *app) refresh(ctx context.Context, l limits, name string) error {
	conn, err := a.connect(ctx, l)
	if err != nil {
		return err
	}
	db, err := a.openShared(ctx, conn)
	if err != nil {
		return err
	}
	defer db.Close()
	defer conn.leave()
	names, err := a.batchesWith(ctx, db, conn.login.AccountID, name, func(b ledger.BatchSummary) bool { return b.Sent > 0 })
	if err != nil {
		return err
	}
	r := &refresher{conn: conn, db: db, began: time.Now()}
	for _, name := range names {
		if err := r.read(ctx, name); err != nil {
			return err
		}
	}
	if len(r.due) > 0 {
		a.say("asking DocuSign about %s of %s in %s", report.Plural(len(r.due), "envelope"),
			ofBatches(len(names)), report.Plural(callsFor(len(r.due)), "call"))
	}
	err = r.ask(ctx)
	a.say("%s", r.summary())
	if r.unknown > 0 {
		a.warn("DocuSign does not know %s that it said it had sent: deleted there, or another account's (%s says %q of them)",
			report.Plural(r.unknown, "envelope"), a.command("status", "--batch", oneOf(names)), notFound)
	}
	if err != nil && ctx.Err() != nil {
		return &exitError{exitStopped, fmt.Errorf("interrupted: %s of %s were asked about. Run the same command again to go on",
			report.Number(r.asked), report.Plural(len(r.due), "envelope"))}
	}
	return err
}

// refresher asks about envelopes, a page at a time.
type refresher struct {
	conn  *connection
	db    *ledger.DB
	began time.Time

	due      []ledger.Fate // to be asked about
	terminal int           // stay as they are
	recent   int           // were asked about a moment ago
	again    time.Time     // when the last of these may be asked about again

	asked, calls, unknown int
}

// read finds out which envelopes of a batch are to be asked about.
func (r *refresher) read(ctx context.Context, batch string) error {
	fates, err := r.db.Fates(ctx, r.conn.login.AccountID, batch)
	if err != nil {
		return err
	}
	for _, f := range fates {
		// A time in the future is that of a clock that was wrong.
		next := f.Asked.Add(askEvery)
		switch {
		case docusign.Terminal(f.Status):
			r.terminal++
		case next.After(r.began) && !f.Asked.After(r.began):
			r.recent++
			if next.After(r.again) {
				r.again = next
			}
		default:
			r.due = append(r.due, f)
		}
	}
	return nil
}

// ask asks about all that is due and writes each page down before the next. A
// call that is under way when ctx ends is finished: it counts as asking.
func (r *refresher) ask(ctx context.Context) error {
	for page := range slices.Chunk(r.due, docusign.FatesPerCall) {
		ids := make([]envelope.ID, len(page))
		for i := range page {
			ids[i] = page[i].ID
		}
		var said []docusign.Fate
		if err := r.conn.retry.Do(ctx, func(ctx context.Context) (err error) {
			r.calls++
			said, err = r.conn.client.Statuses(ctx, ids)
			return err
		}); err != nil {
			return err
		}
		unknown := learn(page, said, time.Now())
		if err := r.db.SeeFates(context.WithoutCancel(ctx), page); err != nil {
			return err
		}
		r.asked += len(page)
		r.unknown += unknown
	}
	return nil
}

// learn writes into page what DocuSign said of it just now, and returns how many
// it said nothing of.
func learn(page []ledger.Fate, said []docusign.Fate, now time.Time) (unknown int) {
	known := make(map[envelope.ID]docusign.Fate, len(said))
	for _, f := range said {
		known[f.ID] = f
	}
	for i := range page {
		f, ok := known[page[i].ID]
		page[i].Status, page[i].Changed, page[i].Asked = f.Status, f.Changed, now
		if !ok {
			unknown++
		}
	}
	return unknown
}

// callsFor is how many calls it takes to ask about n envelopes.
func callsFor(n int) int { return (n + docusign.FatesPerCall - 1) / docusign.FatesPerCall }

func ofBatches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return report.Number(n) + " batches"
}

// summary says what was asked and what was not.
func (r *refresher) summary() string {
	if len(r.due)+r.terminal+r.recent == 0 {
		return "nothing to ask: no envelope was sent"
	}
	if r.asked == 0 && len(r.due) > 0 {
		return fmt.Sprintf("DocuSign told of none of %s", report.Plural(len(r.due), "envelope"))
	}
	text := fmt.Sprintf("asked DocuSign about %s in %s", report.Plural(r.asked, "envelope"), report.Plural(r.calls, "call"))
	if len(r.due) == 0 {
		text = "nothing to ask"
	}
	if r.terminal > 0 {
		text += fmt.Sprintf("; left out %s that will not change any more", report.Number(r.terminal))
	}
	if r.recent > 0 {
		text += fmt.Sprintf("; left out %s asked about within %d minutes (DocuSign's rule), all may be asked about again at %s",
			report.Number(r.recent), int(askEvery.Minutes()), report.Local(r.again))
	}
	return text
}

// notFound stands for the status of an envelope that DocuSign does not know.
const notFound = "not-found"

// fateWord is DocuSign's status of an envelope, "" if it was never asked for.
func fateWord(status string, asked time.Time) string {
	if asked.IsZero() {
		return ""
	}
	return cmp.Or(status, notFound)
}

// fateOrder is how DocuSign's statuses are listed: first those that stay.
var fateOrder = []string{"completed", "declined", "voided", "delivered", "sent"}

// fateText counts envelopes by DocuSign's status: "completed 3, sent 2".
func fateText(fates map[string]int) string {
	rank := func(word string) int {
		if i := slices.Index(fateOrder, word); i >= 0 {
			return i
		}
		return len(fateOrder)
	}
	words := slices.SortedFunc(maps.Keys(fates), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	for i, word := range words {
		words[i] = word + " " + report.Number(fates[word])
	}
	return strings.Join(words, ", ")
}

// fateWords counts by words what the ledger counts by statuses.
func fateWords(fates map[string]int) map[string]int {
	if fates == nil {
		return nil
	}
	out := make(map[string]int, len(fates))
	for status, n := range fates {
		out[cmp.Or(status, notFound)] += n
	}
	return out
}

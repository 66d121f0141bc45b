package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/internal/job"
	"batchsend/internal/report"
)

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
	names, err := a.batchesWith(ctx, db, conn.login.AccountID, name, job.HasSent)
	if err != nil {
		return err
	}
	got, err := job.Refresh{DocuSign: conn.client, Ledger: db, Account: conn.login.AccountID, Retry: conn.retry, Teller: teller{a}}.Run(ctx, names)
	if got.Unknown > 0 {
		a.warn("DocuSign does not know %s that it said it had sent: deleted there, or another account's (%s says %q of them)",
			report.Plural(got.Unknown, "envelope"), a.command("status", "--batch", oneOf(names)), notFound)
	}
	if err != nil && ctx.Err() != nil && got.Due > 0 {
		return &exitError{exitStopped, fmt.Errorf("interrupted: %s of %s were asked about. Run the same command again to go on",
			report.Number(got.Asked), report.Plural(got.Due, "envelope"))}
	}
	return err
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

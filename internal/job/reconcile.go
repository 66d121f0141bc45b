package job

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Reconciliation looks up envelopes whose answer was lost, and sends nothing.
type Reconciliation struct {
	DocuSign batch.DocuSign
	Session  interface {
		batch.Ledger
		Leftovers
	}
	Retry  throttle.Policy
	Settle time.Duration // see [Options]
	Teller Teller
	Log    *slog.Logger
	// Observer is told how it goes; nil: only Teller is told what it waits for.
	Observer batch.Observer
}

// Run looks up what runs of the session's batches left unresolved or unfinished.
func (r Reconciliation) Run(ctx context.Context) (batch.Result, error) {
	left, err := leftBehind(ctx, r.Session, r.Teller)
	if err != nil {
		return batch.Result{}, err
	}
	runner := &batch.Runner{DocuSign: r.DocuSign, Ledger: r.Session, Retry: r.Retry, Settle: r.Settle, Log: r.Log, LookOnly: true, Observer: r.Observer}
	if r.Observer == nil {
		runner.Observer = waits{op: r.Teller}
	}
	return runner.Run(ctx, nil, left), nil
}

// UnresolvedError says how many envelopes a [Reconciliation] has left unresolved.
type UnresolvedError struct {
	Lost    int    // a person must look for them
	Recent  int    // another run can resolve them
	Listing string // the command that lists them
}

func (e *UnresolvedError) Error() string {
	if e.Lost > 0 {
		return fmt.Sprintf("%s may have been sent and cannot be found, or wait as drafts: sending the file again goes on with drafts; look for the others in DocuSign by recipient and date (%s lists them)",
			report.Plural(e.Lost, "envelope"), e.Listing)
	}
	return fmt.Sprintf("%s were sent so short a time ago that DocuSign may not show them yet: "+envelope.RunAgain+" later",
		report.Plural(e.Recent, "envelope"))
}

// Passes reports whether another run resolves them all.
func (e *UnresolvedError) Passes() bool { return e.Lost == 0 }

// CheckResolved returns an error unless a [Reconciliation] has resolved all envelopes: an
// [*UnresolvedError], or a [*StoppedError] if it was stopped. listing is the command that
// lists them.
func CheckResolved(r batch.Result, listing string) (err error) {
	if r.Recovered.Open > 0 {
		err = &UnresolvedError{Lost: r.Recovered.Open - r.StillResolving, Recent: r.StillResolving, Listing: listing}
	}
	if r.Stopped != nil {
		return &StoppedError{Cause: r.Stopped, Left: err}
	}
	return err
}

// Unresolved reports whether a batch has envelopes or lots that must be looked up.
func Unresolved(b ledger.BatchSummary) bool { return b.Sending+b.Unknown+b.Lots > 0 }

// HasSent reports whether envelopes of a batch were sent.
func HasSent(b ledger.BatchSummary) bool { return b.Sent > 0 }

// BatchList lists the batches of a ledger.
type BatchList interface {
	Batches(ctx context.Context) ([]ledger.BatchSummary, error)
}

// NoBatchError says that the ledger has no batch of a name.
type NoBatchError struct {
	Batch   string
	Account string // in which there is none; "" if in any
}

func (e *NoBatchError) Error() string {
	if e.Account == "" {
		return fmt.Sprintf("the ledger has no batch %q", e.Batch)
	}
	return fmt.Sprintf("the ledger has no batch %q of account %s", e.Batch, e.Account)
}

// BatchesWith returns the account's batches of which want is true, with a name that
// one only. The error is a [*NoBatchError] if there is none of that name at all.
func BatchesWith(ctx context.Context, from BatchList, account, name string, want func(ledger.BatchSummary) bool) (names []string, err error) {
	all, err := from.Batches(ctx)
	if err != nil {
		return nil, err
	}
	found := name == ""
	for _, b := range all {
		if !strings.EqualFold(b.Account, account) || name != "" && b.Name != name {
			continue
		}
		found = true
		if want(b) {
			names = append(names, b.Name)
		}
	}
	if !found {
		return nil, &NoBatchError{name, account}
	}
	return names, nil
}

// OneOf is the batch to be named in a command about batches: the only one, or NAME.
func OneOf(batches []string) string {
	if len(batches) == 1 {
		return batches[0]
	}
	return "NAME"
}

// Leftovers is what earlier runs of a session's batches left behind.
type Leftovers interface {
	// Unresolved returns the envelopes that are unresolved.
	Unresolved(ctx context.Context) ([]ledger.Unresolved, error)
	// Lots returns the lots with which something is still to be done.
	Lots(ctx context.Context) ([]remote.Lot, error)
}

// leftBehind returns what earlier runs left unresolved or unfinished, and says so.
func leftBehind(ctx context.Context, from Leftovers, op Teller) (left batch.Leftovers, err error) {
	unresolved, err := from.Unresolved(ctx)
	if err != nil {
		return left, err
	}
	for _, d := range unresolved {
		left.Unresolved = append(left.Unresolved, batch.Unresolved{
			TransactionID: d.TransactionID, Attempted: d.Attempted, Draft: d.ID, Legacy: d.Legacy,
			Answer: batch.Answer{Code: d.Code, Message: d.Message, Times: d.Answers},
		})
	}
	if left.Lots, err = from.Lots(ctx); err != nil {
		return left, err
	}
	if n := len(left.Unresolved); n > 0 {
		op.Say("an earlier run did not learn what became of %s: looking up", report.Plural(n, "envelope"))
	}
	handedOver := 0
	for _, l := range left.Lots {
		handedOver += len(l.Envelopes)
	}
	if handedOver > 0 {
		op.Say("the last run handed %s over in bulk and did not learn what became of them: finding out", report.Plural(handedOver, "envelope"))
	}
	return left, nil
}

// DescribeReconciled says what a [Reconciliation] came to.
func DescribeReconciled(r batch.Result) string {
	if r.Recovered.Total() == 0 {
		return "nothing is in doubt any more"
	}
	return DescribeRecovered(r.Recovered)
}

// JSONOfReconciled is what a [Reconciliation] of batches came to.
func JSONOfReconciled(batches []string, r batch.Result) report.Reconciled {
	out := report.Reconciled{
		Batches: append([]string{}, batches...), Sent: r.Recovered.Sent, NotSent: r.Recovered.Absent, Open: r.Recovered.Open, Later: r.StillResolving,
	}
	if r.Stopped != nil {
		out.Stopped = WhyStopped(r.Stopped)
	}
	return out
}

// DescribeRecovered says what became of the envelopes that earlier runs left unresolved.
func DescribeRecovered(n batch.Recovered) string {
	text := fmt.Sprintf("%s %s in flight when the last run ended: %s had been sent, %s had not",
		report.Plural(n.Total(), "envelope"), oneOrMany(n.Total(), "was", "were"), report.Number(n.Sent), report.Number(n.Absent))
	if n.Open > 0 {
		text += fmt.Sprintf(", %s not known yet", report.Number(n.Open))
	}
	return text
}

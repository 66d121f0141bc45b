package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

func (a *app) reconcileCommand() *cobra.Command {
	var name string
	var settle time.Duration
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Look up envelopes whose answer was lost, and send nothing",
		Long: `reconcile asks DocuSign what became of envelopes that were in flight when a run
died, or whose answer was lost, and writes it into the ledger. It sends nothing;
every run of send does the same before it sends.`,
		Args: atMost(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkSettle(settle); err != nil {
				return err
			}
			conn, err := a.connect(cmd.Context(), limits{concurrency: 1})
			if err != nil {
				return err
			}
			return a.reconcile(cmd.Context(), conn, name, settle)
		},
	}
	cmd.Flags().StringVar(&name, "batch", "", "only the batch `NAME`")
	cmd.Flags().DurationVar(&settle, "settle", defaultSettle, "how long DocuSign must not know an envelope before it is taken for never sent (`DURATION`)")
	return cmd
}

func (a *app) reconcile(ctx context.Context, conn *connection, name string, settle time.Duration) error {
	db, err := a.openShared(ctx, conn)
	if err != nil {
		return err
	}
	defer db.Close()
	defer conn.leave()
	names, err := a.batchesWith(ctx, db, conn.login.AccountID, name, func(b ledger.BatchSummary) bool { return b.Sending+b.Unknown+b.Lots > 0 })
	if err != nil {
		return err
	}
	if len(names) == 0 {
		_, err := fmt.Fprintln(a.stdout, "nothing is in doubt")
		return err
	}
	session, err := db.Begin(ctx, ledger.Run{Account: conn.login.AccountID, Batches: names, Version: version(), OnWatch: a.tellWatch})
	if err != nil {
		return err
	}
	defer session.Close(context.WithoutCancel(ctx))
	behind, err := a.leftBehind(ctx, session)
	if err != nil {
		return err
	}
	runner := &batch.Runner{
		DocuSign: conn.client, Ledger: session, LookOnly: true,
		Retry: conn.retry, Settle: settle, Log: a.log, OnLost: a.tellLost, OnPause: a.tellPause,
	}
	result := runner.Run(ctx, nil, behind)
	if result.Left.Total() > 0 {
		fmt.Fprintln(a.stdout, leftText(result.Left))
	} else {
		fmt.Fprintln(a.stdout, "nothing is in doubt any more")
	}
	return a.reconciled(result, names)
}

// reconciled says what is left to do after a reconciliation.
func (a *app) reconciled(result batch.Result, names []string) error {
	code, old := exitCode(result.Stopped), result.Left.Open-result.LeftUnderWay
	switch {
	case old > 0:
		code = worst(code, exitFailed)
	case result.Left.Open > 0:
		code = worst(code, exitStopped)
	}
	switch {
	case result.Stopped != nil:
		return &exitError{code, &adviceError{why(result.Stopped), hintOf(result.Stopped)}}
	case old > 0:
		return &exitError{code, fmt.Errorf("%s may have been sent and cannot be found, or wait as drafts: sending the file again goes on with drafts; look for the others in DocuSign by recipient and date (%s lists them)",
			report.Plural(old, "envelope"), a.command("status", "--batch", oneOf(names)))}
	case code != exitDone:
		return &exitError{code, fmt.Errorf("%s were sent so short a time ago that DocuSign may not show them yet: run the same command again later",
			report.Plural(result.Left.Open, "envelope"))}
	}
	return nil
}

// batchesWith returns the account's batches that have what is wanted; with a
// name that one only, which must exist.
func (a *app) batchesWith(ctx context.Context, db *ledger.DB, account, name string, want func(ledger.BatchSummary) bool) ([]string, error) {
	all, err := db.Batches(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
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
		return nil, &adviceError{
			text: fmt.Sprintf("the ledger has no batch %q of account %s", name, account),
			hint: a.command("status") + " lists the batches",
		}
	}
	return names, nil
}

// oneOf is the batch that a command in a hint names: the only one, or NAME.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "NAME"
}

// tellWatch says what a run waits for before it takes a batch over.
func (a *app) tellWatch(holder *ledger.HeldError) {
	a.say("batch %q was being sent by process %d on %s, which does not show whether it still lives: waiting for that until %s",
		holder.Batch, holder.PID, holder.Host, time.Now().Add(ledger.TTL).Local().Format("15:04:05"))
}

// leftBehind returns what earlier runs of the session's batches left in doubt or
// unfinished.
func (a *app) leftBehind(ctx context.Context, session *ledger.Session) (behind batch.Behind, err error) {
	open, err := session.Open(ctx)
	if err != nil {
		return behind, err
	}
	for _, d := range open {
		behind.Doubts = append(behind.Doubts, batch.Doubt{TransactionID: d.TransactionID, Attempted: d.Attempted, Draft: d.ID, Legacy: d.Legacy, Answer: batch.Answer{Code: d.Code, Message: d.Message, Times: d.Answers}})
	}
	if behind.Lots, err = session.Lots(ctx); err != nil {
		return behind, err
	}
	if n := len(behind.Doubts); n > 0 {
		a.say("an earlier run did not learn what became of %s: looking up", report.Plural(n, "envelope"))
	}
	handedOver := 0
	for _, l := range behind.Lots {
		handedOver += len(l.Envelopes)
	}
	if handedOver > 0 {
		a.say("the last run handed %s over in bulk and did not learn what became of them: finding out", report.Plural(handedOver, "envelope"))
	}
	return behind, nil
}

// tellLot says what DocuSign has taken over.
func (a *app) tellLot(envelopes int, through time.Time) {
	a.say("handed %s over to DocuSign, which should have sent them by %s", report.Plural(envelopes, "envelope"), throttle.Clock(through, time.Now()))
}

// tellPause says what bulk sending waits for.
func (a *app) tellPause(until time.Time, why string) {
	a.say("waiting until %s: %s", throttle.Clock(until, time.Now()), why)
}

// tellAlone says that envelopes do not go as planned.
func (a *app) tellAlone(envelopes int, why error) {
	a.warn("DocuSign does not take %s in bulk, they are sent one by one: %v", report.Plural(envelopes, "envelope"), why)
}

// leftText says what became of the envelopes that earlier runs left in doubt.
func leftText(l batch.Left) string {
	verb := "were"
	if l.Total() == 1 {
		verb = "was"
	}
	text := fmt.Sprintf("%s %s in flight when the last run ended: %s had been sent, %s had not",
		report.Plural(l.Total(), "envelope"), verb, report.Number(l.Sent), report.Number(l.Absent))
	if l.Open > 0 {
		text += fmt.Sprintf(", %s not known yet", report.Number(l.Open))
	}
	return text
}

// tellLost says what a run waits for when all else is done.
func (a *app) tellLost(envelopes int, until time.Time) {
	were := "they were"
	if envelopes == 1 {
		were = "it was"
	}
	a.say("looking up %s, because DocuSign did not say whether %s sent, until %s at the latest; what it does not know by then was never sent",
		report.Plural(envelopes, "envelope"), were, throttle.Clock(until, time.Now()))
}

package job

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Records is what a [LedgerReport] asks of the ledger.
type Records interface {
	EnvelopeList
	// BatchTemplates returns the templates with which a batch was sent.
	BatchTemplates(ctx context.Context, account, batch string) ([]ledger.SeenTemplate, error)
	// BudgetText returns what is known of an account's call limits, for the throttle.
	BudgetText(ctx context.Context, account string) ([]byte, error)
}

var _ Records = (*ledger.DB)(nil)

// LedgerReport is a report of what the ledger knows: of one batch, of a time, or of both.
type LedgerReport struct {
	From    Records
	Batch   string    // "" for all
	Account string    // "" for all
	Since   time.Time // envelopes that changed then or later; zero for all
	Until   time.Time // envelopes that changed earlier; zero for all
	// Command returns a command line of the program.
	Command func(name string, more ...string) string

	batches []ledger.BatchSummary
}

// notInLedger is said of every report of the ledger.
const notInLedger = "This report is made from the ledger. It does not know rows that were rejected before sending, and keeps no names and addresses: the results of send have them."

// Write writes the report as a page, or as JSON with every envelope. environment says
// where envelopes are sent. The error is a [*NoBatchError] if there is no such batch.
func (r *LedgerReport) Write(ctx context.Context, w io.Writer, environment string, asJSON bool) error {
	if asJSON {
		sum, err := r.Summary(ctx)
		if err != nil {
			return err
		}
		return sum.Write(w, r.Statuses(ctx))
	}
	page, err := r.Page(ctx)
	if err != nil {
		return err
	}
	page.Environment = environment
	return page.Write(w)
}

// Page is the report as a page. The error is a [*NoBatchError] if there is no such batch.
func (r *LedgerReport) Page(ctx context.Context) (*report.Page, error) {
	sum, err := r.Summary(ctx)
	if err != nil {
		return nil, err
	}
	p := &report.Page{
		Head:   report.Head{Subject: sum.Subject, Account: strings.Join(sum.Accounts, ", "), Made: sum.Made, Note: notInLedger},
		Counts: sum.Counts, Reasons: sum.Reasons, Next: sum.Next, Timeline: sum.Timeline, Signing: sum.Signing,
		Envelopes: r.listing(ctx), Several: len(sum.Files) > 1,
	}
	add := func(name, value string) {
		if value != "" {
			p.About = append(p.About, report.Fact{Name: name, Value: value})
		}
	}
	add(report.PluralWord(len(sum.Files), "File"), strings.Join(sum.Files, ", "))
	add(batchesWord(len(sum.Batches)), strings.Join(sum.Batches, ", "))
	for _, t := range sum.Templates {
		add("Template", fmt.Sprintf("%s, fingerprint %s", t.Template, t.Fingerprint))
	}
	add("First change", report.Local(sum.First))
	add("Last change", report.Local(sum.Last))
	for _, s := range sum.AtDocuSign {
		add("At DocuSign", s)
	}
	return p, nil
}

// Summary counts what the report is about. The error is a [*NoBatchError] if there is no
// such batch.
func (r *LedgerReport) Summary(ctx context.Context) (*report.LedgerSummary, error) {
	all, err := r.From.Batches(ctx)
	if err != nil {
		return nil, err
	}
	r.batches = nil
	named := false
	for _, b := range all {
		if r.Account != "" && !strings.EqualFold(b.Account, r.Account) || r.Batch != "" && b.Name != r.Batch {
			continue
		}
		named = true
		if b.Last.IsZero() || b.Last.Before(r.Since) || !r.Until.IsZero() && !b.First.Before(r.Until) {
			continue // nothing of it is meant
		}
		r.batches = append(r.batches, b)
	}
	if r.Batch != "" && !named {
		return nil, &NoBatchError{Batch: r.Batch}
	}
	sum := &report.LedgerSummary{Made: time.Now(), Since: r.Since, Until: r.Until, Counts: report.Counts{}}
	reasons := report.Reasons{Explain: meaningOf}
	remote := map[string]int{}
	for b, e := range r.entries(ctx, &err) {
		sum.Add(b.Account, b.Name, e.File, e.At)
		status := statusInLedger[e.State]
		sum.Counts[status]++
		switch {
		case e.State == history.StateSent:
			sum.Timeline.Add(e.At)
			if e.Status == "completed" && !e.StatusChanged.IsZero() {
				sum.Signing.Add(e.At, e.StatusChanged)
			}
			if !e.Asked.IsZero() {
				remote[report.RemoteStatus(e.Status)]++
			}
		case status == envelope.Failed, status == envelope.Unknown:
			reasons.Add(envelope.Position{File: e.File, Line: e.Line}, envelope.Outcome{Status: status, Code: e.Code, Message: messageOf(e)})
		}
	}
	if err != nil {
		return nil, err
	}
	sum.Reasons = reasons.List()
	sum.Subject = r.subject(sum)
	if len(remote) > 0 {
		sum.AtDocuSign = []string{report.RemoteCounts(remote)}
	}
	if err := r.addLimits(ctx, sum); err != nil {
		return nil, err
	}
	sum.Next = r.next(sum)
	return sum, nil
}

// statusInLedger is the status of an envelope by its state. One that is being sent may
// have been sent.
var statusInLedger = map[history.State]envelope.Status{
	history.StatePlanned: envelope.Pending, history.StateSending: envelope.Unknown, history.StateSent: envelope.Sent,
	history.StateFailed: envelope.Failed, history.StateUnknown: envelope.Unknown,
}

// messageOf is what is said of an envelope.
func messageOf(e *ledger.Entry) string {
	if e.State == history.StateSending && e.Message == "" {
		return "a run has handed it to DocuSign and has not written down an answer: that run is still at work, or the next one looks it up"
	}
	return e.Message
}

// entries goes through the envelopes that the report is about, with their batches. It
// ends after an error, which it puts into failed.
func (r *LedgerReport) entries(ctx context.Context, failed *error) iter.Seq2[*ledger.BatchSummary, *ledger.Entry] {
	return func(yield func(*ledger.BatchSummary, *ledger.Entry) bool) {
		for i := range r.batches {
			b := &r.batches[i]
			for e, err := range r.From.BatchEnvelopes(ctx, b.Account, b.Name) {
				if err != nil {
					*failed = err
					return
				}
				if e.At.Before(r.Since) || !r.Until.IsZero() && !e.At.Before(r.Until) {
					continue
				}
				if !yield(b, &e) {
					return
				}
			}
		}
	}
}

// listing goes through the envelopes for a page.
func (r *LedgerReport) listing(ctx context.Context) report.Listing {
	return func(yield func(*report.Listed, error) bool) {
		var err error
		for b, e := range r.entries(ctx, &err) {
			l := report.Listed{
				Position: envelope.Position{File: e.File, Line: e.Line}, Label: e.Label, Changed: e.At,
				Outcome: envelope.Outcome{Status: statusInLedger[e.State], ID: e.ID, Code: e.Code, Message: messageOf(e)},
			}
			if len(r.batches) > 1 {
				l.Batch = b.Name
			}
			if !e.Asked.IsZero() {
				l.AtDocuSign, l.Since = report.RemoteStatus(e.Status), e.StatusChanged
			}
			if !yield(&l, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Statuses goes through the envelopes for JSON.
func (r *LedgerReport) Statuses(ctx context.Context) iter.Seq2[report.EnvelopeStatus, error] {
	return func(yield func(report.EnvelopeStatus, error) bool) {
		var err error
		for b, e := range r.entries(ctx, &err) {
			s := envelopeStatus(e)
			s.Batch = b.Name
			if !yield(s, nil) {
				return
			}
		}
		if err != nil {
			yield(report.EnvelopeStatus{}, err)
		}
	}
}

// addLimits adds the templates of the batches and the limits of the account.
func (r *LedgerReport) addLimits(ctx context.Context, sum *report.LedgerSummary) error {
	for _, b := range r.batches {
		if !slices.Contains(sum.Batches, b.Name) {
			continue
		}
		seen, err := r.From.BatchTemplates(ctx, b.Account, b.Name)
		if err != nil {
			return err
		}
		for _, t := range seen {
			sum.Templates = append(sum.Templates, report.BatchTemplate{Batch: b.Name, Template: t.ID, Fingerprint: t.Fingerprint})
		}
	}
	if len(sum.Accounts) != 1 {
		return nil // each has limits of its own
	}
	text, err := r.From.BudgetText(ctx, sum.Accounts[0])
	if err != nil {
		return err
	}
	if state, err := throttle.ReadState(text, time.Now()); err == nil { // else a later release has written it
		sum.Timeline.Hourly, sum.Timeline.Burst = state.Hour.Limit, state.Burst.Limit
	}
	return nil
}

// subject names what the report is about.
func (r *LedgerReport) subject(sum *report.LedgerSummary) string {
	const day = "2006-01-02 15:04"
	var parts []string
	switch {
	case r.Batch != "":
		parts = append(parts, "Batch "+r.Batch)
	default:
		parts = append(parts, report.Number(len(sum.Batches))+" "+strings.ToLower(batchesWord(len(sum.Batches))))
	}
	if !r.Since.IsZero() {
		parts = append(parts, "from "+r.Since.Local().Format(day))
	}
	if !r.Until.IsZero() {
		parts = append(parts, "until "+r.Until.Local().Format(day))
	}
	return strings.Join(parts, " ")
}

// next says what to do next.
func (r *LedgerReport) next(sum *report.LedgerSummary) (next []report.Next) {
	var of []string
	if r.Batch != "" {
		of = []string{"--batch", r.Batch}
	}
	if sum.Counts[envelope.Unknown] > 0 {
		next = append(next, report.Next{Text: "Unknown envelopes may have been sent. Look them up; this sends nothing:", Command: r.Command("reconcile", of...)})
	}
	if n := sum.Counts[envelope.Pending] + sum.Counts[envelope.Failed]; n > 0 && len(sum.Batches) == 1 && len(sum.Files) > 0 {
		next = append(next, report.Next{
			Text:    fmt.Sprintf("%s %s not sent. Once what is named under Problems is mended, the same file sends only what is missing:", report.Plural(n, "envelope"), oneOrMany(n, "was", "were")),
			Command: r.Command("send", append([]string{"--batch", sum.Batches[0]}, sum.Files...)...),
		})
	}
	if sum.Counts[envelope.Sent] > 0 {
		next = append(next, report.Next{Text: "See who has signed:", Command: r.Command("status", append([]string{"--refresh"}, of...)...)})
	}
	return next
}

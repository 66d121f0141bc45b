package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// AskEvery is DocuSign's rule for the status of one envelope: it may be asked
// for once in that time.
const AskEvery = 15 * time.Minute

// Refresh asks DocuSign what became of envelopes that were sent.
type Refresh struct {
	DocuSign interface {
		Statuses(ctx context.Context, ids []envelope.ID) ([]docusign.EnvelopeStatus, error)
	}
	Ledger interface {
		// RemoteStatuses returns what is known of the sent envelopes of a batch.
		RemoteStatuses(ctx context.Context, account, batch string) ([]ledger.RemoteStatus, error)
		// SeeFates writes down what DocuSign said of them.
		RecordRemoteStatuses(ctx context.Context, statuses []ledger.RemoteStatus) error
	}
	Account string
	Retry   throttle.Policy
	Teller  Teller
	// Command writes a command line that a person can paste.
	Command func(name string, args ...string) string
}

// InterruptedError says that a [Refresh] ended before it had asked about all
// envelopes that were due.
type InterruptedError struct {
	Asked, Due int
	Cause      error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted: %s of %s were asked about. "+envelope.RunAgainSentence+" to go on",
		report.Number(e.Asked), report.Plural(e.Due, "envelope"))
}

// Unwrap returns what has ended it.
func (e *InterruptedError) Unwrap() error { return e.Cause }

// Refreshed is what came of a [Refresh].
type Refreshed struct {
	Due      int       // were to be asked about
	Terminal int       // stay as they are
	Recent   int       // were asked about a moment ago
	Again    time.Time // when the last of these may be asked about again

	Asked, Calls int
	Unknown      int // DocuSign does not know them
}

// Run asks about the envelopes of batches, many in a call, and writes each answer
// down before the next call. With an error, Refreshed has what was asked before it;
// the error is an [*InterruptedError] if ctx has ended meanwhile.
func (r Refresh) Run(ctx context.Context, batches []string) (Refreshed, error) {
	due, out, err := r.due(ctx, batches, time.Now())
	if err != nil {
		return out, err
	}
	if out.Due > 0 {
		r.Teller.Say("asking DocuSign about %s of %s in %s", report.Plural(out.Due, "envelope"), ofBatches(len(batches)), report.Plural(callsFor(out.Due), "call"))
	}
	err = r.ask(ctx, due, &out)
	r.Teller.Say("%s", out.summary())
	if out.Unknown > 0 {
		r.Teller.Warn("DocuSign does not know %s that it said it had sent: deleted there, or another account's (%s says %q of them)",
			report.Plural(out.Unknown, "envelope"), r.Command("status", "--batch", OneOf(batches)), report.NotFound)
	}
	if err != nil && ctx.Err() != nil && out.Due > 0 {
		err = &InterruptedError{out.Asked, out.Due, ctx.Err()}
	}
	return out, err
}

// due returns which envelopes are to be asked about.
func (r Refresh) due(ctx context.Context, batches []string, now time.Time) (due []ledger.RemoteStatus, out Refreshed, err error) {
	for _, name := range batches {
		statuses, err := r.Ledger.RemoteStatuses(ctx, r.Account, name)
		if err != nil {
			return nil, out, err
		}
		for _, f := range statuses {
			// A time in the future is that of a clock that was wrong.
			next := f.Asked.Add(AskEvery)
			switch {
			case docusign.Terminal(f.Status):
				out.Terminal++
			case next.After(now) && !f.Asked.After(now):
				out.Recent++
				if next.After(out.Again) {
					out.Again = next
				}
			default:
				due = append(due, f)
			}
		}
	}
	out.Due = len(due)
	return due, out, nil
}

// ask asks about all that is due. A call that is under way when ctx ends is
// finished: it counts as asking.
func (r Refresh) ask(ctx context.Context, due []ledger.RemoteStatus, out *Refreshed) error {
	for page := range slices.Chunk(due, docusign.StatusesPerCall) {
		ids := make([]envelope.ID, len(page))
		for i := range page {
			ids[i] = page[i].ID
		}
		said, err := throttle.Ask(ctx, r.Retry, func(ctx context.Context) ([]docusign.EnvelopeStatus, error) {
			out.Calls++
			return r.DocuSign.Statuses(ctx, ids)
		})
		if err != nil {
			return err
		}
		unknown := learn(page, said, time.Now())
		if err := r.Ledger.RecordRemoteStatuses(context.WithoutCancel(ctx), page); err != nil {
			return err
		}
		out.Asked += len(page)
		out.Unknown += unknown
	}
	return nil
}

// learn writes into page what DocuSign said of it just now, and returns how many
// it said nothing of.
func learn(page []ledger.RemoteStatus, said []docusign.EnvelopeStatus, now time.Time) (unknown int) {
	known := make(map[envelope.ID]docusign.EnvelopeStatus, len(said))
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
func callsFor(n int) int { return (n + docusign.StatusesPerCall - 1) / docusign.StatusesPerCall }

func ofBatches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return report.Number(n) + " batches"
}

// summary says what was asked and what was not.
func (r Refreshed) summary() string {
	if r.Due+r.Terminal+r.Recent == 0 {
		return "nothing to ask: no envelope was sent"
	}
	if r.Asked == 0 && r.Due > 0 {
		return fmt.Sprintf("DocuSign told of none of %s", report.Plural(r.Due, "envelope"))
	}
	text := fmt.Sprintf("asked DocuSign about %s in %s", report.Plural(r.Asked, "envelope"), report.Plural(r.Calls, "call"))
	if r.Due == 0 {
		text = "nothing to ask"
	}
	if r.Terminal > 0 {
		text += fmt.Sprintf("; left out %s that will not change any more", report.Number(r.Terminal))
	}
	if r.Recent > 0 {
		text += fmt.Sprintf("; left out %s asked about within %d minutes (DocuSign's rule), all may be asked about again at %s",
			report.Number(r.Recent), int(AskEvery.Minutes()), report.Local(r.Again))
	}
	return text
}

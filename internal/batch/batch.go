// Package batch is the program in one sentence: claim an envelope in the
// ledger, send it, settle what came of it.
//
// It decides the order of these steps, how many envelopes are sent at
// once, what is repeated, what is looked up and when a run stops. It knows
// neither flags nor files, neither SQL nor HTTP: those come in through
// [Sender], [Drafter], [Finder], [Bulker], [Ledger] and [Envelopes].
//
// [Choose] plans which envelopes go singly and which in lots, [Runner.Run] sends them.
// A run has a singleSender and a bulkSender, which work side by side, and a resolver
// that looks up what became of lost answers. What they have in common they do through
// the run's bookkeeper.
package batch

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/sourcegraph/conc/pool"

	"batchsend/internal/remote"
	"batchsend/throttle"
)

// Runner sends envelopes, each once.
type Runner struct {
	DocuSign DocuSign
	Ledger   Ledger
	// TwoStep makes drafts and then sends them, which takes two calls an
	// envelope and leaves fewer unresolved.
	TwoStep bool
	// LookOnly sends nothing at all: a draft that is found stays unresolved.
	LookOnly bool
	// Retry says how a call that created nothing is repeated.
	Retry throttle.Policy
	// Concurrency is how many envelopes are sent at once; 0 means 1.
	Concurrency int
	// MaxErrors stops the run after this many failures in a row; 0 never does.
	MaxErrors int
	// Settle is how long DocuSign must not know an envelope, counted from the
	// attempt, before it is taken for never created.
	Settle time.Duration
	// BeforeClaim is asked before each call that sends whether sending may go on; its
	// error stops the run. It may be nil.
	BeforeClaim func(ctx context.Context) error
	// Stale is asked when such a call has its place, just before it leaves, and
	// must answer at once: whether so much time has gone by that BeforeClaim must be
	// asked again first. It may be nil.
	Stale func() bool
	// Bulk is what the account allows of bulk sending.
	Bulk Bulk
	// InLots says which envelopes go in lots, as [Plan].InLots does; nil: none.
	InLots []int32
	// NoBulk keeps what an earlier run has sent in bulk, and DocuSign never got,
	// from going in bulk again.
	NoBulk bool
	// Observer is told how the run goes; nil: nobody is.
	Observer Observer
	Log      *slog.Logger
}

// Result is what a run came to. What became of each envelope is told to the
// [Observer].
type Result struct {
	// Stopped says why the run ended before the last envelope, nil if it did not: the
	// cause of the context's end, a [*HaltError], a [*ManyErrorsError], a
	// [*LedgerError], [ErrLate], or what BeforeClaim or [Envelopes].Read returned.
	Stopped   error
	Recovered Recovered
	// Resolving is how many of the envelopes that are unknown or sending need nobody:
	// DocuSign is still sending them from lists, or they left less than Settle ago.
	// The next run learns what became of them.
	Resolving int
	// StillResolving is the same of Recovered.Open.
	StillResolving int
}

// Recovered counts what became of the envelopes that earlier runs left unresolved.
type Recovered struct {
	Sent   int // DocuSign has them
	Absent int // proven never to have been created
	Open   int // not known yet
}

// Total is how many there were.
func (r Recovered) Total() int { return r.Sent + r.Absent + r.Open }

// Run sends the envelopes that no run has sent yet, and tells the observer what
// became of each. envelopes may be nil if there are none.
//
// When ctx ends nothing more is claimed; what is in flight is finished and
// recorded. Envelopes whose answer was lost, in this run or one that died, are
// looked up and never simply sent again.
func (r *Runner) Run(ctx context.Context, envelopes Envelopes, left Leftovers) Result {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	books := r.books(envelopes, stop)
	gate := &gate{before: r.BeforeClaim, stale: r.Stale, stop: stop}
	drafts := &draftSender{r.DocuSign, gate, r.Retry}
	single := &singleSender{books: books, gate: gate, docusign: r.DocuSign, retry: r.Retry, concurrency: r.Concurrency}
	if r.TwoStep {
		single.drafts = drafts
	}
	work := divide(books.envelopes, left, r.InLots)
	bulk := r.bulkSender(books, gate, work, left.Lots)
	look := &resolver{books: books, docusign: r.DocuSign, retry: r.Retry, settleTime: r.Settle, lookOnly: r.LookOnly, drafts: drafts, single: single}
	look.resume(left.Unresolved, work.leftovers)

	if books.recovered.Total() > 0 {
		bulk.recoverLeftovers(ctx)
		look.recoverLeftovers(ctx)
	}
	both := pool.New()
	both.Go(func() { books.stopOnPanic(func() { bulk.sendAll(ctx) }) })
	both.Go(func() {
		single.send(ctx, slices.Values(work.singly))
		single.send(ctx, received(bulk.singly))
	})
	both.Wait()
	look.resolve(ctx)

	result := Result{Stopped: bulk.why(context.Cause(ctx)), Recovered: books.recovered}
	bulk.countResolving(&result)
	look.countResolving(&result)
	return result
}

// books returns the books of a run, which stop ends.
func (r *Runner) books(envelopes Envelopes, stop context.CancelCauseFunc) *bookkeeper {
	b := &bookkeeper{
		ledger: r.Ledger, envelopes: envelopes, observer: r.Observer, log: r.Log,
		stop: stop, maxErrors: r.MaxErrors, answers: make(map[int]Answer),
	}
	if envelopes == nil {
		b.envelopes = none{}
	}
	if r.Observer == nil {
		b.observer = NoObserver{}
	}
	return b
}

// bulkSender returns the sender of the lots that are to be made and of those that
// earlier runs left.
func (r *Runner) bulkSender(books *bookkeeper, gate *gate, work work, left []remote.Lot) *bulkSender {
	s := &bulkSender{
		books: books, gate: gate, docusign: r.DocuSign, retry: r.Retry, settleTime: r.Settle, noBulk: r.NoBulk,
		forecast: forecast{bulk: r.Bulk.withDefaults()},
	}
	most := len(work.inLots)
	for _, l := range left {
		most += len(l.Envelopes)
	}
	s.singly = make(chan int32, most)
	for _, l := range left {
		s.resume(l, work.leftovers)
	}
	s.makePending(work.inLots)
	return s
}

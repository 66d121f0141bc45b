// Package job has the use cases: what send, reconcile and status --refresh do, from
// typed options to a result.
//
// It decides which steps there are, their order, and what follows for an envelope
// from what was sent before. Steps hand each other values:
//
//	Input → Checked → Compared → Planned → Done
//
// Files are read as a stream: the values have an [Index] of what the rows say, and the
// rows are read again where they are needed.
//
// How an envelope is claimed, sent and settled is the business of package batch. The
// room knows neither flags nor terminals, neither SQL nor HTTP.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/reminders"
	"batchsend/throttle"
)

// Options are what the operator wants of [Send].
type Options struct {
	Files    Files
	Defaults reminders.Plan // for rows that say nothing of their own
	Via      string         // an engine of package batch, or its Auto
	// SkipInvalid sends the others if rows are rejected; else nothing is sent.
	SkipInvalid bool
	// AllowSamePerson, AllowRepeat and AllowChanged let pass what would be rejected:
	// one address in two roles, what was sent before, a template that has changed.
	AllowSamePerson, AllowRepeat, AllowChanged bool

	Limit       int // of envelopes to be sent; 0 none
	MaxErrors   int // failures in a row that stop the run; 0 none
	Concurrency int // envelopes under way at once
	// Settle is how long DocuSign must not know an envelope before it is taken for
	// never created.
	Settle time.Duration
}

// mostConcurrent is how many envelopes may be under way at once.
const mostConcurrent = 100

// CheckConcurrency demands what [Options].Concurrency may be.
func CheckConcurrency(n int) error {
	if n < 1 || n > mostConcurrent {
		return fmt.Errorf("it must be 1 to %d", mostConcurrent)
	}
	return nil
}

// Site is what a run works with: the account, the ledger, and the person who has
// started it.
type Site struct {
	Account  string // its GUID
	DocuSign DocuSign
	Retry    throttle.Policy
	Limits   func() throttle.State // of the call budget
	// Template returns the template for rows that name none, "" if there is none.
	Template  func(ctx context.Context) (id string, err error)
	Templates Sources

	Ledger     Ledger
	LedgerPath string
	Mode       Mode
	Operator   Operator
	Log        *slog.Logger
}

// Sources tells what templates ask for.
type Sources interface {
	// Source reads a template. One that does not exist is no error: the Source says so,
	// and the rows that name it are rejected. own is what the account has of reminders
	// and expiration.
	Source(ctx context.Context, id string, own reminders.Stored) (*envelope.Source, error)
}

var _ Sources = (*Templates)(nil)

// DocuSign is all that a run of send asks of it.
type DocuSign interface {
	batch.DocuSign
	Mailings
	Accounts
}

// Ledger is what a run asks of the ledger.
type Ledger interface {
	History
	Memory
	// HasLegacy reports whether an earlier release has made entries.
	HasLegacy(ctx context.Context, account string) (bool, error)
	// LotSpeed is how many copies a second DocuSign has made of the last lots; 0 if
	// that is not known.
	LotSpeed(ctx context.Context, account string) (float64, error)
}

// Mode is how far a run goes: [Live] or [DryRun].
type Mode interface {
	// Await waits for what an earlier run of the batches may still have under way
	// although the ledger does not know of it.
	Await(ctx context.Context, o Options, site Site, batches []string) error
	// Adopt takes over what other ledgers have sent of a batch. what says what was
	// done with it: "adopted".
	Adopt(ctx context.Context, site Site, u *Unrecorded) (what string, err error)
	// History is the ledger's, with all that was adopted.
	History(Ledger) History
	// Aborts reports whether rows that were rejected keep the others from going on.
	Aborts(Options) bool
	// Deliver sends what is planned, as far as the mode goes. Of a plan that is
	// aborted it sends nothing.
	Deliver(ctx context.Context, o Options, site Site, p Planned) (Done, error)
}

// Teller tells the person at the keyboard what goes on.
type Teller interface {
	// Say says what may be missed.
	Say(format string, args ...any)
	// Warn says what must not be missed.
	Warn(format string, args ...any)
}

// Operator is the person who has started a run.
type Operator interface {
	Teller
	// Waiting says why the run waits, and until when.
	Waiting(reason string, until time.Time)
	// ShowPlan shows what is wrong with the rows and what will be sent.
	ShowPlan(Planned)
	// Confirm asks whether what was shown is to be sent.
	Confirm(ctx context.Context, shown Planned) (bool, error)
	// Reading begins to show how many rows were read, which rows tells at any time. It
	// returns what ends that.
	Reading(rows func() int) (end func())
	// Progress begins to show how far sending what is planned has come.
	Progress(report.Plan) Progress
}

// Progress shows how far sending has come. Several goroutines call its methods at once.
type Progress interface {
	// Outcome shows what became of an envelope that stands at a place in the input. It
	// may be called more than once for an envelope.
	Outcome(at envelope.Position, out envelope.Outcome)
	// List shows how many envelopes of a bulk list DocuSign has done with, and when it
	// should have done with all.
	List(list string, done, envelopes int, through time.Time)
	// Waits shows what some of the envelopes wait for. It reports whether that need not
	// be said.
	Waits(reason string, until time.Time) (shown bool)
	// Stopping shows that the run ends when what is in flight is settled.
	Stopping()
	// Shown reports whether all this stays to be seen, so that it need not be said.
	Shown() bool
	// Close ends the showing.
	Close()
}

var _ Ledger = (*ledger.DB)(nil)

// Send reads files, checks their rows, compares them with what was sent before,
// plans, and sends what is missing, or in a dry run says what would be sent. signIn
// signs in and opens the ledger; it is called when the files have rows and their
// headers are right.
//
// With an error, Done has what is known so far. It must be closed.
func Send(ctx context.Context, o Options, teller Teller, signIn func(ctx context.Context, batches []string) (Site, error)) (done Done, err error) {
	done = Nothing()
	defer func() {
		if err == nil || done.progress.indexed {
			return
		}
		if unread := done.survey(context.WithoutCancel(ctx)); unread != nil {
			err = errors.Join(err, unread)
		}
	}()
	if done.Input, err = Open(o.Files); err != nil {
		return done, err
	}
	for _, path := range done.Missing {
		teller.Say("%s does not exist: it is left out", path)
	}
	if has, err := done.hasRows(); err != nil || !has {
		done.describe(teller)
		return done, done.unchecked(err)
	}
	site, err := signIn(ctx, done.Batches())
	if err != nil {
		return done, done.unchecked(err)
	}
	if done.Checked, err = Check(ctx, o, site, done.Input); err != nil {
		return done, done.unchecked(err)
	}
	done.describe(teller)
	comparing := site
	live, asks := site.Mode.(*Live)
	if asks = asks && live.Begin != nil; asks {
		comparing.Operator = onceTold{site.Operator, map[string]bool{}}
		if done.Planned, err = live.agree(ctx, o, comparing, done.Checked); err != nil {
			return done, err
		}
	}
	if done.Compared, err = compare(ctx, o, comparing, done.Checked); err != nil {
		return done, err
	}
	if hold := done.Hold; hold.Err != nil {
		done.Stopped, done.Resolving = hold.Err, hold.Resolving
		return done, nil
	}
	if done.Planned, err = plan(ctx, o, comparing, done.Compared); err != nil {
		return done, err
	}
	if asks {
		if err := live.mayGoOn(comparing.Operator, done.Planned); err != nil {
			return done, err
		}
	} else {
		site.Operator.ShowPlan(done.Planned)
	}
	return site.Mode.Deliver(ctx, o, site, done.Planned)
}

// unchecked adds what is wrong with headers to the error for which rows were not
// checked, which may be nil: else nobody would learn it.
func (in *Input) unchecked(err error) error {
	problems := in.headerProblems()
	if len(problems) == 0 {
		return err
	}
	return &HeaderError{problems, err}
}

// describe says how each file was understood.
func (x *Index) describe(teller Teller) {
	envelopes := make([]int, len(x.files))
	for n := range x.Len() {
		envelopes[x.entry(n).file]++
	}
	for i, f := range x.files {
		teller.Say("%s: %s; %s, %s", f.in.Name(), f.in.Describe(), report.Plural(f.rows, "row"), report.Plural(envelopes[i], "envelope"))
		if g := f.text.Guess(); g != nil && g.Certain {
			teller.Say("%s does not say that it is %s, its words do: %s; --encoding NAME says otherwise", f.in.Name(), g.Encoding, g)
		}
		for _, note := range f.text.Notes() {
			teller.Warn("%s: %s", f.in.Name(), note)
		}
		if f.in.Mapped() || len(f.in.Problems()) > 0 {
			for _, line := range f.in.Columns() {
				teller.Say("  %s", line)
			}
		}
	}
}

package batch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/throttle"
)

// book is a ledger in memory. It refuses what a ledger refuses and remembers
// across runs.
type book struct {
	mu   sync.Mutex
	all  map[envelope.TransactionID]*envelope.Standing
	twin *envelope.Twin // of every envelope
	// fail makes a call fail, such as "claim b" or "settle b sent"; the text is
	// matched from its beginning.
	fail   string
	log    []string
	checks int // of the lease

	lots  []*bookLot
	lotOf map[envelope.TransactionID]string
}

var errDisk = errors.New("no room left on the disk")

type stateError struct{ envelope.Standing }

func (e stateError) Error() string { return "it is " + e.State.String() }

func (e stateError) NotClaimed() (envelope.Standing, *envelope.Twin) { return e.Standing, nil }

type twinError struct{ envelope.Twin }

func (e twinError) Error() string { return "another batch has it" }

func (e twinError) NotClaimed() (envelope.Standing, *envelope.Twin) {
	return envelope.Standing{}, &e.Twin
}

// change makes a change unless the call is to fail or the state forbids it.
func (b *book) change(call string, tx envelope.TransactionID, allowed []envelope.State, change func(*envelope.Standing)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	call = strings.Replace(call, "?", labels[tx], 1)
	b.log = append(b.log, call)
	if b.fail != "" && strings.HasPrefix(call, b.fail) {
		return errDisk
	}
	if b.all == nil {
		b.all = make(map[envelope.TransactionID]*envelope.Standing)
	}
	st := b.all[tx]
	if st == nil {
		st = &envelope.Standing{State: envelope.StatePlanned}
		b.all[tx] = st
	}
	for _, s := range allowed {
		if st.State == s {
			change(st)
			return nil
		}
	}
	return stateError{*st}
}

func (b *book) Claim(_ context.Context, env *envelope.Envelope) error {
	if b.twin != nil {
		return twinError{*b.twin}
	}
	return b.change("claim ?", env.TransactionID, []envelope.State{envelope.StatePlanned, envelope.StateFailed}, func(st *envelope.Standing) {
		*st = envelope.Standing{State: envelope.StateSending, At: time.Now()}
		delete(b.lotOf, env.TransactionID)
	})
}

// takenError is an envelope of DocuSign's that is another row's.
type takenError struct{ envelope.ID }

func (e takenError) Error() string         { return string(e.ID) + " is another row's" }
func (takenError) Effect() envelope.Effect { return envelope.EffectTaken }

func taken(err error) bool {
	_, ok := errors.AsType[takenError](err)
	return ok
}

// takenBy returns an error if the book has an envelope of DocuSign's for another row.
func (b *book) takenBy(tx envelope.TransactionID, id envelope.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, st := range b.all {
		if other != tx && id != "" && st.ID == id {
			return takenError{id}
		}
	}
	return nil
}

func (b *book) Draft(_ context.Context, tx envelope.TransactionID, id envelope.ID) error {
	if err := b.takenBy(tx, id); err != nil {
		return err
	}
	return b.change("draft ?", tx, []envelope.State{envelope.StateSending}, func(st *envelope.Standing) { st.ID = id })
}

func (b *book) Settle(_ context.Context, tx envelope.TransactionID, out envelope.Outcome) error {
	open := []envelope.State{envelope.StateSending, envelope.StateUnknown}
	if err := b.takenBy(tx, out.ID); err != nil && out.Status == envelope.Sent {
		return err
	}
	return b.change("settle ? "+string(out.Status), tx, open, func(st *envelope.Standing) {
		st.State = map[envelope.Status]envelope.State{
			envelope.Sent: envelope.StateSent, envelope.Failed: envelope.StateFailed,
			envelope.Unknown: envelope.StateUnknown, envelope.Pending: envelope.StatePlanned,
		}[out.Status]
		if out.ID != "" {
			st.ID = out.ID
		}
	})
}

func (b *book) Retry(_ context.Context, tx envelope.TransactionID) error {
	return b.change("retry ?", tx, []envelope.State{envelope.StateSending, envelope.StateUnknown}, func(st *envelope.Standing) {
		*st = envelope.Standing{State: envelope.StateSending, At: time.Now()}
		delete(b.lotOf, tx)
	})
}

// labels are the labels of the transaction IDs that tests use.
var labels = func() map[envelope.TransactionID]string {
	m := make(map[envelope.TransactionID]string)
	for i := range 200 {
		for _, label := range []string{fmt.Sprint(i), string(rune('a' + i%26)), string(rune('A' + i%26))} {
			m[row(label, 1).TransactionID] = label
		}
	}
	return m
}()

// desk is where a test runs its batches: a DocuSign, a ledger and a script of
// what goes wrong.
type desk struct {
	docusign world
	book     book
	runner   batch.Runner
	script   map[string][]fault // what happens to the calls "send a", "find": one after the other
	rows     []string           // the file
	inLots   map[string]bool    // rows that go in lots
	template map[string]string  // of rows
	people   map[string]string  // to whom rows go, by their addresses
	calls    []string
	lost     []string
	leftTold []batch.Recovered
	alone    []string
	// onOutcome is told of every outcome; nil: nobody is.
	onOutcome func(label string, out envelope.Outcome)
	unread    func(*envelope.Envelope) error // see [file]
}

// ears hear what a desk's run says.
type ears struct {
	*file
	desk *desk
}

func (e ears) Outcome(i int, out envelope.Outcome) {
	e.file.Outcome(i, out)
	if e.desk.onOutcome != nil {
		e.desk.onOutcome(e.file.envs[i].Label, out)
	}
}

func (e ears) LookingUp(n int, until time.Time) {
	e.desk.lost = append(e.desk.lost, fmt.Sprintf("%d for %v", n, time.Until(until).Round(time.Second)))
}

func (e ears) Recovered(r batch.Recovered) { e.desk.leftTold = append(e.desk.leftTold, r) }

func (e ears) BulkRefused(n int, why error) {
	e.desk.alone = append(e.desk.alone, fmt.Sprintf("%d: %v", n, why))
}

// newDesk opens a desk for the rows of the given labels: "a b c".
func newDesk(rows string) *desk {
	d := &desk{rows: strings.Fields(rows), script: make(map[string][]fault)}
	d.docusign.latency = 100 * time.Millisecond
	d.docusign.strike = func(call string, tx envelope.TransactionID) fault {
		call = strings.TrimSpace(call + " " + labels[tx])
		d.calls = append(d.calls, call)
		faults := d.script[call]
		if len(faults) == 0 {
			return none
		}
		if len(faults) > 1 || !strings.HasPrefix(string(faults[0]), "always ") {
			d.script[call] = faults[1:]
		}
		return fault(strings.TrimPrefix(string(faults[0]), "always "))
	}
	d.runner = batch.Runner{
		Retry: throttle.Policy{Tries: 3}, Settle: 10 * time.Minute, Concurrency: 1, Log: slog.New(slog.DiscardHandler),
	}
	return d
}

// envelope returns the envelope of a row.
func (d *desk) envelope(label string) *envelope.Envelope {
	env := row(label, 1)
	env.TemplateID = d.template[label]
	for _, email := range strings.Fields(d.people[label]) {
		env.Recipients = append(env.Recipients, envelope.Recipient{Role: email, Email: email})
	}
	return env
}

// goesWrong adds to the script: goesWrong("send a", limit, lostAfter).
func (d *desk) goesWrong(call string, faults ...fault) *desk {
	d.script[call] = faults
	return d
}

// left puts an envelope into the ledger as an earlier run left it, so long ago.
func (d *desk) left(label string, ago time.Duration, draft envelope.ID) batch.Unresolved {
	env := row(label, 1)
	if d.book.all == nil {
		d.book.all = make(map[envelope.TransactionID]*envelope.Standing)
	}
	d.book.all[env.TransactionID] = &envelope.Standing{State: envelope.StateSending, ID: draft}
	return batch.Unresolved{TransactionID: env.TransactionID, Attempted: time.Now().Add(-ago), Draft: draft}
}

// run runs the file and tells of each row what became of it: "a sent, b failed".
func (d *desk) run(ctx context.Context, left ...batch.Unresolved) (string, result) {
	return d.goOn(ctx, batch.Leftovers{Unresolved: left})
}

// again runs the file once more, as cmd does, with what is left in the ledger.
func (d *desk) again(ctx context.Context) (string, result) {
	return d.goOn(ctx, d.book.leftovers())
}

// goOn runs the file, as cmd does: what was sent already is not for the runner.
func (d *desk) goOn(ctx context.Context, left batch.Leftovers) (string, result) {
	return d.start(ctx, d.snapshot(), left)
}

// snapshot returns what the ledger knows of the rows.
func (d *desk) snapshot() map[string]envelope.Standing {
	known := make(map[string]envelope.Standing)
	for _, label := range d.rows {
		if st := d.book.all[row(label, 1).TransactionID]; st != nil {
			known[label] = *st
		}
	}
	return known
}

// start runs the file where that was known of the rows before.
func (d *desk) start(ctx context.Context, known map[string]envelope.Standing, left batch.Leftovers) (string, result) {
	if d.runner.DocuSign == nil {
		d.runner.DocuSign, d.runner.Ledger = &d.docusign, &d.book
	}
	all := result{Outcomes: make([]envelope.Outcome, len(d.rows))}
	var envs []*envelope.Envelope
	var rows []int
	for i, label := range d.rows {
		if st := known[label]; st.State == envelope.StateSent {
			all.Outcomes[i] = batch.AlreadySent(st)
		} else {
			envs, rows = append(envs, d.envelope(label)), append(rows, i)
		}
	}
	f := newFile(envs)
	f.unread = d.unread
	for i, env := range envs {
		if !d.inLots[env.Label] {
			f.groups[i] = -1
		}
	}
	d.runner.InLots = f.inLots(func(i int) bool { return known[envs[i].Label].State.MayExist() })
	d.runner.Observer = ears{f, d}
	all.Result = d.runner.Run(ctx, f, left)
	for i, out := range f.outcomes {
		all.Outcomes[rows[i]] = out
	}
	var told []string
	for i, out := range all.Outcomes {
		told = append(told, d.rows[i]+" "+string(out.Status))
	}
	return strings.Join(told, ", "), all
}

// wantMailed demands that these rows were mailed, once each, and no others.
func (d *desk) wantMailed(t *testing.T, rows string) {
	t.Helper()
	for tx, label := range labels {
		want := 0
		for _, r := range strings.Fields(rows) {
			if r == label {
				want++
			}
		}
		if n, _ := d.docusign.mails(tx); n != want {
			t.Errorf("%s was mailed %d times, want %d", label, n, want)
		}
	}
}

// state returns what the ledger has of a row.
func (d *desk) state(label string) string {
	if st := d.book.all[row(label, 1).TransactionID]; st != nil {
		return st.State.String()
	}
	return "new"
}

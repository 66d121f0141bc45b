package batch_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/throttle"
)

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

// fixture is where a test runs its batches: a DocuSign, a ledger and a script of
// what goes wrong.
type fixture struct {
	docusign fakeDocuSign
	ledger   memoryLedger
	runner   batch.Runner
	script   map[string][]fault // what happens to the calls "send a", "find": one after the other
	rows     []string           // the file
	inLots   map[string]bool    // rows that go in lots
	template map[string]string  // of rows
	people   map[string]string  // to whom rows go, by their addresses
	calls    []string           // in the order in which they were made
	told
	// onOutcome is told of every outcome; nil: nobody is.
	onOutcome func(label string, out envelope.Outcome)
	unread    func(*envelope.Envelope) error // see [file]
}

// told is what the observer was told of, a text or value each time.
type told struct {
	lookUps, bulkRefused []string
	recovered            []batch.Recovered
}

// listener is the observer of a fixture's run.
type listener struct {
	*file
	fixture *fixture
}

func (l listener) Outcome(i int, out envelope.Outcome) {
	l.file.Outcome(i, out)
	if l.fixture.onOutcome != nil {
		l.fixture.onOutcome(l.file.envs[i].Label, out)
	}
}

func (l listener) LookingUp(n int, until time.Time) {
	l.fixture.lookUps = append(l.fixture.lookUps, fmt.Sprintf("%d for %v", n, time.Until(until).Round(time.Second)))
}

func (l listener) Recovered(r batch.Recovered) { l.fixture.recovered = append(l.fixture.recovered, r) }

func (l listener) BulkRefused(n int, why error) {
	l.fixture.bulkRefused = append(l.fixture.bulkRefused, fmt.Sprintf("%d: %v", n, why))
}

// newFixture opens a fixture for the rows of the given labels: "a b c".
func newFixture(rows string) *fixture {
	d := &fixture{rows: strings.Fields(rows), script: make(map[string][]fault)}
	d.docusign.latency = 100 * time.Millisecond
	d.docusign.faultOf = func(call string, tx envelope.TransactionID) fault {
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
func (d *fixture) envelope(label string) *envelope.Envelope {
	env := row(label, 1)
	env.TemplateID = d.template[label]
	for _, email := range strings.Fields(d.people[label]) {
		env.Recipients = append(env.Recipients, envelope.Recipient{Role: email, Email: email})
	}
	return env
}

// goesWrong adds to the script: goesWrong("send a", limit, lostAfter).
func (d *fixture) goesWrong(call string, faults ...fault) *fixture {
	d.script[call] = faults
	return d
}

// left puts an envelope into the ledger as an earlier run left it, so long ago.
func (d *fixture) left(label string, ago time.Duration, draft envelope.ID) batch.Unresolved {
	env := row(label, 1)
	if d.ledger.all == nil {
		d.ledger.all = make(map[envelope.TransactionID]*history.Record)
	}
	d.ledger.all[env.TransactionID] = &history.Record{State: history.StateSending, ID: draft}
	return batch.Unresolved{TransactionID: env.TransactionID, Attempted: time.Now().Add(-ago), Draft: draft}
}

// run runs the file and tells of each row what became of it: "a sent, b failed".
func (d *fixture) run(ctx context.Context, left ...batch.Unresolved) (string, result) {
	return d.goOn(ctx, batch.Leftovers{Unresolved: left})
}

// again runs the file once more, as cmd does, with what is left in the ledger.
func (d *fixture) again(ctx context.Context) (string, result) {
	return d.goOn(ctx, d.ledger.leftovers())
}

// goOn runs the file, as cmd does: what was sent already is not for the runner.
func (d *fixture) goOn(ctx context.Context, left batch.Leftovers) (string, result) {
	return d.start(ctx, d.snapshot(), left)
}

// snapshot returns what the ledger knows of the rows.
func (d *fixture) snapshot() map[string]history.Record {
	known := make(map[string]history.Record)
	for _, label := range d.rows {
		if st := d.ledger.all[row(label, 1).TransactionID]; st != nil {
			known[label] = *st
		}
	}
	return known
}

// start runs the file where that was known of the rows before.
func (d *fixture) start(ctx context.Context, known map[string]history.Record, left batch.Leftovers) (string, result) {
	if d.runner.DocuSign == nil {
		d.runner.DocuSign, d.runner.Ledger = &d.docusign, &d.ledger
	}
	all := result{Outcomes: make([]envelope.Outcome, len(d.rows))}
	var envs []*envelope.Envelope
	var rows []int
	for i, label := range d.rows {
		if st := known[label]; st.State == history.StateSent {
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
	d.runner.Observer = listener{f, d}
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
func (d *fixture) wantMailed(t *testing.T, rows string) {
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
func (d *fixture) state(label string) string {
	if st := d.ledger.all[row(label, 1).TransactionID]; st != nil {
		return st.State.String()
	}
	return "new"
}

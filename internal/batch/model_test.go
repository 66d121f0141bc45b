package batch_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
	"batchsend/internal/racetest"
	"batchsend/throttle"
)

// By default the model is played for a few seconds; -rapid.checks=1000 plays it
// for a minute.
func init() {
	defaults := map[string]string{"checks": "50", "steps": "20", "shrinktime": "10s", "nofailfile": "true"}
	if racetest.Enabled {
		defaults["checks"] = "8"
	}
	for name, value := range defaults {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(err)
		}
	}
}

// Any order of rows, edits, runs, lost answers, crashes, jumping clocks and unreadable rows:
// each row of the file is sent once, nothing else is, and everybody tells the
// truth.
func TestModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		home := filepath.Join(dir, fmt.Sprint(n))
		defer os.RemoveAll(home)
		rapid.SyncTest(t, func(t *rapid.T) {
			m := &model{home: home, file: make(map[string]int), docusign: &fakeDocuSign{latency: 100 * time.Millisecond}}
			m.docusign.onMail = m.mailed
			m.docusign.speed = rapid.SampledFrom([]float64{0.01, 1, 100}).Draw(t, "speed")
			m.docusign.queue = rapid.SampledFrom([]int{4, 2000}).Draw(t, "queue")
			m.docusign.fails = m.fails
			t.Repeat(map[string]func(*rapid.T){
				"add": m.add, "edit": m.edit, "remove": m.remove, "run": m.run, "crash": m.crash,
				"wait": m.wait, "clocks": m.clocks, "delete a draft": m.deleteDraft, "": m.check,
			})
			m.finish(t)
		})
	})
}

// model is an operator with a file, the ledger on a disk, and DocuSign.
type model struct {
	home     string
	disk     int // which copy of the ledger is the disk's now
	file     map[string]int
	rows     int
	docusign *fakeDocuSign
	jump     time.Duration // of our clock since the last run
	wrong    error
}

// mailed notices at once what must not be mailed.
func (m *model) mailed(p fakeEnvelope) {
	for label, version := range m.file {
		if row(label, version).Content == p.content {
			return
		}
	}
	m.wrong = fmt.Errorf("mailed %s, which is not in the file", p.tx)
}

// fails says of some copies that they cannot be made, but not always of the same.
func (m *model) fails(env *envelope.Envelope) []string {
	if (len(m.docusign.envelopes)+env.Line+len(env.Label))%7 == 0 {
		return []string{"no mailbox"}
	}
	return nil
}

// check is the whole of the promise, in so far as it holds at any time.
func (m *model) check(t *rapid.T) {
	m.docusign.mails(noID) // those that are due
	times := make(map[envelope.TransactionID]int)
	for _, p := range m.docusign.envelopes {
		if !p.draft {
			times[p.tx]++
		}
		if times[p.tx] > 1 {
			t.Fatalf("%s was mailed twice", p.tx)
		}
	}
	if m.wrong != nil || len(m.docusign.violations) > 0 {
		t.Fatal(m.wrong, m.docusign.violations)
	}
}

// finish runs until all is well and then looks whether it is.
func (m *model) finish(t *rapid.T) {
	m.docusign.fails = nil
	for range 3 {
		m.start(t, options{runner: batch.Runner{Concurrency: 2, Settle: 10 * time.Minute}})
		m.check(t)
	}
	for _, st := range m.records(t) {
		n, id := m.docusign.mails(st.env.TransactionID)
		switch {
		case st.State == history.StateSent && n == 1 && id == st.ID:
		case st.State.Open() && time.Since(st.At) > 6*24*time.Hour: // a person must look
		default:
			t.Errorf("%s was mailed %d times as %s; the ledger says %v as %s", st.env.Label, n, id, st.State, st.ID)
		}
	}
	db, session := m.open(t)
	defer func() { must(t, errors.Join(session.Close(context.Background()), db.Close())) }()
	if lots, err := session.Lots(context.Background()); len(lots) > 0 || err != nil {
		t.Errorf("lots are left: %+v, %v", lots, err)
	}
}

func (m *model) add(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "rows") {
		m.rows++
		m.file[fmt.Sprint("E-", m.rows)] = 1
	}
}

// pick draws a label of the file.
func (m *model) pick(t *rapid.T) string {
	var labels []string
	for i := range m.rows {
		if label := fmt.Sprint("E-", i+1); m.file[label] > 0 {
			labels = append(labels, label)
		}
	}
	if len(labels) == 0 {
		t.Skip("the file is empty")
	}
	return rapid.SampledFrom(labels).Draw(t, "label")
}

// edit changes a row that was not sent; the program refuses other edits.
func (m *model) edit(t *rapid.T) {
	label := m.pick(t)
	for _, st := range m.records(t) {
		if st.env.Label == label && (st.State == history.StateSent || st.State.Open()) {
			t.Skip("it may have been sent")
		}
	}
	m.file[label]++
}

func (m *model) remove(t *rapid.T) { delete(m.file, m.pick(t)) }

func (m *model) wait(t *rapid.T) {
	time.Sleep(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 20 * time.Minute, 25 * time.Hour, 4 * 24 * time.Hour}).Draw(t, "wait"))
}

// deleteDraft has somebody delete a draft in DocuSign.
func (m *model) deleteDraft(t *rapid.T) {
	var drafts []*fakeEnvelope
	for _, p := range m.docusign.envelopes {
		if p.draft && !p.form && !p.deleted {
			drafts = append(drafts, p)
		}
	}
	if len(drafts) == 0 {
		t.Skip("there is none")
	}
	rapid.SampledFrom(drafts).Draw(t, "draft").deleted = true
}

// clocks lets DocuSign's clock jump, and ours between two runs: never so far
// ahead that DocuSign would not let us sign in.
func (m *model) clocks(t *rapid.T) {
	m.docusign.ahead = time.Duration(rapid.IntRange(-10, 10).Draw(t, "days")) * 24 * time.Hour
	m.jump = time.Duration(rapid.IntRange(-100, 20).Draw(t, "hours")) * time.Hour
}

type options struct {
	runner  batch.Runner
	rates   map[fault]float64
	seed    uint64
	lots    int     // of ten items so many go in lots
	limit   int     // of items; 0: all
	changed float64 // how often rows cannot be read, as if they had changed
	crashAt int     // the step at which the process dies; 0: never
}

func (m *model) run(t *rapid.T) { m.start(t, m.draw(t)) }

func (m *model) crash(t *rapid.T) {
	o := m.draw(t)
	o.crashAt = rapid.IntRange(1, 60).Draw(t, "dies at")
	m.start(t, o)
}

func (m *model) draw(t *rapid.T) options {
	o := options{seed: rapid.Uint64().Draw(t, "seed"), limit: rapid.IntRange(0, 5).Draw(t, "limit"), rates: map[fault]float64{}}
	for _, f := range []fault{lostAfter, lostBefore, vague, vagueAfter, limit, down, refuse} {
		o.rates[f] = rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(t, string(f))
	}
	o.rates[halt] = rapid.SampledFrom([]float64{0, 0, 0.03}).Draw(t, "halt")
	o.changed = rapid.SampledFrom([]float64{0, 0, 0.1}).Draw(t, "changed")
	o.lots = rapid.IntRange(0, 10).Draw(t, "lots")
	o.runner.Bulk = batch.Bulk{Copies: rapid.IntRange(1, 4).Draw(t, "copies"), Queue: rapid.IntRange(4, 8).Draw(t, "queue"), Speed: m.docusign.speed}
	o.runner.TwoStep = rapid.Bool().Draw(t, "two-step")
	o.runner.Concurrency = rapid.IntRange(1, 3).Draw(t, "concurrency")
	o.runner.MaxErrors = rapid.IntRange(2, 10).Draw(t, "max errors")
	o.runner.Settle = rapid.SampledFrom([]time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute}).Draw(t, "settle")
	m.docusign.lag = rapid.SampledFrom([]time.Duration{0, 3 * time.Second, 25 * time.Second, o.runner.Settle / 2, o.runner.Settle}).Draw(t, "lag")
	return o
}

// start runs the program once, as cmd does, and holds its outcomes against the
// DocuSign.
func (m *model) start(t *rapid.T, o options) {
	ctx := context.Background()
	db, session := m.open(t)
	defer func() { _ = errors.Join(session.Close(ctx), db.Close()) }() // of a copied disk, perhaps
	var rows []recorded
	var envs []*envelope.Envelope
	for _, st := range m.records(t) {
		if st.State.MayExist() && st.Content != st.env.Content {
			continue // rejected: the label is taken
		}
		rows, envs = append(rows, st), append(envs, st.env)
	}
	must(t, session.Plan(ctx, ledgertest.Planned(envs)))
	if o.limit > 0 {
		rows = rows[:min(o.limit, len(rows))]
	}
	told := make(map[*envelope.Envelope]envelope.Outcome)
	envs = nil // that are not sent yet
	var open []bool
	for _, st := range rows {
		if st.State == history.StateSent {
			told[st.env] = batch.AlreadySent(st.Record)
		} else {
			envs, open = append(envs, st.env), append(open, st.State.Open())
		}
	}
	f := newFile(envs)
	dice := rand.New(rand.NewPCG(o.seed, 2))
	for i := range envs {
		if dice.IntN(10) >= o.lots && !open[i] {
			f.groups[i] = -1
		}
	}
	f.unread = changes(o)
	unresolved, err := session.Unresolved(ctx)
	must(t, err)
	left := make([]batch.Unresolved, len(unresolved))
	for i, d := range unresolved {
		left[i] = batch.Unresolved{TransactionID: d.TransactionID, Attempted: d.Attempted.Add(-m.jump), Draft: d.ID, Answer: batch.Answer{Code: d.Code, Message: d.Message, Times: d.Answers}}
	}
	lots, err := session.Lots(ctx)
	must(t, err)
	for i := range lots {
		if !lots[i].Asked.IsZero() {
			lots[i].Asked = lots[i].Asked.Add(-m.jump)
		}
	}
	m.jump = 0
	m.docusign.run++
	running, stop := context.WithCancel(ctx)
	defer stop()
	p := &process{crashAt: o.crashAt, stop: stop, die: m.copyDisk}
	m.docusign.faultOf = faultsAt(o)
	r := o.runner
	r.DocuSign, r.Ledger = crashingDocuSign{p, m.docusign}, crashingLedger{p, session}
	r.Log, r.Retry, r.Observer = slog.New(slog.DiscardHandler), throttle.Policy{Tries: 3}, f
	r.InLots = f.inLots(func(i int) bool { return open[i] })
	result := r.Run(running, f, batch.Leftovers{Unresolved: left, Lots: lots})
	m.docusign.faultOf = nil
	for i, out := range f.outcomes {
		told[envs[i]] = out
	}
	if !p.dead {
		m.verify(t, told, result)
	}
	if p.dead {
		m.disk++
	}
}

// faultsAt returns faults at the rates of o.
func faultsAt(o options) func(string, envelope.TransactionID) fault {
	dice := rand.New(rand.NewPCG(o.seed, 1))
	return func(string, envelope.TransactionID) fault {
		roll := dice.Float64()
		for _, f := range []fault{lostAfter, lostBefore, vague, vagueAfter, limit, down, refuse, halt} {
			if roll -= o.rates[f]; roll < 0 {
				return f
			}
		}
		return none
	}
}

// changes returns why rows cannot be read, at the rate of o.
func changes(o options) func(*envelope.Envelope) error {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(o.seed, 3))
	return func(env *envelope.Envelope) error {
		mu.Lock()
		defer mu.Unlock()
		if dice.Float64() < o.changed {
			return &changedError{env.Label}
		}
		return nil
	}
}

// verify holds outcomes against DocuSign and the ledger.
func (m *model) verify(t *rapid.T, told map[*envelope.Envelope]envelope.Outcome, result batch.Result) {
	byID := make(map[envelope.TransactionID]history.Record)
	for _, st := range m.records(t) {
		byID[st.env.TransactionID] = st.Record
	}
	for env, out := range told {
		st := byID[env.TransactionID]
		n, id := m.docusign.mails(env.TransactionID)
		ok := false
		switch out.Status {
		case envelope.Sent, envelope.AlreadySent:
			ok = n == 1 && id == out.ID && st.State == history.StateSent && st.ID == id
		case envelope.Failed:
			ok = n == 0 && st.State == history.StateFailed
		case envelope.Pending:
			ok = n == 0 && (result.Stopped != nil || out.Message != "")
		case envelope.Unknown, envelope.Sending:
			ok = st.State.Open()
		}
		if !ok {
			t.Fatalf("%s is %+v; the ledger says %+v, DocuSign %d %s (stopped: %v)", env.Label, out, st, n, id, result.Stopped)
		}
		if out.Status == envelope.AlreadySent {
			for _, p := range m.docusign.envelopes {
				if p.id == out.ID && p.run == m.docusign.run {
					t.Fatalf("%s was sent by this run, not an earlier one: %+v", env.Label, out)
				}
			}
		}
	}
}

type recorded struct {
	history.Record
	env *envelope.Envelope
}

// records returns what the ledger knows of the file's rows.
func (m *model) records(t *rapid.T) (all []recorded) {
	var envs []*envelope.Envelope
	var ids []*envelope.Identity
	for i := range m.rows {
		if label := fmt.Sprint("E-", i+1); m.file[label] > 0 {
			env := row(label, m.file[label])
			envs, ids = append(envs, env), append(ids, &env.Identity)
		}
	}
	db, err := ledger.OpenReadOnly(context.Background(), m.path())
	must(t, err)
	sts, err := db.Records(context.Background(), account, ids)
	must(t, errors.Join(err, db.Close()))
	for i, st := range sts {
		all = append(all, recorded{st, envs[i]})
	}
	return all
}

func (m *model) path() string { return filepath.Join(m.home, fmt.Sprint(m.disk), "ledger.db") }

func (m *model) open(t *rapid.T) (*ledger.DB, *ledger.Session) {
	db, err := ledger.Open(context.Background(), m.path())
	must(t, err)
	session, err := db.Begin(context.Background(), ledger.Run{Account: account, Batches: []string{"may"}})
	must(t, err)
	return db, session
}

// copyDisk keeps the disk as it is at this moment, for the next run. What the
// process holds in the kernel, such as its locks, is not on it; the lock file is
// the same.
func (m *model) copyDisk() {
	to := filepath.Join(m.home, fmt.Sprint(m.disk+1))
	err := os.Mkdir(to, 0o700)
	files, readErr := os.ReadDir(filepath.Dir(m.path()))
	for _, f := range files {
		from, to := filepath.Join(filepath.Dir(m.path()), f.Name()), filepath.Join(to, f.Name())
		if filepath.Ext(f.Name()) == ".lock" {
			err = errors.Join(err, os.Link(from, to))
			continue
		}
		all, copyErr := os.ReadFile(from)
		err = errors.Join(err, copyErr, os.WriteFile(to, all, 0o600))
	}
	m.wrong = errors.Join(m.wrong, err, readErr)
}

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

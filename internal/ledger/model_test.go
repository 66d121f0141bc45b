package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
	"batchsend/internal/racetest"
	"batchsend/internal/remote"
)

// model is what the ledger should know: ten lines of rules.
type model map[envelope.TransactionID]*fact

type fact struct {
	env      *envelope.Envelope
	state    history.State
	id       envelope.ID
	attempts int
	lot      string // in which it was last attempted
}

func (m model) sameContent(of *envelope.Envelope) bool {
	for _, f := range m {
		if f.env.TransactionID != of.TransactionID && f.env.Content == of.Content && (f.state.Open() || f.state == history.StateSent) {
			return true
		}
	}
	return false
}

func (m model) plan(e *envelope.Envelope) {
	if f := m[e.TransactionID]; f == nil {
		m[e.TransactionID] = &fact{env: e, state: history.StatePlanned}
	} else if f.state == history.StatePlanned || f.state == history.StateFailed {
		f.env = e
	}
}

func (m model) claimable(e *envelope.Envelope) bool {
	f := m[e.TransactionID]
	return f != nil && (f.state == history.StatePlanned || f.state == history.StateFailed) &&
		f.env.Content == e.Content && !m.sameContent(e)
}

// Any order of calls, crashes and lapses: the ledger says what the model says.
func TestModel(t *testing.T) {
	if racetest.On(t) {
		t.Skip("it has little to race and takes long under the race detector")
	}
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n), "ledger.db")
		defer os.RemoveAll(filepath.Dir(path))
		ignoreLocks := rapid.Bool().Draw(t, "deaf")
		rapid.SyncTest(t, func(t *rapid.T) {
			m := &machine{path: path, ignoreLocks: ignoreLocks, model: make(model)}
			m.open(t)
			defer m.close(t)
			t.Repeat(map[string]func(*rapid.T){
				"plan": m.plan, "claim": m.claim, "settle": m.settle, "retry": m.retry,
				"claim lot": m.claimLot, "settle lot": m.settleLot, "record lot": m.recordLot,
				"crash": m.crash, "reopen": m.reopen, "": m.check,
			})
		})
	})
}

type machine struct {
	path        string
	ignoreLocks bool
	model
	db   *ledger.DB
	s    *ledger.Session
	mine map[envelope.TransactionID]bool // changed last by this session
	lots []*modelLot
}

type modelLot struct {
	remote.Lot
	batch string
	ended bool
}

// goesOn reports whether an envelope is in a lot that has not ended.
func (m *machine) goesOn(f *fact) bool {
	return f.state == history.StateSending && slices.ContainsFunc(m.lots, func(l *modelLot) bool { return l.ID == f.lot && !l.ended })
}

func (m *machine) open(t *rapid.T) {
	var err error
	if m.db, err = ledger.Open(context.Background(), m.path); err != nil {
		t.Fatal(err)
	}
	if m.ignoreLocks {
		m.db.IgnoreLocks() // then a crash is followed by a lapse
	}
	run := ledger.Run{Account: account, Batches: []string{"may", "june"}}
	if m.s, err = m.db.Begin(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	m.mine = make(map[envelope.TransactionID]bool)
}

func (m *machine) close(t *rapid.T) {
	if err := errors.Join(m.s.Close(context.Background()), m.db.Close()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) reopen(t *rapid.T) {
	m.close(t)
	m.open(t)
}

func (m *machine) crash(t *rapid.T) {
	m.s.Die()
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

// anyEnvelope draws an envelope; some have equal identities, some equal contents.
func anyEnvelope(t *rapid.T) *envelope.Envelope {
	batch := rapid.SampledFrom([]string{"may", "june"}).Draw(t, "batch")
	label := fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "label"))
	return env(batch, label, fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "content")))
}

func (m *machine) plan(t *rapid.T) {
	e := anyEnvelope(t)
	if err := m.s.Plan(context.Background(), ledgertest.Planned([]*envelope.Envelope{e})); err != nil {
		t.Fatal(err)
	}
	m.model.plan(e)
}

func (m *machine) claim(t *rapid.T) {
	e := anyEnvelope(t)
	want := m.claimable(e)
	if err := m.s.Claim(context.Background(), e); (err == nil) != want {
		t.Fatalf("Claim(%s %s) = %v, want success: %v", e.Batch, e.Label, err, want)
	}
	if want {
		m.sending(e.TransactionID, "")
	}
}

func (m *machine) sending(id envelope.TransactionID, lot string) {
	m.model[id].state, m.model[id].lot = history.StateSending, lot
	m.model[id].attempts++
	m.mine[id] = true
}

func (m *machine) settle(t *rapid.T) {
	e := anyEnvelope(t)
	to, out := anyOutcome(t, e)
	f := m.model[e.TransactionID]
	same := f != nil && f.state == to
	change := f != nil && !same && (f.state.Open() || to == history.StateSent && f.state != history.StateSent)
	if err := m.s.Settle(context.Background(), e.TransactionID, out); (err == nil) != (same || change) {
		t.Fatalf("Settle(%s %s, %v) = %v, it was %+v", e.Batch, e.Label, to, err, f)
	}
	if change {
		m.settled(f, to, out)
	}
}

func anyOutcome(t *rapid.T, e *envelope.Envelope) (history.State, envelope.Outcome) {
	to := rapid.SampledFrom([]history.State{
		history.StateSent, history.StateFailed, history.StateUnknown, history.StatePlanned,
	}).Draw(t, "to")
	return to, map[history.State]envelope.Outcome{
		history.StateSent: sent(e), history.StateFailed: failed, history.StateUnknown: unknown, history.StatePlanned: pending,
	}[to]
}

func (m *machine) settled(f *fact, to history.State, out envelope.Outcome) {
	f.state, f.id = to, out.ID
	m.mine[f.env.TransactionID] = true
}

// claimLot claims a new lot, or one that there is.
func (m *machine) claimLot(t *rapid.T) {
	ctx := context.Background()
	l := &modelLot{Lot: remote.Lot{ID: uuid("lot", fmt.Sprint(len(m.lots)))}}
	if len(m.lots) > 0 && rapid.Bool().Draw(t, "again") {
		l = rapid.SampledFrom(m.lots).Draw(t, "lot")
	}
	var all []*envelope.Envelope
	for range rapid.IntRange(1, 4).Draw(t, "n") {
		if e := anyEnvelope(t); l.batch == "" || e.Batch == l.batch {
			all, l.batch = append(all, e), e.Batch
		}
	}
	if !slices.Contains(m.lots, l) {
		if err := m.s.AddLot(ctx, &l.Lot, l.batch); err != nil {
			t.Fatal(err)
		}
		m.lots = append(m.lots, l)
	}
	refused, err := m.s.ClaimLot(ctx, &l.Lot, all)
	if wrong := l.ended || len(all) == 0; wrong || err != nil {
		if (err != nil) != wrong {
			t.Fatalf("ClaimLot of %d envelopes = %v, lot has ended: %v", len(all), err, l.ended)
		}
		return
	}
	able := true
	before := make(map[envelope.TransactionID]bool) // claimed by this call
	for i, e := range all {
		can := m.claimable(e) && !before[e.TransactionID] && !slices.ContainsFunc(all[:i], func(o *envelope.Envelope) bool {
			return o.Content == e.Content && before[o.TransactionID]
		})
		before[e.TransactionID] = before[e.TransactionID] || can
		if can != (refused == nil || refused[i] == nil) {
			t.Fatalf("ClaimLot refuses %s %s with %v, want success: %v", e.Batch, e.Label, refused[i], can)
		}
		able = able && can
	}
	if able != (refused == nil) {
		t.Fatalf("ClaimLot refuses %v, want none: %v", refused, able)
	}
	if able {
		for _, e := range all {
			m.sending(e.TransactionID, l.ID)
		}
	}
}

func (m *machine) recordLot(t *rapid.T) {
	if len(m.lots) == 0 {
		return
	}
	l := rapid.SampledFrom(m.lots).Draw(t, "lot")
	l.List = "list of " + l.ID
	if err := m.s.RecordLot(context.Background(), &l.Lot); (err == nil) == l.ended {
		t.Fatalf("RecordLot = %v, lot has ended: %v", err, l.ended)
	}
}

func (m *machine) settleLot(t *rapid.T) {
	if len(m.lots) == 0 {
		return
	}
	l := rapid.SampledFrom(m.lots).Draw(t, "lot")
	outs := make(ledgertest.Outcomes)
	over := rapid.Bool().Draw(t, "over")
	changes := make(map[*fact]history.State)
	for range rapid.IntRange(0, 3).Draw(t, "outs") {
		e := anyEnvelope(t)
		if _, again := outs[e.TransactionID]; again {
			continue
		}
		to, out := anyOutcome(t, e)
		outs[e.TransactionID] = out
		f := m.model[e.TransactionID]
		if f != nil && f.state != to && f.state != history.StateSent &&
			(to == history.StateSent || f.state.Open() && f.lot == l.ID) {
			changes[f] = to
		}
	}
	if err := m.s.SettleLot(context.Background(), &l.Lot, outs); err != nil {
		t.Fatal(err)
	}
	if over {
		if err := m.s.EndLot(context.Background(), &l.Lot, 1); err != nil {
			t.Fatal(err)
		}
	}
	for f, to := range changes {
		m.settled(f, to, outs[f.env.TransactionID])
	}
	l.ended = l.ended || over
}

func (m *machine) retry(t *rapid.T) {
	e := anyEnvelope(t)
	f := m.model[e.TransactionID]
	want := f != nil && (f.state == history.StateUnknown ||
		f.state == history.StateSending && !m.mine[e.TransactionID] && !m.goesOn(f))
	if err := m.s.Retry(context.Background(), e.TransactionID); (err == nil) != want {
		t.Fatalf("Retry(%s %s) = %v, want success: %v", e.Batch, e.Label, err, want)
	}
	if want {
		m.sending(e.TransactionID, "")
	}
}

func (m *machine) check(t *rapid.T) {
	var all []*envelope.Envelope
	for _, f := range m.model {
		all = append(all, f.env)
	}
	got, err := m.db.Records(context.Background(), account, ids(all))
	if err != nil {
		t.Fatal(err)
	}
	open := make(map[envelope.TransactionID]int)
	for i, e := range all {
		f := m.model[e.TransactionID]
		if got[i].State != f.state || got[i].ID != f.id || got[i].Content != e.Content || (got[i].SameContent != nil) != m.sameContent(e) {
			t.Fatalf("%s %s is %+v, want %+v, other: %v", e.Batch, e.Label, got[i], *f, m.sameContent(e))
		}
		if f.state.Open() && !m.goesOn(f) {
			open[e.TransactionID] = f.attempts
		}
	}
	m.checkLots(t)
	unresolved, err := m.s.Unresolved(context.Background())
	if err != nil || len(unresolved) != len(open) {
		t.Fatalf("Unresolved = %v, %v, want %d", unresolved, err, len(open))
	}
	for _, d := range unresolved {
		if open[d.TransactionID] != d.Attempts || d.Own != m.mine[d.TransactionID] || d.Attempted.IsZero() {
			t.Fatalf("Unresolved has %+v, want %d attempts, own: %v", d, open[d.TransactionID], m.mine[d.TransactionID])
		}
	}
}

func (m *machine) checkLots(t *rapid.T) {
	want := make(map[string]int)
	for _, l := range m.lots {
		if !l.ended {
			want[l.ID] = 0
		}
	}
	for _, f := range m.model {
		if m.goesOn(f) {
			want[f.lot]++
		}
	}
	lots, err := m.s.Lots(context.Background())
	if err != nil || len(lots) != len(want) {
		t.Fatalf("Lots = %v, %v, want %v", lots, err, want)
	}
	for _, l := range lots {
		if n, ok := want[l.ID]; !ok || n != len(l.Envelopes) {
			t.Fatalf("Lots has %v, want %d envelopes", l, n)
		}
		for _, id := range l.Envelopes {
			if f := m.model[id]; f.lot != l.ID || f.state != history.StateSending {
				t.Fatalf("lot %s has %s, which is %+v", l.ID, id, *f)
			}
		}
	}
}

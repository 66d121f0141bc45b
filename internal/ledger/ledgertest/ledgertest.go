// Package ledgertest is the suite that every kind of ledger has to pass, whatever
// database it is kept in, and makes the envelopes that tests of ledgers need.
package ledgertest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
)

// Ledger is what batchsend asks of a ledger: see [ledger.DB].
type Ledger interface {
	Records(ctx context.Context, account string, envs []*envelope.Identity) ([]history.Record, error)
	Similar(ctx context.Context, account string, envs []*envelope.Identity) ([]ledger.Similar, error)
	Begin(ctx context.Context, run ledger.Run) (Session, error)
	Batches(ctx context.Context) ([]ledger.BatchSummary, error)
	BatchEnvelopes(ctx context.Context, account, batch string) iter.Seq2[ledger.Entry, error]
	Template(ctx context.Context, account, batch, templateID string) (fingerprint string, seen time.Time, err error)
	BatchTemplates(ctx context.Context, account, batch string) ([]ledger.SeenTemplate, error)
	LotSpeed(ctx context.Context, account string) (float64, error)
	Budget(account string) (Budget, error)
	BudgetText(ctx context.Context, account string) ([]byte, error)
	RemoteStatuses(ctx context.Context, account, batch string) ([]ledger.RemoteStatus, error)
	RecordRemoteStatuses(ctx context.Context, statuses []ledger.RemoteStatus) error
	SentCounts(ctx context.Context, account, batch string, before time.Time) (ledger.SentCounts, error)
	BatchRecords(ctx context.Context, account, batch string) (ledger.BatchRecords, error)
	LotNames(ctx context.Context, account, batch string) ([]string, error)
	Close() error
}

// Session is a run on a ledger: see [ledger.Session].
type Session interface {
	Plan(ctx context.Context, all iter.Seq[ledger.Planned]) error
	Claim(ctx context.Context, env *envelope.Envelope) error
	Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error
	Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error
	Retry(ctx context.Context, tx envelope.TransactionID) error
	Unresolved(ctx context.Context) ([]ledger.Unresolved, error)
	SeeTemplate(ctx context.Context, batch, templateID, fingerprint string) error
	CheckLease(ctx context.Context) error
	AddLot(ctx context.Context, lot *remote.Lot, batch string) error
	ClaimLot(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) ([]error, error)
	RecordLot(ctx context.Context, lot *remote.Lot) error
	SettleLot(ctx context.Context, lot *remote.Lot, outs map[envelope.TransactionID]envelope.Outcome) error
	EndLot(ctx context.Context, lot *remote.Lot, speed float64) error
	Lots(ctx context.Context) ([]remote.Lot, error)
	Adopt(ctx context.Context, batch string, found []ledger.Adopted, surplus []ledger.Surplus) error
	Looked(ctx context.Context, batch string) error
	Close(ctx context.Context) error
	Die() // ends the run as a kill would, for tests
}

// Budget is a call budget that runs share: see [ledger.Budget].
type Budget interface {
	Participant() string
	Gone(participant string) bool
	Update(ctx context.Context, edit func(old []byte) []byte) error
	Close() error
}

// Run runs the suite. For each of its tests create creates an empty ledger and
// returns a function that opens it, as another process would, each time it is
// called. What it opens must be closed when the test ends.
func Run(t *testing.T, create func(t *testing.T) (open func() Ledger)) {
	for name, test := range map[string]func(*testing.T, func() Ledger){
		"life":              testLife,
		"wrong states":      testWrongStates,
		"settle again":      testSettleAgain,
		"given back":        testGivenBack,
		"failed":            testFailed,
		"new content":       testNewContent,
		"same content":      testSameContent,
		"similar":           testSimilar,
		"similar, sliced":   testSimilarInSlices,
		"planned in slices": testPlanInSlices,
		"same content race": testSameContentRace,
		"overlap":           testOverlap,
		"held":              testHeld,
		"left behind":       testLeftBehind,
		"lost lease":        testLostLease,
		"answers":           testAnswers,
		"draft":             testDraft,
		"strange ID":        testStrangeID,
		"order":             testOrder,
		"many":              testMany,
		"accounts":          testAccounts,
		"status":            testStatus,
		"template":          testTemplate,
		"lot":               testLot,
		"lot refused":       testLotRefused,
		"lot left behind":   testLotLeftBehind,
		"taken":             testTaken,
		"lot taken":         testLotTaken,
		"lot goes on":       testLotGoesOn,
		"lot without lease": testLotWithoutLease,
		"lot mistaken":      testLotMistaken,
		"lots race":         testLotsRace,
		"lot speed":         testLotSpeed,
		"budget":            testBudget,
		"budget shared":     testBudgetShared,
		"remote statuses":   testRemoteStatuses,
		"adopt":             testAdopt,
		"adopt again":       testAdoptAgain,
		"closed":            testClosed,
		"cancelled":         testCancelled,
		"somebody else's":   testNotOurs,
	} {
		t.Run(name, func(t *testing.T) { test(t, create(t)) })
	}
}

// start begins a run on batches that ends with the test.
func start(t *testing.T, b Ledger, batches ...string) Session {
	t.Helper()
	s, err := b.Begin(t.Context(), ledger.Run{Account: Account, Batches: batches})
	if err != nil {
		t.Fatalf("Begin(%q): %v", batches, err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recordOf returns what b knows about env, without the time.
func recordOf(t *testing.T, b Ledger, env *envelope.Envelope) history.Record {
	t.Helper()
	got, err := b.Records(t.Context(), Account, Identities([]*envelope.Envelope{env}))
	must(t, err)
	if len(got) != 1 {
		t.Fatalf("Records of one envelope = %v", got)
	}
	if got[0].State != history.StateNew && time.Since(got[0].At) > time.Hour {
		t.Errorf("%s changed at %v", env.Label, got[0].At)
	}
	got[0].At = time.Time{}
	return got[0]
}

func wantState(t *testing.T, b Ledger, env *envelope.Envelope, want history.State) {
	t.Helper()
	if got := recordOf(t, b, env).State; got != want {
		t.Errorf("%s is %v, want %v", env.Label, got, want)
	}
}

// wantRefused checks that err says that an envelope was in state.
func wantRefused(t *testing.T, err error, state history.State) {
	t.Helper()
	e, ok := errors.AsType[*ledger.StateError](err)
	if !ok || e.Record.State != state {
		t.Errorf("error = %v, want one that says the envelope is %v", err, state)
	}
}

func testLife(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	e := Envelope("may", "E-1", "x")
	if diff := cmp.Diff(history.Record{}, recordOf(t, b, e)); diff != "" {
		t.Errorf("an empty ledger knows something (-want +got):\n%s", diff)
	}
	s := start(t, b, "may")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	wantState(t, b, e, history.StatePlanned)
	must(t, s.Claim(ctx, e))
	wantState(t, b, e, history.StateSending)
	must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
	want := history.Record{State: history.StateSent, Content: e.Content, ID: IDOf(e)}
	if diff := cmp.Diff(want, recordOf(t, b, e)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	must(t, s.Close(ctx))
	if diff := cmp.Diff(want, recordOf(t, open(), e)); diff != "" {
		t.Errorf("opened again (-want +got):\n%s", diff)
	}
}

func testWrongStates(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	wantRefused(t, s.Claim(ctx, e), history.StateNew)
	wantRefused(t, s.Settle(ctx, e.TransactionID, Sent(e)), history.StateNew)
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	wantRefused(t, s.Settle(ctx, e.TransactionID, Failed), history.StatePlanned)
	wantRefused(t, s.Retry(ctx, e.TransactionID), history.StatePlanned)
	wantRefused(t, s.Draft(ctx, e.TransactionID, "d"), history.StatePlanned)
	must(t, s.Claim(ctx, e))
	wantRefused(t, s.Claim(ctx, e), history.StateSending)
	wantRefused(t, s.Retry(ctx, e.TransactionID), history.StateSending) // it is ours, and under way
	must(t, s.Settle(ctx, e.TransactionID, Unknown))
	wantRefused(t, s.Claim(ctx, e), history.StateUnknown)
	must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
	for _, err := range []error{
		s.Claim(ctx, e), s.Retry(ctx, e.TransactionID), s.Draft(ctx, e.TransactionID, "d"),
		s.Settle(ctx, e.TransactionID, Failed), s.Settle(ctx, e.TransactionID, Unknown),
		s.Settle(ctx, e.TransactionID, Pending),
		s.Settle(ctx, e.TransactionID, envelope.Outcome{Status: envelope.Sent, ID: "another"}),
	} {
		wantRefused(t, err, history.StateSent)
	}
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	want := history.Record{State: history.StateSent, Content: e.Content, ID: IDOf(e)}
	if diff := cmp.Diff(want, recordOf(t, b, e)); diff != "" {
		t.Errorf("sent was overwritten (-want +got):\n%s", diff)
	}
	for _, out := range []envelope.Outcome{{}, {Status: envelope.Sent}, {Status: envelope.Valid}} {
		if err := s.Settle(ctx, e.TransactionID, out); err == nil {
			t.Errorf("Settle(%v) = nil, want an error", out)
		}
	}
}

func testSettleAgain(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	for i, out := range []envelope.Outcome{{Status: envelope.Sent, ID: "some-id"}, Failed, Unknown, Pending} {
		e := Envelopes("may", 4)[i]
		must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
		must(t, s.Claim(ctx, e))
		must(t, s.Settle(ctx, e.TransactionID, out))
		before := recordOf(t, b, e)
		must(t, s.Settle(ctx, e.TransactionID, out))
		if diff := cmp.Diff(before, recordOf(t, b, e)); diff != "" {
			t.Errorf("settling %v again changed it (-before +after):\n%s", out.Status, diff)
		}
	}
}

func testGivenBack(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	for range 3 {
		must(t, s.Claim(ctx, e))
		must(t, s.Settle(ctx, e.TransactionID, Pending))
		wantState(t, b, e, history.StatePlanned)
	}
}

func testFailed(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	must(t, s.Claim(ctx, e))
	out := Failed
	out.Message = strings.Repeat("é", 4000)
	must(t, s.Settle(ctx, e.TransactionID, out))
	got := recordOf(t, b, e)
	if len(got.Message) > 600 || !strings.HasPrefix(got.Message, "éé") || strings.ToValidUTF8(got.Message, "?") != got.Message {
		t.Errorf("message was kept as %q", got.Message)
	}
	if got.State != history.StateFailed || got.Code != Failed.Code {
		t.Errorf("record = %v, want failed with %s", got, Failed.Code)
	}
	must(t, s.Claim(ctx, e))
	if got := recordOf(t, b, e); got.Code != "" || got.Message != "" {
		t.Errorf("claimed again, it still says %q %q", got.Code, got.Message)
	}
	must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
}

func testNewContent(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	all := Envelopes("may", 4) // to be planned, failed, sending, sent
	must(t, s.Plan(ctx, Planned(all)))
	for _, e := range all[1:] {
		must(t, s.Claim(ctx, e))
	}
	must(t, s.Settle(ctx, all[1].TransactionID, Failed))
	must(t, s.Settle(ctx, all[3].TransactionID, Sent(all[3])))

	edited := make([]*envelope.Envelope, len(all))
	for i, e := range all {
		edited[i] = Envelope("may", e.Label, "edited"+e.Label)
	}
	wantRefused(t, s.Claim(ctx, edited[0]), history.StatePlanned) // not as planned
	must(t, s.Plan(ctx, Planned(edited)))
	for i, want := range []*envelope.Envelope{edited[0], edited[1], all[2], all[3]} {
		if got := recordOf(t, b, want); got.Content != want.Content {
			t.Errorf("envelope %d, %v, has content %v, want %v", i, got.State, got.Content, want.Content)
		}
	}
	must(t, s.Claim(ctx, edited[0]))
	must(t, s.Claim(ctx, edited[1]))
}

// Eight processes want the same batch again and again until all is sent.
func testDraft(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	draft := IDOf(Envelope("may", "draft", ""))
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	must(t, s.Claim(ctx, e))
	must(t, s.Draft(ctx, e.TransactionID, draft))
	must(t, s.Draft(ctx, e.TransactionID, draft))
	unresolved, err := s.Unresolved(ctx)
	must(t, err)
	if len(unresolved) != 1 || unresolved[0].ID != draft || unresolved[0].State != history.StateSending {
		t.Errorf("Unresolved = %v, want the draft", unresolved)
	}
	must(t, s.Settle(ctx, e.TransactionID, Unknown))
	if got := recordOf(t, b, e); got.ID != draft {
		t.Errorf("unknown, it has the ID %q, want the draft's", got.ID)
	}
	// Given back, perhaps edited, and claimed again: the old draft is not it.
	must(t, s.Settle(ctx, e.TransactionID, envelope.Outcome{Status: envelope.Pending}))
	must(t, s.Claim(ctx, e))
	unresolved, err = s.Unresolved(ctx)
	must(t, err)
	if len(unresolved) != 1 || unresolved[0].ID != "" {
		t.Errorf("Unresolved after another claim = %v, want no draft", unresolved)
	}
	must(t, s.Settle(ctx, e.TransactionID, envelope.Outcome{Status: envelope.Sent, ID: draft}))
}

func testStrangeID(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	ids := []envelope.ID{
		"x", "sixteen-bytes-id", "0000000-not-a-guid", IDOf(Envelope("", "", "")),
		"ABCDEF00-0000-4000-8000-000000000000", "00000000-0000-0000-0000-000000000000",
	}
	all := Envelopes("may", len(ids))
	must(t, s.Plan(ctx, Planned(all)))
	for i, id := range ids {
		must(t, s.Claim(ctx, all[i]))
		must(t, s.Settle(ctx, all[i].TransactionID, envelope.Outcome{Status: envelope.Sent, ID: id}))
		if got := recordOf(t, b, all[i]).ID; got != id {
			t.Errorf("envelope ID %q came back as %q", id, got)
		}
	}
}

func testOrder(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all := append(Envelopes("may", 5), Envelopes("june", 5)...)
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{all[7], all[2]})))
	got, err := b.Records(ctx, Account, Identities(all))
	must(t, err)
	for i, st := range got {
		if want := i == 7 || i == 2; want != (st.State == history.StatePlanned) {
			t.Errorf("record %d = %v", i, st)
		}
	}
}

func testMany(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	all := Envelopes("may", 5_001) // more than a statement and a question hold
	must(t, s.Plan(ctx, Planned(all[:1_234])))
	must(t, s.Plan(ctx, Planned(all)))
	must(t, s.Plan(ctx, Planned(all)))
	got, err := b.Records(ctx, Account, Identities(all))
	must(t, err)
	for i, st := range got {
		if st.State != history.StatePlanned || st.Content != all[i].Content {
			t.Fatalf("record %d = %v", i, st)
		}
	}
	summaries, err := b.Batches(ctx)
	must(t, err)
	if len(summaries) != 1 || summaries[0].Planned != len(all) {
		t.Errorf("Batches = %v, want %d planned", summaries, len(all))
	}
}

func testStatus(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all := Envelopes("may", 5)
	all[4].File = "more.csv"
	must(t, s.Plan(ctx, Planned(all)))
	for i, out := range []envelope.Outcome{Sent(all[0]), Failed, Unknown} {
		must(t, s.Claim(ctx, all[i]))
		must(t, s.Settle(ctx, all[i].TransactionID, out))
	}
	must(t, s.Claim(ctx, all[3]))

	got, err := b.Batches(ctx)
	must(t, err)
	for i := range got {
		if got[i].First.IsZero() || got[i].Last.IsZero() != (got[i].Name == "june") {
			t.Errorf("%s goes from %v to %v", got[i].Name, got[i].First, got[i].Last)
		}
		got[i].First, got[i].Last = time.Time{}, time.Time{}
	}
	want := []ledger.BatchSummary{
		{Account: Account, Name: "june"},
		{
			Account: Account, Name: "may", Files: []string{"may.csv", "more.csv"},
			Planned: 1, Sending: 1, Sent: 1, Failed: 1, Unknown: 1,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Batches (-want +got):\n%s", diff)
	}

	var entries []ledger.Entry
	for entry, err := range b.BatchEnvelopes(ctx, Account, "may") {
		must(t, err)
		entry.At = time.Time{}
		entries = append(entries, entry)
	}
	states := []history.State{
		history.StateSent, history.StateFailed, history.StateUnknown, history.StateSending, history.StatePlanned,
	}
	outs := []envelope.Outcome{Sent(all[0]), Failed, Unknown, {}, {}}
	var wantEntries []ledger.Entry
	for i, e := range all {
		entry := ledger.Entry{
			TransactionID: e.TransactionID, Label: e.Label, File: e.File, Line: e.Line, State: states[i],
			ID: outs[i].ID, Code: outs[i].Code, Message: outs[i].Message, Attempts: 1,
		}
		if i == 4 {
			entry.Attempts = 0
		}
		wantEntries = append(wantEntries, entry)
	}
	if diff := cmp.Diff(wantEntries, entries); diff != "" {
		t.Errorf("BatchEnvelopes (-want +got):\n%s", diff)
	}
	for range b.BatchEnvelopes(ctx, Account, "may") {
		break // stopping early must not hold anything
	}
}

func testTemplate(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	for _, want := range []string{"", "two roles", "three roles"} {
		if want != "" {
			must(t, s.SeeTemplate(ctx, "may", "ABC", want))
		}
		got, _, err := b.Template(ctx, Account, "may", "abc")
		must(t, err)
		if got != want {
			t.Errorf("Template = %q, want %q", got, want)
		}
		if all, err := b.BatchTemplates(ctx, Account, "may"); want != "" && (len(all) != 1 || all[0].ID != "abc" || all[0].Fingerprint != want || all[0].Seen.IsZero()) || err != nil {
			t.Errorf("BatchTemplates = %v, %v", all, err)
		}
		if all, err := b.BatchTemplates(ctx, Account, "june"); len(all) > 0 || err != nil {
			t.Errorf("BatchTemplates of another batch = %v, %v", all, err)
		}
		if got, _, err := b.Template(ctx, Account, "june", "abc"); got != "" || err != nil {
			t.Errorf("Template of another batch = %q, %v, want none", got, err)
		}
	}
	if err := s.SeeTemplate(ctx, "june", "abc", "two roles"); err == nil {
		t.Error("a template was seen for a batch that the session does not hold")
	}
}

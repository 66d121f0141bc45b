package ledgertest

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
)

// The part of the suite that is about several batches and runs.

func testSameContent(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	a, z := Envelope("may", "E-1", "same"), Envelope("june", "E-9", "same")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{a, z})))
	if other := recordOf(t, b, z).SameContent; other != nil {
		t.Errorf("a planned envelope is already another: %v", other)
	}
	must(t, s.Claim(ctx, a))
	for _, settle := range []envelope.Outcome{Unknown, Sent(a)} {
		e, ok := errors.AsType[*ledger.SameContentError](s.Claim(ctx, z))
		if !ok || e.Other.Batch != "may" || e.Other.ID != "" {
			t.Errorf("Claim = %v, want another in batch may without ID", e)
		}
		if got := recordOf(t, b, z); got.SameContent == nil || got.SameContent.Batch != "may" || got.SameContent.ID != "" {
			t.Errorf("record = %v, want another in batch may without ID", got)
		}
		must(t, s.Settle(ctx, a.TransactionID, settle))
	}
	got := recordOf(t, b, z)
	if got.State != history.StatePlanned || got.SameContent == nil || got.SameContent.ID != IDOf(a) {
		t.Errorf("record = %v, want planned with other %v", got, IDOf(a))
	}
	if got := recordOf(t, b, Envelope("july", "E-1", "same")); got.State != history.StateNew || got.SameContent == nil {
		t.Errorf("record of a new envelope = %v, want another", got)
	}
	must(t, s.Close(ctx))

	r, err := b.Begin(ctx, ledger.Run{Account: Account, Batches: []string{"june"}, AllowRepeat: true})
	must(t, err)
	must(t, r.Claim(ctx, z))
	must(t, r.Close(ctx))
}

func testSameContentRace(t *testing.T, open func() Ledger) {
	var claimed atomic.Int32
	var done sync.WaitGroup
	for _, batch := range []string{"a", "b", "c", "d"} {
		b := open()
		s := start(t, b, batch)
		e := Envelope(batch, "E-1", "same")
		must(t, s.Plan(t.Context(), Planned([]*envelope.Envelope{e})))
		done.Go(func() {
			err := s.Claim(t.Context(), e)
			if _, ok := errors.AsType[*ledger.SameContentError](err); err != nil && !ok {
				t.Errorf("Claim: %v", err)
			} else if err == nil {
				claimed.Add(1)
			}
		})
	}
	if done.Wait(); claimed.Load() != 1 {
		t.Errorf("%d batches claimed the same content, want 1", claimed.Load())
	}
}

func testOverlap(t *testing.T, open func() Ledger) {
	const n = 200
	var claims [n]atomic.Int32
	var done sync.WaitGroup
	for range 8 {
		b := open()
		done.Go(func() {
			all := Envelopes("may", n)
			for sentAll := false; !sentAll; {
				s, err := b.Begin(t.Context(), ledger.Run{Account: Account, Batches: []string{"may"}})
				if _, held := errors.AsType[*ledger.HeldError](err); held {
					continue
				} else if err != nil {
					t.Error(err)
					return
				}
				sentAll = claimSome(t, s, all, &claims)
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	for i := range claims {
		if got := claims[i].Load(); got != 1 {
			t.Errorf("envelope %d was claimed %d times", i, got)
		}
	}
}

// claimSome sends up to 50 of all, several at a time, and reports whether none
// is left.
func claimSome(t *testing.T, s Session, all []*envelope.Envelope, claims *[200]atomic.Int32) bool {
	ctx := t.Context()
	if err := s.Plan(ctx, Planned(all)); err != nil {
		t.Error(err)
		return true
	}
	var n atomic.Int32
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := w; i < len(all) && n.Load() < 50; i += 4 {
				err := s.Claim(ctx, all[i])
				if _, refused := errors.AsType[*ledger.StateError](err); refused {
					continue
				} else if err != nil {
					t.Error(err)
					return
				}
				n.Add(1)
				claims[i].Add(1)
				if err := s.Settle(ctx, all[i].TransactionID, Sent(all[i])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	return n.Load() == 0
}

func testHeld(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s, err := b.Begin(ctx, ledger.Run{Account: Account, Batches: []string{"june", "may"}, Host: "atlas", PID: 4711})
	must(t, err)
	_, err = open().Begin(ctx, ledger.Run{Account: strings.ToUpper(Account), Batches: []string{"april", "may"}})
	held, ok := errors.AsType[*ledger.HeldError](err)
	if !ok || held.Batch != "may" || held.Host != "atlas" || held.PID != 4711 || held.Since.IsZero() || held.Beat.IsZero() {
		t.Errorf("Begin = %v, want who holds may", err)
	}
	start(t, b, "april") // none of the leases was taken
	must(t, s.Close(ctx))
	must(t, s.Close(ctx)) // twice is fine
	start(t, b, "may", "june")
}

func testLeftBehind(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	all := Envelopes("may", 4) // to be planned, sending, unknown, sent
	first := start(t, open(), "may")
	must(t, first.Plan(ctx, Planned(all)))
	for _, e := range all[1:] {
		must(t, first.Claim(ctx, e))
	}
	must(t, first.Settle(ctx, all[2].TransactionID, Unknown))
	must(t, first.Settle(ctx, all[3].TransactionID, Sent(all[3])))
	if unresolved, err := first.Unresolved(ctx); err != nil || len(unresolved) != 2 || !unresolved[0].Own {
		t.Errorf("Unresolved = %v, %v, want two of its own", unresolved, err)
	}
	first.Die()

	b := open()
	second := start(t, b, "may")
	unresolved, err := second.Unresolved(ctx)
	must(t, err)
	byLabel := make(map[string]ledger.Unresolved)
	for _, d := range unresolved {
		if time.Since(d.Attempted) > time.Hour || d.Own {
			t.Errorf("unresolved is %v, want a recent one of another run", d)
		}
		d.Attempted = time.Time{}
		byLabel[d.Label] = d
	}
	want := make(map[string]ledger.Unresolved)
	for i, state := range map[int]history.State{1: history.StateSending, 2: history.StateUnknown} {
		e := all[i]
		d := ledger.Unresolved{
			TransactionID: e.TransactionID, Content: e.Content, Batch: "may", Label: e.Label,
			File: "may.csv", Line: e.Line, State: state, Tried: ledger.Tried{Attempts: 1},
		}
		if state == history.StateUnknown {
			d.Code, d.Message, d.Answers = "TIMEOUT", "no answer", 1
		}
		want[e.Label] = d
	}
	if diff := cmp.Diff(want, byLabel); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
	for _, i := range []int{1, 2} {
		must(t, second.Retry(ctx, all[i].TransactionID))
		wantRefused(t, second.Retry(ctx, all[i].TransactionID), history.StateSending)
		must(t, second.Settle(ctx, all[i].TransactionID, Sent(all[i])))
	}
	for entry, err := range b.BatchEnvelopes(ctx, Account, "may") {
		must(t, err)
		if want := map[string]int{all[0].Label: 0, all[1].Label: 2, all[2].Label: 2, all[3].Label: 1}; entry.Attempts != want[entry.Label] {
			t.Errorf("%s has %d attempts, want %d", entry.Label, entry.Attempts, want[entry.Label])
		}
	}
}

// testAnswers counts the attempts that were answered alike.
func testAnswers(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	all := Envelopes("may", 2)
	s := start(t, open(), "may")
	must(t, s.Plan(ctx, Planned(all)))
	e := all[1]
	must(t, s.Claim(ctx, e))
	for i, code := range []string{"OTHER", "UNSPECIFIED_ERROR", "UNSPECIFIED_ERROR"} {
		if i > 0 {
			must(t, s.Retry(ctx, e.TransactionID))
		}
		must(t, s.Settle(ctx, e.TransactionID, envelope.Outcome{Status: envelope.Unknown, Code: code, Message: "try " + code}))
		unresolved, err := s.Unresolved(ctx)
		must(t, err)
		if d := unresolved[0]; len(unresolved) != 1 || d.Code != code || d.Message != "try "+code || d.Answers != max(i, 1) {
			t.Errorf("after attempt %d the unresolved are %+v", i+1, unresolved)
		}
	}
}

func testLostLease(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	all := Envelopes("may", 3)
	old := start(t, open(), "may")
	must(t, old.Plan(ctx, Planned(all)))
	must(t, old.Claim(ctx, all[0]))
	must(t, old.Claim(ctx, all[1]))
	old.Die()
	b := open()
	next := start(t, b, "may")

	for what, err := range map[string]error{
		"Claim":  old.Claim(ctx, all[2]),
		"Plan":   old.Plan(ctx, Planned(Envelopes("may", 4))),
		"Retry":  old.Retry(ctx, all[1].TransactionID),
		"Draft":  old.Draft(ctx, all[1].TransactionID, "d"),
		"Settle": old.Settle(ctx, all[1].TransactionID, Failed),
		"Check":  old.CheckLease(ctx),
	} {
		lost, ok := errors.AsType[*ledger.LostError](err)
		if !errors.Is(err, ledger.ErrLost) || !ok || lost.Holder == nil || lost.Holder.PID != os.Getpid() || lost.Holder.Since.IsZero() || lost.Hint() == "" {
			t.Errorf("%s without the lease = %v, want that it is lost, and to whom", what, err)
		}
	}
	// A late answer is the truth nevertheless.
	must(t, old.Settle(ctx, all[0].TransactionID, Sent(all[0])))
	wantState(t, b, all[0], history.StateSent)
	must(t, next.Settle(ctx, all[1].TransactionID, Pending))
	must(t, old.Settle(ctx, all[1].TransactionID, Sent(all[1])))
	wantState(t, b, all[1], history.StateSent)
	wantRefused(t, next.Claim(ctx, all[1]), history.StateSent)
}

func testAccounts(t *testing.T, open func() Ledger) {
	const other = "99999999-2222-4333-8444-555555555555"
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "same")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	must(t, s.Claim(ctx, e))

	r, err := b.Begin(ctx, ledger.Run{Account: other, Batches: []string{"may", "june"}})
	must(t, err)
	defer r.Close(ctx)
	theirs := Envelope("june", "E-1", "same")
	theirs.Account = other
	must(t, r.Plan(ctx, Planned([]*envelope.Envelope{theirs})))
	got, err := b.Records(ctx, other, Identities([]*envelope.Envelope{theirs}))
	must(t, err)
	if got[0].SameContent != nil {
		t.Errorf("an envelope has another in another account: %v", got[0].SameContent)
	}
	must(t, r.Claim(ctx, theirs))
}

func testClosed(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	must(t, s.Plan(ctx, Planned([]*envelope.Envelope{e})))
	must(t, s.Close(ctx))
	if err := s.Claim(ctx, e); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Claim after Close = %v, want ErrClosed", err)
	}
	must(t, b.Close())
	if _, err := b.Begin(ctx, ledger.Run{Account: Account, Batches: []string{"may"}}); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Begin in a closed ledger = %v, want ErrClosed", err)
	}
}

func testCancelled(t *testing.T, open func() Ledger) {
	b := open()
	s := start(t, b, "may")
	e := Envelope("may", "E-1", "x")
	must(t, s.Plan(t.Context(), Planned([]*envelope.Envelope{e})))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Claim(ctx, e); !errors.Is(err, context.Canceled) {
		t.Errorf("Claim = %v, want context.Canceled", err)
	}
	wantState(t, b, e, history.StatePlanned)
}

func testNotOurs(t *testing.T, open func() Ledger) {
	s := start(t, open(), "may")
	for _, e := range []*envelope.Envelope{Envelope("june", "E-1", "x"), {Identity: envelope.Identity{Batch: "may", Account: Account}}} {
		if err := s.Plan(t.Context(), Planned([]*envelope.Envelope{e})); err == nil {
			t.Errorf("Plan(%v) = nil, want an error", e)
		}
		if err := s.Claim(t.Context(), e); err == nil {
			t.Errorf("Claim(%v) = nil, want an error", e)
		}
	}
}

// testPlanInSlices: a long list may be planned slice by slice, and again, whatever
// lies in which slice.
func testPlanInSlices(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	var all []*envelope.Envelope // of two batches in turn
	for i, e := range Envelopes("may", 25) {
		all = append(all, e, Envelopes("june", 25)[i])
	}
	twice := Envelope("may", all[0].Label, "the label of the first with other content")
	twice.TransactionID = TransactionID(UUID("twice"))
	all = append(all, twice)
	for slice := range slices.Chunk(all, 10) {
		must(t, s.Plan(ctx, Planned(slice)))
	}
	must(t, s.Claim(ctx, all[0]))
	must(t, s.Settle(ctx, all[0].TransactionID, Sent(all[0])))
	must(t, s.Claim(ctx, all[1]))
	for slice := range slices.Chunk(all, 15) { // the first ones are not planned any more
		must(t, s.Plan(ctx, Planned(slice)))
	}
	wantState(t, b, all[0], history.StateSent)
	wantState(t, b, all[1], history.StateSending)
	for _, e := range all[2:] {
		wantState(t, b, e, history.StatePlanned)
	}
	for batch, want := range map[string]int{"may": 26, "june": 25} {
		n := 0
		for e, err := range b.BatchEnvelopes(ctx, Account, batch) {
			must(t, err)
			if n++; e.File != batch+".csv" {
				t.Errorf("%s is of file %q", e.Label, e.File)
			}
		}
		if n != want {
			t.Errorf("%s has %d envelopes, want %d", batch, n, want)
		}
	}

	// Between two slices another run may take the batch over.
	s.Die()
	next := start(t, open(), "may", "june")
	if err := s.Plan(ctx, Planned([]*envelope.Envelope{Envelope("may", "late", "late")})); err == nil {
		t.Error("a run without the lease has planned a slice")
	}
	wantState(t, b, Envelope("may", "late", "late"), history.StateNew)
	must(t, next.Plan(ctx, Planned(all[len(all)-5:])))
}

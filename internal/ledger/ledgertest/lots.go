package ledgertest

import (
	"errors"
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
	"batchsend/internal/remote"
)

// The part of the suite that is about envelopes that go together.

func idsOf(envs ...*envelope.Envelope) (ids []envelope.TransactionID) {
	for _, e := range envs {
		ids = append(ids, e.TransactionID)
	}
	return ids
}

// claimLot claims a lot of which nothing is refused.
func claimLot(t *testing.T, s Session, name string, envs ...*envelope.Envelope) *remote.Lot {
	t.Helper()
	lot := NewLot(name)
	must(t, s.AddLot(t.Context(), lot, envs[0].Batch))
	refused, err := s.ClaimLot(t.Context(), lot, envs)
	must(t, err)
	if err := errors.Join(refused...); err != nil || !slices.Equal(lot.Envelopes, idsOf(envs...)) || time.Since(lot.Asked) > time.Hour {
		t.Fatalf("ClaimLot refuses %v and claims %v at %v, want all of %v", err, lot.Envelopes, lot.Asked, idsOf(envs...))
	}
	return lot
}

// wantLots checks what Lots says; the order of a lot's envelopes does not count.
func wantLots(t *testing.T, s Session, want ...remote.Lot) {
	t.Helper()
	got, err := s.Lots(t.Context())
	must(t, err)
	sorted := cmp.Transformer("sorted", func(l remote.Lot) remote.Lot {
		l.Envelopes, l.Asked = slices.SortedFunc(slices.Values(l.Envelopes), envelope.TransactionID.Compare), l.Asked.UTC().Truncate(time.Millisecond)
		return l
	})
	top := cmp.FilterPath(func(p cmp.Path) bool { return len(p) == 2 }, sorted)
	if diff := cmp.Diff(want, got, top); diff != "" {
		t.Errorf("Lots (-want +got):\n%s", diff)
	}
}

// wantOpen checks which envelopes Open lists.
func wantOpen(t *testing.T, s Session, want ...*envelope.Envelope) {
	t.Helper()
	unresolved, err := s.Unresolved(t.Context())
	must(t, err)
	var got []envelope.TransactionID
	for _, d := range unresolved {
		if time.Since(d.Attempted) > time.Hour {
			t.Errorf("%s was attempted at %v", d.Label, d.Attempted)
		}
		got = append(got, d.TransactionID)
	}
	slices.SortFunc(got, envelope.TransactionID.Compare)
	if ids := slices.SortedFunc(slices.Values(idsOf(want...)), envelope.TransactionID.Compare); !slices.Equal(got, ids) {
		t.Errorf("Unresolved has %v, want %v", got, ids)
	}
}

func testLot(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	all := Envelopes("may", 4)
	must(t, s.Plan(ctx, Planned(all)))
	lot := NewLot("1")
	must(t, s.AddLot(ctx, lot, "may"))
	for _, step := range []func(){
		func() {},
		func() { lot.Draft = "strange draft" },
		func() { lot.List = "a list" },
	} {
		step()
		must(t, s.RecordLot(ctx, lot))
		wantLots(t, s, *lot) // without envelopes
	}
	claim := func() {
		t.Helper()
		refused, err := s.ClaimLot(ctx, lot, []*envelope.Envelope{all[2], all[0], all[1]})
		if refused != nil || err != nil || lot.Asked.IsZero() {
			t.Fatalf("ClaimLot = %v, %v, asked for at %v", refused, err, lot.Asked)
		}
		wantLots(t, s, *lot)
		for _, e := range all[:3] {
			wantState(t, b, e, history.StateSending)
		}
		wantState(t, b, all[3], history.StatePlanned)
	}
	claim()
	back := make(Outcomes)
	for _, e := range all[:3] {
		back[e.TransactionID] = Pending
	}
	must(t, s.SettleLot(ctx, lot, back)) // it was refused
	for _, e := range all {
		wantState(t, b, e, history.StatePlanned)
	}
	claim() // anew
	lot.BulkBatch = "a batch"
	must(t, s.RecordLot(ctx, lot))
	wantLots(t, s, *lot)
	wantOpen(t, s) // the lot has them
	must(t, s.SettleLot(ctx, lot, Outcomes{all[0].TransactionID: Sent(all[0]), all[1].TransactionID: Failed}))
	rest := *lot
	rest.Envelopes = idsOf(all[2])
	wantLots(t, s, rest)
	must(t, s.SettleLot(ctx, lot, Outcomes{all[2].TransactionID: Pending}))
	rest.Envelopes = nil
	wantLots(t, s, rest) // it has still to be ended
	must(t, s.EndLot(ctx, lot, 12.5))
	must(t, s.EndLot(ctx, lot, 12.5))
	wantLots(t, s)

	states := []history.State{history.StateSent, history.StateFailed, history.StatePlanned, history.StatePlanned}
	for i, e := range all {
		wantState(t, b, e, states[i])
	}
	if got := recordOf(t, b, all[1]); got.Code != Failed.Code || got.Message != Failed.Message {
		t.Errorf("failed with %q %q, want %q %q", got.Code, got.Message, Failed.Code, Failed.Message)
	}
	again := claimLot(t, s, "2", all[1], all[2])
	must(t, s.SettleLot(ctx, again, AllSent(all[1:3])))
	must(t, s.EndLot(ctx, again, 0))
}

func testLotRefused(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all := Envelopes("may", 5)
	all[4] = Envelope("may", "E-5", "may"+all[0].Label) // another of the first
	must(t, s.Plan(ctx, Planned(all[:5])))
	must(t, s.Claim(ctx, all[1]))
	must(t, s.Claim(ctx, all[2]))
	must(t, s.Settle(ctx, all[2].TransactionID, Sent(all[2])))
	edited := Envelope("may", all[3].Label, "edited")

	lot := NewLot("1")
	must(t, s.AddLot(ctx, lot, "may"))
	refused, err := s.ClaimLot(ctx, lot, []*envelope.Envelope{all[1], all[0], all[2], edited, all[4], all[0], Envelope("may", "new", "new")})
	must(t, err)
	if len(refused) != 7 || refused[1] != nil || len(lot.Envelopes) != 0 || !lot.Asked.IsZero() {
		t.Fatalf("refused %v, want all but the second; the lot is %+v", refused, lot)
	}
	for i, state := range map[int]history.State{
		0: history.StateSending, 2: history.StateSent, 3: history.StatePlanned, 5: history.StateSending, 6: history.StateNew,
	} {
		wantRefused(t, refused[i], state)
	}
	if _, ok := errors.AsType[*ledger.SameContentError](refused[4]); !ok {
		t.Errorf("another is refused with %v", refused[4])
	}
	// Nothing was claimed, not even what could have been.
	wantState(t, b, all[0], history.StatePlanned)
	wantLots(t, s, *lot)
	for entry, err := range b.BatchEnvelopes(ctx, Account, "may") {
		if must(t, err); entry.TransactionID == all[0].TransactionID && entry.Attempts != 0 {
			t.Errorf("an envelope that was not claimed has %d attempts", entry.Attempts)
		}
	}
	refused, err = s.ClaimLot(ctx, lot, all[:1])
	if refused != nil || err != nil {
		t.Errorf("the rest is refused: %v, %v", refused, err)
	}

	must(t, s.Close(ctx))
	r, err := b.Begin(ctx, ledger.Run{Account: Account, Batches: []string{"may"}, AllowRepeat: true})
	must(t, err)
	claimLot(t, r, "3", all[4])
	must(t, r.Close(ctx))
}

func testLotLeftBehind(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	first := start(t, b, "may")
	all := Envelopes("may", 7)
	must(t, first.Plan(ctx, Planned(all)))
	must(t, first.Claim(ctx, all[6]))
	settled := claimLot(t, first, "1", all[0])
	must(t, first.SettleLot(ctx, settled, AllSent(all[:1])))
	must(t, first.EndLot(ctx, settled, 0))
	asked := claimLot(t, first, "2", all[1:4]...)
	asked.Draft, asked.List = IDOf(all[1]), "list"
	must(t, first.RecordLot(ctx, asked))
	must(t, first.SettleLot(ctx, asked, Outcomes{all[1].TransactionID: Unknown}))
	bare := claimLot(t, first, "3", all[4:6]...)
	prepared := NewLot("4") // and never claimed
	must(t, first.AddLot(ctx, prepared, "may"))
	prepared.List = "another list"
	must(t, first.RecordLot(ctx, prepared))
	first.Die()

	b = open()
	s := start(t, b, "may", "june")
	asked.Envelopes = idsOf(all[2:4]...)
	wantLots(t, s, *asked, *bare, *prepared)
	must(t, s.EndLot(ctx, prepared, 0))
	wantOpen(t, s, all[1], all[6]) // what is unknown is looked up by itself
	for _, e := range all[2:6] {
		wantRefused(t, s.Retry(ctx, e.TransactionID), history.StateSending) // DocuSign may still make it
	}
	must(t, s.Retry(ctx, all[1].TransactionID))
	wantLots(t, s, *asked, *bare) // it goes by itself now
	wantOpen(t, s, all[1], all[6])
	must(t, s.Settle(ctx, all[1].TransactionID, Sent(all[1])))
	must(t, s.SettleLot(ctx, asked, Outcomes{all[2].TransactionID: Sent(all[2])}))
	must(t, s.EndLot(ctx, asked, 0))
	must(t, s.SettleLot(ctx, bare, Outcomes{all[4].TransactionID: Pending, all[5].TransactionID: Pending}))
	must(t, s.EndLot(ctx, bare, 0))
	wantLots(t, s)
	wantOpen(t, s, all[3], all[6]) // of a lot that has ended
	must(t, s.Retry(ctx, all[3].TransactionID))
	must(t, s.Claim(ctx, all[4]))
	wantOpen(t, s, all[3], all[4], all[6]) // they go by themselves now
	for _, e := range []*envelope.Envelope{all[3], all[4]} {
		must(t, s.Settle(ctx, e.TransactionID, Sent(e)))
	}
}

// An envelope of DocuSign's is that of one row, whoever says otherwise.
func testTaken(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all := append(Envelopes("may", 5), Envelope("june", "E-1", "x"))
	must(t, s.Plan(ctx, Planned(all)))
	must(t, s.Claim(ctx, all[0]))
	must(t, s.Settle(ctx, all[0].TransactionID, Sent(all[0])))
	must(t, s.Claim(ctx, all[1]))
	must(t, s.Draft(ctx, all[1].TransactionID, IDOf(all[1])))
	wantTaken := func(err error, by *envelope.Envelope) {
		t.Helper()
		e, ok := errors.AsType[*ledger.TakenError](err)
		if !ok || e.Effect() != remote.EffectTaken || e.ID != IDOf(by) || e.File != by.File || e.Line != by.Line {
			t.Errorf("error = %v, want that it is envelope %s of line %d", err, IDOf(by), by.Line)
		}
	}
	for _, of := range []int{0, 1} { // sent, and a draft
		for _, e := range []*envelope.Envelope{all[2], all[5]} {
			if recordOf(t, b, e).State == history.StatePlanned {
				must(t, s.Claim(ctx, e))
			}
			wantTaken(s.Settle(ctx, e.TransactionID, Sent(all[of])), all[of])
			wantTaken(s.Draft(ctx, e.TransactionID, IDOf(all[of])), all[of])
			wantState(t, b, e, history.StateSending)
		}
	}
	must(t, s.Settle(ctx, all[2].TransactionID, Unknown))
	wantTaken(s.Settle(ctx, all[2].TransactionID, Sent(all[0])), all[0]) // a look-up is not believed either
	must(t, s.Settle(ctx, all[2].TransactionID, Sent(all[2])))

	lot := claimLot(t, s, "1", all[3:5]...)
	outs := Outcomes{all[3].TransactionID: Sent(all[0]), all[4].TransactionID: Sent(all[4])}
	must(t, s.SettleLot(ctx, lot, outs))
	must(t, s.EndLot(ctx, lot, 0))
	if out := outs[all[3].TransactionID]; out.Status != envelope.Unknown || !strings.Contains(out.Message, "which is that of line 2 of may.csv") {
		t.Errorf("a copy with another's ID is %+v, want unknown", out)
	}
	wantState(t, b, all[3], history.StateUnknown)
	wantState(t, b, all[4], history.StateSent)
}

// A draft, a list and a bulk batch of DocuSign's are those of one row or lot.
func testLotTaken(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	s := start(t, open(), "may")
	all := Envelopes("may", 3)
	must(t, s.Plan(ctx, Planned(all)))
	must(t, s.Claim(ctx, all[0]))
	must(t, s.Settle(ctx, all[0].TransactionID, Sent(all[0])))
	first := claimLot(t, s, "1", all[1])
	first.Draft, first.List, first.BulkBatch = "draft", "list", "batch"
	must(t, s.RecordLot(ctx, first))
	must(t, s.RecordLot(ctx, first)) // its own
	second := NewLot("2")
	must(t, s.AddLot(ctx, second, "may"))
	for _, ended := range []bool{false, true} {
		if ended {
			must(t, s.SettleLot(ctx, first, AllSent(all[1:2])))
			must(t, s.EndLot(ctx, first, 0))
		}
		for what, part := range map[string]func(*remote.Lot){
			"a row's envelope":    func(l *remote.Lot) { l.Draft = IDOf(all[0]) },
			"another lot's list":  func(l *remote.Lot) { l.List = "list" },
			"another lot's batch": func(l *remote.Lot) { l.BulkBatch = "batch" },
		} {
			changed := *second
			part(&changed)
			if e, ok := errors.AsType[*ledger.TakenError](s.RecordLot(ctx, &changed)); !ok || (e.Lot == first.ID) != (e.ID == "") {
				t.Errorf("%s: RecordLot = %v, want that it is taken", what, e)
			}
		}
	}
	wantLots(t, s, *second)
	second.Draft, second.List = "draft", "list 2" // lots of one group share their draft
	must(t, s.RecordLot(ctx, second))
	wantLots(t, s, *second)
}

// A lot's late Outcomes do not touch what has been claimed anew since, but that
// something was sent is believed.
func testLotGoesOn(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may")
	all := Envelopes("may", 4)
	must(t, s.Plan(ctx, Planned(all)))
	old := claimLot(t, s, "1", all...)
	back := make(Outcomes)
	for _, e := range all {
		back[e.TransactionID] = Pending
	}
	must(t, s.SettleLot(ctx, old, back))
	next := claimLot(t, s, "2", all[:2]...)
	must(t, s.Claim(ctx, all[2]))
	for _, out := range []envelope.Outcome{Pending, Failed, Unknown} {
		must(t, s.SettleLot(ctx, old, Outcomes{all[0].TransactionID: out, all[2].TransactionID: out}))
		wantState(t, b, all[0], history.StateSending)
		wantState(t, b, all[2], history.StateSending)
	}
	empty := *old
	empty.Envelopes = nil
	wantLots(t, s, empty, *next)
	old.Envelopes = nil // even of an envelope that the caller no longer lists
	must(t, s.SettleLot(ctx, old, AllSent(all)))
	must(t, s.EndLot(ctx, old, 0))
	for _, e := range all {
		wantState(t, b, e, history.StateSent)
	}
	next.Envelopes = nil
	wantLots(t, s, *next)
}

func testLotWithoutLease(t *testing.T, open func() Ledger) {
	ctx := t.Context()
	all := Envelopes("may", 5)
	old := start(t, open(), "may")
	must(t, old.Plan(ctx, Planned(all)))
	lot := claimLot(t, old, "1", all[:4]...)
	lot.Draft = "draft"
	must(t, old.RecordLot(ctx, lot))
	old.Die()
	b := open()
	next := start(t, b, "may")

	changed := *lot
	changed.Draft = "another"
	_, claimErr := old.ClaimLot(ctx, &changed, all[4:])
	for what, err := range map[string]error{
		"ClaimLot":  claimErr,
		"AddLot":    old.AddLot(ctx, NewLot("2"), "may"),
		"RecordLot": old.RecordLot(ctx, &changed),
		"SettleLot": old.SettleLot(ctx, lot, Outcomes{all[0].TransactionID: Sent(all[0]), all[1].TransactionID: Failed}),
		"EndLot":    old.EndLot(ctx, lot, 5),
	} {
		if !errors.Is(err, ledger.ErrLost) {
			t.Errorf("%s without the lease = %v, want ErrLost", what, err)
		}
	}
	must(t, old.SettleLot(ctx, lot, AllSent(all[2:3]))) // it was sent
	// A late answer is the truth nevertheless, and nothing else is.
	for i, want := range []history.State{
		history.StateSent, history.StateSending, history.StateSent, history.StateSending, history.StatePlanned,
	} {
		wantState(t, b, all[i], want)
	}
	lot.Envelopes = idsOf(all[1], all[3])
	wantLots(t, next, *lot)
	if speed, err := b.LotSpeed(ctx, Account); speed != 0 || err != nil {
		t.Errorf("LotSpeed = %v, %v, want none", speed, err)
	}
}

// A mistake of the caller changes nothing, and all goes on.
func testLotMistaken(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	s := start(t, b, "may", "june")
	all, other := Envelopes("may", 3), Envelope("june", "E-1", "x")
	must(t, s.Plan(ctx, Planned(append(all[:3:3], other))))
	lot := claimLot(t, s, "1", all[0])
	noID := &envelope.Envelope{Identity: envelope.Identity{Batch: "may", Account: Account}}
	for what, claim := range map[string]struct {
		id   string
		envs []*envelope.Envelope
	}{
		"no ID":               {"", all[1:]},
		"no such lot":         {"2", all[1:]},
		"nothing":             {lot.ID, nil},
		"two batches":         {lot.ID, []*envelope.Envelope{all[1], other}},
		"another batch":       {lot.ID, []*envelope.Envelope{other}},
		"another run's batch": {lot.ID, []*envelope.Envelope{all[1], Envelope("july", "E-1", "x")}},
		"no transaction ID":   {lot.ID, []*envelope.Envelope{all[1], noID}},
	} {
		if _, err := s.ClaimLot(ctx, &remote.Lot{ID: claim.id}, claim.envs); err == nil {
			t.Errorf("%s: ClaimLot = nil, want an error", what)
		}
	}
	ended := claimLot(t, s, "6", all[2])
	must(t, s.SettleLot(ctx, ended, Outcomes{all[2].TransactionID: Pending}))
	must(t, s.EndLot(ctx, ended, 0))
	_, claimErr := s.ClaimLot(ctx, ended, all[1:2])
	for what, err := range map[string]error{
		"AddLot of a lot that there is":     s.AddLot(ctx, lot, "may"),
		"AddLot without an ID":              s.AddLot(ctx, &remote.Lot{}, "may"),
		"AddLot of another run's batch":     s.AddLot(ctx, NewLot("8"), "july"),
		"ClaimLot of a lot that has ended":  claimErr,
		"RecordLot of a lot that has ended": s.RecordLot(ctx, ended),
		"RecordLot of none":                 s.RecordLot(ctx, NewLot("none")),
		"EndLot of none":                    s.EndLot(ctx, NewLot("none"), 0),
		"SettleLot with nothing":            s.SettleLot(ctx, lot, Outcomes{all[0].TransactionID: {}}),
		"SettleLot of no transaction ID":    s.SettleLot(ctx, lot, Outcomes{{}: Failed}),
	} {
		if err == nil || errors.Is(err, ledger.ErrLost) {
			t.Errorf("%s = %v, want an error", what, err)
		}
	}
	wantState(t, b, all[1], history.StatePlanned)
	wantState(t, b, other, history.StatePlanned)
	wantLots(t, s, *lot)
	must(t, s.SettleLot(ctx, lot, AllSent(all[:1])))
	must(t, s.EndLot(ctx, lot, 0))
	must(t, s.Close(ctx))
	if _, err := s.ClaimLot(ctx, NewLot("7"), all[1:2]); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("ClaimLot after Close = %v, want ErrClosed", err)
	}
}

// Lots and single claims want the same envelopes at once: each goes once.
func testLotsRace(t *testing.T, open func() Ledger) {
	s := start(t, open(), "may")
	all := Envelopes("may", 60)
	must(t, s.Plan(t.Context(), Planned(all)))
	var claimed atomic.Int32
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for part := range slices.Chunk(all, 7) {
				for len(part) > 0 {
					lot := NewLot(strings.Repeat("x", int(nextLot.Add(1))))
					if err := s.AddLot(t.Context(), lot, "may"); err != nil {
						t.Error(err)
					}
					refused, err := s.ClaimLot(t.Context(), lot, part)
					if err != nil {
						t.Error(err)
					}
					claimed.Add(int32(len(lot.Envelopes)))
					if refused == nil {
						break
					}
					rest := part[:0:0] // goes once more
					for i, e := range part {
						if refused[i] == nil {
							rest = append(rest, e)
						}
					}
					part = rest
				}
			}
		})
		done.Go(func() {
			for _, e := range all {
				err := s.Claim(t.Context(), e)
				if err == nil {
					claimed.Add(1)
				} else if _, ok := errors.AsType[*ledger.StateError](err); !ok {
					t.Error(err)
				}
			}
		})
	}
	if done.Wait(); claimed.Load() != int32(len(all)) {
		t.Errorf("%d claims, want %d", claimed.Load(), len(all))
	}
	lots, err := s.Lots(t.Context())
	must(t, err)
	unresolved, err := s.Unresolved(t.Context())
	must(t, err)
	n := len(unresolved)
	for _, lot := range lots {
		n += len(lot.Envelopes)
	}
	if n != len(all) {
		t.Errorf("%d envelopes in lots or open, want %d", n, len(all))
	}
}

var nextLot atomic.Int32

func testLotSpeed(t *testing.T, open func() Ledger) {
	b, ctx := open(), t.Context()
	want := func(want float64) {
		t.Helper()
		if got, err := b.LotSpeed(ctx, strings.ToUpper(Account)); got != want || err != nil {
			t.Errorf("LotSpeed = %v, %v, want %v", got, err, want)
		}
	}
	want(0)
	s := start(t, b, "may", "june")
	all := append(Envelopes("may", 2), Envelopes("june", 1)...)
	must(t, s.Plan(ctx, Planned(all)))
	lots := []*remote.Lot{claimLot(t, s, "1", all[0]), claimLot(t, s, "2", all[1]), claimLot(t, s, "3", all[2])}
	want(0)
	for i, speed := range []float64{2.5, 0, 30} {
		must(t, s.SettleLot(ctx, lots[i], AllSent(all[i:i+1])))
		must(t, s.EndLot(ctx, lots[i], speed))
		want([]float64{2.5, 2.5, 30}[i])
		time.Sleep(2 * time.Millisecond) // the last seen counts
	}
	if got, err := b.LotSpeed(ctx, "another account"); got != 0 || err != nil {
		t.Errorf("LotSpeed of another account = %v, %v, want 0", got, err)
	}
}

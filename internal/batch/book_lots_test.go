package batch_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// bookLot is a lot in the book. An envelope is in the lot that claimed it last.
type bookLot struct {
	envelope.Lot
	ended bool
	speed float64
}

func (b *book) lot(id string) *bookLot {
	if i := slices.IndexFunc(b.lots, func(l *bookLot) bool { return l.ID == id }); i >= 0 {
		return b.lots[i]
	}
	return nil
}

// failing reports whether a call about lots is to fail.
func (b *book) failing(call string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, call)
	return b.fail != "" && strings.HasPrefix(call, b.fail)
}

func (b *book) ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	if b.failing("claim-lot") {
		return nil, errDisk
	}
	if b.lot(lot.ID) != nil || lot.ID == "" || len(envs) == 0 {
		panic("a lot is claimed once, and not without envelopes")
	}
	refused = make([]error, len(envs))
	for i, env := range envs {
		if refused[i] = b.Claim(ctx, env); refused[i] == nil {
			lot.Envelopes = append(lot.Envelopes, env.TransactionID)
			b.in(env.TransactionID, lot.ID)
		}
	}
	if len(lot.Envelopes) > 0 {
		b.mu.Lock()
		b.lots = append(b.lots, &bookLot{Lot: *lot})
		b.mu.Unlock()
	}
	return refused, nil
}

// in notes in which lot an envelope is.
func (b *book) in(tx envelope.TransactionID, lot string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lotOf == nil {
		b.lotOf = make(map[envelope.TransactionID]string)
	}
	b.lotOf[tx] = lot
}

func (b *book) RecordLot(_ context.Context, lot *envelope.Lot) error {
	call := "record"
	old := b.lot(lot.ID)
	for _, part := range []struct {
		name string
		now  bool
	}{
		{"draft", lot.Draft != "" && old.Draft == ""},
		{"list", lot.List != "" && old.List == ""},
		{"asked", !lot.Asked.IsZero() && old.Asked.IsZero()},
		{"not asked", lot.Asked.IsZero() && !old.Asked.IsZero()},
		{"batch", lot.Batch != "" && old.Batch == ""},
	} {
		if part.now {
			call = "record " + part.name
		}
	}
	if b.failing(call) {
		return errDisk
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old.ended {
		panic("an ended lot is changed")
	}
	members := old.Envelopes
	old.Lot = *lot
	old.Envelopes = members
	return nil
}

func (b *book) SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error {
	call := "settle-lot"
	if over {
		call = "end-lot"
	}
	if b.failing(call) {
		return errDisk
	}
	for tx, out := range outs {
		b.mu.Lock()
		ours := b.lotOf[tx] == lot.ID
		b.mu.Unlock()
		if ours || out.Status == envelope.Sent {
			_ = b.Settle(ctx, tx, out) // what was settled before is passed over
		}
	}
	if over {
		b.mu.Lock()
		defer b.mu.Unlock()
		l := b.lot(lot.ID)
		l.ended, l.speed = true, speed
	}
	return nil
}

// behind is what the book says that earlier runs left behind, after what cmd
// does first: it gives back what was never asked for, if it does so.
func (b *book) behind(giveBack bool) (left batch.Behind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lots := make(map[string]bool)
	for _, l := range b.lots {
		if l.ended {
			continue
		}
		lots[l.ID] = true
		lot := l.Lot
		lot.Envelopes = nil
		for _, tx := range l.Envelopes {
			st := b.all[tx]
			if b.lotOf[tx] != l.ID || st.State != envelope.StateSending {
				continue
			}
			if giveBack && lot.Asked.IsZero() {
				st.State = envelope.StatePlanned
				continue
			}
			lot.Envelopes = append(lot.Envelopes, tx)
		}
		left.Lots = append(left.Lots, lot)
	}
	for tx, st := range b.all {
		if st.State == envelope.StateUnknown || st.State == envelope.StateSending && !lots[b.lotOf[tx]] {
			at := st.At
			if at.IsZero() {
				at = time.Now()
			}
			left.Doubts = append(left.Doubts, batch.Doubt{TransactionID: tx, Attempted: at, Draft: st.ID})
		}
	}
	slices.SortFunc(left.Doubts, func(a, b batch.Doubt) int { return strings.Compare(string(a.TransactionID), string(b.TransactionID)) })
	return left
}

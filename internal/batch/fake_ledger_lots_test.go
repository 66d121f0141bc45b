package batch_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// memoryLot is a lot in the ledger. An envelope is in the lot that claimed it last.
type memoryLot struct {
	remote.Lot
	ended bool
	speed float64
}

func (b *memoryLedger) lot(id string) *memoryLot {
	if i := slices.IndexFunc(b.lots, func(l *memoryLot) bool { return l.ID == id }); i >= 0 {
		return b.lots[i]
	}
	return nil
}

// failing reports whether a call about lots is to fail.
func (b *memoryLedger) failing(call string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, call)
	return b.fail != "" && strings.HasPrefix(call, b.fail)
}

func (b *memoryLedger) CheckLease(context.Context) error {
	b.mu.Lock()
	b.checks++
	nth := fmt.Sprint("check ", b.checks)
	b.mu.Unlock()
	if b.failing("check") || b.failing(nth) {
		return errDisk
	}
	return nil
}

func (b *memoryLedger) AddLot(_ context.Context, lot *remote.Lot, batch string) error {
	if b.failing("add-lot") {
		return errDisk
	}
	if b.lot(lot.ID) != nil || lot.ID == "" || batch != "may" {
		panic("a lot is added once, to its batch")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lots = append(b.lots, &memoryLot{Lot: *lot})
	return nil
}

func (b *memoryLedger) ClaimLot(ctx context.Context, lot *remote.Lot, envs []*envelope.Envelope) (refused []error, err error) {
	if b.failing("claim-lot") {
		return nil, errDisk
	}
	l := b.lot(lot.ID)
	if l == nil || l.ended || len(envs) == 0 {
		panic("a lot is claimed that there is, and not without envelopes")
	}
	for i, env := range envs {
		if err := b.mayClaim(env); err != nil {
			if refused == nil {
				refused = make([]error, len(envs))
			}
			refused[i] = err
		}
	}
	if refused != nil {
		return refused, nil
	}
	var ids []envelope.TransactionID
	for _, env := range envs {
		if err := b.Claim(ctx, env); err != nil {
			return nil, err
		}
		b.in(env.TransactionID, lot.ID)
		ids = append(ids, env.TransactionID)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	lot.Envelopes, lot.Asked = ids, time.Now()
	l.Lot = *lot
	return nil, nil
}

// mayClaim says why an envelope cannot be claimed.
func (b *memoryLedger) mayClaim(env *envelope.Envelope) error {
	if b.sameContent != nil {
		return sameContentError{*b.sameContent}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if st := b.all[env.TransactionID]; st != nil && st.State.MayExist() {
		return stateError{*st}
	}
	return nil
}

// in notes in which lot an envelope is.
func (b *memoryLedger) in(tx envelope.TransactionID, lot string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lotOf == nil {
		b.lotOf = make(map[envelope.TransactionID]string)
	}
	b.lotOf[tx] = lot
}

func (b *memoryLedger) RecordLot(_ context.Context, lot *remote.Lot) error {
	call := "record"
	old := b.lot(lot.ID)
	for _, part := range []struct {
		name string
		now  bool
	}{
		{"draft", lot.Draft != "" && old.Draft == ""},
		{"list", lot.List != "" && old.List == ""},
		{"batch", lot.BulkBatch != "" && old.BulkBatch == ""},
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
	for _, o := range b.lots {
		if o != old && (o.List == lot.List && o.List != "" || o.BulkBatch == lot.BulkBatch && o.BulkBatch != "") {
			return takenError{envelope.ID("a part of lot " + o.ID)}
		}
	}
	old.Draft, old.List, old.BulkBatch = lot.Draft, lot.List, lot.BulkBatch
	return nil
}

func (b *memoryLedger) SettleLot(ctx context.Context, lot *remote.Lot, outs map[envelope.TransactionID]envelope.Outcome) error {
	if b.failing("settle-lot") {
		return errDisk
	}
	for tx, out := range outs {
		b.mu.Lock()
		ours := b.lotOf[tx] == lot.ID
		b.mu.Unlock()
		if !ours && out.Status != envelope.Sent {
			continue
		}
		if err := b.Settle(ctx, tx, out); taken(err) { // what was settled before is passed over
			outs[tx] = envelope.Outcome{Status: envelope.Unknown, Message: err.Error()}
			_ = b.Settle(ctx, tx, outs[tx])
		}
	}
	return nil
}

func (b *memoryLedger) EndLot(_ context.Context, lot *remote.Lot, speed float64) error {
	if b.failing("end-lot") {
		return errDisk
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lot(lot.ID)
	l.ended, l.speed = true, speed
	return nil
}

// leftovers is what the ledger says that earlier runs left behind.
func (b *memoryLedger) leftovers() (left batch.Leftovers) {
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
			if b.lotOf[tx] != l.ID || st.State != history.StateSending {
				continue
			}
			lot.Envelopes = append(lot.Envelopes, tx)
		}
		left.Lots = append(left.Lots, lot)
	}
	for tx, st := range b.all {
		if st.State == history.StateUnknown || st.State == history.StateSending && !lots[b.lotOf[tx]] {
			at := st.At
			if at.IsZero() {
				at = time.Now()
			}
			left.Unresolved = append(left.Unresolved, batch.Unresolved{TransactionID: tx, Attempted: at, Draft: st.ID})
		}
	}
	slices.SortFunc(left.Unresolved, func(a, b batch.Unresolved) int { return a.TransactionID.Compare(b.TransactionID) })
	return left
}

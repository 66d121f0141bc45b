package batch_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// memoryLedger is a ledger in memory. It refuses what a ledger refuses and remembers
// across runs.
type memoryLedger struct {
	mu          sync.Mutex
	all         map[envelope.TransactionID]*history.Record
	sameContent *history.SameContent // of every envelope
	// fail makes a call fail, such as "claim b" or "settle b sent"; the text is
	// matched from its beginning.
	fail   string
	log    []string
	checks int // of the lease

	lots  []*memoryLot
	lotOf map[envelope.TransactionID]string
}

var errDisk = errors.New("no room left on the disk")

type stateError struct{ history.Record }

func (e stateError) Error() string { return "it is " + e.State.String() }

func (e stateError) NotClaimed() (history.Record, *history.SameContent) { return e.Record, nil }

type sameContentError struct{ history.SameContent }

func (e sameContentError) Error() string { return "another batch has it" }

func (e sameContentError) NotClaimed() (history.Record, *history.SameContent) {
	return history.Record{}, &e.SameContent
}

// change makes a change unless the call is to fail or the state forbids it.
func (b *memoryLedger) change(call string, tx envelope.TransactionID, allowed []history.State, change func(*history.Record)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	call = strings.Replace(call, "?", labels[tx], 1)
	b.log = append(b.log, call)
	if b.fail != "" && strings.HasPrefix(call, b.fail) {
		return errDisk
	}
	if b.all == nil {
		b.all = make(map[envelope.TransactionID]*history.Record)
	}
	st := b.all[tx]
	if st == nil {
		st = &history.Record{State: history.StatePlanned}
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

func (b *memoryLedger) Claim(_ context.Context, env *envelope.Envelope) error {
	if b.sameContent != nil {
		return sameContentError{*b.sameContent}
	}
	return b.change("claim ?", env.TransactionID, []history.State{history.StatePlanned, history.StateFailed}, func(st *history.Record) {
		*st = history.Record{State: history.StateSending, At: time.Now()}
		delete(b.lotOf, env.TransactionID)
	})
}

// takenError is an envelope of DocuSign's that is another row's.
type takenError struct{ envelope.ID }

func (e takenError) Error() string       { return string(e.ID) + " is another row's" }
func (takenError) Effect() remote.Effect { return remote.EffectTaken }

func taken(err error) bool {
	_, ok := errors.AsType[takenError](err)
	return ok
}

// takenBy returns an error if the ledger has an envelope of DocuSign's for another row.
func (b *memoryLedger) takenBy(tx envelope.TransactionID, id envelope.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, st := range b.all {
		if other != tx && id != "" && st.ID == id {
			return takenError{id}
		}
	}
	return nil
}

func (b *memoryLedger) Draft(_ context.Context, tx envelope.TransactionID, id envelope.ID) error {
	if err := b.takenBy(tx, id); err != nil {
		return err
	}
	return b.change("draft ?", tx, []history.State{history.StateSending}, func(st *history.Record) { st.ID = id })
}

func (b *memoryLedger) Settle(_ context.Context, tx envelope.TransactionID, out envelope.Outcome) error {
	open := []history.State{history.StateSending, history.StateUnknown}
	if err := b.takenBy(tx, out.ID); err != nil && out.Status == envelope.Sent {
		return err
	}
	return b.change("settle ? "+string(out.Status), tx, open, func(st *history.Record) {
		st.State = map[envelope.Status]history.State{
			envelope.Sent: history.StateSent, envelope.Failed: history.StateFailed,
			envelope.Unknown: history.StateUnknown, envelope.Pending: history.StatePlanned,
		}[out.Status]
		if out.ID != "" {
			st.ID = out.ID
		}
	})
}

func (b *memoryLedger) Retry(_ context.Context, tx envelope.TransactionID) error {
	return b.change("retry ?", tx, []history.State{history.StateSending, history.StateUnknown}, func(st *history.Record) {
		*st = history.Record{State: history.StateSending, At: time.Now()}
		delete(b.lotOf, tx)
	})
}

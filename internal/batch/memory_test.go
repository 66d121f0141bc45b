package batch_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/remote"
)

// stream is a file of so many envelopes of which none is in memory. It measures the
// heap when the last has been sent.
type stream struct {
	batch.NoObserver
	n    int
	sent atomic.Int32
	heap uint64
}

func (s *stream) Len() int { return s.n }

func (s *stream) Item(i int) batch.Item { return batch.Item{TransactionID: numbered(i)} }

func (s *stream) Read(_ context.Context, i int) (*envelope.Envelope, error) {
	return &envelope.Envelope{
		Identity: envelope.Identity{TransactionID: numbered(i), Batch: "may"}, Blurb: strings.Repeat("b", 2000),
	}, nil
}

func (s *stream) Outcome(_ int, out envelope.Outcome) {
	if out.Status == envelope.Sent && int(s.sent.Add(1)) == s.n {
		s.heap = heap()
	}
}

// numbered returns the transaction ID of an envelope of a stream.
func numbered(i int) (id envelope.TransactionID) {
	binary.BigEndian.PutUint32(id[:], uint32(i+1))
	return id
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// forgetfulDocuSign accepts everything, and remembers only the lots that are not
// collected yet.
type forgetfulDocuSign struct {
	batch.DocuSign
	lots map[string][]envelope.TransactionID
}

// forgetfulLedger accepts everything and remembers nothing.
type forgetfulLedger struct{ batch.Ledger }

func (f *forgetfulDocuSign) Send(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (envelope.ID, error) {
	return "e", leaving(ctx)
}

func (f *forgetfulDocuSign) LotDraft(context.Context, *envelope.Envelope, envelope.TransactionID) (envelope.ID, error) {
	return "d", nil
}

func (f *forgetfulDocuSign) CreateList(_ context.Context, lot *remote.Lot, envs []*envelope.Envelope) (string, error) {
	for _, env := range envs {
		f.lots[lot.ID] = append(f.lots[lot.ID], env.TransactionID)
	}
	return lot.ID, nil
}

func (f *forgetfulDocuSign) TestList(context.Context, string, envelope.ID) error { return nil }

func (f *forgetfulDocuSign) SendList(ctx context.Context, lot *remote.Lot, leaving batch.Leaving) (string, error) {
	return lot.ID, leaving(ctx)
}

func (f *forgetfulDocuSign) LotStatus(_ context.Context, id string) (remote.LotStatus, error) {
	return remote.LotStatus{Size: len(f.lots[id]), Sent: len(f.lots[id])}, nil
}

func (f *forgetfulDocuSign) Copies(_ context.Context, lot *remote.Lot, _ time.Time) (copies []remote.Copy, err error) {
	for _, tx := range f.lots[lot.ID] {
		copies = append(copies, remote.Copy{TransactionID: tx, ID: "e"})
	}
	delete(f.lots, lot.ID)
	return copies, nil
}

func (f *forgetfulDocuSign) DeleteList(context.Context, string) error           { return nil }
func (f *forgetfulDocuSign) DeleteDrafts(context.Context, ...envelope.ID) error { return nil }
func (forgetfulLedger) Claim(context.Context, *envelope.Envelope) error         { return nil }
func (forgetfulLedger) AddLot(context.Context, *remote.Lot, string) error       { return nil }
func (forgetfulLedger) RecordLot(context.Context, *remote.Lot) error            { return nil }

func (forgetfulLedger) Settle(context.Context, envelope.TransactionID, envelope.Outcome) error {
	return nil
}

func (forgetfulLedger) ClaimLot(_ context.Context, lot *remote.Lot, envs []*envelope.Envelope) ([]error, error) {
	lot.Asked = time.Now()
	for _, env := range envs {
		lot.Envelopes = append(lot.Envelopes, env.TransactionID)
	}
	return nil, nil
}

func (forgetfulLedger) SettleLot(context.Context, *remote.Lot, map[envelope.TransactionID]envelope.Outcome) error {
	return nil
}

func (forgetfulLedger) EndLot(context.Context, *remote.Lot, float64) error { return nil }

// TestMemory sends many envelopes: a run keeps a few bytes of each, and of those in
// lots what DocuSign has in its queue.
func TestMemory(t *testing.T) {
	const n = 100_000
	for name, inLots := range map[string][]int32{"singly": nil, "in lots": {n}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, f := &stream{n: n}, &forgetfulDocuSign{lots: make(map[string][]envelope.TransactionID)}
				r := batch.Runner{
					DocuSign: f, Ledger: forgetfulLedger{}, Observer: s, Log: slog.New(slog.DiscardHandler), InLots: inLots,
					Concurrency: 8, Settle: time.Minute, Bulk: batch.Bulk{Copies: 100, Speed: 1e12},
				}
				before := heap()
				result := r.Run(t.Context(), s, batch.Leftovers{})
				if result.Stopped != nil || s.sent.Load() != n {
					t.Fatalf("%d were sent, stopped by %v", s.sent.Load(), result.Stopped)
				}
				if grown := int64(s.heap) - int64(before); grown > 16*n+2<<20 {
					t.Errorf("the heap has grown by %d bytes, %d an envelope", grown, grown/n)
				} else {
					t.Logf("%d bytes, %d an envelope", grown, grown/n)
				}
			})
		})
	}
}

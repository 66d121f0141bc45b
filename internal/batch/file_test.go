package batch_test

import (
	"context"
	"sync"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// file is what a run is about, and remembers what became of it.
type file struct {
	batch.NoObserver
	envs     []*envelope.Envelope
	groups   []int32
	unread   func(*envelope.Envelope) error // why an envelope cannot be read; nil: all can
	mu       sync.Mutex
	outcomes []envelope.Outcome
}

// newFile returns the file of envs, which go in lots if they can.
func newFile(envs []*envelope.Envelope) *file {
	f := &file{envs: envs, outcomes: make([]envelope.Outcome, len(envs))}
	f.groups, _ = groupsOf(envs)
	for i := range envs {
		f.outcomes[i].Status = envelope.Pending
	}
	return f
}

// groupsOf returns the numbers of the envelopes' groups, and why the first of them
// that cannot go in a list cannot.
func groupsOf(envs []*envelope.Envelope) (groups []int32, obstacle string) {
	var all batch.Groups
	for _, env := range envs {
		n, why := all.Of(env)
		groups = append(groups, n)
		if obstacle == "" {
			obstacle = why
		}
	}
	return groups, obstacle
}

func (f *file) Len() int { return len(f.envs) }

func (f *file) Item(i int) batch.Item {
	return batch.Item{TransactionID: f.envs[i].TransactionID, Group: f.groups[i]}
}

func (f *file) Read(_ context.Context, i int) (*envelope.Envelope, error) {
	if f.unread != nil {
		if err := f.unread(f.envs[i]); err != nil {
			return nil, err
		}
	}
	return f.envs[i], nil
}

func (f *file) Outcome(i int, out envelope.Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outcomes[i] = out
}

// inLots returns [batch.Runner].InLots if all envelopes go in lots that can, but
// those that skip skips.
func (f *file) inLots(skip func(i int) bool) []int32 {
	var counts []int32
	for i, g := range f.groups {
		if g < 0 || skip(i) {
			continue
		}
		for int(g) >= len(counts) {
			counts = append(counts, 0)
		}
		counts[g]++
	}
	return counts
}

// result is what a run came to, with the outcomes of all rows.
type result struct {
	batch.Result
	Outcomes []envelope.Outcome
}

package job

import (
	"testing"

	"go.uber.org/goleak"

	"batchsend/envelope"
	"batchsend/internal/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// named is a transaction ID that begins with name.
func named(name string) (id envelope.TransactionID) {
	copy(id[:], name)
	return id
}

// tabled returns an index to which a test adds accepted envelopes that stand in no
// file.
func tabled(t *testing.T) *Index {
	x := &Index{progress: progress{lookedUp: true}}
	t.Cleanup(func() { x.messages.Close() })
	return x
}

// accept adds an accepted envelope of a batch to the index and returns its number.
func (x *Index) accept(batch, id string, state history.State) (n int) {
	f := 0
	for f < len(x.files) && x.files[f].in.Batch != batch {
		f++
	}
	if f == len(x.files) {
		x.files = append(x.files, &file{in: &envelope.Input{Batch: batch, Format: envelope.Format{HeaderAt: envelope.Position{File: batch}}}})
	}
	n = x.Len()
	*x.entries.add() = entry{
		digests:  digests{id: named(id)},
		rowsAt:   rowsAt{file: uint16(f), line: 2},
		common:   common{template: x.values.templates.number("t", nil)},
		findings: findings{state: state, flags: identified | accepted},
	}
	return n
}

// outcomeOf returns what became of an envelope.
func outcomeOf(t *testing.T, x *Index, n int) envelope.Outcome {
	t.Helper()
	out, err := x.outcome(n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package batch

import (
	"iter"
	"slices"

	"batchsend/envelope"
)

// rowsGone is used as the number of an envelope that an earlier run left and whose rows
// are no longer in the files.
const rowsGone = -1

// work is what a run has to do, by the numbers of the envelopes.
type work struct {
	// leftovers are the envelopes that earlier runs left unresolved or in lots, with
	// their numbers or rowsGone.
	leftovers      map[envelope.TransactionID]int
	singly, inLots []int32 // all others
}

// divide divides the envelopes of a run.
func divide(envelopes Envelopes, left Leftovers, inLots []int32) work {
	w := work{leftovers: make(map[envelope.TransactionID]int)}
	for _, l := range left.Lots {
		for _, id := range l.Envelopes {
			w.leftovers[id] = rowsGone
		}
	}
	for _, u := range left.Unresolved {
		w.leftovers[u.TransactionID] = rowsGone
	}
	free := slices.Clone(inLots) // places in the lots of each group
	for i := range envelopes.Len() {
		item := envelopes.Item(i)
		if _, ok := w.leftovers[item.TransactionID]; ok {
			w.leftovers[item.TransactionID] = i
			continue
		}
		if g := int(item.Group); g >= 0 && g < len(free) && free[g] > 0 {
			free[g]--
			w.inLots = append(w.inLots, int32(i))
		} else {
			w.singly = append(w.singly, int32(i))
		}
	}
	return w
}

// received returns what comes through a channel until it is closed.
func received[T any](c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}

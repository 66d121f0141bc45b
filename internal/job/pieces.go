package job

import "slices"

// piece is where rows of an envelope stand that are not adjacent to its first ones.
type piece struct {
	of     int32 // the envelope's number
	line   int32
	offset int64
}

// pieces are those of all envelopes.
type pieces struct {
	inFiles    []piece // in the order of the files
	byEnvelope []piece // the same, once they are all known
}

// sort puts the pieces into the order of their envelopes, and returns the numbers of
// these.
func (p *pieces) sort() (envelopes []int) {
	p.byEnvelope = slices.Clone(p.inFiles)
	slices.SortStableFunc(p.byEnvelope, func(a, b piece) int { return int(a.of) - int(b.of) })
	for _, piece := range p.byEnvelope {
		if n := int(piece.of); len(envelopes) == 0 || envelopes[len(envelopes)-1] != n {
			envelopes = append(envelopes, n)
		}
	}
	return envelopes
}

// of returns the further pieces of an envelope, in their order.
func (p *pieces) of(n int) []piece {
	first, _ := slices.BinarySearchFunc(p.byEnvelope, n, func(p piece, n int) int { return int(p.of) - n })
	end := first
	for end < len(p.byEnvelope) && int(p.byEnvelope[end].of) == n {
		end++
	}
	return p.byEnvelope[first:end]
}

package envelope

import (
	"encoding/binary"
	"hash/maphash"
)

// Numbers finds the numbers of things by a hash of each. It takes 14 bytes a
// thing, where a map by the things themselves takes some 60. The zero value has
// none.
type Numbers struct{ byHash map[uint32]uint32 }

// Find returns the number of the thing with that hash for which same is true; ok is
// false if there is none.
func (m *Numbers) Find(hash uint32, same func(n int) bool) (n int, ok bool) {
	for ; ; hash++ { // several things may have one hash
		if n, ok := m.byHash[hash]; !ok || same(int(n)) {
			return int(n), ok
		}
	}
}

// Add is Find, and remembers n if there is no such thing. A nil same says that there
// is none.
func (m *Numbers) Add(hash uint32, n int, same func(n int) bool) (first int, ok bool) {
	if m.byHash == nil {
		m.byHash = map[uint32]uint32{}
	}
	for ; ; hash++ {
		first, taken := m.byHash[hash]
		switch {
		case !taken:
			m.byHash[hash] = uint32(n)
			return 0, false
		case same != nil && same(int(first)):
			return int(first), true
		}
	}
}

// HashOf returns bits of a digest.
func HashOf[D ~[16]byte](digest D) uint32 { return binary.LittleEndian.Uint32(digest[:]) }

// seed makes hashes of texts, which are others in another process.
var seed = maphash.MakeSeed()

// HashOfText returns a hash of a text.
func HashOfText(text string) uint32 { return uint32(maphash.String(seed, text)) }

package envelope_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"batchsend/envelope"
)

// Things are found by what they are, however few hashes they share.
func TestNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]uint32{0, 7, math.MaxUint32 - 1}).Draw(t, "first hash")
		hash := func(thing string) uint32 { return base + uint32(thing[0])%3 } // the last may begin at 0 again
		var numbers envelope.Numbers
		var things []string
		known := map[string]int{}
		for range rapid.IntRange(1, 40).Draw(t, "things") {
			thing := rapid.StringMatching(`[a-f][xyz]?`).Draw(t, "thing")
			same := func(n int) bool { return things[n] == thing }
			want, there := known[thing]
			if n, ok := numbers.Find(hash(thing), same); ok != there || ok && n != want {
				t.Fatalf("Find(%q) = %d, %v; want %d, %v", thing, n, ok, want, there)
			}
			if n, ok := numbers.Add(hash(thing), len(things), same); ok != there || ok && n != want {
				t.Fatalf("Add(%q) = %d, %v; want %d, %v", thing, n, ok, want, there)
			}
			if !there {
				known[thing], things = len(things), append(things, thing)
			}
		}
	})
}

// TestNumbersOfNew: where nothing is the same, everything is remembered.
func TestNumbersOfNew(t *testing.T) {
	t.Parallel()
	var numbers envelope.Numbers
	for n := range 5 {
		if _, ok := numbers.Add(math.MaxUint32, n, nil); ok {
			t.Errorf("%d was there before", n)
		}
	}
	for want := range 5 {
		if n, ok := numbers.Find(math.MaxUint32, func(n int) bool { return n == want }); !ok || n != want {
			t.Errorf("Find = %d, %v; want %d", n, ok, want)
		}
	}
	if n, ok := numbers.Find(math.MaxUint32, func(int) bool { return false }); ok {
		t.Errorf("found %d, which is another thing", n)
	}
}

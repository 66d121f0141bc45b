package job

import "encoding/binary"

// segments is a list that grows without being copied.
type segments[T any] struct {
	all [][]T
	n   int
}

const segmentSize = 4096

func (c *segments[T]) add() *T {
	if c.n == len(c.all)*segmentSize {
		c.all = append(c.all, make([]T, segmentSize))
	}
	c.n++
	return c.at(c.n - 1)
}

func (c *segments[T]) at(n int) *T { return &c.all[n/segmentSize][n%segmentSize] }

// texts keeps short texts one after the other.
type texts struct{ blocks [][]byte }

// textRef says where a text stands, behind its length: the block's number and the
// position in it. 0 is the empty text.
type textRef int64

const textBlock = 64 << 10

func (t *texts) add(text string) textRef {
	if text == "" {
		return 0
	}
	const lengthSize = 4
	last := len(t.blocks) - 1
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < lengthSize+len(text) {
		t.blocks = append(t.blocks, make([]byte, 0, max(textBlock, lengthSize+len(text))))
		last++
	}
	b := binary.LittleEndian.AppendUint32(t.blocks[last], uint32(len(text)))
	ref := textRef(last)<<32 | textRef(len(b))
	t.blocks[last] = append(b, text...)
	return ref
}

func (t *texts) at(ref textRef) string {
	if ref == 0 {
		return ""
	}
	block, at := t.blocks[ref>>32], uint32(ref)
	return string(block[at:][:binary.LittleEndian.Uint32(block[at-4:])])
}

// table numbers different values.
type table[T comparable] struct {
	values  []T
	numbers map[T]int32
	last    int32 // the number that was given last, which mostly comes again
}

// number returns the number of a value, which is new or was there before. keep
// returns what is remembered of a new one.
func (t *table[T]) number(v T, keep func(T) T) int32 {
	if len(t.values) > 0 && t.values[t.last] == v {
		return t.last
	}
	n, ok := t.numbers[v]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[T]int32{}
		}
		if keep != nil {
			v = keep(v)
		}
		n = int32(len(t.values))
		t.values, t.numbers[v] = append(t.values, v), n
	}
	t.last = n
	return n
}

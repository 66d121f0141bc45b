package job

import (
	"testing"
	"unsafe"
)

// An entry must not grow unnoticed: a run keeps one for each envelope.
func TestEntrySize(t *testing.T) {
	const most = 112 // bytes
	if size := unsafe.Sizeof(entry{}); size > most {
		t.Errorf("an entry takes %d bytes, at most %d were meant", size, most)
	}
}

package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"batchsend/internal/spool"
)

// inMemory is how much stays in memory, in bytes.
const inMemory = 1 << 20

// fileOf returns the file behind a spool; nil if there is none.
func fileOf(s *spool.Spool) *os.File {
	from, _, _ := s.Section().Outer()
	file, _ := from.(*os.File)
	return file
}

// Records come back as they were written, in any order, in memory and from the file.
func TestRecords(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		var s spool.Spool
		defer s.Close()
		var refs []spool.Ref
		var records [][]byte
		for range rapid.IntRange(1, 12).Draw(t, "records") {
			size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, inMemory/3)).Draw(t, "size")
			record := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, size)
			ref, err := s.Append(record)
			if err != nil || ref == 0 || slices.Contains(refs, ref) {
				t.Fatalf("Append of %d bytes: %d after %d, %v", size, ref, refs, err)
			}
			refs, records = append(refs, ref), append(records, record)
			for i := rapid.IntRange(0, len(refs)).Draw(t, "from"); i < len(refs); i++ {
				if got, err := s.Record(refs[i]); err != nil || !bytes.Equal(got, records[i]) {
					t.Fatalf("Record(%d) of %d bytes: %d bytes, %v", refs[i], len(records[i]), len(got), err)
				}
			}
		}
	})
}

// TestFile: more than a little goes to a file without a name, which only its owner may
// read, and Close removes it.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, tt := range []struct {
		size   int
		toFile bool
	}{{0, false}, {inMemory, false}, {inMemory + 1, true}, {3 * inMemory, true}} {
		var s spool.Spool
		want := strings.Repeat("0123456789abcde\n", tt.size/16+1)[:tt.size]
		for rest := want; rest != ""; {
			n, err := io.WriteString(&s, rest[:min(len(rest), 100_000)])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got, err := io.ReadAll(s.Section()); err != nil || string(got) != want {
			t.Errorf("%d bytes: %d bytes come back, %v", tt.size, len(got), err)
		}
		file := fileOf(&s)
		if (file != nil) != tt.toFile {
			t.Errorf("%d bytes: in a file: %v, want %v", tt.size, file != nil, tt.toFile)
		}
		if file != nil {
			if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%d bytes: %v, %v", tt.size, info.Mode(), err)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%d bytes: the temporary file has a name: %v, %v", tt.size, entries, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%d bytes: Close: %v", tt.size, err)
		}
		if file != nil {
			if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%d bytes: Close leaves the file open: %v", tt.size, err)
			}
		}
	}
}

// TestNoPlace: without a place for the file the error says what to do. What was
// written before can still be read, and what is written later as soon as there is one.
func TestNoPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", dir)
	var s spool.Spool
	defer s.Close()
	before, err := s.Append([]byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	much := bytes.Repeat([]byte("x"), inMemory)
	for range 2 {
		if _, err := s.Append(much); !errors.Is(err, os.ErrNotExist) || !strings.Contains(fmt.Sprint(err), "TMPDIR") {
			t.Errorf("without a place for the file: %v", err)
		}
	}
	if got, err := s.Record(before); err != nil || string(got) != "before" {
		t.Errorf("what was written before: %q, %v", got, err)
	}
	if size := s.Section().Size(); size > 100 {
		t.Errorf("what was not written counts: %d bytes", size)
	}
	after, err := s.Append([]byte("after"))
	if err != nil {
		t.Fatalf("a little: %v", err)
	}
	if got, err := s.Record(after); err != nil || string(got) != "after" {
		t.Errorf("what was written later: %q, %v", got, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	later, err := s.Append(much)
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[spool.Ref]string{before: "before", after: "after", later: string(much)} {
		if got, err := s.Record(ref); err != nil || string(got) != want {
			t.Errorf("Record(%d): %d bytes, %v; want %d", ref, len(got), err, len(want))
		}
	}
}

// TestConcurrent: several goroutines write and read at once.
func TestConcurrent(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var s spool.Spool
	defer s.Close()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			refs := map[spool.Ref]string{}
			for i := range 200 {
				record := strings.Repeat(fmt.Sprintf("%d:%d ", g, i), 400)
				ref, err := s.Append([]byte(record))
				if err != nil {
					t.Error(err)
					return
				}
				if refs[ref] = record; i%20 > 0 {
					continue
				}
				for ref, want := range refs {
					if got, err := s.Record(ref); err != nil || string(got) != want {
						t.Errorf("Record(%d): %d bytes, %v", ref, len(got), err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if fileOf(&s) == nil {
		t.Error("all fits in memory: the test tells nothing of the file")
	}
}

// TestNowhere: a reference that was never given is an error, not somebody's record.
func TestNowhere(t *testing.T) {
	var s spool.Spool
	if _, err := s.Append([]byte("record")); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []spool.Ref{0, 100} {
		if got, err := s.Record(ref); err == nil {
			t.Errorf("Record(%d) = %q", ref, got)
		}
	}
}

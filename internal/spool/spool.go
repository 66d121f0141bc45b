// Package spool keeps what is too much for memory in a temporary file.
package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
)

// maxInMemory is how much a Spool keeps in memory, in bytes.
const maxInMemory = 1 << 20

// Spool keeps what is written to it: a little in memory, more in a temporary
// file that only this process can read, because it has no name. The zero value is
// empty. Its methods may be called by several goroutines at once.
type Spool struct {
	mu     sync.Mutex
	memory []byte
	file   *os.File // nil as long as memory does
	size   int64
	named  bool // the system does not let open files lose their names
}

// Ref says where a record stands in a [Spool]. The zero Ref says: nowhere.
type Ref int64

// Append writes a record.
func (s *Spool) Append(record []byte) (Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.size
	var length [binary.MaxVarintLen64]byte
	framed := append(binary.AppendUvarint(length[:0], uint64(len(record))), record...)
	if _, err := s.write(framed); err != nil {
		return 0, err
	}
	return Ref(at + 1), nil
}

// Record returns the record at a Ref.
func (s *Spool) Record(ref Ref) ([]byte, error) {
	s.mu.Lock()
	from := s.section()
	s.mu.Unlock()
	r := io.NewSectionReader(from, int64(ref)-1, from.Size())
	var head [binary.MaxVarintLen64]byte
	n, err := r.ReadAt(head[:], 0)
	length, used := binary.Uvarint(head[:n])
	if used <= 0 {
		return nil, fmt.Errorf("the temporary file has become unreadable: %w", err)
	}
	record := make([]byte, length)
	if _, err := r.ReadAt(record, int64(used)); err != nil && err != io.EOF {
		return nil, err
	}
	return record, nil
}

// Write implements [io.Writer].
func (s *Spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(p)
}

func (s *Spool) write(p []byte) (n int, err error) {
	if s.file == nil && s.size+int64(len(p)) <= maxInMemory {
		s.memory = append(s.memory, p...)
		n = len(p)
	} else {
		if s.file == nil {
			err = s.toFile()
		}
		if err == nil {
			n, err = s.file.Write(p)
		}
		if err != nil {
			err = fmt.Errorf("the temporary file cannot be written (TMPDIR names another place for it): %w", err)
		}
	}
	s.size += int64(n) // what was not written does not count: later records would be looked for behind it
	return n, err
}

// toFile moves what is in memory to a file. If that fails, it stays there.
func (s *Spool) toFile() error {
	file, err := os.CreateTemp("", "batchsend-*") // mode 0600
	if err != nil {
		return err
	}
	named := os.Remove(file.Name()) != nil
	if _, err := file.Write(s.memory); err != nil {
		file.Close()
		if named {
			os.Remove(file.Name())
		}
		return err
	}
	s.file, s.named, s.memory = file, named, nil
	return nil
}

// Section returns a reader of all that was written until now.
func (s *Spool) Section() *io.SectionReader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.section()
}

func (s *Spool) section() *io.SectionReader {
	if s.file == nil {
		return io.NewSectionReader(bytes.NewReader(s.memory), 0, s.size)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

// Close removes what was written.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		os.Remove(s.file.Name())
	}
	return err
}

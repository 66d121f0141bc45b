package rows

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
)

// seekable returns what r has left, in a form that can be read several times.
func (f *File) seekable(r io.Reader) (*io.SectionReader, error) {
	if s, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		start, err1 := s.Seek(0, io.SeekCurrent)
		end, err2 := s.Seek(0, io.SeekEnd)
		if err1 == nil && err2 == nil && end > start {
			return io.NewSectionReader(s, start, end-start), nil
		}
		if err1 == nil && err2 == nil { // nothing is left, or it does not tell its size, as files in /proc
			if _, err := s.Seek(start, io.SeekStart); err != nil {
				return nil, err
			}
		}
	}
	return f.spool(r)
}

// spool copies r to where it can be read several times.
func (f *File) spool(r io.Reader) (*io.SectionReader, error) {
	s := &spool{}
	f.spools = append(f.spools, s)
	w := bufio.NewWriterSize(s, usualBlock)
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return s.section(), nil
}

// maxInMemory is how much a spool keeps in memory.
const maxInMemory = 1 << 20

// spool keeps what is written to it: a little in memory, more in a temporary
// file that only this process can read, because it has no name.
type spool struct {
	memory []byte
	file   *os.File // nil as long as memory does
	size   int64
	named  bool // the system does not let open files lose their names
}

// Write implements [io.Writer].
func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.file == nil {
		if s.size <= maxInMemory {
			s.memory = append(s.memory, p...)
			return len(p), nil
		}
		if err := s.toFile(); err != nil {
			return 0, err
		}
	}
	n, err := s.file.Write(p)
	if err != nil {
		err = noSpace(err)
	}
	return n, err
}

// toFile moves what is in memory to a file.
func (s *spool) toFile() error {
	file, err := os.CreateTemp("", "batchsend-*") // mode 0600
	if err != nil {
		return noSpace(err)
	}
	s.file, s.named = file, os.Remove(file.Name()) != nil
	if _, err := s.file.Write(s.memory); err != nil {
		return noSpace(err)
	}
	s.memory = nil
	return nil
}

func noSpace(err error) error {
	return fmt.Errorf("the input cannot be copied to a temporary file, as a pipe and a file not in UTF-8 must be (TMPDIR names another place): %w", err)
}

// section returns a reader of all that was written.
func (s *spool) section() *io.SectionReader {
	if s.file == nil {
		return io.NewSectionReader(bytes.NewReader(s.memory), 0, s.size)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		os.Remove(s.file.Name())
	}
	return err
}

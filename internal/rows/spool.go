package rows

import (
	"bufio"
	"fmt"
	"io"

	"batchsend/internal/spool"
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
	s := &spool.Spool{}
	f.spools = append(f.spools, s)
	w := bufio.NewWriterSize(copied{s}, usualBlock)
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return s.Section(), nil
}

// copied says in errors what was to be written.
type copied struct{ io.Writer }

func (c copied) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if err != nil {
		err = fmt.Errorf("the input cannot be copied, as a pipe and a file not in UTF-8 must be: %w", err)
	}
	return n, err
}

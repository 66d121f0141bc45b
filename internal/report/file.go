package report

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that appears whole or not at all: it is written beside its
// place, synced and renamed. It holds people's data, so only its owner may
// read it.
type File struct {
	*bufio.Writer
	path string
	temp *os.File
}

// Create starts a file. It fails early if the place cannot be written, so that
// nothing need be sent to find out.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: name a file that may be written or replaced", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w; nothing was sent, name another place", path, bare(err))
	}
	return &File{Writer: bufio.NewWriter(temp), path: path, temp: temp}, nil
}

// Commit puts the file in its place.
func (f *File) Commit() error {
	err := f.Flush()
	if err == nil {
		err = f.temp.Sync()
	}
	if closeErr := f.temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.temp.Name())
		return fmt.Errorf("%s could not be written: %w. What was sent is in the ledger: make room or name another place, and run the same command again for the file", f.path, bare(err))
	}
	syncDir(filepath.Dir(f.path))
	return nil
}

// bare returns what the system said, without the name of a file that nobody
// has asked for.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// Discard gives the file up. It does nothing after Commit.
func (f *File) Discard() {
	if f == nil {
		return
	}
	f.temp.Close()
	os.Remove(f.temp.Name())
}

// syncDir makes a rename durable where the system can; where it cannot, the
// file's content is safe all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

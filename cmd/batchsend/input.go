package main

import (
	"fmt"
	"os"
	"time"
)

// openFile opens an input file.
func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory: name the CSV file in it", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sight is how a file looked when it was read.
type sight struct {
	path    string
	size    int64
	changed time.Time
}

func look(f *os.File) (sight, error) {
	info, err := f.Stat()
	if err != nil {
		return sight{}, err
	}
	if !info.Mode().IsRegular() {
		return sight{path: f.Name(), size: -1}, nil // a pipe has no look
	}
	return sight{f.Name(), info.Size(), info.ModTime()}, nil
}

// same fails if the file no longer looks as it did: somebody was still writing
// it, or has put another in its place.
func (s sight) same() error {
	if s.size < 0 {
		return nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("%s was there when it was read and is no longer: %w", s.path, err)
	}
	defer f.Close()
	now, err := look(f)
	if err != nil {
		return err
	}
	if now.size != s.size || !now.changed.Equal(s.changed) {
		return fmt.Errorf("%s has changed since it was read: it may still be being written. Nothing was sent; run the same command again (--min-age 1m leaves fresh files alone)", s.path)
	}
	return nil
}

package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// logFile is a file to which each new state of something is appended as one
// line of JSON, in one write. Several processes may share it: each reads what
// the others appended. The zero logFile keeps nothing. Its owner locks it.
//
// A process that is killed may leave a line without an end. Nobody was answered,
// so the next who writes strikes it out. It is not cut off, because it may be
// that another process is writing it just now: then the mark comes to stand on a
// line of its own.
type logFile struct {
	file  *os.File
	take  func(line []byte) error // learns of every line, perhaps twice
	read  int64                   // how much of the file is known
	lines int
}

// torn ends a line that is to be passed over: the control character "cancel".
const torn = "\x18\n"

// open reads what the file holds, and makes it if it is not there.
func (l *logFile) open(dir, name string, take func(line []byte) error) error {
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	l.file, l.take = file, take
	if err = l.catchUp(); err != nil {
		l.file = nil
		file.Close()
		return fmt.Errorf("%s: %w: repair the line or move the file away", path, err)
	}
	return nil
}

// catchUp reads the lines that were appended since it was called last.
func (l *logFile) catchUp() error {
	if l.file == nil {
		return nil
	}
	info, err := l.file.Stat()
	if err != nil || info.Size() <= l.read {
		return err
	}
	raw := make([]byte, info.Size()-l.read)
	if _, err := l.file.ReadAt(raw, l.read); err != nil {
		return err
	}
	for text := range bytes.Lines(raw) {
		if !bytes.HasSuffix(text, []byte("\n")) {
			break // it is still being written
		}
		if !bytes.HasSuffix(text, []byte(torn)) {
			if err := l.take(text); err != nil {
				return fmt.Errorf("line %d: %v", l.lines+1, err)
			}
		}
		l.read += int64(len(text))
		l.lines++
	}
	return nil
}

// write appends v as a line. The file must have been caught up with.
func (l *logFile) write(v any) error {
	if l.file == nil {
		return nil
	}
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if info, err := l.file.Stat(); err == nil && info.Size() > l.read {
		line = append([]byte(torn), line...)
	}
	n, err := l.file.Write(line)
	if err != nil {
		return err
	}
	// If nobody else wrote meanwhile, there is no need to read this line.
	if info, err := l.file.Stat(); err == nil && info.Size() == l.read+int64(n) {
		l.read, l.lines = info.Size(), l.lines+1
	}
	return nil
}

func (l *logFile) close() error {
	file := l.file
	l.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}

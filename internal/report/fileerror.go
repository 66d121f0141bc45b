package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"al.essio.dev/pkg/shellescape"

	"batchsend/envelope"
)

// FileError says that an output could not be written, by the name that the
// operator gave it, and what to do.
type FileError struct {
	Path string
	Text string
	Cure string
	Err  error
}

func (e *FileError) Error() string { return e.Path + " " + e.Text }

// Unwrap returns what the system said.
func (e *FileError) Unwrap() error { return e.Err }

// Hint tells the operator what to do.
func (e *FileError) Hint() string { return e.Cure }

// notCreated is the error of a place that cannot be written, before anything is
// sent.
func notCreated(path, real string, err error) error {
	why, cure := whyNot(real, err)
	return &FileError{path, "cannot be written: " + why + "; nothing was sent", cure, err}
}

// notWritten is the error of a file that could not be written in the end; nil if
// err is.
func notWritten(path string, err error) error {
	if _, known := errors.AsType[*FileError](err); known || err == nil {
		return err
	}
	why, cure := whyNot(Real(path), err)
	return &FileError{path, "could not be written: " + why, cure + "; what was sent is in the ledger: " + envelope.RunAgain + " for the file", err}
}

// whyNot says why a file cannot be written, in the system's words, which can be
// searched for, and in ours, and the cure.
func whyNot(path string, err error) (why, cure string) {
	const another = "name another place"
	dir, said := filepath.Dir(path), bare(err).Error()
	switch {
	case errors.Is(err, errDirectory):
		return said, "name a file in it, such as " + filepath.Join(path, "results.csv")
	case errors.Is(err, errLoop):
		return said, "remove the links, or " + another
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s: %s is missing, the nearest directory is %s", said, dir, existing(dir)),
			shellescape.QuoteCommand([]string{"mkdir", "-p", dir}) + ", or " + another
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("%s: %s is a file", said, existing(dir)), another
	case inUse(err):
		return said + ": another program, such as Excel, has the file open, or this user may not write in " + dir, "close it there, or " + another
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%s: this user may not write in %s", said, dir),
			shellescape.QuoteCommand([]string{"ls", "-ld", dir}) + " shows who may; or " + another
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("%s: that of %s", said, dir), another
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return said, "make room, or " + another
	case errors.Is(err, syscall.ENAMETOOLONG):
		return said, "give it a shorter name"
	case errors.Is(err, syscall.EPIPE):
		return said + ": whoever was reading it has gone", another
	}
	return said, another
}

// existing is the nearest directory, or file, above that is there.
func existing(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
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

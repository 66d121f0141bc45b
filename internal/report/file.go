package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// File is an output. A file on a disk appears whole or not at all: it is written
// beside its place, synced and renamed; a symbolic link stays, and what it leads
// to is replaced. It holds people's data, so only its owner may read it. A
// device, a pipe or standard output is written to as it is.
//
// Errors are [*FileError] by the name that the operator gave.
type File struct {
	*bufio.Writer
	path string   // as given
	real string   // where it is put in the end; "" if it is not put anywhere
	to   *os.File // nil: somebody else's stream
}

// Create starts a file. It fails early if the place cannot be written, so that
// nothing need be sent to find out.
func Create(path string) (*File, error) {
	real, special, err := follow(path)
	if err != nil {
		return nil, notCreated(path, real, err)
	}
	var to *os.File
	if special {
		to, err = openSpecial(real)
		real = ""
	} else {
		to, err = os.CreateTemp(filepath.Dir(real), ".batchsend.*.tmp") // mode 0600
	}
	if err != nil {
		return nil, notCreated(path, real, err)
	}
	return &File{bufio.NewWriter(named{path, to}), path, real, to}, nil
}

// WriteFile writes a file whole or not at all.
func WriteFile(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

// Save writes a file as [WriteFile] does, or stdout if path is "" or stands for it. It
// replaces no file of precious; see [Spare].
func Save(path string, stdout io.Writer, precious map[string]string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return write(stdout)
	}
	if err := Spare(path, precious); err != nil {
		return err
	}
	return WriteFile(path, write)
}

// Stream is a file that is written to w, such as standard output, which path
// names.
func Stream(path string, w io.Writer) *File {
	return &File{Writer: bufio.NewWriter(named{path, w}), path: path}
}

// Share lets anybody read the file.
func (f *File) Share() error { return notWritten(f.path, f.to.Chmod(0o644)) }

// Streams reports whether what is written leaves at once, rather than when the
// file is put in its place.
func (f *File) Streams() bool { return f.real == "" }

// named gives the errors of a writer a file's name.
type named struct {
	path string
	w    io.Writer
}

func (n named) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	if err != nil {
		err = notWritten(n.path, err)
	}
	return written, err
}

// Commit puts the file in its place.
func (f *File) Commit() error {
	err := f.Flush()
	if f.to == nil {
		return err
	}
	if err == nil && f.real != "" {
		err = f.to.Sync()
	}
	if closeErr := f.to.Close(); err == nil {
		err = closeErr
	}
	if f.real == "" {
		return notWritten(f.path, err)
	}
	if err == nil {
		err = os.Rename(f.to.Name(), f.real)
	}
	if err != nil {
		os.Remove(f.to.Name())
		return notWritten(f.path, err)
	}
	syncDir(filepath.Dir(f.real))
	return nil
}

// Discard gives the file up. It does nothing after Commit.
func (f *File) Discard() {
	if f == nil || f.to == nil {
		return
	}
	f.to.Close()
	if f.real != "" {
		os.Remove(f.to.Name())
	}
}

// Numbered returns names for a file whose own may be taken: a.csv, a-2.csv, a-3.csv and
// so on, without end.
func Numbered(path string) iter.Seq[string] {
	extension := filepath.Ext(path)
	base := strings.TrimSuffix(path, extension)
	return func(yield func(string) bool) {
		for n, name := 2, path; yield(name); n++ {
			name = fmt.Sprintf("%s-%d%s", base, n, extension)
		}
	}
}

// syncDir makes a rename durable where the system can; where it cannot, the
// file's content is safe all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// maxLinks is how many symbolic links one may lead through, as in Linux.
const maxLinks = 40

var (
	errLoop      = errors.New("its symbolic links lead in a circle")
	errDirectory = errors.New("it is a directory")
	errDisk      = errors.New("it is a disk")
)

// Standard returns the number of the standard stream that a path stands for: 1
// for standard output, which "-" is too, 2 for standard error, -1 for none.
func Standard(path string) int {
	if path == "-" {
		return 1
	}
	real, _, _ := follow(path)
	if fd, ok := descriptor(real); ok && (fd == 1 || fd == 2) {
		return fd
	}
	return -1
}

// Real returns where a path leads in the end, through all symbolic links,
// whether there is something or not.
func Real(path string) string {
	real, _, _ := follow(path)
	abs, err := filepath.Abs(real)
	if err != nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs))
	}
	return abs
}

// follow returns where path leads, link by link, and whether what is there is
// something to be written to rather than a file to be replaced.
func follow(path string) (real string, special bool, err error) {
	real = path
	for range maxLinks {
		if _, ok := descriptor(real); ok || strings.HasPrefix(real, "/proc/") {
			return real, true, nil // what it seems to lead to is open already
		}
		info, err := os.Lstat(real)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return real, false, nil
		case err != nil:
			return real, false, err
		case info.IsDir():
			return real, false, errDirectory
		case info.Mode()&(fs.ModeDevice|fs.ModeCharDevice) == fs.ModeDevice:
			return real, false, errDisk
		case info.Mode()&fs.ModeSymlink == 0:
			return real, !info.Mode().IsRegular(), nil
		}
		target, err := os.Readlink(real)
		if err != nil {
			return real, false, err
		}
		if !filepath.IsAbs(target) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(real)) // or .. would not lead out of it
			if err != nil {
				return real, false, err
			}
			target = filepath.Join(dir, target)
		}
		real = target
	}
	return path, false, errLoop
}

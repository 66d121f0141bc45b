package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/internal/usage"
)

// Folders are where input files go with which a run is done; "" leaves them where
// they are.
type Folders struct {
	Archive  string // of files all of whose envelopes were sent
	Rejected string // of files with rejected rows, or of which no row can be read
}

// Check fails if a folder cannot take files: that is found before anything is sent.
func (f Folders) Check() error {
	for _, dir := range []string{f.Archive, f.Rejected} {
		if dir == "" {
			continue
		}
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return usage.Errorf("there is no folder %s: make it first", dir)
		case err != nil:
			return err
		case !info.IsDir():
			return usage.Errorf("%s is no folder", dir)
		}
		probe, err := os.CreateTemp(dir, ".batchsend-*")
		if err != nil {
			return fmt.Errorf("nothing can be written into %s: %w", dir, err)
		}
		probe.Close()
		if err := os.Remove(probe.Name()); err != nil {
			return err
		}
	}
	return nil
}

// PutAway moves the files with which the run is done, and writes the results of each
// beside it, and its rejected rows if there are any. Whatever is still to be done, or
// is not known, keeps a file where it is, for the next run. It tells of every file
// that it moves, and returns the files of rejected rows.
func (d *Done) PutAway(f Folders, told func(format string, args ...any)) (rejects []report.Kept, err error) {
	if f == (Folders{}) {
		return nil, nil
	}
	var errs []error
	for i, of := range d.statusesOfFiles() {
		in := d.files[i]
		dir := f.of(of, d.Aborted)
		if dir == "" || in.os == nil { // it stays, or has no name
			continue
		}
		path, err := in.move(dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is done, but it cannot be moved: %w", in.in.Name(), err))
			continue
		}
		told("%s: moved to %s", in.in.Name(), path)
		errs = append(errs, report.WriteFile(beside(path, "results"), func(w io.Writer) error { return report.WriteResults(w, d.entriesOf(i)) }))
		if !of[envelope.Rejected] {
			continue
		}
		kept := report.Kept{Path: beside(path, "rejects"), Input: in.in.Name()}
		rejects = append(rejects, kept)
		errs = append(errs, report.WriteFile(kept.Path, func(w io.Writer) error {
			return d.rejectsFile(kept.Path, in, d.entriesOf(i)).Write(w, func(text string) { told("%s: %s", kept.Path, text) })
		}))
	}
	return rejects, errors.Join(errs...)
}

// unreadable is a file of which no row can be read, as if it had only a torn header.
type unreadable struct {
	path     string
	problems envelope.Problems
	info     fs.FileInfo
}

// Error implements error.
func (u *unreadable) Error() string { return u.problems.Error() }

// Unwrap returns the problems.
func (u *unreadable) Unwrap() error { return u.problems }

// settled is how long ago an unreadable file must have changed to be moved: a younger
// one may still be being written.
const settled = time.Minute

// PutAwayUnread moves the files of which no row can be read to the folder for rejected
// ones, each with its reason beside it: else every run would stop at them. It tells of
// every file.
func (in *Input) PutAwayUnread(f Folders, told func(format string, args ...any)) error {
	if f.Rejected == "" {
		return nil
	}
	var errs []error
	for _, u := range in.unread {
		if age := time.Since(u.info.ModTime()); age < settled {
			told("%s: left where it is, for it changed %s ago and may still be being written", u.path, report.Span(max(age, 0)))
			continue
		}
		path, err := moveInto(f.Rejected, u.path, u.info)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s cannot be read, and cannot be moved: %w", u.path, err))
			continue
		}
		told("%s: moved to %s", u.path, path)
		errs = append(errs, report.WriteFile(reasonFile(path), func(w io.Writer) error {
			_, err := fmt.Fprintln(w, u.problems)
			return err
		}))
	}
	return errors.Join(errs...)
}

// reasonFile returns the path of the file that says why the one at path cannot be read.
func reasonFile(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".reason.txt"
}

// of returns where a file goes to whose envelopes came to these statuses, "" if it
// stays. aborted says that rejected rows kept all others from being sent.
func (f Folders) of(statuses map[envelope.Status]bool, aborted bool) string {
	for s := range statuses {
		switch s {
		case envelope.Sent, envelope.AlreadySent, envelope.Rejected:
		case envelope.Pending:
			if !aborted || !statuses[envelope.Rejected] {
				return ""
			}
		default:
			return ""
		}
	}
	if statuses[envelope.Rejected] {
		return f.Rejected
	}
	return f.Archive
}

// statusesOfFiles returns, for each file, to which statuses its envelopes came.
func (x *Index) statusesOfFiles() []map[envelope.Status]bool {
	all := make([]map[envelope.Status]bool, len(x.files))
	for i := range all {
		all[i] = map[envelope.Status]bool{}
	}
	for n, status := range x.Statuses() {
		all[x.entry(n).file][status] = true
	}
	return all
}

// beside returns the path of a file about the one at path: offers.results.csv. What
// is about a workbook and holds rows is one.
func beside(path, what string) string {
	extension := filepath.Ext(path)
	base := strings.TrimSuffix(path, extension)
	if what == "results" || !rows.IsSheet(path) {
		extension = ".csv"
	}
	return base + "." + what + extension
}

// mostNames is how many names are tried for a file in a folder that has one of its
// name.
const mostNames = 1000

// move moves the file into a folder and returns its new path.
func (f *file) move(dir string) (path string, err error) {
	read, err := f.os.Stat()
	if err != nil {
		return "", err
	}
	return moveInto(dir, f.in.Name(), read)
}

// moveInto moves a file that was read into a folder and returns its new path. It takes
// the name of no other file there, and moves no other file that has taken its name here.
func moveInto(dir, from string, read fs.FileInfo) (path string, err error) {
	now, err := os.Stat(from)
	if err != nil {
		return "", err
	}
	if !os.SameFile(read, now) {
		return "", errors.New("another file has taken its name")
	}
	tried := 0
	for path := range report.Numbered(filepath.Join(dir, filepath.Base(from))) {
		if tried++; tried > mostNames {
			break
		}
		if slices.ContainsFunc([]string{beside(path, "results"), beside(path, "rejects"), reasonFile(path)}, exists) {
			continue
		}
		switch err = os.Link(from, path); {
		case errors.Is(err, fs.ErrExist):
			continue
		case cannotLink(err): // another disk, or one without links
			if err = copyNew(from, path); errors.Is(err, fs.ErrExist) {
				continue
			}
		}
		if err != nil {
			return "", err
		}
		return path, os.Remove(from)
	}
	return "", fmt.Errorf("%s has %d files of that name", dir, mostNames)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// copyNew copies a file to a path at which there is none.
func copyNew(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		os.Remove(to)
	}
	return err
}

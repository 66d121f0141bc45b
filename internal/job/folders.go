package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/internal/usage"
)

// Folders are where input files go with which a run is done; "" leaves them where
// they are.
type Folders struct {
	Archive  string // of files all of whose envelopes were sent
	Rejected string // of files with rejected rows
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
	type place struct{ dir, path string }
	places := make([]place, len(d.files))
	of := d.statusesOfFiles()
	for i, in := range d.files {
		if in.os != nil { // else it has no name
			places[i].dir = f.of(of[i], d.Aborted)
		}
	}
	var errs []error
	for i, p := range places {
		if p.dir == "" {
			continue
		}
		path, err := d.files[i].move(p.dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is done, but it cannot be moved: %w", d.files[i].in.Name(), err))
			continue
		}
		places[i].path = path
		told("%s: moved to %s", d.files[i].in.Name(), path)
	}
	err = d.eachFile(func(i int, entries report.Entries) error {
		path := places[i].path
		if path == "" {
			return nil
		}
		return writeWhole(beside(path, "results"), func(w io.Writer) error { return report.WriteResults(w, entries) })
	})
	errs = append(errs, err)
	err = d.eachFile(func(i int, entries report.Entries) error {
		path := places[i].path
		if path == "" || !of[i][envelope.Rejected] {
			return nil
		}
		rejects = append(rejects, report.Kept{Path: beside(path, "rejects"), Input: d.files[i].in.Name()})
		return writeWhole(beside(path, "rejects"), func(w io.Writer) error {
			create := rows.NewRejectWriter
			if rows.IsSheet(path) {
				create = rows.NewSheetRejectWriter
			}
			out, err := create(w, d.files[i].in.Format)
			if err != nil {
				return err
			}
			return errors.Join(report.WriteRejects(out, entries), out.Close())
		})
	})
	return rejects, errors.Join(append(errs, err)...)
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

// entriesOf returns the entries of one file.
func (x *Index) entriesOf(i int) report.Entries {
	return func(yield func(report.Entry, error) bool) {
		for e, err := range x.Entries() {
			if (err != nil || e.Draft.In == x.files[i].in) && !yield(e, err) {
				return
			}
		}
	}
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

// eachFile calls do for each file with its entries, which it need not read.
func (x *Index) eachFile(do func(i int, entries report.Entries) error) error {
	next, stop := iter.Pull2(iter.Seq2[report.Entry, error](x.Entries()))
	defer stop()
	e, err, more := next()
	for i, f := range x.files {
		entries := func(yield func(report.Entry, error) bool) {
			for ; more && (err != nil || e.Draft.In == f.in); e, err, more = next() {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
		if err := do(i, entries); err != nil {
			return err
		}
		for range entries { // what do has not read
		}
	}
	return nil
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

// writeWhole writes a file whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := report.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

// mostNames is how many names are tried for a file in a folder that has one of its
// name.
const mostNames = 1000

// move moves the file into a folder and returns its new path. It takes the name of no
// other file there, and moves no other file that has taken its name here.
func (f *file) move(dir string) (path string, err error) {
	from := f.in.Name()
	now, err := os.Stat(from)
	if err != nil {
		return "", err
	}
	if read, err := f.os.Stat(); err != nil || !os.SameFile(read, now) {
		return "", errors.Join(errors.New("another file has taken its name"), err)
	}
	extension := filepath.Ext(from)
	base := strings.TrimSuffix(filepath.Base(from), extension)
	for n := 1; n <= mostNames; n++ {
		name := base + extension
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", base, n, extension)
		}
		path = filepath.Join(dir, name)
		if taken := slices.ContainsFunc([]string{beside(path, "results"), beside(path, "rejects")}, exists); taken {
			continue
		}
		switch err = os.Link(from, path); {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported): // another disk, or one without links
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

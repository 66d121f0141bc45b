package job

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/censor"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// Files are the input.
type Files struct {
	Paths []string  // "-" is Stdin
	Stdin io.Reader // whose rows belong to the file "stdin"
	Batch string    // under which the envelopes are remembered; "" is each file's base name
	// MinAge leaves files for the next run that changed less than that ago: they may
	// still be being written.
	MinAge time.Duration
	// OneRejectsFile says that the rejected rows of all files go into one.
	OneRejectsFile bool
}

// Read is what the files say.
type Read struct {
	Inputs   []*envelope.Input
	Drafts   []*envelope.Draft // of all inputs, in their order
	TooFresh []*FreshError     // files that are left for the next run

	snapshots []snapshot
}

// Batches returns the batches of the files, each once.
func (r *Read) Batches() (names []string) {
	for _, in := range r.Inputs {
		if !slices.Contains(names, in.Batch) {
			names = append(names, in.Batch)
		}
	}
	return names
}

// Problems returns what is wrong with rows.
func (r *Read) Problems() (all []envelope.Problem) {
	for _, d := range r.Drafts {
		all = append(all, d.Problems...)
	}
	return all
}

// OnlyRepeats reports whether nothing is wrong with the rejected rows but that they
// were sent before: there is nothing to correct.
func (r *Read) OnlyRepeats() bool {
	for _, p := range r.Problems() {
		if p.Code != envelope.AlreadySentCode {
			return false
		}
	}
	return true
}

// Recipients is how many recipients the rows name.
func (r *Read) Recipients() (n int) {
	for _, d := range r.Drafts {
		n += len(d.Parts)
	}
	return n
}

// Rows is how many rows the files have.
func (r *Read) Rows() (n int) {
	for _, in := range r.Inputs {
		n += in.Rows
	}
	return n
}

// BatchOfEach returns the batch of each file.
func (r *Read) BatchOfEach() (names []string) {
	for _, in := range r.Inputs {
		names = append(names, in.Batch)
	}
	return names
}

// Rejected reports whether rows were rejected.
func (r *Read) Rejected() bool {
	return slices.ContainsFunc(r.Drafts, func(d *envelope.Draft) bool { return len(d.Problems) > 0 })
}

// InputError is a mistake in the choice of files.
type InputError struct{ text string }

func (e *InputError) Error() string { return e.text }

// FreshError is a file that has changed so short a time ago that it is left for the
// next run.
type FreshError struct {
	path        string
	age, minAge time.Duration
}

func (e *FreshError) Error() string {
	return fmt.Sprintf("%s changed %s ago and may still be being written (--min-age %s)", e.path, report.Span(e.age), e.minAge)
}

// LeftAlone tells of all files that are left for the next run.
func (r *Read) LeftAlone() error {
	errs := make([]error, len(r.TooFresh))
	for i, f := range r.TooFresh {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// HeaderError is what is wrong with files as a whole: none of their rows can be
// read.
type HeaderError struct{ Problems envelope.Problems }

func (e *HeaderError) Error() string {
	return report.Plural(len(e.Problems), "mistake") + ": nothing was sent"
}

// read reads all files. Whatever is wrong with any of them is told at once.
func read(files Files, teller Teller) (r Read, err error) {
	var problems envelope.Problems
	for _, path := range files.Paths {
		in, seen, err := readFile(files, path)
		var bad envelope.Problems
		var fresh *FreshError
		switch {
		case errors.As(err, &fresh):
			r.TooFresh = append(r.TooFresh, fresh)
		case errors.As(err, &bad):
			problems = append(problems, bad...)
		case err != nil:
			return r, err
		default:
			r.Inputs, r.Drafts, r.snapshots = append(r.Inputs, in), append(r.Drafts, in.Drafts...), append(r.snapshots, seen)
			teller.Say("%s: %s; %s, %s", in.Name, in.Describe(), report.Plural(in.Rows, "row"), report.Plural(len(in.Drafts), "envelope"))
		}
	}
	switch {
	case len(problems) > 0:
		return r, &HeaderError{problems}
	case len(r.Inputs) == 0 && len(r.TooFresh) > 0:
		return r, fmt.Errorf("%w: nothing was sent, run the same command again later", r.LeftAlone())
	case files.OneRejectsFile:
		return r, joinable(r.Inputs)
	}
	return r, nil
}

// joinable fails if the rows of several files cannot stand in one: other columns,
// or an envelope value that would join what does not belong together.
func joinable(inputs []*envelope.Input) error {
	labels := map[string]*envelope.Input{}
	for _, in := range inputs {
		if !slices.Equal(in.Header, inputs[0].Header) {
			return &InputError{fmt.Sprintf("%s and %s have different columns: one rejects file cannot hold rows of both; send them one at a time", inputs[0].Name, in.Name)}
		}
		for _, d := range in.Drafts {
			if other := labels[d.Label]; d.Label != "" && other != nil && other != in {
				return &InputError{fmt.Sprintf("envelope %q stands in %s and in %s: one rejects file would make one envelope of them; send the files one at a time", d.Label, other.Name, in.Name)}
			}
			labels[d.Label] = in
		}
	}
	return nil
}

func readFile(files Files, path string) (*envelope.Input, snapshot, error) {
	if path == "-" {
		in, err := readFrom(files, "stdin", files.Stdin)
		return in, unnamed, err
	}
	f, err := openFile(path)
	if err != nil {
		return nil, unnamed, err
	}
	defer f.Close()
	seen, err := take(f)
	if err != nil {
		return nil, unnamed, err
	}
	if files.Batch == "" && (seen.size < 0 || path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/")) {
		return nil, unnamed, &InputError{fmt.Sprintf("%s is not a regular file, so its name is not that of a batch: give --batch NAME, under which the envelopes are remembered", path)}
	}
	if age := time.Since(seen.changed); files.MinAge > 0 && age < files.MinAge {
		return nil, unnamed, &FreshError{path, max(age, 0), files.MinAge}
	}
	in, err := readFrom(files, path, f)
	return in, seen, err
}

func readFrom(files Files, name string, r io.Reader) (*envelope.Input, error) {
	batch := files.Batch
	if batch == "" {
		batch = filepath.Base(name)
	}
	head, r, err := headOf(r)
	if err != nil {
		return nil, err
	}
	if err := refuseSecret(name, head); err != nil {
		return nil, err
	}
	file, err := rows.Open(name, r, rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return envelope.Read(batch, file.Rows())
}

// maxHead is how much of an input is looked at for a secret, in bytes.
const maxHead = 16 << 10

// headOf returns the beginning of an input, and a reader of all of it.
func headOf(r io.Reader) (head []byte, all io.Reader, err error) {
	head = make([]byte, maxHead)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, err
	}
	head = head[:n]
	if s, ok := r.(io.Seeker); ok {
		if _, err := s.Seek(int64(-n), io.SeekCurrent); err == nil {
			return head, r, nil
		}
	}
	return head, io.MultiReader(bytes.NewReader(head), r), nil
}

// refuseSecret fails if an input begins with a secret: somebody has named the file
// of a key, and what is wrong with a file is told with its words.
func refuseSecret(name string, head []byte) error {
	first, rest, _ := bytes.Cut(bytes.TrimLeft(head, "\ufeff \t\r\n"), []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	secret := censor.Find(string(first))
	if secret == censor.None && !bytes.ContainsAny(second, ",;|\t") { // it may be a key without its first line
		secret = censor.Find(string(second))
	}
	if secret == censor.None {
		return nil
	}
	return &InputError{fmt.Sprintf("%s begins with %s: it is no CSV file, and nothing of it is shown", name, secret)}
}

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

// snapshot is how a file looked when it was read.
type snapshot struct {
	path    string
	size    int64 // -1 if it is no regular file
	changed time.Time
}

// unnamed is the snapshot of what has no file.
var unnamed = snapshot{size: -1}

func take(f *os.File) (snapshot, error) {
	info, err := f.Stat()
	if err != nil {
		return unnamed, err
	}
	if !info.Mode().IsRegular() {
		return snapshot{path: f.Name(), size: -1}, nil
	}
	return snapshot{f.Name(), info.Size(), info.ModTime()}, nil
}

// FileChangedError stops a run whose input is not what was read.
type FileChangedError struct {
	path string
	err  error // why it cannot be looked at any more; nil if it can
}

func (e *FileChangedError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("%s was there when it was read and is no longer: %v", e.path, e.err)
	}
	return fmt.Sprintf("%s has changed since it was read: it may still be being written. Nothing was sent; run the same command again (--min-age 1m leaves fresh files alone)", e.path)
}

// Unwrap returns why the file cannot be looked at.
func (e *FileChangedError) Unwrap() error { return e.err }

// unchanged fails if the file no longer looks as it did: somebody was still writing
// it, or has put another in its place.
func (s snapshot) unchanged() error {
	if s.size < 0 {
		return nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return &FileChangedError{s.path, err}
	}
	defer f.Close()
	now, err := take(f)
	if err != nil {
		return &FileChangedError{s.path, err}
	}
	if now.size != s.size || !now.changed.Equal(s.changed) {
		return &FileChangedError{path: s.path}
	}
	return nil
}

package job

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	Batch string    // under which the envelopes are remembered; "" is each file's base name, with the sheet's if it is a workbook
	Sheet string    // of a workbook; "" is the first visible one
	// MinAge leaves files for the next run that changed less than that ago: they may
	// still be being written.
	MinAge time.Duration
	// MissingOK leaves out files that do not exist. Their directory must.
	MissingOK bool
	// Mapping gives columns of the files the names that they have here.
	Mapping envelope.Mapping
	// Reading says how the files are written, as far as the operator does.
	Reading rows.Options
	// AcceptGuess makes a guess of a file's encoding that leaves a doubt a warning: a
	// person looks on. Otherwise it is an error.
	AcceptGuess bool
	// OneStream says that the rejected rows of all files go into one stream. Else each
	// file gets one of its own where they do not fit into one.
	OneStream bool
}

// Check fails if a path is given twice, or if standard input, which has no name, needs
// one. dry says that nothing is remembered under it.
func (f Files) Check(dry bool) error {
	for i, path := range f.Paths {
		switch {
		case slices.Contains(f.Paths[:i], path):
			return &InputError{path + " is named twice"}
		case path == "-" && f.Batch == "" && !dry:
			return &InputError{"standard input has no name: give --batch NAME, under which the envelopes are remembered"}
		}
	}
	return nil
}

// Input is what is known of the files before their rows are checked.
type Input struct {
	*Index
	TooFresh []*FreshError // files that are left for the next run
	Missing  []string      // files that do not exist, if that is allowed
	unread   []*unreadable
}

// Inputs returns the files, in the order of the command line.
func (x *Index) Inputs() (all []*envelope.Input) {
	for _, f := range x.files {
		all = append(all, f.in)
	}
	return all
}

// Batches returns the batches of the files, each once.
func (x *Index) Batches() (names []string) {
	for _, f := range x.files {
		if !slices.Contains(names, f.in.Batch) {
			names = append(names, f.in.Batch)
		}
	}
	return names
}

// BatchOfEach returns the batch of each file.
func (x *Index) BatchOfEach() (names []string) {
	for _, f := range x.files {
		names = append(names, f.in.Batch)
	}
	return names
}

// Rows is how many rows the files have, as far as they were read.
func (x *Index) Rows() (n int) {
	for _, f := range x.files {
		n += f.rows
	}
	return n
}

// file is an input file, open as long as the run lasts: another one may take its
// name meanwhile.
type file struct {
	in   *envelope.Input
	rows int               // that were read
	last envelope.Position // of the last of them
	text *rows.File
	os   *os.File // nil if it is somebody else's to close
	seen snapshot

	mu     sync.Mutex
	lookup *envelope.Reader // of envelopes here and there
}

func (f *file) close() error {
	err := f.text.Close()
	if f.os != nil {
		err = errors.Join(err, f.os.Close())
	}
	return err
}

// hasRows reports whether there is a row below the header.
func (f *file) hasRows() (bool, error) {
	_, err := f.text.Rows().Next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
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

// Passes reports that another run goes on by itself, when the file is old enough.
func (e *FreshError) Passes() bool { return true }

// LeftAlone tells of all files that are left for the next run.
func (in *Input) LeftAlone() error {
	errs := make([]error, len(in.TooFresh))
	for i, f := range in.TooFresh {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// HeaderError is what is wrong with files as a whole: none of their rows can be
// read, or nothing was learnt of them.
type HeaderError struct {
	Problems envelope.Problems
	Err      error // why the rows were not checked; nil if they cannot be read
}

func (e *HeaderError) Error() string {
	text := report.Plural(len(e.Problems), "mistake") + ": nothing was sent"
	if e.Err != nil {
		text += ". The rows were not checked: " + e.Err.Error()
	}
	return text
}

func (e *HeaderError) Unwrap() error { return e.Err }

// Open opens all files and reads their headers. Whatever is wrong with any of them
// is told at once.
func Open(files Files) (in Input, err error) {
	in.Index = &Index{}
	var problems envelope.Problems
	for _, path := range files.Paths {
		f, err := openInput(files, path)
		var bad envelope.Problems
		var fresh *FreshError
		switch {
		case errors.As(err, &fresh):
			in.TooFresh = append(in.TooFresh, fresh)
		case errors.As(err, &bad):
			problems = append(problems, bad...)
			if u, ok := errors.AsType[*unreadable](err); ok {
				in.unread = append(in.unread, u)
			}
		case files.MissingOK && errors.Is(err, fs.ErrNotExist):
			if err := directoryOf(path); err != nil {
				return in, err
			}
			in.Missing = append(in.Missing, path)
		case err != nil:
			return in, err
		default:
			in.files = append(in.files, f)
		}
	}
	in.numbers.byLabel = make([]envelope.Numbers, len(in.files))
	if in.Absent() {
		return in, nil
	}
	if err := in.absentColumns(files.Mapping); err != nil && len(problems) == 0 {
		return in, err
	}
	if len(problems) > 0 { // nothing is checked, so all that is known is told now
		problems = append(problems, in.headerProblems()...)
	}
	switch {
	case len(problems) > 0:
		return in, &HeaderError{problems, nil}
	case len(in.files) == 0 && len(in.TooFresh) > 0:
		return in, fmt.Errorf("%w: nothing was sent, "+envelope.RunAgain+" later", in.LeftAlone())
	case !files.OneStream:
	case len(in.headerProblems()) > 0 && sameColumns(in.files) != nil: // maybe because of them
		return in, &HeaderError{in.headerProblems(), nil}
	default:
		return in, sameColumns(in.files)
	}
	return in, nil
}

// headerProblems are what is wrong with headers. The rows of such files are checked,
// too, so that one run tells of everything, and all are rejected.
func (x *Index) headerProblems() (all envelope.Problems) {
	for _, f := range x.files {
		all = append(all, f.in.Problems()...)
	}
	return all
}

// absentColumns fails if a mapping names columns that no file has.
func (x *Index) absentColumns(mapping envelope.Mapping) error {
	var headers [][]string
	for _, f := range x.files {
		headers = append(headers, f.in.Header)
	}
	if absent := mapping.Absent(headers...); len(absent) > 0 {
		return &InputError{"--map " + strings.Join(absent, "\n--map ")}
	}
	return nil
}

// hasRows reports whether there is anything to send.
func (in *Input) hasRows() (bool, error) {
	for _, f := range in.files {
		if has, err := f.hasRows(); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

// together fails if the rejected rows of all files cannot stand in one.
func (x *Index) together() error {
	if len(x.files) < 2 {
		return nil
	}
	if err := sameColumns(x.files); err != nil {
		return err
	}
	return x.oneFileEach()
}

// sameColumns fails if the rows of several files cannot stand in one.
func sameColumns(files []*file) error {
	for _, f := range files {
		if !slices.Equal(f.in.Header, files[0].in.Header) {
			return &InputError{fmt.Sprintf("%s and %s have different columns: one rejects file cannot hold rows of both; send them one at a time", files[0].in.Name(), f.in.Name())}
		}
	}
	return nil
}

// oneFileEach fails if rows of several files have one envelope value: in one rejects
// file they would become one envelope.
func (x *Index) oneFileEach() error {
	var labels envelope.Numbers
	for n := range x.Len() {
		label := x.label(n)
		if label == "" {
			continue
		}
		if first, again := labels.Add(envelope.HashOfText(label), n, func(m int) bool { return x.label(m) == label }); again {
			return &InputError{fmt.Sprintf("envelope %q stands in %s and in %s: one rejects file would make one envelope of them; send the files one at a time",
				label, x.position(first).File, x.position(n).File)}
		}
	}
	return nil
}

func openInput(files Files, path string) (*file, error) {
	if path == "-" {
		return readHeader(files, "stdin", files.Stdin)
	}
	o, err := openFile(path)
	if err != nil {
		return nil, err
	}
	f, err := inspect(files, path, o)
	if err == nil {
		return f, nil
	}
	var bad envelope.Problems
	if info, unknown := o.Stat(); unknown == nil && info.Mode().IsRegular() && errors.As(err, &bad) {
		err = &unreadable{path, bad, info}
	}
	o.Close()
	return nil, err
}

// inspect finds out whether an open file can be read now, and reads its header.
func inspect(files Files, path string, o *os.File) (*file, error) {
	seen, err := snapshotOf(o)
	if err != nil {
		return nil, err
	}
	if files.Batch == "" && (seen.size < 0 || path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/")) {
		return nil, &InputError{fmt.Sprintf("%s is not a regular file, so its name is not that of a batch: give --batch NAME, under which the envelopes are remembered", path)}
	}
	if age := time.Since(seen.changed); files.MinAge > 0 && age < files.MinAge {
		return nil, &FreshError{path, max(age, 0), files.MinAge}
	}
	f, err := readHeader(files, path, o)
	if err != nil {
		return nil, err
	}
	f.os, f.seen = o, seen
	return f, nil
}

func readHeader(files Files, name string, r io.Reader) (*file, error) {
	head, r, err := headOf(r)
	if err != nil {
		return nil, err
	}
	if err := refuseSecret(name, head); err != nil {
		return nil, err
	}
	options := files.Reading
	options.Sheet = files.Sheet
	options.KnownColumn = func(name string) bool {
		return envelope.KnownColumn(name) || files.Mapping.Names(name)
	}
	text, err := rows.Open(name, r, options)
	if choice, ok := errors.AsType[*rows.SheetError](err); ok {
		return nil, &InputError{choice.Error()}
	}
	if err != nil {
		return nil, err
	}
	batch := files.Batch
	if batch == "" {
		batch = filepath.Base(name)
		if sheet := text.Format().HeaderAt.Sheet; sheet != nil {
			batch += ":" + sheet.Name
		}
	}
	if doubt, doubtful := doubtOf(name, text); doubtful && !files.AcceptGuess {
		text.Close()
		return nil, envelope.Problems{doubt}
	}
	in := envelope.NewInput(batch, text.Format(), files.Mapping)
	return &file{in: in, text: text, seen: unnamed}, nil
}

// doubtOf tells of a file whose encoding is a guess that leaves a doubt.
func doubtOf(name string, text *rows.File) (doubt envelope.Problem, doubtful bool) {
	g := text.Guess()
	if g == nil || g.Certain {
		return doubt, false
	}
	line, message := g.Doubt()
	return envelope.Problem{Position: envelope.Position{File: name, Line: line}, Code: envelope.EncodingGuessed, Message: message}, true
}

// readingWarnings tells of what may not have been meant in how the file was read.
func (f *file) readingWarnings() (warnings []envelope.Problem) {
	if doubt, doubtful := doubtOf(f.in.Name(), f.text); doubtful {
		warnings = append(warnings, doubt)
	}
	for _, i := range f.text.Ignored() {
		warnings = append(warnings, envelope.Problem{Position: envelope.Position{File: f.in.Name(), Line: i.Line, Sheet: f.in.HeaderAt.Sheet}, Code: envelope.CSVMalformed, Message: i.What})
	}
	return warnings
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
	f, err := openShared(path)
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

func snapshotOf(f *os.File) (snapshot, error) {
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
	path  string
	err   error // why it cannot be looked at any more; nil if it can
	begun bool  // envelopes may have been sent already
}

func (e *FileChangedError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("%s was there when it was read and is no longer: %v. Bring it back and "+envelope.RunAgain+": what was sent is in the ledger", e.path, e.err)
	}
	nothing := "Nothing was sent"
	if e.begun {
		nothing = "Nothing further is sent"
	}
	return fmt.Sprintf("%s has changed since it was read: it may still be being written. %s; "+envelope.RunAgain+" (--min-age 1m leaves fresh files alone)", e.path, nothing)
}

// Passes reports whether another run goes on by itself, with the file as it is then.
// One that is gone, or cannot be read any more, a person must bring back: with
// --if-missing ok the next run would take it for one that never came.
func (e *FileChangedError) Passes() bool { return e.err == nil }

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
		return &FileChangedError{path: s.path, err: err}
	}
	defer f.Close()
	now, err := snapshotOf(f)
	if err != nil {
		return &FileChangedError{path: s.path, err: err}
	}
	if now.size != s.size || !now.changed.Equal(s.changed) {
		return &FileChangedError{path: s.path}
	}
	return nil
}

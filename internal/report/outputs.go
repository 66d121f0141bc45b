package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"batchsend/internal/usage"
)

// Outputs are the files that a run writes: results, rejects and a page. The zero
// Outputs writes none.
type Outputs struct {
	Wanted                 Wanted // what they were begun for
	results, rejects, html *File  // nil where none is wanted
	stdout                 bool   // one of them is standard output
	apart                  []Kept // the files that were written in the place of rejects
}

// Wanted says which files a run is to write. Each path may also stand for standard
// output or standard error; "" is none.
type Wanted struct {
	Results, Rejects, HTML string
	// Taken is the flag of what else goes to standard output; "" if nothing does.
	Taken string
	// Precious are the files that none may replace, and what each of them is.
	Precious       map[string]string
	Stdout, Stderr io.Writer
	// Called returns how the operator has given the value of a flag.
	Called func(flag string) string
}

// Begin starts the files, so that a place that cannot be written is found before
// anything is sent. With an error, none of them is to be replaced.
func (w Wanted) Begin() (o Outputs, err error) {
	o.Wanted = w
	defer func() {
		if err != nil {
			o.Discard()
		}
	}()
	precious := make(map[string]string, len(w.Precious))
	for path, what := range w.Precious {
		precious[path] = what
	}
	onStdout := w.Taken
	for _, f := range []struct {
		flag, path string
		to         **File
	}{{"results", w.Results, &o.results}, {"rejects", w.Rejects, &o.rejects}, {"report", w.HTML, &o.html}} {
		if f.path == "" {
			continue
		}
		switch Standard(f.path) {
		case 1:
			if onStdout != "" {
				return o, usage.Errorf("%s and %s would both be written to standard output: name a file", w.Called(onStdout), w.Called(f.flag))
			}
			onStdout, o.stdout = f.flag, true
			*f.to = Stream("standard output", w.Stdout)
			continue
		case 2:
			*f.to = Stream("standard error", w.Stderr)
			continue
		}
		if err := Spare(f.path, precious); err != nil {
			return o, err
		}
		precious[f.path] = "another output"
		if *f.to, err = Create(f.path); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Spare fails if an output would replace a file that must stay. precious says by its
// path what such a file is.
func Spare(output string, precious map[string]string) error {
	for path, what := range precious {
		if sameFile(path, output) {
			return usage.Errorf("%s is %s: name another file for the output", output, what)
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one file, there or not yet.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return Real(a) == Real(b)
}

// Discard gives up the files that are not in their places yet.
func (o *Outputs) Discard() {
	for _, f := range []*File{o.results, o.rejects, o.html} {
		f.Discard()
	}
	*o = Outputs{Wanted: o.Wanted, stdout: o.stdout}
}

// OnStdout reports whether standard output is one of the files.
func (o *Outputs) OnStdout() bool { return o.stdout }

// Kept is a file of rejected rows that can be corrected and given back.
type Kept struct {
	Path  string
	Input string // the file whose rows it has; "" for all of them
}

// Rejects returns the files of rejected rows, none if they went into a stream.
func (o *Outputs) Rejects() []Kept {
	if o.rejects != nil && !o.RejectsStream() {
		return []Kept{{Path: o.rejects.path}}
	}
	return o.apart
}

// RejectsStream reports whether the rejected rows go into a stream, not into a file.
func (o *Outputs) RejectsStream() bool { return o.rejects != nil && o.rejects.Streams() }

// Complete names the file that has all that is wrong with the rows, or how to get one.
func (o *Outputs) Complete() string {
	switch {
	case o.results != nil:
		return o.Wanted.Results
	case o.rejects != nil:
		return o.Wanted.Rejects
	}
	return "--results FILE"
}

// Content is what the files of a run are made of.
type Content struct {
	Entries Entries
	Page    func() (*Page, error) // is asked if a page is wanted
	// Rejects are the files of rejected rows: one, or one for each input. There is none
	// if no header is known.
	Rejects []RejectsFile
	Note    func(text string) // is told what a person should know of the rejects file
}

// RejectsFile is a file of rejected rows.
type RejectsFile struct {
	Input   string  // the file whose rows it has; "" for all of them
	Entries Entries // none if no row is rejected: then none need be read
	Begin   func(io.Writer) (RowWriter, error)
}

// Write writes the files and puts them in their places. It goes on after an error and
// returns all of them. What goes to standard output or into a pipe comes last: whoever
// reads it may go away.
func (o *Outputs) Write(c Content) (errs []error) {
	if len(c.Rejects) > 1 && o.rejects != nil {
		errs = o.writeApart(c)
		c.Rejects = nil
	}
	outputs := []struct {
		file  *File
		write func(io.Writer, Content) error
	}{
		{o.results, func(w io.Writer, c Content) error { return WriteResults(w, c.Entries) }},
		{o.rejects, writeRejects},
		{o.html, writePage},
	}
	for _, streams := range []bool{false, true} {
		for _, out := range outputs {
			if out.file == nil || out.file.Streams() != streams {
				continue
			}
			err := out.write(out.file, c)
			if err == nil {
				err = out.file.Commit()
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// writePage writes the page.
func writePage(w io.Writer, c Content) error {
	page, err := c.Page()
	if err != nil {
		return err
	}
	return page.Write(w)
}

// writeRejects writes the rejected rows under the header that all inputs have.
func writeRejects(w io.Writer, c Content) error {
	if len(c.Rejects) == 0 {
		return nil
	}
	return c.Rejects[0].Write(w, c.Note)
}

// Write writes the file to w. note is told what a person should know of it.
func (r RejectsFile) Write(w io.Writer, note func(text string)) error {
	out, err := r.Begin(w)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := WriteRejects(out, r.Entries); err != nil {
		return err
	}
	if text := out.Note(); text != "" {
		note(text)
	}
	return nil
}

// writeApart writes the rejected rows of each input into a file of its own, beside
// where one file would be: bad-may.csv for rows of may.csv. One that is there becomes
// empty.
func (o *Outputs) writeApart(c Content) (errs []error) {
	path := o.rejects.path
	if _, err := os.Stat(path); err == nil { // it would be taken for this run's
		if err := o.rejects.Commit(); err != nil {
			errs = append(errs, err)
		}
	}
	o.rejects.Discard()
	o.rejects = nil
	for _, r := range c.Rejects {
		name := apart(path, r.Input, o.apart)
		o.apart = append(o.apart, Kept{name, r.Input})
		if err := WriteFile(name, func(w io.Writer) error { return r.Write(w, c.Note) }); err != nil {
			errs = append(errs, err)
			continue
		}
		c.Note(fmt.Sprintf("the files do not fit into one: the rejected rows of %s are in %s", r.Input, name))
	}
	return errs
}

// apart returns the path of the file for the rejected rows of one input.
func apart(path, input string, taken []Kept) string {
	extension := filepath.Ext(path)
	base := strings.TrimSuffix(path, extension) + "-" + strings.TrimSuffix(filepath.Base(input), filepath.Ext(input))
	for name := range Numbered(base + extension) {
		if !slices.ContainsFunc(taken, func(k Kept) bool { return k.Path == name }) {
			return name
		}
	}
	return "" // there are names without end
}
